"""Which stretches of a text another one still holds, in order: what of a plan outlives a change of its chapter.

Texts are compared token by token: equal ends are taken off, tokens that occur once on either side are paired as far as they
keep their order (a longest increasing run, as in a patience diff), and what lies between two pairs is compared in the same
way. What is left on either side of a pair grows by the characters that are equal. Nothing here is quadratic in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Where a token ends need not be right, only the same in both texts: a stop with what follows it, or a line's end.
SENTENCES = re.compile(r"[^.!?…。！？\n]*(?:[.!?…。！？]+[^\S\n]*|\n+)|[^.!?…。！？\n]+")
WORDS = re.compile(r"\s*\S+|\s+")
_Gap = tuple[int, int, int, int]  # from and to in the old, from and to in the new; ends exclusive


class Block(NamedTuple):
    """`length` code points that stand at `old` in the one text and at `new` in the other."""

    old: int
    new: int
    length: int


def unchanged_blocks(old: str, new: str, tokens: re.Pattern[str] = SENTENCES) -> list[Block]:
    """The stretches that both texts have, in order, none touching the next on both sides. `tokens` matches every part."""
    olds, news = tokens.findall(old), tokens.findall(new)
    old_starts, new_starts = _starts(olds), _starts(news)
    blocks: list[Block] = []
    old_at = new_at = 0
    for i, j in [*_pairs(olds, news), (len(olds), len(news))]:
        old_stop, new_stop = old_starts[i], new_starts[j]
        for block in _equal_ends(old, new, (old_at, old_stop, new_at, new_stop)):
            _append(blocks, block)
        if i < len(olds):
            _append(blocks, Block(old_stop, new_stop, len(olds[i])))
            old_at, new_at = old_stop + len(olds[i]), new_stop + len(news[j])
    return blocks


def _starts(tokens: Sequence[str]) -> list[int]:
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token))
    return starts


def _append(blocks: list[Block], block: Block) -> None:
    if not block.length:
        return
    last = blocks[-1] if blocks else None
    if last and last.old + last.length == block.old and last.new + last.length == block.new:
        blocks[-1] = last._replace(length=last.length + block.length)
    else:
        blocks.append(block)


def _pairs(olds: Sequence[str], news: Sequence[str]) -> list[tuple[int, int]]:
    """Places of equal tokens, rising on both sides."""
    found: list[tuple[int, int]] = []
    gaps: list[_Gap] = [(0, len(olds), 0, len(news))]
    while gaps:
        gap, ends = _without_ends(olds, news, gaps.pop())
        found += ends
        anchors = _rising(_unique(olds, news, gap)) if gap[0] < gap[1] and gap[2] < gap[3] else []
        found += anchors
        i, j = gap[0], gap[2]
        for a, b in [*anchors, (gap[1], gap[3])] if anchors else []:
            gaps.append((i, a, j, b))
            i, j = a + 1, b + 1
    return sorted(found)


def _without_ends(olds: Sequence[str], news: Sequence[str], gap: _Gap) -> tuple[_Gap, list[tuple[int, int]]]:
    i, old_stop, j, new_stop = gap
    found = []
    while i < old_stop and j < new_stop and olds[i] == news[j]:
        found.append((i, j))
        i, j = i + 1, j + 1
    while i < old_stop and j < new_stop and olds[old_stop - 1] == news[new_stop - 1]:
        old_stop, new_stop = old_stop - 1, new_stop - 1
        found.append((old_stop, new_stop))
    return (i, old_stop, j, new_stop), found


def _unique(olds: Sequence[str], news: Sequence[str], gap: _Gap) -> Iterator[tuple[int, int]]:
    """Tokens that stand once on either side, by their place in the old."""
    i, old_stop, j, new_stop = gap
    old_counts, new_counts = Counter(olds[i:old_stop]), Counter(news[j:new_stop])
    places = {news[place]: place for place in range(j, new_stop)}
    for place in range(i, old_stop):
        if old_counts[olds[place]] == 1 and new_counts[olds[place]] == 1:
            yield place, places[olds[place]]


def _rising(pairs: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs that rises on the new side as it does on the old."""
    tails: list[int] = []  # the smallest last place of a run of each length
    ends: list[tuple[int, int]] = []
    before: dict[tuple[int, int], tuple[int, int] | None] = {}
    for pair in pairs:
        length = bisect_left(tails, pair[1])
        before[pair] = ends[length - 1] if length else None
        tails[length : length + 1] = [pair[1]]
        ends[length : length + 1] = [pair]
    run: list[tuple[int, int]] = []
    last = ends[-1] if ends else None
    while last is not None:
        run.append(last)
        last = before[last]
    return run[::-1]


def _equal_ends(old: str, new: str, gap: _Gap) -> Iterator[Block]:
    """What two unlike stretches have in common at their beginnings, and at their ends."""
    a, b = old[gap[0] : gap[1]], new[gap[2] : gap[3]]
    head = _common(a, b)
    a, b = a[head:], b[head:]
    tail = _common(a[::-1], b[::-1])
    yield Block(gap[0], gap[2], head)
    yield Block(gap[1] - tail, gap[3] - tail, tail)


def _common(a: str, b: str) -> int:
    """How many characters both begin with; found by halving, since slices compare faster than characters."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
