"""Plans after their project's cast changed: segments under their speakers' new names, and lines that somebody else speaks now.

Each plan is changed once, as one change that can be undone. One of an earlier text of its chapter is left as it is: it is made
anew, with the cast of then, before it is spoken.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.cast import Cast
from shared.domain.casting.character import Character
from shared.domain.errors import NotFound
from shared.domain.plan import NARRATOR, Segment
from shared.domain.plan_history import Operation
from shared.domain.project import Chapter, PlanRecord
from shared.services.keep_lexicon import KeepLexicon
from shared.services.keep_plans import Plans


class RecastPlans:
    def __init__(self, plans: Plans, lexicon: KeepLexicon) -> None:
        self._plans = plans
        self._lexicon = lexicon

    def rename(self, cast: Cast, chapters: Sequence[Chapter], *, sounds_otherwise: bool = False) -> None:
        """Give speakers the names the cast has for them, in the lexicon too. `sounds_otherwise` marks these segments."""

        def work(segments: list[Segment]) -> tuple[list[Segment], str]:
            named = [_renamed(cast, segment, sounds_otherwise) for segment in segments]
            number = sum(one is not other for one, other in zip(named, segments, strict=True))
            return named, f"{number} segment(s) under their speakers' new names"

        self._lexicon.rename_speakers(cast.owner, cast.project_id, cast.speaker)
        for chapter in chapters:
            record = self._record(chapter)
            if record and record.text_sha256 == chapter.text_sha256:
                self._plans.store.change(chapter.owner, chapter, Operation.CAST, work)

    def recast(self, cast: Cast, chapters: Sequence[Chapter]) -> None:
        """Find anew who speaks in these chapters, where they have plans; what somebody worked on stays."""
        for chapter in chapters:
            self._plans.recast(cast.owner, cast.project_id, chapter.id)

    def segments_of(self, chapter: Chapter) -> list[Segment]:
        """The segments of a chapter's plan; none where it has none."""
        record = self._record(chapter)
        return self._plans.segments(record.segments_key) if record else []

    def spoken_by_hand(self, chapters: Sequence[Chapter]) -> list[Character]:
        """Who speaks in these chapters because a user said so."""
        segments = (segment for chapter in chapters for segment in self.segments_of(chapter))
        names = dict.fromkeys(one.speaker for one in segments if one.by_hand and one.speaker != NARRATOR)
        return [Character(name) for name in names]

    def _record(self, chapter: Chapter) -> PlanRecord | None:
        try:
            return self._plans.store.find(chapter.owner, chapter.id).record
        except NotFound:
            return None


def _renamed(cast: Cast, segment: Segment, sounds_otherwise: bool) -> Segment:
    name = cast.speaker(segment.speaker)
    if name == segment.speaker:
        return segment
    marked = {"needs_revision": True} if sounds_otherwise else {}
    return segment.model_copy(update={"speaker": name, **marked})
