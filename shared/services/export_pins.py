"""What an export works on, looked up and pinned: the plan of each chapter as it is now, and the sound of each of its lines.

Refused at once, with all that is missing, where a chapter has no plan or lines are not voiced: nobody waits for an export to
find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from shared.domain.artifact import canonical_json, digest_of
from shared.domain.asset import AssetType
from shared.domain.errors import Conflict, Fault, InvalidInput, NotFound
from shared.domain.export import MAX_CHAPTERS, ExportOptions, NewExport
from shared.domain.export_script import BookScript, ChapterScript, Cover, ScriptLine, Voice
from shared.domain.faults import pointer
from shared.domain.lexicon import Lexicon
from shared.domain.plan import NARRATOR, Segment
from shared.domain.project import Chapter, PlanRecord, Project
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.cast_lines import CastChapterLines
from shared.services.compose_narration import PAUSE, SAMPLE_RATE, heard, matching_gain_db
from shared.services.engines import SpeechEngines, primary
from shared.services.keep_assets import Assets
from shared.services.keep_lexicon import KeepLexicon
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.pronounce import Pronounce
from shared.services.records import Found
from shared.services.speaker_voice import voice_of, voices_in
from shared.services.voice_segment import VoiceSegment

MAX_NAMED = 20  # segments of one chapter that a refusal names; it counts all


class ExportPins:
    def __init__(
        self,
        projects: Projects,
        chapters: Chapters,
        plans: Plans,
        lexicon: KeepLexicon,
        pronounce: Pronounce,
        assets: Assets,
        speech: SpeechEngines,
        voice_segment: VoiceSegment,
        media: Storage,
        casting: CastChapterLines,
    ) -> None:
        self._casting = casting
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._lexicon = lexicon
        self._pronounce = pronounce
        self._assets = assets
        self._speech = speech
        self._voice_segment = voice_segment
        self._media = media

    def pin(self, owner: str, project_id: str, export_id: str, new: NewExport, now: datetime) -> tuple[str, list[str]]:
        """(where the book's script is kept, its chapters' ids in order).

        Raises NotFound; InvalidInput for what cannot be meant; Conflict, with a fault for each chapter, where something is
        to be done first; EngineUnavailable.
        """
        project = self._projects.get(owner, project_id)
        self._check(owner, project, new.options)
        folder = f"users/{owner}/{export_id}"
        chosen = _chosen(self._chapters.all_of(owner, project_id), new)
        cover, note = self._cover(owner, project, new.options, folder)
        cast = self._casting.voices(owner, project_id)
        voices = voices_in(project.language, cast, {project.language: new.options.voices})
        reading = _Reading(
            owner=owner,
            language=new.options.language or project.language,
            lexicon=Lexicon(self._lexicon.entries(owner, project_id), project.language),
            voices=voices,
            default=self._speech.default(project.language).id if not voices.get(NARRATOR) else "",
        )
        scripts = self._scripts(owner, chosen, reading)
        book = BookScript(
            export_id=export_id,
            project_id=project_id,
            created_at=now,
            formats=new.formats,
            **_said(project, new.options),
            cover=cover,
            cover_note=note,
            chapters=[self._keep(folder, script) for script in scripts],
        )
        return self._keep(folder, book), [chapter.id for chapter in chosen]

    def _check(self, owner: str, project: Project, options: ExportOptions) -> None:
        wanted = options.language
        if wanted and primary(wanted) != primary(project.language):
            fault = Fault(
                pointer="/options/language",
                code="other-language",
                detail=f"The chapters are written and read in {project.language!r}.",
                found=wanted,
                fix="Leave it out, or name a variety of that language.",
            )
            raise InvalidInput("An export is in the project's own language; see errors.", faults=[fault])
        for voice in options.voices.values():
            self._speech.find(voice, owner)

    def _cover(self, owner: str, project: Project, options: ExportOptions, folder: str) -> tuple[Cover | None, str]:
        """The picture, copied: it may be deleted meanwhile. The project's own may be missing; one that is named may not."""
        name = options.cover_asset_id or project.cover_asset_id
        if not name:
            return None, "The project has no cover, and none was named."
        try:
            asset = self._assets.ready(owner, name, AssetType.BACKGROUND)
        except (NotFound, Conflict) as exc:
            if options.cover_asset_id:
                raise
            return None, exc.detail
        cover = Cover(
            key=f"{folder}/{asset.sha256[:32]}.cover",
            media_type=asset.media_type,
            width=asset.width or 0,
            height=asset.height or 0,
        )
        put_once(self._media, cover.key, self._media.get(asset.media_key), asset.media_type)
        return cover, ""

    def _scripts(self, owner: str, chosen: Sequence[Chapter], reading: _Reading) -> list[ChapterScript]:
        found, faults = [], []
        for number, chapter in enumerate(chosen):
            try:
                found.append(self._script(owner, chapter, reading))
            except _Missing as missing:
                faults.append(missing.fault(number, chapter))
        if faults:
            raise Conflict(
                f"{len(faults)} of {len(chosen)} chapter(s) cannot be exported yet; see errors.", faults=faults
            )
        return found

    def _script(self, owner: str, chapter: Chapter, reading: _Reading) -> ChapterScript:
        plan = self._plan(owner, chapter)
        segments = heard(self._plans.segments(plan.record.segments_key))
        if not segments:
            raise _Missing("nothing-spoken", "No segment of its plan is spoken.", "", "Restore one, or leave it out.")
        lines = [self._line(segment, reading) for segment in segments]
        unvoiced = [segment.segment_id for segment, line in zip(segments, lines, strict=True) if line is None]
        if unvoiced:
            raise _Missing(
                "not-voiced",
                f"{len(unvoiced)} of {len(segments)} segments are not voiced as they are now, in these voices.",
                ", ".join(unvoiced[:MAX_NAMED]) + (", ..." if len(unvoiced) > MAX_NAMED else ""),
                "POST /api/v1/jobs with type narration voices the chapter. If it was voiced by another cast, name that in "
                "options.voices.",
            )
        return ChapterScript(
            chapter_id=chapter.id,
            title=chapter.title,
            language=reading.language,
            text_key=chapter.text_key,
            plan_revision=plan.revision,
            lines=[line for line in lines if line],
        )

    def _plan(self, owner: str, chapter: Chapter) -> Found[PlanRecord]:
        try:
            found = self._plans.store.find(owner, chapter.id)
        except NotFound:
            fix = "Generate its plan and voice it (POST /api/v1/jobs with type narration does both), or leave it out."
            raise _Missing("no-plan", "The chapter has no plan.", "", fix) from None
        if found.record.text_sha256 != chapter.text_sha256:
            fix = "Generate the plan; it keeps what matches. Then voice what is new."
            raise _Missing("stale-plan", "The chapter's text was changed since it was planned.", "", fix)
        return found

    def _line(self, segment: Segment, reading: _Reading) -> ScriptLine | None:
        """The segment with its sound; None where that is not there."""
        voice = reading.voice(segment)
        text, settings = self._pronounce(reading.lexicon, segment.text, segment.speaker, voice, reading.owner)
        spoken = self._voice_segment.find(text, voice, settings, reading.owner)
        if spoken is None:
            return None
        pause = PAUSE[segment.delimiter] * 1000 // SAMPLE_RATE if segment.pause_ms is None else segment.pause_ms
        return ScriptLine(
            segment_id=segment.segment_id,
            start=segment.start_idx,
            end=segment.end_idx,
            text=segment.text,
            pause_ms=pause,
            voice=Voice(
                key=self._voice_segment.key(text, voice, settings, reading.owner).path,
                sha256=spoken.sha256,
                samples=spoken.samples,
                rate=spoken.rate,
                gain_half_db=round(matching_gain_db(spoken) * 2),
                pauses=list(spoken.pauses),
            ),
        )

    def _keep(self, folder: str, script: BaseModel) -> str:
        raw = script.model_dump(mode="json")
        key = f"{folder}/{digest_of(raw)[:32]}.json"
        put_once(self._media, key, canonical_json(raw), "application/json")
        return key


class _Reading:
    """How the chapters of one book are read."""

    def __init__(self, *, owner: str, language: str, lexicon: Lexicon, voices: dict[str, str], default: str) -> None:
        self.owner = owner
        self.language = language
        self.lexicon = lexicon
        self._voices = voices
        self._default = default

    def voice(self, segment: Segment) -> str:
        """As a narration casts: the segment's own, its speaker's, the narrator's, the language's first."""
        return voice_of(segment, self._voices, self._default)


class _Missing(Exception):  # told as a fault of its chapter
    def __init__(self, code: str, detail: str, found: str, fix: str) -> None:
        super().__init__(detail)
        self._told = {"code": code, "detail": detail, "found": found, "fix": fix}

    def fault(self, number: int, chapter: Chapter) -> Fault:
        detail = f"Chapter {number + 1} ({chapter.id}): {self._told['detail']}"
        return Fault(pointer=pointer(["chapters", number]), **{**self._told, "detail": detail})


def _chosen(chapters: Sequence[Chapter], new: NewExport) -> list[Chapter]:
    """The chapters asked for, in the project's order. Raises InvalidInput, Conflict where there are none."""
    if not chapters:
        raise Conflict("The project has no chapters. Add some, or import a book, and have them narrated.")
    if new.chapters == "all":
        if len(chapters) > MAX_CHAPTERS:
            raise InvalidInput(
                f"The project has {len(chapters)} chapters; one book has at most {MAX_CHAPTERS}. Name some."
            )
        return list(chapters)
    known = {chapter.id for chapter in chapters}
    faults = [
        Fault(
            pointer=pointer(["chapters", number]),
            code="unknown-chapter",
            detail="The project has no such chapter.",
            found=name[:60],
            fix="GET the project's chapters lists them.",
        )
        for number, name in enumerate(new.chapters)
        if name not in known
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} chapter(s) are not of this project; see errors.", faults=faults)
    return [chapter for chapter in chapters if chapter.id in set(new.chapters)]


def _said(project: Project, options: ExportOptions) -> dict[str, object]:
    """What the book says of itself: as asked for, else as the project has it."""
    facts = project.book
    year = facts.date[:4] if facts and facts.date[:4].isdigit() and facts.date[:4] != "0000" else None
    return {
        "title": options.title or project.title,
        "author": options.author or project.author,
        "narrator": options.narrator,
        "language": options.language or project.language,
        "year": options.year or (int(year) if year else None),
        "description": options.description or (facts.description[:4000] if facts else ""),
        "words": options.words,
        "aac_kbps": options.aac_kbps,
        "mp3_kbps": options.mp3_kbps,
    }
