"""Lines of a text file back into paragraphs, where they were evidently broken at a width; verse keeps its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_NARROW, _WIDE = 30, 120  # characters: what is wrapped, is wrapped between these
_FEWEST = 4  # full lines, before a width is believed
_SLACK = 6  # characters a line may end early and still be full: the next word was long
_MOSTLY = 0.75  # of a paragraph's line ends, for it to be prose


@dataclass(frozen=True)
class Wrapping:
    """The width a text was broken at, in characters; 0 where it was not."""

    width: int

    def is_full(self, line: str, following: str) -> bool:
        """Whether the next line's first word would not have had room."""
        word = following.split(maxsplit=1)[0] if following.split() else ""
        return bool(self.width) and len(line) + 1 + len(word) > self.width - _SLACK

    def is_prose(self, lines: Sequence[str]) -> bool:
        full = sum(self.is_full(here, after) for here, after in pairwise(lines))
        return len(lines) > 1 and full >= _MOSTLY * (len(lines) - 1)


def wrapping_of(paragraphs: Iterable[Sequence[str]]) -> Wrapping:
    """How a text was wrapped, by the lines that another of the same paragraph follows: most end near one width."""
    lengths = Counter(len(line) for lines in paragraphs for line in lines[:-1])
    total = sum(lengths.values())
    if total < _FEWEST:
        return Wrapping(0)
    width = _quantile(lengths, total, 0.95)
    near = sum(count for length, count in lengths.items() if width - 15 <= length)
    return Wrapping(width if _NARROW <= width <= _WIDE and near * 2 >= total else 0)


def _quantile(lengths: Counter[int], total: int, share: float) -> int:
    seen = 0
    for length in sorted(lengths):
        seen += lengths[length]
        if seen >= share * total:
            return length
    return 0


def unwrapped(lines: Sequence[str], known: Collection[str] = (), *, hyphenates: bool = False) -> str:
    """Lines of one paragraph as one. A hyphen at a line's end stays, as in "well-" / "known", unless the whole word is
    `known` without it; where the setting `hyphenates`, it goes unless the word is known with it.
    """
    pieces: list[str] = []
    for line in lines:
        piece = line.strip()
        if pieces and piece:
            before = pieces[-1]
            if before.endswith("\u00ad"):
                pieces[-1] = before[:-1]
            elif _breaks_word(before, piece):
                pieces[-1] = before[:-1] if _is_split(before, piece, known, hyphenates) else before
            elif not before.endswith(("--", "—")):
                pieces.append(" ")
        pieces.append(piece)
    return "".join(pieces)


def _breaks_word(before: str, piece: str) -> bool:
    return before.endswith(("-", "‐")) and before[-2:-1].isalpha() and piece[:1].isalpha()


def _is_split(before: str, piece: str, known: Collection[str], hyphenates: bool) -> bool:
    first, second = word_at_end(before[:-1]), word_at_start(piece)
    whole, compound = f"{first}{second}".casefold(), f"{first}-{second}".casefold()
    if compound in known:
        return False
    return whole in known or (hyphenates and piece[:1].islower())


def word_at_end(text: str) -> str:
    at = len(text)
    while at and (text[at - 1].isalpha() or text[at - 1] in "-'’"):
        at -= 1
    return text[at:]


def word_at_start(text: str) -> str:
    at = 0
    while at < len(text) and (text[at].isalpha() or text[at] in "'’"):
        at += 1
    return text[:at]


def words_in(text: str) -> frozenset[str]:
    """Every word in small letters, compounds with their hyphens."""
    kept = (letter if letter.isalpha() or letter in "-'’" else " " for letter in text.casefold())
    return frozenset(word.strip("-'’") for word in "".join(kept).split())
