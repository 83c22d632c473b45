"""A plan's history: what each change led to, and where among them the plan stands. Undo and redo move that place.

Entries are documents of their own, in a ring of MAX_ENTRIES slots: a change writes the plan and one entry, however long the
history is, and the oldest entry makes room by being written over. After an undo, a new change takes the place that redo
would have gone to; what lies beyond `head` counts for nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.plan import Segment
from shared.domain.project import PlanRecord

MAX_ENTRIES = 200
MAX_SHOWN = 100  # segments and ids that the answer to one change lists
MAX_SHOWN_CHARACTERS = 100_000  # of those segments' texts: an idempotent answer is kept in one document


class Operation(StrEnum):
    """What a change was."""

    GENERATE = "generate"
    TEXT = "text"  # the chapter's text changed, and the plan was made anew
    REPLACE = "replace"
    SPLIT = "split"
    MERGE = "merge"
    EDIT = "edit"
    LEXICON = "lexicon"  # an entry of the lexicon changed, and the segments it hits were marked
    CAST = "cast"  # the project's cast changed, or who speaks a line was corrected
    BEFORE = "before"  # what the plan was when its history began


class HistoryEntry(BaseModel):
    """One change, kept: `seq` is its place, `revision` the plan's own after it, `segments_key` what it led to."""

    model_config = ConfigDict(extra="ignore")

    owner: str
    project_id: str
    chapter_id: str
    seq: int
    revision: int
    at: datetime
    by: str
    operation: Operation
    summary: str
    segments_key: str
    segment_count: int
    text_sha256: str


class HistoryItem(BaseModel):
    """One change, as answered. `is_current` is where the plan stands; what is newer can be redone."""

    seq: int
    revision: int
    at: datetime
    by: str
    operation: Operation
    summary: str
    segments_key: str
    segment_count: int
    is_current: bool


class PlanChange(BaseModel):
    """What a change did: segments that are new or others than before, and the ids of those that are gone.

    `changed` and `removed_count` count them; `segments` and `removed` list the first 100 of each, fewer of very long ones.
    All the rest is as it was.
    """

    operation: str
    summary: str
    changed: int
    segments: list[Segment]
    removed: list[str]
    removed_count: int
    segment_count: int
    is_complete: bool
    can_undo: bool
    can_redo: bool


def shown(segments: list[Segment]) -> list[Segment]:
    """As many of these as one answer carries."""
    found: list[Segment] = []
    characters = 0
    for segment in segments[:MAX_SHOWN]:
        characters += len(segment.original_text) + len(segment.text)
        if found and characters > MAX_SHOWN_CHARACTERS:
            break
        found.append(segment)
    return found


def slot_of(chapter_id: str, seq: int) -> str:
    """The document that entry `seq` lies in."""
    return f"{chapter_id}-{seq % MAX_ENTRIES}"


def advanced(record: PlanRecord) -> PlanRecord:
    """The record one change further: redo is over, and the oldest entry gives way when the ring is full."""
    seq = record.position + 1
    return record.model_copy(update={"position": seq, "head": seq, "tail": max(record.tail, 1, seq - MAX_ENTRIES + 1)})


def difference(before: list[Segment], after: list[Segment]) -> tuple[list[Segment], list[str]]:
    """Segments of `after` that `before` does not have just so, and ids that only `before` has."""
    known = {segment.segment_id: segment for segment in before}
    names = {segment.segment_id for segment in after}
    changed = [segment for segment in after if known.get(segment.segment_id) != segment]
    return changed, [name for name in known if name not in names]
