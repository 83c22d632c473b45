"""Plans: generated, read, replaced and edited. The segments lie in storage as one object under its own hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.errors import AlreadyExists, Fault, InvalidInput, NotFound, RevisionConflict
from shared.domain.plan import Segment, assert_partition
from shared.domain.project import Chapter, ChapterPlan, PlanRecord, Project
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.speech import Caps
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.engines import SpeechEngines
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_chapter import segment_chapter
from shared.services.plan_options import PlanOptions, fits
from shared.services.records import Records

TRIES = 5


class SegmentChanges(BaseModel):
    """What may be changed of one segment; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    voice: Annotated[str, Field(max_length=200)] | None = None
    skipped: bool | None = None
    needs_revision: bool | None = None


class Plans:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        media: Storage,
        projects: Projects,
        chapters: Chapters,
        engines: SpeechEngines,
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._media = media
        self._projects = projects
        self._chapters = chapters
        self._engines = engines
        self._records = Records(documents, clock, "plans", PlanRecord, "plan of chapter")

    def generate(self, owner: str, project_id: str, chapter_id: str, options: PlanOptions) -> ChapterPlan:
        """Plan a chapter anew, over whatever plan it had."""
        record, segments = self._planned(owner, project_id, chapter_id, options)
        self._documents.put("plans", chapter_id, record.model_dump(mode="json"))
        return _answer(record, segments)

    def ensure(self, owner: str, project_id: str, chapter_id: str) -> PlanRecord:
        """The chapter's plan on record, made with the default options only where there is none."""
        self._chapters.get(owner, project_id, chapter_id)
        try:
            return self._records.get(owner, chapter_id)
        except NotFound:
            record, _ = self._planned(owner, project_id, chapter_id, PlanOptions())
        with contextlib.suppress(AlreadyExists):  # somebody else's came first, and counts
            self._records.create(record)
        return self._records.get(owner, chapter_id)

    def _planned(
        self, owner: str, project_id: str, chapter_id: str, options: PlanOptions
    ) -> tuple[PlanRecord, list[Segment]]:
        project, chapter = self._both(owner, project_id, chapter_id)
        caps = [options.caps(), *self._caps()]
        text = self._chapters.text(chapter)
        segments = segment_chapter(text, language=project.language, caps=caps, soft_length=options.soft_length)
        now = self._clock.now()
        record = PlanRecord(
            id=chapter_id,
            owner=owner,
            created_at=now,
            updated_at=now,
            project_id=project_id,
            chapter_id=chapter_id,
            segments_key=self._store(segments),
            segment_count=len(segments),
            text_sha256=chapter.text_sha256,
        )
        return record, segments

    def get(self, owner: str, project_id: str, chapter_id: str) -> ChapterPlan:
        """Raises NotFound where the chapter, or its plan, is not there."""
        return self.find(owner, project_id, chapter_id)[0]

    def find(self, owner: str, project_id: str, chapter_id: str) -> tuple[ChapterPlan, int]:
        """The plan and its revision, which changes with every edit."""
        self._chapters.get(owner, project_id, chapter_id)
        found = self._records.find(owner, chapter_id)
        return _answer(found.record, self.segments(found.record.segments_key)), found.revision

    def segments(self, key: str) -> list[Segment]:
        """The segments stored at `key`, which never change."""
        return [Segment.model_validate(raw) for raw in json.loads(self._media.get(key))]

    def replace(
        self,
        owner: str,
        project_id: str,
        chapter_id: str,
        segments: Sequence[Segment],
        *,
        if_revision: int | None = None,
    ) -> ChapterPlan:
        """Put other segments in place, which must partition the same chapter.

        Raises InvalidInput, RevisionConflict, and PreconditionFailed where `if_revision` is not the plan's.
        """
        _, chapter = self._both(owner, project_id, chapter_id)
        try:
            assert_partition(self._chapters.text(chapter), segments)
        except ValueError as exc:
            fault = Fault(
                pointer="/segments", code="no-partition", detail=str(exc), fix="Send every segment, in order."
            )
            raise InvalidInput("The segments do not make up the chapter exactly.", faults=[fault]) from exc
        self._check(segments)
        return self._change(owner, chapter_id, lambda _: list(segments), if_revision)

    def edit(
        self,
        owner: str,
        project_id: str,
        chapter_id: str,
        segment_id: str,
        changes: SegmentChanges,
        *,
        if_revision: int | None = None,
    ) -> ChapterPlan:
        """Change one segment; its original text stays. Raises NotFound, InvalidInput, PreconditionFailed."""
        self._chapters.get(owner, project_id, chapter_id)
        given = changes.model_dump(exclude_none=True)

        def change(segments: list[Segment]) -> list[Segment]:
            if all(segment.segment_id != segment_id for segment in segments):
                raise NotFound(f"The segment {segment_id!r} is not in this plan. Read the plan for its segments.")
            edited = [s.model_copy(update=given) if s.segment_id == segment_id else s for s in segments]
            self._check([segment for segment in edited if segment.segment_id == segment_id])
            return edited

        return self._change(owner, chapter_id, change, if_revision)

    def _change(
        self,
        owner: str,
        chapter_id: str,
        change: Callable[[list[Segment]], list[Segment]],
        if_revision: int | None,
    ) -> ChapterPlan:
        """Load, change and store the segments; again when somebody else's change came in between."""
        for _ in range(TRIES):
            current = self._records.get(owner, chapter_id)
            segments = change(self.segments(current.segments_key))
            update = {"segments_key": self._store(segments), "segment_count": len(segments)}

            def swap(
                record: PlanRecord, seen: str = current.segments_key, update: dict[str, object] = update
            ) -> PlanRecord | None:
                return record.model_copy(update=update) if record.segments_key == seen else None

            written = self._records.update(owner, chapter_id, swap, if_revision=if_revision)
            if written.segments_key == update["segments_key"]:
                return _answer(written, segments)
        raise RevisionConflict("The plan was changed by others each time this change was to be written. Try again.")

    def _check(self, segments: Sequence[Segment]) -> None:
        """Voices exist, and what is spoken fits every engine's caps."""
        faults = [
            Fault(
                pointer=f"/segments/{n}/text",
                code="beyond-caps",
                detail="the text is longer than an engine here takes in one request",
                found=f"{len(segment.text)} characters",
                fix="Split the segment.",
            )
            for n, segment in enumerate(segments)
            if not fits(segment.text, self._caps())
        ]
        if faults:
            raise InvalidInput(f"{len(faults)} segment(s) are too long to be spoken.", faults=faults)
        for voice in sorted({segment.voice for segment in segments if segment.voice}):
            self._engines.find(voice)

    def _caps(self) -> list[Caps]:
        return [description.caps for _, description in self._engines.available()]

    def _both(self, owner: str, project_id: str, chapter_id: str) -> tuple[Project, Chapter]:
        return self._projects.get(owner, project_id), self._chapters.get(owner, project_id, chapter_id)

    def _store(self, segments: Sequence[Segment]) -> str:
        data = json.dumps([segment.model_dump(mode="json") for segment in segments], ensure_ascii=False).encode()
        digest = hashlib.sha256(data).hexdigest()
        key = f"plans/{digest[:2]}/{digest}.json"
        put_once(self._media, key, data, "application/json")
        return key


def _answer(record: PlanRecord, segments: list[Segment]) -> ChapterPlan:
    return ChapterPlan(
        id=record.id,
        project_id=record.project_id,
        chapter_id=record.chapter_id,
        segments=segments,
        is_complete=record.is_complete,
        completed_at=record.completed_at,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
