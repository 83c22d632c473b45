"""XHTML into blocks: block elements are paragraphs, inline ones are joined as they stand, and no word is lost.

Left in the text: tables (a row a line, cells parted by tabs), lists, captions, verse with its line ends. Dropped and
counted: page numbers, references to notes, hidden elements, readings over characters (ruby), pictures. A picture's alternative
text is a description by somebody else and is not read, but for a drop cap's, whose one letter begins a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.adapters.books.flow import Flow
from shared.adapters.books.limits import Limits
from shared.adapters.books.matter import kinds_of, left_out_by
from shared.adapters.books.xml import Node
from shared.domain.heading_words import word_set

_BLOCKS = word_set("""address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1
    h2 h3 h4 h5 h6 header hgroup hr html li main nav ol p pre section summary table caption tbody thead tfoot ul""")
_NO_TEXT = word_set("head script style template noscript object audio video iframe canvas map title")
_LINES = frozenset({"l", "line", "verse-line", "verseline", "poetry-line"})  # classes of a line of verse
_PAGE_CLASSES = frozenset({"pagenum", "pageno", "page-number", "pagebreak", "pb"})
_NOTE_CLASSES = frozenset({"fnanchor", "noteref", "footnote-ref", "footnoteref", "footnote-reference"})
_NOTE_SIGNS = frozenset("*†‡§")


@dataclass(frozen=True)
class Page:
    """One XHTML file, read. `links` lead into the book itself, and `linked` words stand in them, of `words`."""

    flow: Flow
    links: int
    linked: int
    words: int


def read_page(root: Node, file: str, limits: Limits, wanted: Iterable[str] = ()) -> Page:
    """The blocks of a file; places are found for the anchors that are `wanted`."""
    reader = _Reader(Flow(file, limits, wanted))
    reader.children(root, keeps_lines=False)
    reader.flow.flush()
    words = sum(block.words for block in reader.flow.blocks)
    return Page(reader.flow, reader.links, reader.linked, words)


class _Reader:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.links = self.linked = 0

    def children(self, node: Node, keeps_lines: bool) -> None:
        for child, following in zip(node.children, [*node.children[1:], ""], strict=False):
            if isinstance(child, str):
                self.flow.text(child, keeps_lines=keeps_lines)
            else:
                self.element(child, keeps_lines)
                if child.tag == "img":
                    self._drop_cap(child, following)

    def element(self, node: Node, keeps_lines: bool) -> None:
        is_block = node.tag in _BLOCKS and not _is_line(node)
        if is_block:
            self.flow.flush()
        self._anchors(node)
        dropped = _dropped_as(node)
        if dropped:
            for below in node.every():
                self._anchors(below)
            self.flow.dropped[dropped] += 1
        elif is_block:
            self._block(node, keeps_lines)
        elif node.tag not in _NO_TEXT:
            self._inline(node, keeps_lines)

    def _anchors(self, node: Node) -> None:
        for name in (node.get("id"), node.get("name") if node.tag == "a" else ""):
            if name:
                self.flow.anchor(name)

    def _block(self, node: Node, keeps_lines: bool) -> None:
        flow = self.flow
        before = flow.heading, flow.left_out
        flow.heading = _heading(node) or flow.heading
        flow.left_out = left_out_by(node, flow.left_out)
        self.children(node, keeps_lines or node.tag == "pre")
        flow.flush()
        flow.heading, flow.left_out = before

    def _inline(self, node: Node, keeps_lines: bool) -> None:
        tag = node.tag
        if tag in ("td", "th"):
            self.flow.cell()
        elif tag == "tr" or _is_line(node):
            self.flow.line_edge()
        if tag == "br":
            self.flow.line()
        elif tag in ("img", "image", "svg"):
            self.flow.dropped["pictures"] += 1
        elif tag == "math" and node.get("alttext"):
            self.flow.text(node.get("alttext"))
        else:
            if tag == "a":
                self._link(node)
            self.children(node, keeps_lines)
        if tag in ("td", "th"):
            self.flow.cell()
        elif tag == "tr" or _is_line(node):
            self.flow.line_edge()

    def _link(self, node: Node) -> None:
        href = node.get("href")
        if href and "://" not in href and not href.startswith("mailto:"):
            self.links += 1
            self.linked += len(node.text().split())

    def _drop_cap(self, picture: Node, following: Node | str) -> None:
        """A picture of a capital, where the rest of its word follows."""
        letter = picture.get("alt").strip()
        rest = following if isinstance(following, str) else following.text()
        if len(letter) == 1 and letter.isupper() and rest[:1].isalpha():
            self.flow.text(letter)


def _is_line(node: Node) -> bool:
    """Whether it is one line of verse, which no paragraph is."""
    return node.tag in ("div", "span") and bool(_LINES & set(node.get("class").split()))


def _heading(node: Node) -> int:
    if len(node.tag) == 2 and node.tag[0] == "h" and node.tag[1] in "123456":
        return int(node.tag[1])
    if node.get("role") == "heading":
        level = node.get("aria-level")
        return int(level) if level in {"1", "2", "3", "4", "5", "6"} else 2
    if node.tag == "hgroup":  # its paragraphs are subtitles
        return min((_heading(child) for child in node.elements() if child.tag != "p"), default=0)
    return 0


def _dropped_as(node: Node) -> str:
    """Why an element's text is not read, in the word it is counted under; "" where it is."""
    kinds, classes = kinds_of(node), set(node.get("class").split())
    if "pagebreak" in kinds or (node.tag in ("span", "a", "div") and classes & _PAGE_CLASSES):
        return "page-numbers"
    if "noteref" in kinds or "backlink" in kinds or _looks_like_note_reference(node, classes):
        return "note-references"
    if _is_hidden(node):
        return "hidden"
    return "ruby-readings" if node.tag in ("rt", "rp", "rtc") else ""


def _is_hidden(node: Node) -> bool:
    style = node.get("style").replace(" ", "").lower()
    return (
        "hidden" in node.attributes
        or node.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _looks_like_note_reference(node: Node, classes: set[str]) -> bool:
    """A raised or bracketed number or sign that links to a fragment, in books that do not mark their notes."""
    if node.tag == "sup":
        inner = [child for child in node.children if isinstance(child, Node) or child.strip()]
        return len(inner) == 1 and isinstance(inner[0], Node) and inner[0].tag == "a" and _links_a_sign(inner[0])
    if node.tag != "a" or "#" not in node.get("href"):
        return False
    text = node.text().strip()
    is_raised = node.first("sup") is not None or bool(classes & _NOTE_CLASSES)
    is_bracketed = text[:1] in "[(" and text[-1:] in "])"
    return (is_raised or is_bracketed) and bool(text) and _links_a_sign(node)


def _links_a_sign(node: Node) -> bool:
    sign = node.text().strip().strip("[]()")
    is_sign = bool(sign) and set(sign) <= _NOTE_SIGNS
    return "#" in node.get("href") and len(sign) <= 4 and (sign.isdecimal() or is_sign or len(sign) == 1)
