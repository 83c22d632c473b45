"""Headings in text that marks none: told by their words and numbers, by standing alone, and by counting on from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from statistics import median

from shared.domain.book import LeftOut
from shared.domain.book_blocks import Block
from shared.domain.heading_words import (
    ALONE,
    CHAPTER_WORDS,
    PART_WORDS,
    is_number_word,
    is_part_title,
    number_of,
    reason_of_title,
)

_MOST_CHARACTERS = 90  # of a line that may be a heading
_MOST_WORDS = 14
_TITLE_WORDS = 10  # of a title on a line of its own under a number
_LIST_GAP = 30  # words between numbered lines of an enumeration; chapters have more
_FEWEST_LISTED = 3


class Rank(IntEnum):
    """What kind of heading, outermost first; also the heading's level."""

    PART = 1
    CHAPTER = 2
    NUMBERED = 3  # "I. The Lamp"
    NUMBER = 4  # "I."


@dataclass(frozen=True)
class _Candidate:
    at: int
    rank: Rank
    number: int | None


def rank_of(text: str) -> Rank | None:
    """How a paragraph would rank as a heading; None where it is none. The text decides alone, its neighbours later."""
    line = " ".join(text.split())
    words = line.split()
    if not words or len(line) > _MOST_CHARACTERS or len(words) > _MOST_WORDS:
        return None
    if is_part_title(line):
        return Rank.PART
    first = _bare(words[0])
    if first in CHAPTER_WORDS and len(words) > 1 and is_number_word(words[1]):
        return Rank.CHAPTER
    if first in ALONE and (len(words) == 1 or words[0][-1] in ".:—–-") and words[0][0].isupper():
        return Rank.CHAPTER
    if _numeral(words[0]) is None:
        return None
    if len(words) == 1:
        return Rank.NUMBER
    return Rank.NUMBERED if words[0][-1] in ".:)—–-" and _may_be_title(" ".join(words[1:])) else None


def _bare(word: str) -> str:
    return word.casefold().strip(" .:;,-–—_*")


def _numeral(word: str) -> int | None:
    """The number a heading begins with: digits, or Roman numerals in capitals ("I." but not "i" or "mix")."""
    return number_of(word) if word.strip(".:()[]-–—_*").isdecimal() or word.upper() == word else None


def _may_be_title(line: str) -> bool:
    """Whether it is written as titles are: no sentence's end, most of its longer words capitalised."""
    words = [word for word in line.split() if len(word) > 3 and word[:1].isalpha()] or line.split()
    capitals = sum(word[:1].isupper() or not word[:1].isalpha() for word in words)
    ends_open = line.rstrip()[-1:] not in ",;:" and (line.rstrip()[-1:] != "." or line.upper() == line)
    return ends_open and capitals * 2 >= len(words) and len(line.split()) <= _MOST_WORDS


def find_headings(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, headings among them marked with their level, and a listing of contents left out."""
    found = [_Candidate(at, rank, _number_in(block.text)) for at, block, rank in _ranked(blocks)]
    listed = _contents(blocks, {candidate.at for candidate in found})
    headings = _that_count(blocks, [candidate for candidate in found if candidate.at not in listed])
    marked = {candidate.at: int(candidate.rank) for candidate in headings}
    for candidate in headings:
        if _needs_title(blocks[candidate.at].text) and _is_title(blocks, candidate.at + 1, marked):
            marked[candidate.at + 1] = int(candidate.rank)
    return [
        replace(
            block,
            heading=marked.get(at, block.heading),
            left_out=block.left_out or (LeftOut.CONTENTS if at in listed else None),
        )
        for at, block in enumerate(blocks)
    ]


def _ranked(blocks: Sequence[Block]) -> list[tuple[int, Block, Rank]]:
    ranked = [(at, block, rank_of(block.text)) for at, block in enumerate(blocks) if block.left_out is None]
    return [(at, block, rank) for at, block, rank in ranked if rank is not None]


def _number_in(text: str) -> int | None:
    return next((number for number in map(_numeral, text.split()[:2]) if number is not None), None)


def _contents(blocks: Sequence[Block], headings: set[int]) -> set[int]:
    """The blocks of a listing of contents: under that title, one paragraph of headings, or headings without text between."""
    listed: set[int] = set()
    at = 0
    while at < len(blocks):
        block = blocks[at]
        is_titled = reason_of_title(block.text) is LeftOut.CONTENTS
        end = at + 1 if _lists_headings(block.text) else at
        if is_titled or (at in headings and end == at):
            end = _end_of_list(blocks, at, headings)
            if not is_titled and end - at < _FEWEST_LISTED:
                end = at
        listed.update(range(at, end))
        at = max(end, at + 1)
    return listed


def _lists_headings(text: str) -> bool:
    """Whether a paragraph's lines are headings, most of them."""
    lines = text.split("\n")
    return (
        len(lines) >= _FEWEST_LISTED
        and sum(rank_of(_unpaged(line)) is not None for line in lines) * 5 >= len(lines) * 3
    )


def _unpaged(line: str) -> str:
    """A line of contents without the page it ends with."""
    return line.rstrip(" 0123456789").rstrip(" .…\t") or line


def _end_of_list(blocks: Sequence[Block], start: int, headings: set[int]) -> int:
    """Where a listing that begins at `start` ends: where an entry comes again, or before the heading that text follows."""
    seen: set[str] = set()
    at = start
    while at < len(blocks) and (at == start or at in headings or _is_entry(blocks[at].text)):
        lines = {_key(line) for line in blocks[at].text.split("\n")} - {""}
        if lines & seen:
            return at
        seen |= lines
        at += 1
    for _ in Rank:  # a part's heading, its chapter's and that one's number may follow each other, each another's kind
        if at == len(blocks) or at - 1 <= start or at - 1 not in headings:
            break
        at -= 1
        if rank_of(blocks[at - 1].text) == rank_of(blocks[at].text):
            break
    return at


def _is_entry(text: str) -> bool:
    lines = text.split("\n")
    return all(len(line) <= _MOST_CHARACTERS and line.rstrip()[-1:] not in "!?”\"'," for line in lines) and (
        _lists_headings(text) or all(_may_be_title(_unpaged(line)) for line in lines)
    )


def _key(line: str) -> str:
    return "".join(letter for letter in _unpaged(line).casefold() if letter.isalnum())


def _that_count(blocks: Sequence[Block], found: Sequence[_Candidate]) -> list[_Candidate]:
    """Headings by word stand for themselves; bare numbers and numbered lines only where they count on and hold text."""
    kept = [candidate for candidate in found if candidate.rank in (Rank.PART, Rank.CHAPTER)]
    words = [0]
    for block in blocks:
        words.append(words[-1] + block.words)
    for rank in (Rank.NUMBERED, Rank.NUMBER):
        run = _counting([candidate for candidate in found if candidate.rank is rank])
        gaps = [words[after.at] - words[here.at] for here, after in pairwise(run)]
        if len(run) > 1 and median(gaps) >= _LIST_GAP:
            kept += run
    return sorted(kept, key=lambda candidate: candidate.at)


def _counting(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Those that count on from the one before, or begin anew at 1."""
    run: list[_Candidate] = []
    for candidate in candidates:
        before = run[-1].number or 0 if run else 0
        if candidate.number in (1, before + 1):
            run.append(candidate)
    return run


def _needs_title(text: str) -> bool:
    """Whether a heading is a number or a word with one, and no more."""
    words = text.split()
    return len(words) <= 2 or (
        len(words) <= 4 and "\n" not in text and is_part_title(text) and _bare(words[0]) in PART_WORDS
    )


def _is_title(blocks: Sequence[Block], at: int, marked: dict[int, int]) -> bool:
    """Whether the paragraph under a heading is its title: one short line, written as one, with text after it."""
    if at + 1 >= len(blocks) or at in marked or blocks[at].left_out is not None:
        return False
    text = blocks[at].text
    is_short = "\n" not in text and len(text.split()) <= _TITLE_WORDS and len(text) <= _MOST_CHARACTERS
    return is_short and text[:1].isupper() and _may_be_title(text) and rank_of(text) is None
