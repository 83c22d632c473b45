"""The glossary of a project: terms made, read, listed, changed and deleted, and the segments they are met in.

Nothing is marked by a change: which terms are met takes part in the address of a translation, so exactly those segments
are translated anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from shared.domain.errors import AlreadyExists, Conflict, NotFound
from shared.domain.glossary import MAX_TERMS, GlossaryTerm, NewTerm, find_terms, holds_for
from shared.domain.plan import Segment
from shared.domain.project import Chapter
from shared.domain.translation_hints import TermPair
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Where
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_rows import foreign_token, position_of
from shared.services.plan_store import PlanStore
from shared.services.records import Found, RecordPage, Records, new_id

_AT_ONCE = 200


class TermHit(BaseModel):
    """A segment that a term is met in, and how often."""

    chapter_id: str
    segment_id: str
    start_idx: int
    end_idx: int
    text: str
    times: int


class KeepGlossary:
    def __init__(
        self, documents: Documents, clock: Clock, projects: Projects, chapters: Chapters, plans: PlanStore
    ) -> None:
        self._clock = clock
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._records = Records(documents, clock, "glossary", GlossaryTerm, "term")

    def terms(self, owner: str, project_id: str) -> list[GlossaryTerm]:
        """All of a project's terms."""
        found: list[GlossaryTerm] = []
        cursor: str | None = None
        while True:
            page = self._page(owner, project_id, _AT_ONCE, cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def page(self, owner: str, project_id: str, limit: int, cursor: str | None) -> RecordPage[GlossaryTerm]:
        """Terms by their source. Raises NotFound for the project."""
        self._projects.get(owner, project_id)
        return self._page(owner, project_id, limit, cursor)

    def find(self, owner: str, project_id: str, term_id: str) -> tuple[GlossaryTerm, int]:
        """A term and its revision. Raises NotFound."""
        found = self._find(owner, project_id, term_id)
        return found.record, found.revision

    def create(self, owner: str, project_id: str, new: NewTerm) -> GlossaryTerm:
        """Raises NotFound, AlreadyExists for a term that is there, Conflict when the glossary is full."""
        self._projects.get(owner, project_id)
        now, others = self._clock.now(), self.terms(owner, project_id)
        known = {"id": new_id("trm"), "owner": owner, "created_at": now, "updated_at": now, "project_id": project_id}
        term = GlossaryTerm.model_validate({**known, **new.model_dump()})
        if len(others) >= MAX_TERMS:
            raise Conflict(f"The glossary holds {MAX_TERMS} terms, which is all it takes. Delete some.")
        _require_unlike(term, others)
        return self._records.create(term)

    def replace(
        self, owner: str, project_id: str, term_id: str, new: NewTerm, if_revision: int | None = None
    ) -> tuple[GlossaryTerm, int]:
        """Raises NotFound, AlreadyExists, PreconditionFailed."""
        self._find(owner, project_id, term_id)
        others = self.terms(owner, project_id)

        def work(current: GlossaryTerm) -> GlossaryTerm:
            changed = current.model_copy(update=new.model_dump())
            _require_unlike(changed, others)
            return changed

        self._records.update(owner, term_id, work, if_revision=if_revision)
        return self.find(owner, project_id, term_id)

    def delete(self, owner: str, project_id: str, term_id: str, if_revision: int | None = None) -> None:
        """Raises NotFound, PreconditionFailed."""
        self._find(owner, project_id, term_id)
        self._records.delete(owner, term_id, if_revision=if_revision)

    def hits(
        self, owner: str, project_id: str, term_id: str, limit: int, cursor: str | None
    ) -> tuple[list[TermHit], str | None]:
        """The segments that a term is met in, chapter by chapter, and where the next page begins.

        None where the project is in another language than the term. Raises InvalidInput for a cursor of another list.
        """
        term = self._find(owner, project_id, term_id).record
        pair = TermPair(source=term.source, target=term.target, case_sensitive=term.case_sensitive)
        is_met = holds_for(term.source_language, self._projects.get(owner, project_id).language)
        chapters, start = _from(self._chapters.all_of(owner, project_id), cursor)
        found: list[TermHit] = []
        for hit in self._met(chapters, start, pair) if is_met else ():
            if len(found) == limit:
                return found, f"{found[-1].chapter_id}:{found[-1].end_idx}"
            found.append(hit)
        return found, None

    def _met(self, chapters: Sequence[Chapter], start: int, pair: TermPair) -> Iterator[TermHit]:
        for chapter in chapters:
            for segment in self._segments(chapter):
                times = sum(1 for _ in find_terms(segment.text, [pair])) if segment.start_idx >= start else 0
                if times and segment.is_spoken:
                    known = segment.model_dump(include={"segment_id", "start_idx", "end_idx", "text"})
                    yield TermHit(chapter_id=chapter.id, times=times, **known)
            start = 0

    def _segments(self, chapter: Chapter) -> list[Segment]:
        try:
            return self._plans.segments(self._plans.find(chapter.owner, chapter.id).record.segments_key)
        except NotFound:
            return []  # not planned yet

    def _find(self, owner: str, project_id: str, term_id: str) -> Found[GlossaryTerm]:
        found = self._records.find(owner, term_id)
        if found.record.project_id != project_id:
            raise NotFound(f"The term {term_id!r} is not in the project {project_id!r}. List the project's terms.")
        return found

    def _page(self, owner: str, project_id: str, limit: int, cursor: str | None) -> RecordPage[GlossaryTerm]:
        where = [Where("project_id", "==", project_id)]
        return self._records.page(owner, where, [Order("source")], limit=limit, cursor=cursor)


def _require_unlike(term: GlossaryTerm, others: Sequence[GlossaryTerm]) -> None:
    for other in others:
        if other.id != term.id and (other.identity, other.case_sensitive) == (term.identity, term.case_sensitive):
            raise AlreadyExists(f"The term {other.id} is for that phrase and pair of languages already. Change that.")


def _from(chapters: list[Chapter], cursor: str | None) -> tuple[list[Chapter], int]:
    """The chapters from where a page ended, and the code point in the first of them."""
    if cursor is None:
        return chapters, 0
    name, _, position = cursor.partition(":")
    places = [place for place, chapter in enumerate(chapters) if chapter.id == name]
    if not places:
        raise foreign_token()
    return chapters[places[0] :], position_of(position)
