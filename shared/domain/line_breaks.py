"""Which line breaks end something, and which only wrap a line.

A blank line ends a paragraph. Inside a paragraph a line break is a wrap when the next line goes on in lower case, or when
the paragraph's lines are filled to the text's own width (Gutenberg's 70 columns); in verse, lists and texts that set each
paragraph on one line it ends a unit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.domain.graphemes import is_boundary
from shared.domain.plan import Delimiter

_NARROWEST_WRAP, _WIDEST_WRAP = 50, 120  # columns between which texts are wrapped; verse is narrower, paragraphs wider
_FILLED = 0.9  # a line is filled when the next word would have taken it past this share of the width
_FILLED_BREAKS = 0.7  # share of filled lines that makes a paragraph a wrapped one; so does
_LOWER_BREAKS = 0.5  # this share of lines that go on in lower case: verse and lists open theirs with capitals
_OPENERS = re.compile(r"""[\s"'“‘„‚«‹(\[{¿¡—–―\-_*「『]*""")
_LIST_MARK = re.compile(r"[-*•‣·]\s+\S|\(?(?:\d{1,3}|[a-z])[.)]\s+\S")


class Block(NamedTuple):
    """A stretch of text no sentence crosses, `end` exclusive and after its white space, and why it ends there."""

    start: int
    end: int
    delimiter: Delimiter


class _Line(NamedTuple):
    start: int  # of the first word: an indent belongs to the line before, as all white space does
    words: str  # without white space around; "" is a blank line


def blocks(text: str) -> Iterator[Block]:
    """Partition `text` into paragraphs, and those into units of lines. Blank lines stay with the block before them."""
    paragraphs = _paragraphs(text)
    if text and not paragraphs:
        yield Block(0, len(text), Delimiter.END)
    width = _wrap_width(paragraphs)
    position = 0
    for number, lines in enumerate(paragraphs):
        is_last = number + 1 == len(paragraphs)
        end = len(text) if is_last else paragraphs[number + 1][0].start
        for cut in _unit_starts(lines, width):
            yield Block(position, cut, Delimiter.NEWLINE)
            position = cut
        yield Block(position, end, Delimiter.END if is_last else Delimiter.PARAGRAPH)
        position = end


def continues(text: str, position: int) -> bool:
    """Whether what stands at `position`, past quotation marks, dashes and brackets, goes on in lower case."""
    first = _first_letter(text, position)
    return first < len(text) and text[first].islower()


def _first_letter(text: str, position: int) -> int:
    found = _OPENERS.match(text, position)
    return found.end() if found else position


def _paragraphs(text: str) -> list[list[_Line]]:
    """The lines with words in them, grouped by the blank lines between them."""
    groups: list[list[_Line]] = []
    after_blank = True
    for line in _lines(text):
        if line.words and after_blank:
            groups.append([])
        if line.words:
            groups[-1].append(line)
        after_blank = not line.words
    return groups


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for part in text.split("\n"):
        first = start + len(part) - len(part.lstrip())
        yield _Line(first - (not is_boundary(text, first, start)), part.strip())  # a mark may sit on the last blank
        start += len(part) + 1


def _wrap_width(paragraphs: Sequence[Sequence[_Line]]) -> int:
    """The width the text's lines are filled to, or 0 where they are not: the 90th percentile of lines that go on."""
    lengths = sorted(len(line.words) for lines in paragraphs for line in lines[:-1])
    width = lengths[len(lengths) * 9 // 10] if lengths else 0
    return width if _NARROWEST_WRAP <= width <= _WIDEST_WRAP else 0


def _unit_starts(lines: Sequence[_Line], width: int) -> Iterator[int]:
    """Where those lines of one paragraph begin that no wrap parts from the line before; the first is not among them."""
    breaks = list(pairwise(lines))
    filled = [_is_filled(line, after, width) for line, after in breaks]
    lower = [continues(after.words, 0) for _, after in breaks]
    wrapped = sum(filled) >= _FILLED_BREAKS * len(breaks) or sum(lower) >= _LOWER_BREAKS * len(breaks)
    for (line, after), is_filled, is_lower in zip(breaks, filled, lower, strict=True):
        stops = not is_filled and _stops_short(line, width) if wrapped else True
        ends = stops and not is_lower
        if ends or (not is_filled and _LIST_MARK.match(after.words)):
            yield after.start


def _is_filled(line: _Line, after: _Line, width: int) -> bool:
    """Whether the next line's first word had no room left on this line."""
    return width > 0 and len(line.words) + 1 + len(after.words.split(None, 1)[0]) >= _FILLED * width


def _stops_short(line: _Line, width: int) -> bool:
    """A line far from filled that announces nothing, inside a wrapped paragraph: a heading, a line of an address."""
    return len(line.words) < width / 2 and line.words[-1] not in ",;:-—"
