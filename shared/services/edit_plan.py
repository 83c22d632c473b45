"""Operations on a stored plan: split, merge, change many, undo and redo. Each is one entry of the plan's history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain import plan_edits
from shared.domain.bulk_changes import BulkChanges
from shared.domain.errors import Conflict
from shared.domain.plan import MAX_TEXT, Segment, SegmentId, Speaker, VoiceId
from shared.domain.plan_filter import SegmentFilter
from shared.domain.plan_history import (
    MAX_SHOWN,
    HistoryEntry,
    HistoryItem,
    Operation,
    PlanChange,
    difference,
    shown,
)
from shared.domain.project import PlanRecord
from shared.services.check_segments import SPOKEN, check_segments
from shared.services.engines import SpeechEngines
from shared.services.keep_projects import Chapters
from shared.services.plan_store import Planned, PlanStore
from shared.services.records import Found

HalfText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Split(BaseModel):
    """`position` is a code point of the chapter, counted as start_idx is; `texts` are what the halves speak, where the
    words there were edited.
    """

    model_config = ConfigDict(extra="forbid")

    position: Annotated[int, Field(ge=1, le=100_000_000)]
    texts: Annotated[list[HalfText], Field(min_length=2, max_length=2)] | None = None


class Merge(BaseModel):
    """Neighbours to be made one; `speaker` and `voice` where it is not to speak as the first of them."""

    model_config = ConfigDict(extra="forbid")

    segment_ids: Annotated[list[SegmentId], Field(min_length=2, max_length=plan_edits.MAX_MERGED)]
    speaker: Speaker | None = None
    voice: VoiceId | None = None


class BulkEdit(BaseModel):
    """`changes` to all segments that `filter` chooses."""

    model_config = ConfigDict(extra="forbid")

    filter: SegmentFilter
    changes: BulkChanges

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.changes.values():
            raise ValueError("`changes` says nothing to change")
        return self


class EditPlan:
    def __init__(self, store: PlanStore, chapters: Chapters, engines: SpeechEngines) -> None:
        self._store = store
        self._chapters = chapters
        self._engines = engines

    def split(
        self,
        owner: str,
        project_id: str,
        chapter_id: str,
        segment_id: str,
        wish: Split,
        *,
        if_revision: int | None = None,
    ) -> tuple[PlanChange, int]:
        """Cut a segment in two. Raises NotFound, InvalidInput, PreconditionFailed, Conflict; as all changes do."""
        texts = (wish.texts[0], wish.texts[1]) if wish.texts else None

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            made = plan_edits.split(segments, segment_id, wish.position, texts)
            place = plan_edits.find(segments, segment_id)
            check_segments(self._engines, owner, made[place : place + 2], "/texts/{}")
            return made, f"segment {segment_id} at {wish.position}"

        return self._change(owner, project_id, chapter_id, Operation.SPLIT, work, if_revision)

    def merge(
        self, owner: str, project_id: str, chapter_id: str, wish: Merge, *, if_revision: int | None = None
    ) -> tuple[PlanChange, int]:
        """Make one segment of neighbours."""

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            made = plan_edits.merge(segments, wish.segment_ids, speaker=wish.speaker, voice=wish.voice)
            check_segments(self._engines, owner, difference(segments, made)[0], "/segment_ids")
            return made, f"{len(set(wish.segment_ids))} segments made one"

        return self._change(owner, project_id, chapter_id, Operation.MERGE, work, if_revision)

    def change(
        self, owner: str, project_id: str, chapter_id: str, wish: BulkEdit, *, if_revision: int | None = None
    ) -> tuple[PlanChange, int]:
        """Change all segments that a filter chooses; none is no failure."""
        values = wish.changes.values()

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            chosen = wish.filter.chosen(segments)
            made = plan_edits.change(segments, chosen, values)
            if not SPOKEN.isdisjoint(values):
                check_segments(self._engines, owner, [s for s in made if s.segment_id in chosen], "/changes")
            return made, f"{', '.join(values)} of {len(chosen)} segment(s)"

        return self._change(owner, project_id, chapter_id, Operation.EDIT, work, if_revision)

    def undo(
        self, owner: str, project_id: str, chapter_id: str, *, if_revision: int | None = None
    ) -> tuple[PlanChange, int]:
        """Go back to what the plan was before the last change. Raises Conflict where there is nothing before."""
        return self._move(owner, project_id, chapter_id, -1, if_revision)

    def redo(
        self, owner: str, project_id: str, chapter_id: str, *, if_revision: int | None = None
    ) -> tuple[PlanChange, int]:
        """Take back an undo. Raises Conflict where there is none."""
        return self._move(owner, project_id, chapter_id, 1, if_revision)

    def history(
        self, owner: str, project_id: str, chapter_id: str, limit: int, cursor: str | None
    ) -> tuple[list[HistoryItem], str | None]:
        """What was done to the plan, the newest first, of the last MAX_ENTRIES changes; and where the next page begins."""
        self._chapters.get(owner, project_id, chapter_id)
        record = self._store.find(owner, chapter_id).record
        page = self._store.entries(record, limit, cursor)
        entries = [HistoryEntry.model_validate(document.data) for document in page.items]
        items = [
            HistoryItem(**entry.model_dump(), is_current=entry.seq == record.position)
            for entry in entries
            if entry.seq >= record.tail
        ]
        return items, page.cursor

    def _change(
        self,
        owner: str,
        project_id: str,
        chapter_id: str,
        operation: Operation,
        work: Callable[[list[Segment]], tuple[list[Segment], str]],
        if_revision: int | None,
    ) -> tuple[PlanChange, int]:
        chapter = self._chapters.get(owner, project_id, chapter_id)
        planned = self._store.change(owner, chapter, operation, work, if_revision)
        return _told(planned, operation.value), planned.revision

    def _move(
        self, owner: str, project_id: str, chapter_id: str, step: int, if_revision: int | None
    ) -> tuple[PlanChange, int]:
        chapter = self._chapters.get(owner, project_id, chapter_id)

        def once(found: Found[PlanRecord]) -> Planned:
            return self._store.move(found, self._beside(found.record, step, chapter.text_sha256))

        planned = self._store.retried(lambda: self._store.find(owner, chapter_id), once, if_revision)
        return _told(planned, "undo" if step < 0 else "redo"), planned.revision

    def _beside(self, record: PlanRecord, step: int, text_sha256: str) -> HistoryEntry:
        """The nearest entry that way which is of the chapter's present text."""
        seq = record.position + step
        while entry := self._store.entry(record, seq):
            if entry.text_sha256 == text_sha256:
                return entry
            seq += step
        what = "undo" if step < 0 else "redo"
        raise Conflict(f"There is nothing to {what} in this plan that belongs to the chapter's present text.")


def _told(planned: Planned, operation: str) -> PlanChange:
    changed, removed = difference(planned.before, planned.segments)
    record = planned.record
    return PlanChange(
        operation=operation,
        summary=planned.summary,
        changed=len(changed),
        segments=shown(changed),
        removed=removed[:MAX_SHOWN],
        removed_count=len(removed),
        segment_count=len(planned.segments),
        is_complete=record.is_complete,
        can_undo=max(1, record.tail) < record.position,
        can_redo=record.position < record.head,
    )
