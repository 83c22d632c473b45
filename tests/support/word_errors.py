"""Two word lists laid side by side: how far they differ, and what the first holds that the second never does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SHORTEST_RUN = 3  # words; shorter ones are a recogniser's slips


def words_of(text: str) -> list[str]:
    """The words of `text` in order, in lower case, with plain apostrophes inside; punctuation and digits are left out."""
    return _WORD.findall(text.lower().replace("’", "'"))


def word_error_rate(reference: Sequence[str], heard: Sequence[str]) -> float:
    """Words to insert, drop or exchange to turn `heard` into `reference`, over the words of `reference`: 0.0 is equal.

    Case, apostrophes and punctuation do not count.
    Raises ValueError for an empty reference, of which no share can be taken.
    """
    expected, found = _normal(reference), _normal(heard)
    if not expected:
        raise ValueError("a word error rate needs a reference of at least one word")
    return _distances(expected, found)[-1][-1] / len(expected)


def missing_runs(reference: Sequence[str], heard: Sequence[str], shortest: int = _SHORTEST_RUN) -> list[list[str]]:
    """Runs of `shortest` and more consecutive words of `reference` that were not heard, in order.

    Where a run could stand in two places, as before or after a word that its neighbour shares, it is the earlier.
    """
    expected = _normal(reference)
    matched = _matched(expected, _normal(heard))
    runs = (
        [expected[at] for at in run]
        for was_heard, run in groupby(range(len(expected)), key=matched.__contains__)
        if not was_heard
    )
    return [run for run in runs if len(run) >= shortest]


def _normal(words: Sequence[str]) -> list[str]:
    return words_of(" ".join(words))


def _matched(reference: Sequence[str], heard: Sequence[str]) -> set[int]:
    """The places in `reference` of the words that were heard, along one cheapest alignment read from its end."""
    table = _distances(reference, heard)
    row, column, matched = len(reference), len(heard), set[int]()
    while row and column:
        here = table[row][column]
        if reference[row - 1] == heard[column - 1]:
            row, column = row - 1, column - 1
            matched.add(row)
        elif here == table[row - 1][column] + 1:
            row -= 1
        elif here == table[row - 1][column - 1] + 1:
            row, column = row - 1, column - 1
        else:
            column -= 1
    return matched


def _distances(reference: Sequence[str], heard: Sequence[str]) -> list[list[int]]:
    """The Levenshtein table: row i, column j is the distance of the first i words from the first j."""
    table = [list(range(len(heard) + 1))]
    for number, word in enumerate(reference, start=1):
        above, row = table[-1], [number]
        for column, other in enumerate(heard):
            row.append(min(above[column] + (word != other), above[column + 1] + 1, row[column] + 1))
        table.append(row)
    return table
