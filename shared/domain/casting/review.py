"""The seam for a second opinion: which quotations are doubtful, and how decisions about them come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.domain.casting.attribution import Attribution

DOUBTFUL_BELOW = 0.7


class Doubt(NamedTuple):
    """A quotation to ask about: its key and place, and whom to choose from, the likeliest first."""

    key: str
    start: int
    end: int
    candidates: tuple[str, ...]


def doubtful(attributions: Sequence[Attribution], below: float = DOUBTFUL_BELOW) -> list[Doubt]:
    """The quotations whose speaker is less sure than `below`, in order, with their candidates."""
    return [
        Doubt(one.key, one.start, one.end, tuple(name for name, _ in one.candidates))
        for one in attributions
        if one.confidence < below
    ]


def decided(doubts: Sequence[Doubt], decisions: Mapping[str, str], corrections: Mapping[str, str]) -> dict[str, str]:
    """Corrections with decisions about doubts among them, for the next attribution.

    A decision counts only for a quotation that was asked about and a speaker who was a candidate; what the user corrected
    stays as it is.
    """
    asked = {doubt.key: doubt.candidates for doubt in doubts}
    taken = {key: speaker for key, speaker in decisions.items() if speaker in asked.get(key, ())}
    return {**taken, **corrections}
