"""Which segments an entry of the lexicon is met in; after a change, exactly those that sound otherwise are marked.

Marks come after the entry is written, chapter by chapter. What is voiced is found by its content, so a mark that a crash
kept from being set costs a hint, never a wrong sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from shared.domain.errors import NotFound
from shared.domain.lexicon import Lexicon, LexiconEntry
from shared.domain.plan import Segment
from shared.domain.plan_edits import change
from shared.domain.plan_history import Operation
from shared.domain.project import Chapter, PlanRecord
from shared.services.keep_projects import Chapters, Projects
from shared.services.plan_rows import foreign_token, position_of
from shared.services.plan_store import PlanStore
from shared.services.pronounce import Pronounce


class Hit(BaseModel):
    """A segment that an entry is met in: what it speaks, and what an engine without IPA is given for it."""

    chapter_id: str
    segment_id: str
    start_idx: int
    end_idx: int
    speaker: str
    text: str
    spoken: str


class LexiconHits:
    def __init__(self, projects: Projects, chapters: Chapters, plans: PlanStore, pronounce: Pronounce) -> None:
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._pronounce = pronounce

    def page(
        self,
        owner: str,
        project_id: str,
        entry_id: str,
        entries: Sequence[LexiconEntry],
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Hit], str | None]:
        """Segments an entry is met in, in order, and where the next page begins. Raises InvalidInput for a cursor."""
        language = self._projects.get(owner, project_id).language
        lexicon = Lexicon(entries, language)
        probe = Lexicon([entry for entry in entries if entry.id == entry_id], language)
        chapters, start = _from(self._chapters.all_of(owner, project_id), cursor)
        found: list[Hit] = []
        for hit in self._met(chapters, start, probe, lexicon, entry_id):
            if len(found) == limit:
                return found, f"{found[-1].chapter_id}:{found[-1].end_idx}"
            found.append(hit)
        return found, None

    def mark(self, entry: LexiconEntry, before: Sequence[LexiconEntry], after: Sequence[LexiconEntry]) -> int:
        """Mark what sounds otherwise now, in every plan of the project; how many segments."""
        language = self._projects.get(entry.owner, entry.project_id).language
        old, new = Lexicon(before, language), Lexicon(after, language)
        # What neither form of the entry is met in need not be looked at twice.
        probe = Lexicon([one for one in (*before, entry) if one.id == entry.id], language)
        chapters = [] if probe.is_empty else self._chapters.all_of(entry.owner, entry.project_id)
        return sum(self._mark(chapter, probe, old, new) for chapter in chapters)

    def _met(
        self, chapters: Sequence[Chapter], start: int, probe: Lexicon, lexicon: Lexicon, entry_id: str
    ) -> Iterator[Hit]:
        for chapter in [] if probe.is_empty else chapters:
            record = self._record(chapter)
            for segment in self._plans.segments(record.segments_key) if record else []:
                if segment.start_idx < start or not segment.is_spoken or not probe.is_met(segment.text):
                    continue
                said = lexicon.pronounce(segment.text, segment.speaker, takes_ipa=False)
                if entry_id in said.entries:
                    known = segment.model_dump(include={"segment_id", "start_idx", "end_idx", "speaker", "text"})
                    yield Hit(chapter_id=chapter.id, spoken=said.text, **known)
            start = 0

    def _mark(self, chapter: Chapter, probe: Lexicon, old: Lexicon, new: Lexicon) -> int:
        hit: set[str] = set()

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            hit.clear()
            for segment in segments:
                if segment.is_spoken and probe.is_met(segment.text) and self._differs(segment, old, new):
                    hit.add(segment.segment_id)
            return change(segments, hit, {"needs_revision": True}), f"{len(hit)} segment(s) sound otherwise"

        record = self._record(chapter)
        if record and record.text_sha256 == chapter.text_sha256:  # else it is planned anew before it is spoken
            self._plans.change(chapter.owner, chapter, Operation.LEXICON, work)
        return len(hit)

    def _differs(self, segment: Segment, old: Lexicon, new: Lexicon) -> bool:
        before, after = (
            [(said.text, said.ipa) for said in self._pronounce.ways(lexicon, segment.text, segment.speaker)]
            for lexicon in (old, new)
        )
        return before != after

    def _record(self, chapter: Chapter) -> PlanRecord | None:
        try:
            return self._plans.find(chapter.owner, chapter.id).record
        except NotFound:
            return None


def _from(chapters: list[Chapter], cursor: str | None) -> tuple[list[Chapter], int]:
    """The chapters from where a page ended, and the code point in the first of them."""
    if cursor is None:
        return chapters, 0
    name, _, position = cursor.partition(":")
    places = [place for place, chapter in enumerate(chapters) if chapter.id == name]
    if not places:
        raise foreign_token()
    return chapters[places[0] :], position_of(position)
