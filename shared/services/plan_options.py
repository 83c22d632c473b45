"""The limits a plan is cut by: a client's options (R4.3) and each engine's caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.errors import InvalidInput
from shared.domain.faults import faults_of
from shared.domain.spoken_text import count_words
from shared.ports.speech import Caps

SLOWEST_WPM = 80  # a length in minutes is never judged by a slower reader
_SHARES = 10_000  # overheads are compared in whole ten-thousandths: no rounding of floats at the edge


class PlanOptions(BaseModel):
    """R4.3. The defaults are the Azure profile.

    `max_kb` KiB of UTF-8 text plus `overhead` (a share, for SSML and escapes); `hard_cap_min` minutes at `wpm` words a
    minute; `soft_length` characters a segment is filled to. `fresh` drops what a plan before this one held.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    max_kb: int = Field(default=48, ge=1, le=1024)
    hard_cap_min: float = Field(default=8.0, ge=0.1, le=60.0, allow_inf_nan=False)
    wpm: int = Field(default=165, ge=1, le=600)
    overhead: float = Field(default=0.15, ge=0.0, le=4.0, allow_inf_nan=False)
    soft_length: int = Field(default=400, ge=40, le=5000)
    fresh: bool = False

    def caps(self) -> Caps:
        return Caps(
            max_bytes=self.max_kb * 1024,
            max_minutes=self.hard_cap_min,
            words_per_minute=self.wpm,
            overhead=self.overhead,
        )


AZURE_CAPS = Caps(max_bytes=48 * 1024, max_minutes=8.0, words_per_minute=165, overhead=0.15)


def read_plan_options(data: Mapping[str, Any]) -> PlanOptions:
    """Options from a request's body. Raises InvalidInput with every fault at once."""
    try:
        return PlanOptions.model_validate(dict(data))
    except ValidationError as exc:
        faults = faults_of(exc)
        raise InvalidInput(f"The plan's options have {len(faults)} fault(s); see errors.", faults=faults) from exc


def fits(text: str, caps: Sequence[Caps]) -> bool:
    """Whether one request may carry `text` under all of `caps`: characters, bytes with overhead, minutes."""
    return all(_fits(text, cap) for cap in caps)


def _fits(text: str, cap: Caps) -> bool:
    if cap.max_characters is not None and len(text) > cap.max_characters:
        return False
    if cap.max_bytes is not None:
        sent = len(text.encode()) * (_SHARES + round(cap.overhead * _SHARES))
        if sent > cap.max_bytes * _SHARES:
            return False
    return cap.max_minutes is None or count_words(text) <= cap.max_minutes * max(SLOWEST_WPM, cap.words_per_minute)
