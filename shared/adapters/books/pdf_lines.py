"""The lines of a PDF's page with the size of their letters, from what pypdf tells while it extracts text.

Its own text joins two lines without a blank where the size of letters changes between them; here a line ends where the next piece
stands at another height.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.adapters.books.flow import clean

_RAISED = 0.5  # of the letters' height: a raised figure stays in its line
_LARGER = 1.15  # times the body's letters, where a heading begins
_MOST_WORDS = 14  # of a heading's line
_MOST_LEVELS = 6
_MOST_OF_ALL = 0.2  # of all characters: more large ones are no headings


@dataclass(frozen=True)
class Line:
    """`size` of most of its letters, in points of the page; 0 where it is not known."""

    text: str
    size: float
    page: int  # from 0


@dataclass
class _Pieces:
    """Text as pypdf hands it out: each piece with its place and size."""

    found: list[tuple[str, float]] = field(default_factory=list)
    _height: float = 0.0
    _y: float = 0.0

    def take(self, text: str, cm: Sequence[float], tm: Sequence[float], _font: Any, size: float) -> None:
        if not text:
            return
        is_level = abs(tm[1]) < 1e-3 and abs(tm[2]) < 1e-3
        height = abs(size * tm[3] * cm[3]) if is_level else abs(size)
        y = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]
        apart = abs(y - self._y) > _RAISED * min(height, self._height)
        if self.found and is_level and apart and not self.found[-1][0].endswith("\n") and not text.startswith("\n"):
            self.found.append(("\n", 0.0))
        self.found.append((text, height))
        # A piece that ends with a line's end was read up to where the next one begins.
        self._height, self._y = height, y


def read_lines(page: Any, number: int) -> list[Line]:
    """The lines of one page, those without letters left out."""
    pieces = _Pieces()
    text = page.extract_text(visitor_text=pieces.take)
    told = "".join(piece for piece, _ in pieces.found)
    if "".join(told.split()) != "".join(text.split()):  # the visitor is not told all there is: sizes are not known then
        pieces.found = [(text, 0.0)]
    lines: list[tuple[str, Counter[float]]] = [("", Counter())]
    for piece, height in pieces.found:
        for at, part in enumerate(piece.split("\n")):
            if at:
                lines.append(("", Counter()))
            before, sizes = lines[-1]
            sizes[round(height * 2) / 2] += len(part.strip())
            lines[-1] = (before + part, sizes)
    cleaned = ((clean(said.replace("\t", " ")).strip(), sizes) for said, sizes in lines)
    return [Line(said, sizes.most_common(1)[0][0], number) for said, sizes in cleaned if said]


def heading_levels(lines: Sequence[Line]) -> dict[int, int]:
    """(line, level) of lines in larger letters than the text's: the largest are level 1. Empty where too many are."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    large = {
        at: line.size
        for at, line in enumerate(lines)
        if body and line.size >= _LARGER * body and len(line.text.split()) <= _MOST_WORDS and _has_word(line.text)
    }
    if sum(len(lines[at].text) for at in large) > _MOST_OF_ALL * sizes.total():
        return {}
    ranks = sorted(set(large.values()), reverse=True)
    return {at: min(ranks.index(size) + 1, _MOST_LEVELS) for at, size in large.items()}


def _has_word(text: str) -> bool:
    """Two letters or a number: one letter alone is a drop cap's, unless it is a Roman number."""
    letters = [sign for sign in text if sign.isalnum()]
    return len(letters) > 1 or (bool(letters) and (letters[0].isdecimal() or letters[0] in "IVX"))
