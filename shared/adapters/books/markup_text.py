"""Text out of markup that is none of XML: descriptions, and files that are not well-formed.

One pass, each character looked at once or twice; html.parser has had quadratic corners.
"""

from __future__ import annotations

import html
import re

from shared.adapters.books.flow import clean
from shared.adapters.books.limits import Limits
from shared.adapters.books.xml import Node, TreeBuilder
from shared.domain.heading_words import word_set

_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:_.-]{0,63})")
_ATTRIBUTE = re.compile(r"""([A-Za-z_:][\w:.-]{0,63})\s{0,64}(?:=\s{0,64}("[^"]*"|'[^']*'|[^\s"'>]{1,4096}))?""")
_VOID = word_set("area base br col embed hr img input link meta source track wbr")
_RAW = ("script", "style")  # their content is no markup, up to their end tag
_ENDS_A_PARAGRAPH = word_set(
    "address article aside blockquote div dl figure footer h1 h2 h3 h4 h5 h6 header hr ol p pre section table ul"
)
_ENDS_ITSELF = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "tr": ("tr",),
    "td": ("td", "th"),
    "th": ("td", "th"),
}


def plain_text(text: str) -> str:
    """A description without its tags, which many books write in it, escaped."""
    if "<" not in text and "&" not in text:
        return text
    root = parse_loosely(text, Limits())
    pieces = [f" {child}" if isinstance(child, str) else f" {child.text()}" for child in root.children]
    return clean(" ".join(pieces)).strip()


def parse_loosely(text: str, limits: Limits) -> Node:
    """A tree of whatever is there: unclosed elements end with those around them, stray ends and marks count for nothing
    or for text. Raises TooLarge beyond a limit.
    """
    builder = TreeBuilder(limits)
    at, end = 0, len(text)
    while at < end:
        mark = text.find("<", at)
        mark = end if mark < 0 else mark
        if mark > at:
            builder.data(_unescaped(text[at:mark]))
        at = _tag(text, mark, builder) if mark < end else end
    return builder.root


def _unescaped(text: str) -> str:
    """Named and numbered characters for what they stand for; as written where a number is too long to be one."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


def _tag(text: str, mark: int, builder: TreeBuilder) -> int:
    """Take the tag, comment or bare "<" at `mark`; where to go on."""
    if text.startswith("<!--", mark):
        return _after(text, "-->", mark)
    if text.startswith("<![CDATA[", mark):
        close = _after(text, "]]>", mark)
        builder.data(text[mark + 9 : close].removesuffix("]]>"))
        return close
    if text[mark + 1 : mark + 2] in ("!", "?"):
        return _after(text, ">", mark)
    name = _NAME.match(text, mark + 1)
    if name is None:
        builder.data("<")
        return mark + 1
    close = _after(text, ">", mark)
    tag = name[1].rpartition(":")[2].lower()
    if text[mark + 1] == "/":
        _end(tag, builder)
        return close
    _start(tag, text[name.end() : close].removesuffix(">"), builder)
    return _raw_end(text, tag, close) if tag in _RAW else close


def _after(text: str, sign: str, start: int) -> int:
    found = text.find(sign, start)
    return len(text) if found < 0 else found + len(sign)


def _raw_end(text: str, tag: str, start: int) -> int:
    found = text.find(f"</{tag}", start)
    return len(text) if found < 0 else found


def _start(tag: str, rest: str, builder: TreeBuilder) -> None:
    if tag in _ENDS_A_PARAGRAPH:
        _close_open(("p",), builder)
    if tag in _ENDS_ITSELF:
        _close_open(_ENDS_ITSELF[tag], builder)
    pairs = (_ATTRIBUTE.findall(rest) if len(rest) <= 65_536 else [])[:200]
    builder.start(tag, {name: _unescaped(value.strip("\"'")) for name, value in pairs})
    if tag in _VOID or rest.rstrip().endswith("/"):
        builder.end()


def _close_open(tags: tuple[str, ...], builder: TreeBuilder) -> None:
    if len(builder.open) > 1 and builder.open[-1].tag in tags:
        builder.end()


def _end(tag: str, builder: TreeBuilder) -> None:
    if all(node.tag != tag for node in builder.open[1:]):
        return
    while builder.open[-1].tag != tag:
        builder.end()
    builder.end()
