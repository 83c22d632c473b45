"""How far chapters and projects are (R4.6). A plan is complete when somebody says so, until it is changed."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from shared.domain.errors import NotFound
from shared.domain.project import Chapter, PlanRecord
from shared.ports.clock import Clock
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_store import Planned, PlanStore, require_fresh
from shared.services.records import Found


class ChapterCompletion(BaseModel):
    """How far one chapter is. A plan of an earlier text of it is none."""

    chapter_id: str
    title: str
    position: int
    has_text: bool
    has_plan: bool
    is_complete: bool
    completed_at: datetime | None


class ProjectCompletion(BaseModel):
    """How far a project is: each of these when it is so of every chapter, and there is one."""

    project_id: str
    has_text: bool
    has_plan: bool
    is_complete: bool
    completed_at: datetime | None
    chapters: int
    planned: int
    complete: int


class Completion:
    def __init__(self, projects: Projects, chapters: Chapters, plans: PlanStore, clock: Clock) -> None:
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._clock = clock

    def of_chapter(self, owner: str, project_id: str, chapter_id: str) -> tuple[ChapterCompletion, int]:
        """How far a chapter is, and its plan's revision, 0 where there is none. Raises NotFound for the chapter."""
        return self._of(self._chapters.get(owner, project_id, chapter_id))

    def page(
        self, owner: str, project_id: str, limit: int, cursor: str | None
    ) -> tuple[list[ChapterCompletion], str | None]:
        """How far each chapter is, in order, and where the next page begins."""
        page = self._chapters.page(owner, project_id, limit, cursor)
        return [self._of(chapter)[0] for chapter in page.items], page.cursor

    def of_project(self, owner: str, project_id: str) -> ProjectCompletion:
        """Raises NotFound."""
        self._projects.get(owner, project_id)
        found = [self._of(chapter)[0] for chapter in self._chapters.all_of(owner, project_id)]
        complete = [one for one in found if one.is_complete]
        is_complete = bool(found) and len(complete) == len(found)
        return ProjectCompletion(
            project_id=project_id,
            has_text=bool(found) and all(one.has_text for one in found),
            has_plan=bool(found) and all(one.has_plan for one in found),
            is_complete=is_complete,
            completed_at=max((one.completed_at for one in complete if one.completed_at), default=None)
            if is_complete
            else None,
            chapters=len(found),
            planned=sum(one.has_plan for one in found),
            complete=len(complete),
        )

    def mark(
        self, owner: str, project_id: str, chapter_id: str, is_complete: bool, *, if_revision: int | None = None
    ) -> None:
        """Say that a plan is complete, or is not. Saying it again changes nothing.

        Raises NotFound, Conflict where the plan is of an earlier text, PreconditionFailed, RevisionConflict.
        """
        chapter = self._chapters.get(owner, project_id, chapter_id)

        def once(found: Found[PlanRecord]) -> Planned:
            require_fresh(found.record, chapter)
            if found.record.is_complete != is_complete:
                now = self._clock.now() if is_complete else None
                self._plans.put(found, {"is_complete": is_complete, "completed_at": now})
            return Planned(found.record, [], found.revision, [], "")

        self._plans.retried(lambda: self._plans.find(owner, chapter_id), once, if_revision)

    def _of(self, chapter: Chapter) -> tuple[ChapterCompletion, int]:
        try:
            found = self._plans.find(chapter.owner, chapter.id)
        except NotFound:
            return _told(chapter, None), 0
        is_fresh = found.record.text_sha256 == chapter.text_sha256
        return _told(chapter, found.record if is_fresh else None), found.revision


def _told(chapter: Chapter, plan: PlanRecord | None) -> ChapterCompletion:
    return ChapterCompletion(
        chapter_id=chapter.id,
        title=chapter.title,
        position=chapter.position,
        has_text=chapter.characters > 0,
        has_plan=plan is not None,
        is_complete=plan is not None and plan.is_complete,
        completed_at=plan.completed_at if plan else None,
    )
