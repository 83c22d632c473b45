"""Captions: the pages a segment's text is shown on, and when each page is shown.

A page is at most two lines of 42 characters (a wide Chinese or Japanese character counts as 42/16, so that 16 fill a
line). Pages end where sentences or clauses end when they can; their two lines are about equally long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.domain.cue_times import time_pages
from shared.domain.graphemes import is_boundary
from shared.domain.spoken_text import spoken

__all__ = ["caption_pages", "time_pages"]

_NARROW, _WIDE = 8, 21  # widths in eighths of a character: 42 narrow or 16 wide ones fill a line
_SENTENCE_END = re.compile("[.!?…。！？]+[\"'”’»)\\]」』]*$")
_CLAUSE_END = re.compile("[,;:—–、，；：]+[\"'”’»)\\]」』]*$")
_NO_LINE_START = "、。，．・：；？！」』）］｝〉》】〕’”ーゃゅょっャュョッぁぃぅぇぉァィゥェォ…"
_NO_LINE_END = "「『（［｛〈《【〔‘“"
_PAGE, _AT_CLAUSE, _ANYWHERE, _TINY = 100, 15, 60, 40  # costs that make a good page end


class _Word(NamedTuple):
    """An unbreakable stretch of a line; `space` is whether a space parts it from the word before."""

    text: str
    width: int
    space: bool


def caption_pages(text: str, *, max_line: int = 42, max_lines: int = 2) -> list[str]:
    """Break `text` into pages, lines within a page parted by "\\n"; no page for a text without a character.

    No word is split unless it alone is longer than a line. Time grows linearly with the text.
    """
    words = list(_words(spoken(text), max_line * _NARROW))
    pages: list[str] = []
    end = len(words)
    starts = _best_starts(words, max_line * _NARROW, max_lines)
    while end > 0:
        pages.append(_laid_out(words[starts[end] : end], max_line * _NARROW))
        end = starts[end]
    return pages[::-1]


def _best_starts(words: Sequence[_Word], limit: int, max_lines: int) -> list[int]:
    """For each end, the start of the page that ends there on the cheapest way to it (shortest path over page ends)."""
    costs = [0] + [1 << 60] * len(words)
    starts = [0] * (len(words) + 1)
    for start in range(len(words)):
        for end, width in _page_ends(words, start, limit, max_lines):
            cost = costs[start] + _page_cost(words[end - 1].text, width, limit, end == len(words))
            if cost < costs[end]:
                costs[end], starts[end] = cost, start
    return starts


def _page_ends(words: Sequence[_Word], start: int, limit: int, max_lines: int) -> Iterator[tuple[int, int]]:
    """Every end of a page from `start` that its lines can hold, with the text's width on one line."""
    line, lines, total = 0, 1, 0
    for end in range(start, len(words)):
        word = words[end]
        gap = _NARROW if word.space and line else 0
        if line and line + gap + word.width > limit:
            line, lines, gap = 0, lines + 1, 0
        if lines > max_lines:
            return
        line += gap + word.width
        total += gap + word.width
        yield end + 1, total


def _page_cost(last: str, width: int, limit: int, is_final: bool) -> int:
    """Few pages first, then ends at sentences and clauses, then no page of a word or two."""
    tiny = _TINY if width < limit // 3 else 0
    if is_final or _SENTENCE_END.search(last):
        return _PAGE + tiny
    return _PAGE + tiny + (_AT_CLAUSE if _CLAUSE_END.search(last) else _ANYWHERE)


def _laid_out(words: Sequence[_Word], limit: int) -> str:
    """The page's lines: as few as greedy filling needs, and then as narrow as that many lines allow."""
    fewest = len(_filled(words, limit))
    low, high = 1, limit
    while low < high:
        middle = (low + high) // 2
        if len(_filled(words, middle)) <= fewest:
            high = middle
        else:
            low = middle + 1
    return "\n".join(_filled(words, high))


def _filled(words: Sequence[_Word], limit: int) -> list[str]:
    lines: list[str] = []
    width = 0
    for word in words:
        gap = " " if word.space else ""
        if lines and width + len(gap) * _NARROW + word.width <= limit:
            lines[-1] += gap + word.text
            width += len(gap) * _NARROW + word.width
        else:
            lines.append(word.text)
            width = word.width
    return lines


def _words(text: str, limit: int) -> Iterator[_Word]:
    """Words between spaces; wide characters each by itself, but for marks that may not open or close a line."""
    for part in text.split():
        space = True
        for piece in _unspaced(part):
            for chunk in _chunks(piece, limit):
                yield _Word(chunk, _width(chunk), space)
                space = False


def _unspaced(part: str) -> Iterator[str]:
    start = 0
    for at in range(1, len(part)):
        before, after = part[at - 1], part[at]
        wide = _is_wide(before) or _is_wide(after)
        if wide and before not in _NO_LINE_END and after not in _NO_LINE_START and is_boundary(part, at, start):
            yield part[start:at]
            start = at
    yield part[start:]


def _chunks(word: str, limit: int) -> Iterator[str]:
    """The word itself, or parts of one that is longer than a line."""
    start, width = 0, 0
    for at, character in enumerate(word):
        step = _width(character)
        if width + step > limit and is_boundary(word, at, start):
            yield word[start:at]
            start, width = at, 0
        width += step
    yield word[start:]


def _width(text: str) -> int:
    return sum(_WIDE if _is_wide(ch) else 0 if unicodedata.combining(ch) else _NARROW for ch in text)


def _is_wide(character: str) -> bool:
    return character >= "\u1100" and unicodedata.east_asian_width(character) in "WF"
