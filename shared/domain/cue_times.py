"""When each caption page is shown: as long as it takes to say, changing in the speaker's own pauses."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

_RUN_OF_STOPS = re.compile("[.!?…]{2,}")
_CHARACTER, _WIDE_CHARACTER = 2, 5  # how long one takes to say, in halves of a Latin letter
_CLAUSE_PAUSE, _SENTENCE_PAUSE = 6, 16  # about 0.2 s and 0.5 s of speech


def time_pages(
    pages: Sequence[str],
    start: int,
    end: int,
    pauses: Sequence[tuple[int, int]],
    *,
    tolerance: int,
    minimum: int,
) -> list[tuple[int, int, str]]:
    """Share out [start, end) among `pages`: (start, end, page), without gaps, each at least one unit long.

    All times are integers in one unit (samples). A page lasts in proportion to what is said; each change moves to the
    middle of the nearest of `pauses` (start, end; in order) within `tolerance`: 0.6 s serves well. A page shorter than
    `minimum` borrows time from its neighbours; where the whole is too short for that, neighbouring pages of one line become
    one of two, and what is still too short is shared out evenly. Raises ValueError when there are more pages than units.
    """
    kept = _merged(pages, (end - start) // minimum if minimum > 0 else len(pages))
    if end - start < len(kept):
        raise ValueError(
            f"{len(kept)} caption pages need as many units of time, found {end - start} from {start} to {end}"
        )
    if not kept:
        return []
    least = max(1, min(minimum, (end - start) // len(kept)))
    middles = [(first + last) // 2 for first, last in pauses]
    wanted = [_snapped(edge, middles, tolerance) for edge in _proportional(kept, start, end)]
    edges = [start, *_spaced(wanted, start, end, least), end]
    return [(first, last, page) for (first, last), page in zip(pairwise(edges), kept, strict=True)]


def spoken_weight(text: str) -> int:
    """How long `text` takes to say, in arbitrary units: its letters and the pauses its punctuation asks for."""
    return 1 + sum(map(_weight, _RUN_OF_STOPS.sub("…", text)))


def _weight(character: str) -> int:
    if character in ".!?…。！？":
        return _SENTENCE_PAUSE
    if character in ",;:—–、，；：":
        return _CLAUSE_PAUSE
    if not character.isalnum():
        return 0
    return _WIDE_CHARACTER if unicodedata.east_asian_width(character) in "WF" else _CHARACTER


def _merged(pages: Sequence[str], room: int) -> list[str]:
    """Pages of one line joined in pairs, until `room` pages are left or no pair is."""
    kept: list[str] = []
    surplus = len(pages) - max(1, room)
    for page in pages:
        if surplus > 0 and kept and "\n" not in kept[-1] and "\n" not in page:
            kept[-1] += "\n" + page
            surplus -= 1
        else:
            kept.append(page)
    return kept


def _proportional(pages: Sequence[str], start: int, end: int) -> list[int]:
    """The changes between pages, by weight."""
    reached = list(accumulate(spoken_weight(page) for page in pages))
    return [start + (end - start) * part // reached[-1] for part in reached[:-1]]


def _snapped(edge: int, middles: Sequence[int], tolerance: int) -> int:
    """The nearest of `middles` within `tolerance` of `edge`, or `edge` itself."""
    at = bisect_left(middles, edge)
    nearest = min(middles[max(0, at - 1) : at + 1], key=lambda middle: abs(middle - edge), default=edge)
    return nearest if abs(nearest - edge) <= tolerance else edge


def _spaced(wanted: Sequence[int], start: int, end: int, least: int) -> list[int]:
    """The wanted changes, moved as little as needed for every page to last `least`: first forwards, then back."""
    edges: list[int] = []
    for edge in wanted:
        edges.append(max(edge, (edges[-1] if edges else start) + least))
    latest = end - least
    for at in range(len(edges) - 1, -1, -1):
        edges[at] = min(edges[at], latest)
        latest = edges[at] - least
    return edges
