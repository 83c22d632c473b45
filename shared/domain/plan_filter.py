"""Which segments of a plan are meant: conditions that must all hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.plan import Segment, SegmentId, Speaker, VoiceId
from shared.domain.plan_edits import find


class SegmentFilter(BaseModel):
    """All conditions given must hold; `all` stands for none of them, so that nobody means every segment by mistake.

    `contains` looks in the spoken text, whatever its case; `first` and `last` are the ends of a range, both in it.
    """

    model_config = ConfigDict(extra="forbid")

    all: bool = False
    segment_ids: Annotated[list[SegmentId], Field(min_length=1, max_length=1000)] | None = None
    first: SegmentId | None = None
    last: SegmentId | None = None
    speaker: Speaker | None = None
    voice: VoiceId | None = None
    needs_revision: bool | None = None
    skipped: bool | None = None
    contains: Annotated[str, Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.all == any(value is not None for name, value in self if name != "all"):
            raise ValueError("give at least one condition, or `all` alone for every segment")
        return self

    def chosen(self, segments: Sequence[Segment]) -> set[str]:
        """The ids of the segments meant. Raises NotFound for a named segment that is not there."""
        if self.segment_ids:
            for missing in set(self.segment_ids) - {segment.segment_id for segment in segments}:
                find(segments, missing)
        named = set(self.segment_ids) if self.segment_ids is not None else None
        start = find(segments, self.first) if self.first else 0
        stop = find(segments, self.last) + 1 if self.last else len(segments)
        return {
            segment.segment_id
            for segment in segments[start:stop]
            if (named is None or segment.segment_id in named) and self._holds(segment)
        }

    def _holds(self, segment: Segment) -> bool:
        for field in ("speaker", "voice", "needs_revision", "skipped"):
            wanted = getattr(self, field)
            if wanted is not None and getattr(segment, field) != wanted:
                return False
        return self.contains is None or self.contains.casefold() in segment.text.casefold()
