"""Plans: generated, read, replaced and edited segment by segment. Each change is one of the history and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.domain.bulk_changes import BulkChanges
from shared.domain.carry_over import CarriedOver, carry_over
from shared.domain.errors import Fault, InvalidInput, NotFound
from shared.domain.plan import MAX_TEXT, Segment, assert_partition
from shared.domain.plan_edits import change, find
from shared.domain.plan_history import Operation
from shared.domain.project import ChangedChapter, Chapter, ChapterChanges, ChapterPlan, PlanRecord
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.storage import Storage
from shared.services.cast_lines import CastChapterLines
from shared.services.check_segments import SPOKEN, caps_of, check_segments
from shared.services.engines import SpeechEngines
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_chapter import segment_chapter
from shared.services.plan_options import PlanOptions, fits
from shared.services.plan_store import Planned, PlanStore
from shared.services.records import Found


class SegmentChanges(BulkChanges):
    """What may be changed of one segment; what is left out stays."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] | None = None

    @model_validator(mode="after")
    def _says_one_text(self) -> Self:
        if self.reset_text and self.text is not None:
            raise ValueError("give either `text` or `reset_text`")
        return self


class Plans:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        media: Storage,
        projects: Projects,
        chapters: Chapters,
        engines: SpeechEngines,
        casting: CastChapterLines,
    ) -> None:
        self.store = PlanStore(documents, clock, media)
        self._casting = casting
        self._clock = clock
        self._projects = projects
        self._chapters = chapters
        self._engines = engines

    def generate(
        self, owner: str, project_id: str, chapter_id: str, options: PlanOptions, *, if_revision: int | None = None
    ) -> ChapterPlan:
        """Plan a chapter anew. What still stands of a plan it had stays, unless the options say `fresh`."""
        chapter = self._chapters.get(owner, project_id, chapter_id)
        planned, carried = self._replan(chapter, options, Operation.GENERATE, if_revision)
        return answer_of(planned.record, planned.segments, carried)

    def ensure(self, owner: str, project_id: str, chapter_id: str) -> PlanRecord:
        """The chapter's plan on record: made with the default options where there is none, and anew where it is of an
        earlier text.
        """
        chapter = self._chapters.get(owner, project_id, chapter_id)
        record = self._record(owner, chapter_id)
        if record is None or record.text_sha256 != chapter.text_sha256:
            return self._replan(chapter, _options(record), Operation.TEXT if record else Operation.GENERATE)[0].record
        return record

    def change_chapter(self, owner: str, project_id: str, chapter_id: str, changes: ChapterChanges) -> ChangedChapter:
        """Change a chapter; where its text is another then, the plan it has is made anew and keeps what matches."""
        changed = chapter = self._chapters.change(owner, project_id, chapter_id, changes)
        carried: CarriedOver | None = None
        while (record := self._record(owner, chapter_id)) and record.text_sha256 != chapter.text_sha256:
            told = self._replan(chapter, _options(record), Operation.TEXT)[1]
            carried = carried or told
            chapter = self._chapters.get(owner, project_id, chapter_id)  # somebody may have changed it meanwhile
        return ChangedChapter(**changed.model_dump(), carried_over=carried)

    def get(self, owner: str, project_id: str, chapter_id: str) -> ChapterPlan:
        """Raises NotFound where the chapter, or its plan, is not there."""
        return self.find(owner, project_id, chapter_id)[0]

    def find(self, owner: str, project_id: str, chapter_id: str) -> tuple[ChapterPlan, int]:
        """The plan and its revision, which changes with every edit."""
        self._chapters.get(owner, project_id, chapter_id)
        found = self.store.find(owner, chapter_id)
        return answer_of(found.record, self.segments(found.record.segments_key)), found.revision

    def revision(self, owner: str, project_id: str, chapter_id: str) -> int:
        """Raises NotFound."""
        self._chapters.get(owner, project_id, chapter_id)
        return self.store.find(owner, chapter_id).revision

    def segments(self, key: str) -> list[Segment]:
        """The segments stored at `key`, which never change."""
        return self.store.segments(key)

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
        chapter = self._chapters.get(owner, project_id, chapter_id)
        try:
            assert_partition(self._chapters.text(chapter), segments)
        except ValueError as exc:
            fault = Fault(
                pointer="/segments", code="no-partition", detail=str(exc), fix="Send every segment, in order."
            )
            raise InvalidInput("The segments do not make up the chapter exactly.", faults=[fault]) from exc
        check_segments(self._engines, owner, segments)

        def put(found: Found[PlanRecord]) -> Planned:
            before = self.segments(found.record.segments_key)
            summary = f"replaced by {len(segments)} segments"
            return self.store.write(chapter, _by_hand(before, segments), Operation.REPLACE, summary, found, before)

        planned = self.store.retried(lambda: self.store.find(owner, chapter_id), put, if_revision)
        return answer_of(planned.record, planned.segments)

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
        chapter = self._chapters.get(owner, project_id, chapter_id)
        values = changes.values()

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            place = find(segments, segment_id)
            edited = change(segments, {segment_id}, values)
            if not SPOKEN.isdisjoint(values):
                check_segments(self._engines, owner, [edited[place]], "/text")
            return edited, f"{', '.join(values)} of segment {segment_id}"

        planned = self.store.change(owner, chapter, Operation.EDIT, work, if_revision)
        return answer_of(planned.record, planned.segments)

    def draft(self, owner: str, project_id: str, chapter_id: str) -> list[Segment]:
        """The segments of the plan there is, or those that planning now would make. Writes nothing."""
        chapter = self._chapters.get(owner, project_id, chapter_id)
        record = self._record(owner, chapter_id)
        if record and record.text_sha256 == chapter.text_sha256:
            return self.segments(record.segments_key)
        project, options = self._projects.get(owner, project_id), _options(record)
        caps = [options.caps(), *caps_of(self._engines)]
        text, before = self._chapters.text(chapter), self.segments(record.segments_key) if record else []
        spoken = self._casting.read(chapter, text, project.language, before).attributions
        return segment_chapter(
            text, language=project.language, caps=caps, soft_length=options.soft_length, quotations=spoken
        )

    def flag(self, owner: str, project_id: str, chapter_id: str, reasons: Mapping[str, str]) -> None:
        """Mark segments for revision, each with its reason. Those that are there no more are passed over."""
        chapter = self._chapters.get(owner, project_id, chapter_id)

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            marked = [
                segment.model_copy(
                    update={"needs_revision": True, "revision_reason": reasons[segment.segment_id][:1000]}
                )
                if segment.segment_id in reasons
                else segment
                for segment in segments
            ]
            return marked, f"{len(reasons)} segment(s) flagged by the check of speech"

        self.store.change(owner, chapter, Operation.EDIT, work)

    def recast(
        self, owner: str, project_id: str, chapter_id: str, said: Callable[[list[Segment]], list[Segment]] | None = None
    ) -> bool:
        """Plan anew who speaks, keeping all that stands, as one change; whether there is a plan of the chapter's text.

        `said` changes the segments there are before that: what a user says about them now.
        """
        chapter = self._chapters.get(owner, project_id, chapter_id)
        record = self._record(owner, chapter_id)
        if record is None or record.text_sha256 != chapter.text_sha256:
            return False
        options = _options(record).model_copy(update={"fresh": False})
        self._replan(chapter, options, Operation.CAST, said=said)
        return True

    def _replan(
        self,
        chapter: Chapter,
        options: PlanOptions,
        operation: Operation,
        if_revision: int | None = None,
        said: Callable[[list[Segment]], list[Segment]] | None = None,
    ) -> tuple[Planned, CarriedOver | None]:
        project = self._projects.get(chapter.owner, chapter.project_id)
        caps = [options.caps(), *caps_of(self._engines)]
        text, record = self._chapters.text(chapter), self._record(chapter.owner, chapter.id)
        worked = self.segments(record.segments_key) if record and not options.fresh else []
        spoken = self._casting.cast(chapter, text, project.language, said(worked) if said else worked).attributions
        made = segment_chapter(
            text, language=project.language, caps=caps, soft_length=options.soft_length, quotations=spoken
        )
        carried: CarriedOver | None = None

        def once(found: Found[PlanRecord]) -> Planned:
            nonlocal carried
            before = self.segments(found.record.segments_key) if found.revision else []
            segments, carried = made, None
            if before and not options.fresh:
                segments, carried = carry_over(said(before) if said else before, made, lambda text: fits(text, caps))
            kept = found.record.model_copy(update={"options": options.model_dump(exclude={"fresh"})})
            summary = _summary(segments, carried)
            assert_partition(text, segments)
            return self.store.write(chapter, segments, operation, summary, Found(kept, found.revision), before)

        return self.store.retried(lambda: self._found(chapter), once, if_revision), carried

    def _found(self, chapter: Chapter) -> Found[PlanRecord]:
        """The plan there is, or an empty one at revision 0."""
        try:
            return self.store.find(chapter.owner, chapter.id)
        except NotFound:
            now = self._clock.now()
            place = {"id": chapter.id, "chapter_id": chapter.id, "project_id": chapter.project_id}
            none_yet = {"segments_key": "", "segment_count": 0, "text_sha256": ""}
            return Found(PlanRecord(owner=chapter.owner, created_at=now, updated_at=now, **place, **none_yet), 0)

    def _record(self, owner: str, chapter_id: str) -> PlanRecord | None:
        try:
            return self.store.find(owner, chapter_id).record
        except NotFound:
            return None


def _options(record: PlanRecord | None) -> PlanOptions:
    return PlanOptions.model_validate(record.options) if record else PlanOptions()


def _summary(segments: Sequence[Segment], carried: CarriedOver | None) -> str:
    if carried is None:
        return f"{len(segments)} segments"
    return f"{carried.kept} segments kept, {carried.new} new, {carried.dropped} dropped"


def _by_hand(before: Sequence[Segment], after: Sequence[Segment]) -> list[Segment]:
    """Whoever sends segments that are cut otherwise, or spoken by others, did so on purpose."""
    known = {(segment.start_idx, segment.end_idx, segment.speaker) for segment in before}
    return [
        segment
        if (segment.start_idx, segment.end_idx, segment.speaker) in known
        else segment.model_copy(update={"by_hand": True})
        for segment in after
    ]


def answer_of(record: PlanRecord, segments: list[Segment], carried: CarriedOver | None = None) -> ChapterPlan:
    """A plan as it is answered."""
    known = record.model_dump(include={"id", "project_id", "chapter_id", "is_complete", "completed_at"})
    return ChapterPlan(
        **known, segments=segments, created_at=record.created_at, updated_at=record.updated_at, carried_over=carried
    )
