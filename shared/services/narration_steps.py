"""What each step of a narration asks for: units of work with the address of what they lead to.

A unit whose artifact exists needs no doing; that is all of the bookkeeping. Steps, in order:
  plan              the chapter's segments, made where there is no plan yet
  voice             every segment in the chapter's own language, where that is narrated
  translate         every segment into every language asked for
  voice_translation every translated segment, where its language is narrated
  compose           one blueprint for each narrated language
  render            each blueprint by the assembly job
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.artifact import ArtifactKey, Kind, artifact_key, canonical_json
from shared.domain.asset import Asset, AssetType
from shared.domain.blueprint import Blueprint, parse_blueprint
from shared.domain.blueprint.limits import MAX_SECONDS
from shared.domain.errors import Conflict, Fault, InvalidInput, NotFound, TooLarge
from shared.domain.job import Job, NarrationInput, Step, TaskRef, TranslateTask, VoiceTask
from shared.domain.plan import NARRATOR, Segment
from shared.domain.project import Chapter, Project
from shared.ports.storage import Storage
from shared.services.artifact_store import ArtifactStore, put_once
from shared.services.compose_narration import Line, Narration, compose_narration
from shared.services.engines import SpeechEngines, TranslationEngines, primary, speaks
from shared.services.keep_assets import Assets
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment

PLAN, VOICE, TRANSLATE, VOICE_TRANSLATION = "plan", "voice", "translate", "voice_translation"
COMPOSE, RENDER = "compose", "render"
_WEIGHTS = {PLAN: 2, VOICE: 25, TRANSLATE: 10, VOICE_TRANSLATION: 15, COMPOSE: 3, RENDER: 45}
CHARACTERS_A_SECOND = 14  # how fast the offline voices read, pauses among it
RENDERER = "1"  # raise it when the same blueprint should be rendered anew


@dataclass(frozen=True)
class Unit:
    """One piece of queued work and the artifact it leads to."""

    key: ArtifactKey
    task: VoiceTask | TranslateTask


@dataclass(frozen=True)
class Composed:
    """A blueprint that is ready to be rendered: where it lies, its hash, and what it will become."""

    language: str
    blueprint: Blueprint
    key: str
    sha256: str


class NarrationSteps:
    def __init__(
        self,
        *,
        projects: Projects,
        chapters: Chapters,
        plans: Plans,
        assets: Assets,
        speech: SpeechEngines,
        translation: TranslationEngines,
        voice_segment: VoiceSegment,
        translate_segment: TranslateSegment,
        artifacts: ArtifactStore,
        media: Storage,
    ) -> None:
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._assets = assets
        self._speech = speech
        self._translation = translation
        self._voice_segment = voice_segment
        self._translate_segment = translate_segment
        self._artifacts = artifacts
        self._media = media

    def check(self, owner: str, wish: NarrationInput) -> list[Step]:
        """The steps this wish takes. Raises NotFound, InvalidInput or EngineUnavailable before anything is queued."""
        project = self._projects.get(owner, wish.project_id)
        chapter = self._chapters.get(owner, wish.project_id, wish.chapter_id)
        spoken = narrated(project, wish)
        unknown = [code for code in spoken if code != project.language and code not in wish.translate_to]
        if unknown:
            raise InvalidInput(f"To narrate {unknown[0]!r} the text must be translated to it: add it to translate_to.")
        if project.language in wish.translate_to:
            raise InvalidInput(f"The chapter is written in {project.language!r} already; leave it out of translate_to.")
        for target in wish.translate_to:
            self._translation.find(project.language, target)
        for code in spoken:
            self._speech.default(code)
        self._check_cast(wish, spoken)
        self._check_length(chapter, spoken)
        self._material_assets(owner, wish)
        names = [PLAN, VOICE, TRANSLATE, VOICE_TRANSLATION, COMPOSE, RENDER]
        unasked = {VOICE} if project.language not in spoken else set()
        unasked |= {TRANSLATE} if not wish.translate_to else set()
        unasked |= {VOICE_TRANSLATION} if spoken == [project.language] else set()
        return [Step(name=name, weight=_WEIGHTS[name]) for name in names if name not in unasked]

    def _check_cast(self, wish: NarrationInput, spoken: Sequence[str]) -> None:
        faults = []
        for language, cast in wish.voices.items():
            if language not in spoken and primary(language) not in {primary(code) for code in spoken}:
                detail = f"no video is narrated in it; narrated are {', '.join(spoken)}"
                faults.append(_cast_fault(language, "", "language-not-narrated", detail, language))
            for speaker, voice_id in cast.items():
                voice = self._speech.find(voice_id)[2]
                if not speaks(voice, language):
                    detail = f"the voice speaks {voice.language}"
                    faults.append(_cast_fault(language, f"/{speaker}", "wrong-language", detail, voice_id))
        if faults:
            raise InvalidInput(f"The casting has {len(faults)} fault(s); see errors.", faults=faults)

    def _check_length(self, chapter: Chapter, spoken: Sequence[str]) -> None:
        """Refuse at once what would be refused after everything is voiced."""
        hours = chapter.characters / CHARACTERS_A_SECOND / 3600
        if hours > MAX_SECONDS / 3600:
            raise TooLarge(
                f"The chapter would be narrated for about {hours:.0f} hours in each of {len(spoken)} language(s); one "
                f"production lasts at most {MAX_SECONDS // 3600}. Split the chapter."
            )

    def plan(self, job: Job) -> tuple[str, int]:
        """Make sure there is a plan: where its segments lie, and how many they are."""
        wish = wish_of(job)
        record = self._plans.ensure(job.owner, wish.project_id, wish.chapter_id)
        return record.segments_key, record.segment_count

    def units(self, job: Job, ref: TaskRef) -> list[Unit]:
        """All units of a queued step, each artifact once, made or not."""
        project, wish, segments = self._material(job)
        if ref.step == VOICE:
            wanted = [self._voiced(ref, project, wish, s, project.language, s.text) for s in segments]
        elif ref.step == TRANSLATE:
            wanted = [self._translated(ref, project, s, target) for target in wish.translate_to for s in segments]
        elif ref.step == VOICE_TRANSLATION:
            others = [code for code in narrated(project, wish) if code != project.language]
            wanted = [
                self._voiced(ref, project, wish, s, code, self._translation_of(project, s, code))
                for code in others
                for s in segments
            ]
        else:
            raise ValueError(f"the step {ref.step!r} has no queued units")
        return list({unit.key: unit for unit in wanted}.values())

    def compose(self, job: Job) -> list[Composed]:
        """One blueprint for each narrated language, stored and checked."""
        project, wish, segments = self._material(job)
        if not segments:
            raise InvalidInput("No segment of this plan is spoken: all are skipped or hold no words. Change the plan.")
        chapter = self._chapters.get(job.owner, wish.project_id, wish.chapter_id)
        cover, music = self._material_assets(job.owner, wish)
        found = []
        for language in narrated(project, wish):
            narration = Narration(
                task_id=f"{job.id}-{language}",
                title=chapter.title,
                author=project.author,
                project_title=project.title,
                language=language,
                lines=[self._line(project, wish, segment, language) for segment in segments],
                cover=cover,
                music=music,
                wish=wish,
            )
            found.append(self._finished(narration))
        return found

    def _finished(self, narration: Narration) -> Composed:
        """The blueprint with the address of its video, which is a hash of all but its own names."""
        raw = compose_narration(narration, "media://unnamed")
        content = {name: value for name, value in raw.items() if name != "task_id"}
        video = artifact_key(Kind.VIDEO, ".mp4", {"blueprint": content, "renderer": RENDERER})
        raw["output"]["uri"] = self._artifacts.uri(video)
        data = canonical_json(raw)
        digest = hashlib.sha256(data).hexdigest()
        key = f"blueprints/{digest[:2]}/{digest}.json"
        blueprint = parse_blueprint(data)
        put_once(self._media, key, data, "application/json")
        return Composed(narration.language, blueprint, key, digest)

    def _material(self, job: Job) -> tuple[Project, NarrationInput, list[Segment]]:
        wish = wish_of(job)
        project = self._projects.get(job.owner, wish.project_id)
        return project, wish, [segment for segment in self._plans.segments(job.plan_key) if segment.is_spoken]

    def _material_assets(self, owner: str, wish: NarrationInput) -> tuple[Asset | None, Asset | None]:
        """Cover and music, where asked for."""
        cover = self._assets.ready(owner, wish.cover_asset_id, AssetType.BACKGROUND) if wish.cover_asset_id else None
        music = self._assets.ready(owner, wish.music_asset_id, AssetType.SONG) if wish.music_asset_id else None
        return cover, music

    def _line(self, project: Project, wish: NarrationInput, segment: Segment, language: str) -> Line:
        texts = {code: self._translation_of(project, segment, code) for code in wish.translate_to}
        texts[project.language] = segment.text
        spoken = self._voice_segment.find(texts[language], self._voice(project, wish, segment, language), {})
        if spoken is None:
            raise Conflict("A voiced segment is no longer in storage, or its engine changed. Retry the job.")
        return Line(segment, spoken, texts)

    def _voiced(
        self, ref: TaskRef, project: Project, wish: NarrationInput, segment: Segment, language: str, text: str
    ) -> Unit:
        voice = self._voice(project, wish, segment, language)
        task = VoiceTask(ref=ref, text=text, voice=voice, language=language)
        return Unit(self._voice_segment.key(text, voice, {}), task)

    def _translated(self, ref: TaskRef, project: Project, segment: Segment, target: str) -> Unit:
        task = TranslateTask(ref=ref, text=segment.text, source=project.language, target=target)
        return Unit(self._translate_segment.key(segment.text, project.language, target), task)

    def _translation_of(self, project: Project, segment: Segment, target: str) -> str:
        found = self._translate_segment.find(segment.text, project.language, target)
        if found is None:
            raise Conflict("A translation is no longer in storage, or its engine changed. Retry the job.")
        return found.translated_text

    def _voice(self, project: Project, wish: NarrationInput, segment: Segment, language: str) -> str:
        """The segment's own voice, else its speaker's, else the narrator's, else the language's first."""
        if segment.voice and language == project.language:
            return segment.voice
        cast = wish.voices.get(language) or wish.voices.get(primary(language), {})
        return cast.get(segment.speaker) or cast.get(NARRATOR) or self._speech.default(language).id


def _cast_fault(language: str, speaker: str, code: str, detail: str, found: str) -> Fault:
    fix = "Choose a voice of GET /api/v1/voices that speaks it, or leave it out."
    return Fault(pointer=f"/input/voices/{language}{speaker}", code=code, detail=detail, found=found, fix=fix)


def narrated(project: Project, wish: NarrationInput) -> list[str]:
    """The languages a video is made in; the project's own where none is named."""
    return wish.narrate or [project.language]


def wish_of(job: Job) -> NarrationInput:
    return NarrationInput.model_validate(job.input)


def order_of(steps: Sequence[Step], name: str) -> str | None:
    """The step after `name`; None after the last."""
    names = [step.name for step in steps]
    if name not in names:
        raise NotFound(f"The job has no step {name!r}; it has {', '.join(names)}.")
    place = names.index(name) + 1
    return names[place] if place < len(names) else None
