"""A chapter's lines as an editor goes through them: who speaks each, how sure that is, and what a user says instead."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from shared.domain.cast import Cast
from shared.domain.cast_changes import with_somebody
from shared.domain.casting.attribution import Attribution, Evidence
from shared.domain.casting.character import FIRST_PERSON
from shared.domain.casting.review import DOUBTFUL_BELOW
from shared.domain.errors import NotFound
from shared.domain.plan import NARRATOR, Segment, Speaker
from shared.domain.project import Chapter
from shared.domain.speakers import SURE_ENOUGH
from shared.services.cast_by_llm import DecidedBy
from shared.services.cast_lines import CastChapterLines
from shared.services.keep_cast import KeepCast
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_rows import position_of
from shared.services.recast_plans import RecastPlans


class Candidate(BaseModel):
    """Who may speak a line, with their share of the likelihood."""

    speaker: str
    share: float


class Line(BaseModel):
    """One quotation: code points of the chapter, marks included, `end` exclusive.

    `speaker` is a name of the cast, "" where nobody is known to be there; `character_id` is "" for somebody who is not in it.
    `confidence` is from 0 to 1 and `evidence` what decided. A `doubtful` line should be looked at; one below the planner's
    threshold is `is_voiced` false: the narrator reads it. `key` names the quotation for as long as its words stay.
    """

    key: str
    start: int
    end: int
    text: str
    speaker: str
    character_id: str
    confidence: float
    evidence: Evidence
    candidates: list[Candidate]
    doubtful: bool
    is_voiced: bool
    decided_by: DecidedBy


class Correction(BaseModel):
    """Who speaks a line: an id or a name of the cast, the name of somebody new, or "narrator"."""

    model_config = ConfigDict(extra="forbid")

    speaker: Speaker


class ReviewLines:
    def __init__(
        self,
        projects: Projects,
        chapters: Chapters,
        plans: Plans,
        recast: RecastPlans,
        casting: CastChapterLines,
        keep_cast: KeepCast,
    ) -> None:
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._recast = recast
        self._casting = casting
        self._keep_cast = keep_cast

    def page(
        self, owner: str, project_id: str, chapter_id: str, limit: int, cursor: str | None, *, doubtful: bool | None
    ) -> tuple[list[Line], str | None]:
        """Lines in order, or only the doubtful (or the other) ones, and where the next page begins. Raises NotFound."""
        start = 0 if cursor is None else position_of(cursor)
        lines = [line for line in self._lines(owner, project_id, chapter_id) if line.start >= start]
        found = [line for line in lines if doubtful is None or line.doubtful == doubtful]
        return found[:limit], str(found[limit].start) if len(found) > limit else None

    def correct(self, owner: str, project_id: str, chapter_id: str, key: str, correction: Correction) -> Line:
        """Keep who speaks a line, through every planning anew; the plan there is follows. Raises NotFound."""
        line = self._line(owner, project_id, chapter_id, key)
        speaker, name = self._whose(owner, project_id, correction.speaker)
        self._set(owner, project_id, chapter_id, line, speaker, lambda one: one.model_copy(update={"speaker": name}))
        return self._line(owner, project_id, chapter_id, key)

    def forget(self, owner: str, project_id: str, chapter_id: str, key: str) -> Line:
        """Take back what was said about a line, in a correction or by reassigning its segment. Raises NotFound."""
        line = self._line(owner, project_id, chapter_id, key)
        self._set(owner, project_id, chapter_id, line, None, lambda one: one.model_copy(update={"by_hand": False}))
        return self._line(owner, project_id, chapter_id, key)

    def _set(
        self,
        owner: str,
        project_id: str,
        chapter_id: str,
        line: Line,
        speaker: str | None,
        reassigned: Callable[[Segment], Segment],
    ) -> None:
        """Keep the correction, and plan anew by it: segments of the line that somebody worked on are `reassigned`."""
        chapter = self._chapters.get(owner, project_id, chapter_id)
        self._casting.correct(chapter, line.key, speaker)

        def said(segments: list[Segment]) -> list[Segment]:
            return [reassigned(one) if one.by_hand and _overlaps(one, line) else one for one in segments]

        if not self._plans.recast(owner, project_id, chapter_id, said):
            text, language = self._chapters.text(chapter), self._projects.get(owner, project_id).language
            self._casting.cast(chapter, text, language, self._recast.segments_of(chapter), ask=False)

    def _whose(self, owner: str, project_id: str, speaker: str) -> tuple[str, str]:
        """(what is kept of a speaker, their name); somebody new joins the cast where there is one."""
        if self._casting.cast_of(owner, project_id) is None:
            return speaker, speaker
        one = None

        def work(cast: Cast) -> Cast | None:
            nonlocal one
            made, one = with_somebody(cast, speaker)
            return None if made is cast else made

        self._keep_cast.put(owner, project_id, work)
        return (one.id, one.name) if one else (speaker, speaker)

    def _line(self, owner: str, project_id: str, chapter_id: str, key: str) -> Line:
        for line in self._lines(owner, project_id, chapter_id):
            if line.key == key:
                return line
        raise NotFound(f"The line {key!r} is not in this chapter as it is now. List its lines.")

    def _lines(self, owner: str, project_id: str, chapter_id: str) -> list[Line]:
        chapter: Chapter = self._chapters.get(owner, project_id, chapter_id)
        text, language = self._chapters.text(chapter), self._projects.get(owner, project_id).language
        found = self._casting.read(chapter, text, language, self._recast.segments_of(chapter))
        cast = self._casting.cast_of(owner, project_id)
        return [_shown(cast, text, one, found.decided_by[one.key]) for one in found.attributions]


def _shown(cast: Cast | None, text: str, one: Attribution, by: DecidedBy) -> Line:
    speaker = NARRATOR if one.speaker == FIRST_PERSON else one.speaker
    character = cast.called(speaker) if cast and speaker else None
    return Line(
        key=one.key,
        start=one.start,
        end=one.end,
        text=text[one.start : one.end],
        speaker=speaker,
        character_id=character.id if character else "",
        confidence=one.confidence,
        evidence=one.evidence,
        candidates=[Candidate(speaker=name, share=round(share, 3)) for name, share in one.candidates],
        doubtful=one.confidence < DOUBTFUL_BELOW,
        is_voiced=one.confidence >= SURE_ENOUGH and bool(speaker),
        decided_by=by,
    )


def _overlaps(segment: Segment, line: Line) -> bool:
    return segment.start_idx < line.end and line.start < segment.end_idx
