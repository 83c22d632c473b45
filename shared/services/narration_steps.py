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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.domain.artifact import ArtifactKey, Kind, artifact_key, canonical_json
from shared.domain.asset import Asset, AssetType
from shared.domain.blueprint import Blueprint, parse_blueprint
from shared.domain.blueprint.limits import MAX_SECONDS
from shared.domain.errors import Conflict, InvalidInput, NotFound, TooLarge
from shared.domain.job import Job, NarrationInput, Saying, Step, Substituted, TaskRef, TranslateTask, VoiceTask
from shared.domain.lexicon import Lexicon
from shared.domain.plan import NARRATOR, Segment
from shared.domain.project import Chapter, Project
from shared.ports.storage import Storage
from shared.services.artifact_store import ArtifactStore, put_once
from shared.services.cast_lines import CastChapterLines
from shared.services.check_cast import check_cast, check_voices
from shared.services.compose_narration import Line, Narration, compose_narration, heard
from shared.services.engines import SpeechEngines, TranslationEngines, primary
from shared.services.keep_assets import Assets
from shared.services.keep_glossary import KeepGlossary
from shared.services.keep_lexicon import KeepLexicon
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.pronounce import Pronounce
from shared.services.segment_hints import SegmentHints
from shared.services.speaker_voice import Voices, voice_of, voices_in, with_cast
from shared.services.spoken_instead import Instead
from shared.services.translate_checked import unflagged
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment
from shared.services.voicing_outcomes import VoicingOutcomes

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
    substituted: Sequence[Substituted] = ()


class NarrationSteps:
    def __init__(
        self,
        *,
        projects: Projects,
        chapters: Chapters,
        plans: Plans,
        lexicon: KeepLexicon,
        glossary: KeepGlossary,
        pronounce: Pronounce,
        assets: Assets,
        speech: SpeechEngines,
        translation: TranslationEngines,
        voice_segment: VoiceSegment,
        translate_segment: TranslateSegment,
        artifacts: ArtifactStore,
        media: Storage,
        outcomes: VoicingOutcomes,
        fallbacks: Mapping[str, str],
        casting: CastChapterLines,
    ) -> None:
        self._casting = casting
        self._projects = projects
        self._chapters = chapters
        self._plans = plans
        self._lexicon = lexicon
        self._glossary = glossary
        self._pronounce = pronounce
        self._assets = assets
        self._speech = speech
        self._translation = translation
        self._voice_segment = voice_segment
        self._translate_segment = translate_segment
        self._artifacts = artifacts
        self._media = media
        self._outcomes = outcomes
        self._fallbacks = fallbacks

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
        check_cast(self._speech, owner, wish, spoken)
        check_voices(self._speech, owner, with_cast(spoken, self._casting.voices(owner, wish.project_id), {}))
        self._check_length(chapter, spoken)
        self._material_assets(owner, wish)
        names = [PLAN, VOICE, TRANSLATE, VOICE_TRANSLATION, COMPOSE, RENDER]
        unasked = {VOICE} if project.language not in spoken else set()
        unasked |= {TRANSLATE} if not wish.translate_to else set()
        unasked |= {VOICE_TRANSLATION} if spoken == [project.language] else set()
        return [Step(name=name, weight=_WEIGHTS[name]) for name in names if name not in unasked]

    def _check_length(self, chapter: Chapter, spoken: Sequence[str]) -> None:
        """Refuse at once what would be refused after everything is voiced."""
        hours = chapter.characters / CHARACTERS_A_SECOND / 3600
        if hours > MAX_SECONDS / 3600:
            raise TooLarge(
                f"The chapter would be narrated for about {hours:.0f} hours in each of {len(spoken)} language(s); one "
                f"production lasts at most {MAX_SECONDS // 3600}. Split the chapter."
            )

    def plan(self, job: Job) -> tuple[str, int]:
        """Make sure there is a plan: where its segments lie with the lexicon and glossary of now, and how many they are."""
        wish = wish_of(job)
        record = self._plans.ensure(job.owner, wish.project_id, wish.chapter_id)
        entries = self._lexicon.entries(job.owner, wish.project_id)
        terms = self._glossary.terms(job.owner, wish.project_id)
        voices = self._casting.voices(job.owner, wish.project_id)
        return self._plans.store.freeze(record.segments_key, entries, terms, voices), record.segment_count

    def units(self, job: Job, ref: TaskRef) -> list[Unit]:
        """All units of a queued step, each artifact once, made or not."""
        return list({unit.key: unit for _, unit in self._wanted(job, ref)}.values())

    def places(self, job: Job, ref: TaskRef) -> dict[str, list[str]]:
        """The segments that each unit of a queued step is for, by the digest of its address."""
        found: dict[str, list[str]] = {}
        for segment, unit in self._wanted(job, ref):
            found.setdefault(unit.key.digest, []).append(segment.segment_id)
        return found

    def _wanted(self, job: Job, ref: TaskRef) -> list[tuple[Segment, Unit]]:
        project, wish, segments, says = self._material(job)
        hints = self._hints(job, project, segments)
        if ref.step == VOICE:
            return [(s, self._voiced(ref, project, wish, s, project.language, s.text, says)) for s in segments]
        elif ref.step == TRANSLATE:
            return [
                (s, self._translated(ref, project, s, target, hints)) for target in wish.translate_to for s in segments
            ]
        elif ref.step == VOICE_TRANSLATION:
            others = [code for code in narrated(project, wish) if code != project.language]
            return [
                (s, self._voiced(ref, project, wish, s, code, self._translation_of(project, s, code, hints), says))
                for code in others
                for s in segments
            ]
        raise ValueError(f"the step {ref.step!r} has no queued units")

    def sayings(self, owner: str, wish: NarrationInput) -> list[tuple[Saying, bool]]:
        """What would be spoken as the plan is now, and whether that very text would be; writes nothing.

        A translation is stood for by its source: it may not be made yet.
        """
        project = self._projects.get(owner, wish.project_id)
        wish = _cast(project, wish, self._casting.voices(owner, wish.project_id))
        segments = heard(self._plans.draft(owner, wish.project_id, wish.chapter_id))
        lexicon = Lexicon(self._lexicon.entries(owner, wish.project_id), project.language)
        found = []
        for language in narrated(project, wish):
            for segment in segments:
                text, settings = segment.text, dict[str, str]()
                voice = self._voice(project, wish, segment, language)
                is_own = language == project.language
                if is_own:
                    text, settings = self._pronounce(lexicon, text, segment.speaker, voice, owner)
                found.append((Saying(text=text, voice=voice, settings=settings), is_own))
        return found

    def compose(self, job: Job) -> list[Composed]:
        """One blueprint for each narrated language, stored and checked."""
        project, wish, segments, says = self._material(job)
        if not segments:
            raise InvalidInput("No segment of this plan is spoken: all are skipped or hold no words. Change the plan.")
        hints = self._hints(job, project, segments)
        chapter = self._chapters.get(job.owner, wish.project_id, wish.chapter_id)
        cover, music = self._material_assets(job.owner, wish)
        instead = Instead(self._voice_segment, self._outcomes, job)
        found = []
        for language in narrated(project, wish):
            narration = Narration(
                task_id=f"{job.id}-{language}",
                title=chapter.title,
                author=project.author,
                project_title=project.title,
                language=language,
                lines=[self._line(project, wish, segment, language, says, hints, instead) for segment in segments],
                cover=cover,
                music=music,
                wish=wish,
            )
            found.append(self._finished(narration))
        return [replace(one, substituted=instead.told) for one in found]

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

    def _material(self, job: Job) -> tuple[Project, NarrationInput, list[Segment], dict[str, Lexicon]]:
        """What a job works on: what is spoken of its plan, and the lexicon of each language that is narrated."""
        wish = wish_of(job)
        project = self._projects.get(job.owner, wish.project_id)
        segments, entries = self._plans.store.frozen(job.plan_key)
        wish = _cast(project, wish, self._plans.store.frozen_voices(job.plan_key))
        says = {code: Lexicon(entries, code) for code in narrated(project, wish)}
        return project, wish, heard(segments), says

    def _material_assets(self, owner: str, wish: NarrationInput) -> tuple[Asset | None, Asset | None]:
        """Cover and music, where asked for."""
        cover = self._assets.ready(owner, wish.cover_asset_id, AssetType.BACKGROUND) if wish.cover_asset_id else None
        music = self._assets.ready(owner, wish.music_asset_id, AssetType.SONG) if wish.music_asset_id else None
        return cover, music

    def _hints(self, job: Job, project: Project, segments: Sequence[Segment]) -> SegmentHints:
        return SegmentHints(segments, self._plans.store.frozen_glossary(job.plan_key), project.language)

    def _line(
        self,
        project: Project,
        wish: NarrationInput,
        segment: Segment,
        language: str,
        says: Mapping[str, Lexicon],
        hints: SegmentHints,
        instead: Instead,
    ) -> Line:
        texts = {code: self._translation_of(project, segment, code, hints) for code in wish.translate_to}
        texts[project.language] = segment.text
        voice = self._voice(project, wish, segment, language)
        text, settings = self._pronounce(says[language], texts[language], segment.speaker, voice, project.owner)
        spoken = instead.find(segment.segment_id, Saying(text=text, voice=voice, settings=settings))
        if spoken is None:
            raise Conflict("A voiced segment is no longer in storage, or its engine changed. Retry the job.")
        return Line(segment, spoken, texts)

    def _voiced(
        self,
        ref: TaskRef,
        project: Project,
        wish: NarrationInput,
        segment: Segment,
        language: str,
        text: str,
        says: Mapping[str, Lexicon],
    ) -> Unit:
        voice = self._voice(project, wish, segment, language)
        said, settings = self._pronounce(says[language], text, segment.speaker, voice, project.owner)
        fallback = self._fallback(wish, segment, language, text, voice, says[language])
        task = VoiceTask(ref=ref, text=said, voice=voice, language=language, settings=settings, fallback=fallback)
        return Unit(self._voice_segment.key(said, voice, settings, ref.owner), task)

    def _fallback(
        self, wish: NarrationInput, segment: Segment, language: str, text: str, voice: str, lexicon: Lexicon
    ) -> Saying | None:
        """Who speaks where the voice's provider cannot: the job's choice for the language, else the setting's."""
        chosen = wish.fallback.get(language) or wish.fallback.get(primary(language))
        chosen = chosen or self._fallbacks.get(primary(language), "")
        if not chosen or chosen.partition("/")[0] == voice.partition("/")[0]:
            return None
        said, settings = self._pronounce(lexicon, text, segment.speaker, chosen)
        return Saying(text=said, voice=chosen, settings=settings)

    def _translated(self, ref: TaskRef, project: Project, segment: Segment, target: str, hints: SegmentHints) -> Unit:
        along = hints.of(segment, target)
        task = TranslateTask(ref=ref, text=segment.text, source=project.language, target=target, hints=along)
        return Unit(self._translate_segment.key(segment.text, project.language, target, along), task)

    def _translation_of(self, project: Project, segment: Segment, target: str, hints: SegmentHints) -> str:
        found = self._translate_segment.find(segment.text, project.language, target, hints.of(segment, target))
        if found is None:
            raise Conflict("A translation is no longer in storage, or its engine changed. Retry the job.")
        return unflagged(found, segment.segment_id)

    def _voice(self, project: Project, wish: NarrationInput, segment: Segment, language: str) -> str:
        is_own, voices = language == project.language, voices_in(language, {}, wish.voices)
        is_cast = bool((is_own and segment.voice) or voices.get(segment.speaker) or voices.get(NARRATOR))
        default = "" if is_cast else self._speech.default(language).id
        return voice_of(segment, voices, default, is_own=is_own)


def narrated(project: Project, wish: NarrationInput) -> list[str]:
    """The languages a video is made in; the project's own where none is named."""
    return wish.narrate or [project.language]


def _cast(project: Project, wish: NarrationInput, voices: Voices) -> NarrationInput:
    """The wish with the voices of the project's cast beneath its own."""
    both = with_cast(narrated(project, wish), voices, wish.voices)
    return wish.model_copy(update={"voices": {**wish.voices, **both}})


def wish_of(job: Job) -> NarrationInput:
    return NarrationInput.model_validate(job.input)


def order_of(steps: Sequence[Step], name: str) -> str | None:
    """The step after `name`; None after the last."""
    names = [step.name for step in steps]
    if name not in names:
        raise NotFound(f"The job has no step {name!r}; it has {', '.join(names)}.")
    place = names.index(name) + 1
    return names[place] if place < len(names) else None
