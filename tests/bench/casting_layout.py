"""The corpus once more with paragraphs, for fitting alone.

LitBank has one sentence a line and no paragraphs, and books have. What paragraphs tell is learned from the developed-on
excerpts laid out as a book would be, as far as the true speakers show it: a paragraph ends where the speaker changes, and
narration about the speaker before or after a quotation stands in its paragraph, three times in four (by a hash, as not
every book does so every time). As the truth is in the layout, nothing is ever scored on it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shared.domain.casting.mentions import mentions_in
from shared.domain.casting.reading import read
from shared.domain.casting.resolution import Seen, resolve
from shared.domain.casting.roster import NOBODY
from shared.domain.language_rules import rules_for
from tests.bench.casting import cast_of
from tests.bench.casting_data import Excerpt, Spoken

ENGLISH = rules_for("en")
_TOGETHER = 0.75  # share of narration that stays in its speaker's paragraph
_MARK = 3  # characters of a row within which a quotation opens it


@dataclass(frozen=True)
class _Row:
    start: int
    end: int
    speaker: int  # of the last quotation in it, or NOBODY
    opens: bool  # with a quotation
    goes_on: bool  # with one that a row before opened, or in lower case
    told: bool  # ends with narration
    about: int  # the first subject of its narration
    together: bool


def paragraphed(excerpt: Excerpt) -> Excerpt:
    """The excerpt with blank lines between paragraphs and blanks between the sentences of one."""
    rows = _rows(excerpt)
    joins = ["", *(" " if _continues(rows, number) else "\n\n" for number in range(1, len(rows)))]
    text, starts = "", list[int]()
    for row, join in zip(rows, joins, strict=True):
        text += join
        starts.append(len(text))
        text += excerpt.text[row.start : row.end]
    olds = [row.start for row in rows]

    def moved(position: int) -> int:
        number = bisect_right(olds, position) - 1
        return position - olds[number] + starts[number]

    quotations = (Spoken(moved(one.start), moved(one.end - 1) + 1, one.speaker) for one in excerpt.quotations)
    return replace(excerpt, text=text, quotations=tuple(quotations))


def _continues(rows: Sequence[_Row], number: int) -> bool:
    """Whether a row goes on with the paragraph of the row before."""
    before, row = rows[number - 1], rows[number]
    if row.goes_on:
        return True
    last = next((one.speaker for one in reversed(rows[:number]) if one.speaker != NOBODY), NOBODY)
    if not row.opens:
        return row.together and before.speaker != NOBODY and row.about == last
    if before.speaker != NOBODY:  # "X," said she. / "Y."
        return row.speaker == before.speaker and before.told and (row.together or before.together)
    return row.together and row.speaker in (before.about, last)


def _rows(excerpt: Excerpt) -> list[_Row]:
    breaks = [-1, *(at for at, ch in enumerate(excerpt.text) if ch == "\n"), len(excerpt.text)]
    seen = _seen(excerpt)
    return [_row(excerpt, before + 1, end, seen) for before, end in pairwise(breaks)]


def _row(excerpt: Excerpt, start: int, end: int, seen: Sequence[Seen]) -> _Row:
    inside = [one for one in excerpt.quotations if one.start < end and one.end > start]
    about = next((one.who for one in seen if start <= one.start < end and one.subject and not one.quoted), NOBODY)
    return _Row(
        start,
        end,
        excerpt.speakers.index(inside[-1].speaker) if inside else NOBODY,
        any(start <= one.start < start + _MARK for one in inside),
        any(one.start < start for one in inside) or excerpt.text[start:end][:1].islower(),
        not inside or any(ch.isalpha() for ch in excerpt.text[inside[-1].end : end]),
        about,
        _drawn(f"{excerpt.title} {start}") < _TOGETHER,
    )


def _seen(excerpt: Excerpt) -> list[Seen]:
    reading = read(excerpt.text, cast_of(excerpt), ENGLISH)
    quotes = [quote for turn in reading.turns for quote in turn.quotes]
    return resolve(mentions_in(excerpt.text, quotes, ENGLISH), reading.roster)


def _drawn(name: str) -> float:
    """A number from 0 to 1 that `name` alone decides."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32
