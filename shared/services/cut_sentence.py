"""Cut one over-long sentence where it hurts least: after a clause, else between words, else between characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.domain.errors import InvalidInput
from shared.domain.graphemes import is_boundary, last_boundary
from shared.domain.spoken_text import spoken
from shared.ports.speech import Caps
from shared.services.plan_options import fits

_CLAUSE = re.compile(r"[,;:—–…)\]](?=\s)|[、，；：]")
_WORD = re.compile(r"[^\s\"'”’»](?=\s)")  # not right after a quotation: its dialogue tag may follow
_ANY_WORD = re.compile(r"\S(?=\s)")
_FIRST_LOOK = 64  # code points; doubled until the cap is met


def cut_sentence(text: str, start: int, end: int, caps: Sequence[Caps]) -> Iterator[int]:
    """The ends of the parts of `text[start:end]` that each fit all `caps`; the last one is `end`.

    White space stays with the part before it. A single character cluster that no request can carry is cut between code
    points. Raises InvalidInput for caps that not even one character fits.
    """
    while True:
        limit = _longest_fit(text, start, end, caps)
        if limit == end:
            yield end
            return
        if not spoken(text[start:limit]):
            raise InvalidInput(
                f"The speech limits are too small: not even one character fits at code point {limit}. Raise max_kb, "
                "hard_cap_min, or the engine's own caps."
            )
        start = _past_space(text, _best_cut(text, start, limit), end)
        yield start
        if start == end:
            return


def _longest_fit(text: str, start: int, end: int, caps: Sequence[Caps]) -> int:
    """The furthest end whose spoken text fits: by doubling, then halving, so that the cost follows what fits."""
    size = _FIRST_LOOK
    while start + size < end and fits(spoken(text[start : start + size]), caps):
        size *= 2
    low, high = start, min(start + size, end)  # low fits
    if fits(spoken(text[start:high]), caps):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if fits(spoken(text[start:middle]), caps):
            low = middle
        else:
            high = middle
    return low


def _best_cut(text: str, start: int, limit: int) -> int:
    window = limit + 1  # a space right at the limit may be the place
    half = start + (limit - start) // 2
    cut = (
        _last(_CLAUSE, text, half, window) or _last(_WORD, text, half, window) or _last(_ANY_WORD, text, start, window)
    )
    return cut or last_boundary(text, limit, start)


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    """End of the last match within `text[start:end]`, or 0."""
    found = 0
    for match in pattern.finditer(text, start, end):
        found = match.end() if match.end() < end else found
    return found


def _past_space(text: str, at: int, end: int) -> int:
    """Past the white space at `at`, but for a blank that carries a combining mark."""
    while at < end and text[at].isspace() and is_boundary(text, at + 1, at):
        at += 1
    return at
