"""A project's cast: found in its chapters, read, changed, two made one, one made two, dismissed. Its plans follow.

The cast is one document, so that what is done to two of its characters is one change; every change gives it a new revision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.cast import Cast, CastCharacter, CharacterChanges, Member, Name
from shared.domain.cast_changes import changed, dismissed, found_anew, joined, known, parted
from shared.domain.casting.review import DOUBTFUL_BELOW
from shared.domain.errors import AlreadyExists, InvalidInput, NotFound
from shared.domain.plan import NARRATOR
from shared.domain.project import Chapter, Project
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.services.attribute_speakers import find_cast
from shared.services.cast_by_llm import DecidedBy
from shared.services.cast_lines import CASTS, CastChapterLines, CastLines
from shared.services.check_cast import check_voices
from shared.services.engines import SpeechEngines
from shared.services.keep_projects import Chapters, Projects
from shared.services.recast_plans import RecastPlans
from shared.services.records import Found, Records

MOST_WINDOWS = 60  # that one search asks a language model about; the next one goes on


class ChapterChoice(BaseModel):
    """Which chapters the cast is looked for in: all where none is named."""

    model_config = ConfigDict(extra="forbid")

    chapters: list[str] | None = Field(None, min_length=1, max_length=1000)


class Joining(BaseModel):
    """Who is made one with the character of the path."""

    model_config = ConfigDict(extra="forbid")

    character_id: str = Field(min_length=1, max_length=200)


class Parting(BaseModel):
    """The alias that becomes somebody of their own, and another name for them, where they need one."""

    model_config = ConfigDict(extra="forbid")

    alias: Name
    name: Name | None = None


class FoundLines(BaseModel):
    """One chapter's quotations: how many, how many are doubtful, and whose word the speakers are ("user", "llm", "rules")."""

    chapter_id: str
    lines: int
    doubtful: int
    decided_by: dict[str, int]


class FoundCast(BaseModel):
    """The whole cast after it was looked for, and the chapters' lines.

    `asked` counts the doubtful quotations put to the language model; `stopped` says why that ended early, or was not done.
    """

    characters: list[CastCharacter]
    added: int
    chapters: list[FoundLines]
    asked: int
    stopped: str


class KeepCast:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        projects: Projects,
        chapters: Chapters,
        speech: SpeechEngines,
        lines: CastChapterLines,
        plans: RecastPlans,
    ) -> None:
        self._clock = clock
        self._projects = projects
        self._chapters = chapters
        self._speech = speech
        self._lines = lines
        self._plans = plans
        self._records = Records(documents, clock, CASTS, Cast, "cast of project")

    def generate(
        self, owner: str, project_id: str, choice: ChapterChoice, if_revision: int | None = None
    ) -> tuple[FoundCast, int]:
        """Find who speaks in these chapters, taken together, and how much; what users did to the cast stays.

        Raises NotFound, InvalidInput for chapters that are not there, PreconditionFailed.
        """
        project = self._projects.get(owner, project_id)
        everything = self._chapters.all_of(owner, project_id)
        chosen = _chosen(everything, choice)
        texts = [self._chapters.text(chapter) for chapter in chosen]
        found = [*find_cast("\n\n".join(texts), project.language), *self._plans.spoken_by_hand(chosen)]
        self._make(project)
        before = len(self._records.get(owner, project_id).members)
        now, is_whole = self._clock.now(), len(chosen) == len(everything)
        cast = self._records.update(
            owner,
            project_id,
            lambda cast: found_anew(cast, found, is_whole=is_whole).model_copy(update={"generated_at": now}),
            if_revision=if_revision,
        )
        self._plans.rename(cast, everything)
        lines, asked, stopped = self._count(project, chosen, texts)
        kept = self.record(owner, project_id)
        characters = self._characters(kept.record)
        added = max(0, len(cast.members) - before)
        return FoundCast(
            characters=characters, added=added, chapters=lines, asked=asked, stopped=stopped
        ), kept.revision

    def record(self, owner: str, project_id: str) -> Found[Cast]:
        """The cast as kept. Raises NotFound, for the project and for a cast that was never looked for."""
        self._projects.get(owner, project_id)
        try:
            found = self._records.find(owner, project_id)
        except NotFound:
            raise _no_cast(project_id) from None
        if found.record.generated_at is None:
            raise _no_cast(project_id)
        return found

    def characters(self, owner: str, project_id: str) -> list[CastCharacter]:
        """All of them: the narrator, then who has most lines. Raises NotFound."""
        return self._characters(self.record(owner, project_id).record)

    def find(self, owner: str, project_id: str, character_id: str) -> tuple[CastCharacter, int]:
        """One, and the cast's revision. An id that was merged into another leads there. Raises NotFound."""
        found = self.record(owner, project_id)
        wanted = known(found.record, character_id).id
        return next(one for one in self._characters(found.record) if one.id == wanted), found.revision

    def revision(self, owner: str, project_id: str, character_id: str = NARRATOR) -> int:
        """Raises NotFound."""
        return self.find(owner, project_id, character_id)[1]

    def change(
        self, owner: str, project_id: str, character_id: str, changes: CharacterChanges, if_revision: int | None = None
    ) -> tuple[CastCharacter, int]:
        """Raises NotFound, InvalidInput, AlreadyExists, EngineUnavailable, PreconditionFailed."""
        before = known(self.record(owner, project_id).record, character_id)
        voices = {code: {before.name: voice} for code, voice in (changes.voices or {}).items() if voice}
        check_voices(self._speech, owner, voices)
        cast = self._update(owner, project_id, lambda cast: changed(cast, character_id, changes), if_revision)
        if set(before.aliases) - set(known(cast, character_id).forms):
            self._plans.recast(cast, self._spoken_in(cast, character_id))
        return self.find(owner, project_id, character_id)

    def join(
        self, owner: str, project_id: str, character_id: str, joining: Joining, if_revision: int | None = None
    ) -> tuple[CastCharacter, int]:
        """Make another one with this character. Raises NotFound, InvalidInput, PreconditionFailed."""
        other = joining.character_id
        cast = self._update(
            owner, project_id, lambda cast: joined(cast, character_id, other), if_revision, sounds_otherwise=True
        )
        self._recount(cast, [character_id, other])
        return self.find(owner, project_id, character_id)

    def part(
        self, owner: str, project_id: str, character_id: str, parting: Parting, if_revision: int | None = None
    ) -> tuple[CastCharacter, int]:
        """Make somebody of their own of an alias. Raises NotFound, InvalidInput, AlreadyExists, PreconditionFailed."""
        made = ""

        def work(cast: Cast) -> Cast:
            nonlocal made
            cast, made = parted(cast, character_id, parting.alias, parting.name)
            return cast

        cast = self._update(owner, project_id, work, if_revision)
        self._plans.recast(cast, self._recount(cast, [character_id]))
        return self.find(owner, project_id, made)

    def dismiss(self, owner: str, project_id: str, character_id: str, if_revision: int | None = None) -> None:
        """Take somebody out for good; the narrator speaks for them. Raises NotFound, Conflict, PreconditionFailed."""
        cast = self._update(
            owner, project_id, lambda cast: dismissed(cast, character_id), if_revision, sounds_otherwise=True
        )
        self._recount(cast, [character_id])

    def put(
        self, owner: str, project_id: str, change: Callable[[Cast], Cast | None], if_revision: int | None = None
    ) -> Cast:
        """Change what plans do not show: voices, and who is there besides. Raises NotFound, PreconditionFailed."""
        self.record(owner, project_id)
        return self._records.update(owner, project_id, change, if_revision=if_revision)

    def _update(
        self,
        owner: str,
        project_id: str,
        change: Callable[[Cast], Cast | None],
        if_revision: int | None,
        *,
        sounds_otherwise: bool = False,
    ) -> Cast:
        cast = self.put(owner, project_id, change, if_revision)
        self._plans.rename(cast, self._chapters.all_of(owner, project_id), sounds_otherwise=sounds_otherwise)
        return cast

    def _make(self, project: Project) -> None:
        now = self._clock.now()
        new = Cast(id=project.id, owner=project.owner, created_at=now, updated_at=now, project_id=project.id)
        try:
            self._records.create(new)
        except AlreadyExists:
            return

    def _count(
        self, project: Project, chapters: Sequence[Chapter], texts: Sequence[str]
    ) -> tuple[list[FoundLines], int, str]:
        """Cast the chapters' lines; what came of it, how many were asked about, and why that ended early."""
        found, asked, windows, stopped = [], 0, 0, ""
        for chapter, text in zip(chapters, texts, strict=True):
            ask = not stopped
            lines = self._lines.cast(chapter, text, project.language, self._plans.segments_of(chapter), ask=ask)
            asked, windows, stopped = asked + lines.asked, windows + lines.windows, stopped or lines.stopped
            if windows >= MOST_WINDOWS:
                stopped = stopped or "enough was asked at once; generate again goes on"
            found.append(_told(chapter, lines))
        return found, asked, stopped

    def _recount(self, cast: Cast, names: Sequence[str]) -> list[Chapter]:
        """Count the lines anew of chapters that any of these speaks in; those chapters."""
        project = self._projects.get(cast.owner, cast.project_id)
        spoken = {chapter.id: chapter for name in names for chapter in self._spoken_in(cast, name)}
        for chapter in spoken.values():
            text = self._chapters.text(chapter)
            self._lines.cast(chapter, text, project.language, self._plans.segments_of(chapter), ask=False)
        return list(spoken.values())

    def _spoken_in(self, cast: Cast, name: str) -> list[Chapter]:
        counted = {lines.id for lines in self._lines.all_kept(cast.owner, cast.project_id) if name in lines.counts}
        return [one for one in self._chapters.all_of(cast.owner, cast.project_id) if one.id in counted]

    def counts(self, cast: Cast) -> dict[str, Counter[str]]:
        """How many lines each has, by chapter."""
        counts: dict[str, Counter[str]] = {one.id: Counter() for one in cast.members}
        for lines in self._lines.all_kept(cast.owner, cast.project_id):
            for name, number in lines.counts.items():
                one = cast.member(name)
                if one:
                    counts[one.id][lines.id] += number
        return counts

    def _characters(self, cast: Cast) -> list[CastCharacter]:
        counts = self.counts(cast)
        order = {chapter.id: chapter.position for chapter in self._chapters.all_of(cast.owner, cast.project_id)}
        found = [_shown(one, counts[one.id], order) for one in cast.members]
        return sorted(found, key=lambda one: (not one.is_narrator, -one.lines, one.name, one.id))


def _shown(one: Member, counts: Counter[str], order: dict[str, int]) -> CastCharacter:
    chapters = sorted((name for name in counts if name in order), key=lambda name: order[name])
    known = one.model_dump(include={"id", "name", "aliases", "gender", "age", "voices"})
    lines = sum(counts[name] for name in chapters)
    return CastCharacter(**known, lines=lines, chapters=chapters, is_narrator=one.is_narrator)


def _told(chapter: Chapter, lines: CastLines) -> FoundLines:
    by = Counter(decider.value for decider in lines.decided_by.values())
    return FoundLines(
        chapter_id=chapter.id,
        lines=len(lines.attributions),
        doubtful=sum(one.confidence < DOUBTFUL_BELOW for one in lines.attributions),
        decided_by={decider.value: by[decider.value] for decider in DecidedBy},
    )


def _chosen(chapters: Sequence[Chapter], choice: ChapterChoice) -> list[Chapter]:
    if choice.chapters is None:
        return list(chapters)
    missing = set(choice.chapters) - {chapter.id for chapter in chapters}
    if missing:
        raise InvalidInput(f"The project has no chapter {min(missing)[:60]!r}. List the project's chapters.")
    return [chapter for chapter in chapters if chapter.id in set(choice.chapters)]


def _no_cast(project_id: str) -> NotFound:
    return NotFound(
        f"The project {project_id!r} has no cast yet. POST /api/v1/projects/{project_id}/cast/generate finds it."
    )
