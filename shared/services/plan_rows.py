"""A plan as the rows of a table, page by page. A page token is the code point where the next page begins."""

from __future__ import annotations

from pydantic import BaseModel

from shared.domain.errors import InvalidInput
from shared.domain.plan import Delimiter, Segment

_DIGITS = 12


class PlanRow(BaseModel):
    """R4.5. `start`, `end` and `length` are code points of the chapter; `row_key` is the row's own in the whole studio."""

    row_key: str
    segment_id: str
    start: int
    end: int
    length: int
    voice: str
    delimiter: Delimiter


def plan_rows(
    chapter_id: str, segments: list[Segment], limit: int, cursor: str | None
) -> tuple[list[PlanRow], str | None]:
    """A page, and the token of the next one, which holds however the plan is edited in between."""
    start = 0 if cursor is None else position_of(cursor)
    rest = [segment for segment in segments if segment.start_idx >= start]
    rows = [
        PlanRow(
            row_key=f"{chapter_id}:{segment.segment_id}",
            segment_id=segment.segment_id,
            start=segment.start_idx,
            end=segment.end_idx,
            length=segment.end_idx - segment.start_idx,
            voice=segment.voice,
            delimiter=segment.delimiter,
        )
        for segment in rest[:limit]
    ]
    return rows, str(rows[-1].end) if len(rest) > limit else None


def position_of(token: str) -> int:
    """Raises InvalidInput for what no list here gave."""
    if not (token.isascii() and token.isdigit() and len(token) < _DIGITS):
        raise foreign_token()
    return int(token)


def foreign_token() -> InvalidInput:
    return InvalidInput("The page token is not of this list, or its chapter is gone. Start again without a token.")
