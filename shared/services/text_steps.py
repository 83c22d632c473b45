"""The steps of jobs on plain text: text_to_speech and translation.

voice, translate  every segment, by the queue that narrations use; what was made before is not made again
collect           the list of what came of them, in the segments' order
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shared.domain.artifact import ArtifactKey
from shared.domain.errors import Conflict, Fault, InvalidInput
from shared.domain.glossary import find_terms
from shared.domain.job import (
    Job,
    JobFile,
    JobResult,
    JobType,
    Saying,
    Step,
    Substituted,
    TaskRef,
    TranslateTask,
    VoiceTask,
)
from shared.domain.new_job import SpeechSegment, TextToSpeechInput, TranslationInput
from shared.domain.spoken_text import spoken
from shared.domain.translation_hints import Hints, TermPair
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.engines import SpeechEngines, TranslationEngines, primary, speaks
from shared.services.narration_steps import TRANSLATE, VOICE, Unit
from shared.services.plan_options import fits
from shared.services.spoken_instead import Instead
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment
from shared.services.voicing_outcomes import VoicingOutcomes

COLLECT = "collect"
_NEIGHBOUR = 300  # characters of the segment beside one that is translated
_WEIGHTS = {VOICE: 95, TRANSLATE: 95, COLLECT: 5}


class TextSteps:
    def __init__(
        self,
        *,
        speech: SpeechEngines,
        translation: TranslationEngines,
        voice_segment: VoiceSegment,
        translate_segment: TranslateSegment,
        media: Storage,
        outcomes: VoicingOutcomes,
        fallbacks: Mapping[str, str],
    ) -> None:
        self._speech = speech
        self._translation = translation
        self._voice_segment = voice_segment
        self._translate_segment = translate_segment
        self._media = media
        self._outcomes = outcomes
        self._fallbacks = fallbacks

    def check_speech(self, owner: str, wish: TextToSpeechInput) -> list[Step]:
        """The steps this wish takes. Raises InvalidInput with every fault, EngineUnavailable."""
        faults = [
            fault
            for n, line in enumerate(wish.lines)
            for fault in self._speech_faults(owner, wish, line, _place(wish, n))
        ]
        if wish.fallback and not speaks(self._speech.find(wish.fallback, owner)[2], wish.language):
            detail = f"The fallback does not speak {wish.language}."
            faults.append(Fault(pointer="/input/fallback", code="wrong-language", detail=detail, found=wish.fallback))
        if faults:
            raise InvalidInput(f"The text has {len(faults)} fault(s); see errors.", faults=faults)
        return _steps(VOICE)

    def check_translation(self, wish: TranslationInput) -> list[Step]:
        """The steps this wish takes. Raises EngineUnavailable for a pair nobody has; InvalidInput for one language twice."""
        if primary(wish.source_language) == primary(wish.target_language):
            detail = "The text is in that language already."
            fault = Fault(
                pointer="/input/target_language", code="same-language", detail=detail, found=wish.target_language
            )
            raise InvalidInput(detail, faults=[fault])
        self._translation.find(wish.source_language, wish.target_language)
        return _steps(TRANSLATE)

    def units(self, job: Job, ref: TaskRef) -> list[Unit]:
        """What the step asks for, each artifact once."""
        tasks = self._voice_tasks(job, ref) if job.type is JobType.TEXT_TO_SPEECH else self._translate_tasks(job, ref)
        units = [Unit(self._key(task), task) for task in tasks]
        return list({unit.key: unit for unit in units}.values())

    def collect(self, job: Job, ref: TaskRef) -> tuple[JobResult, list[Substituted]]:
        """What was made, by segment, and what of it another voice said. Raises Conflict where something is not there."""
        if job.type is JobType.TEXT_TO_SPEECH:
            tasks = self._voice_tasks(job, ref)
            instead = Instead(self._voice_segment, self._outcomes, job)
            items = [
                self._spoken(task, _name("speech", n, len(tasks), ".wav"), str(n), instead)
                for n, task in enumerate(tasks, 1)
            ]
            artifacts = [
                JobFile(name=item["file"], key=_key_of(item["uri"]), content_type="audio/wav") for item in items
            ]
            made = JobResult(files=[self._listing(job, "speech.json", items)], artifacts=artifacts)
            return made, instead.told
        items = [self._translated(task) for task in self._translate_tasks(job, ref)]
        return JobResult(files=[self._listing(job, "translation.json", items)]), []

    def places(self, job: Job, ref: TaskRef) -> dict[str, list[str]]:
        """The numbers, from 1, of the texts that each unit is for, by the digest of its address."""
        found: dict[str, list[str]] = {}
        for n, task in enumerate(self._voice_tasks(job, ref), 1):
            found.setdefault(self._key(task).digest, []).append(str(n))
        return found

    def _speech_faults(self, owner: str, wish: TextToSpeechInput, line: SpeechSegment, place: str) -> list[Fault]:
        voice_id = line.voice or wish.voice or self._speech.default(wish.language).id
        _, engine, voice = self._speech.find(voice_id, owner)
        found = []
        if wish.word_times and not engine.word_timings:
            detail = f"{engine.name} does not tell when a word is heard."
            found.append(Fault(pointer="/input/word_times", code="no-word-times", detail=detail, found=voice_id))
        if not speaks(voice, wish.language):
            detail = f"The voice speaks {voice.language}, and the text is {wish.language}."
            found.append(Fault(pointer="/input/language", code="wrong-language", detail=detail, found=voice_id))
        if not spoken(line.text):
            found.append(Fault(pointer=place, code="nothing-to-say", detail="Nothing of this text can be spoken."))
        if not fits(line.text, [engine.caps]):
            detail = "The text is longer than the engine takes in one request."
            found.append(
                Fault(
                    pointer=place,
                    code="beyond-caps",
                    detail=detail,
                    found=f"{len(line.text)} characters",
                    fix="Split it into segments.",
                )
            )
        return found

    def _voice_tasks(self, job: Job, ref: TaskRef) -> list[VoiceTask]:
        wish = TextToSpeechInput.model_validate(job.input)
        return [
            VoiceTask(ref=ref, **saying.model_dump(), language=wish.language, fallback=self.fallback(wish, saying))
            for saying in self.sayings(wish)
        ]

    def sayings(self, wish: TextToSpeechInput) -> list[Saying]:
        """Each text as it is sent to its voice."""
        settings = {} if wish.rate == 1.0 else {"rate": f"{wish.rate:g}"}
        settings |= {"words": "1"} if wish.word_times else {}
        default = wish.voice or self._speech.default(wish.language).id
        return [Saying(text=spoken(line.text), voice=line.voice or default, settings=settings) for line in wish.lines]

    def fallback(self, wish: TextToSpeechInput, saying: Saying) -> Saying | None:
        """Who says it where the voice's provider cannot: the wish's choice, else the setting's."""
        chosen = wish.fallback or self._fallbacks.get(primary(wish.language), "")
        if not chosen or chosen.partition("/")[0] == saying.voice.partition("/")[0]:
            return None
        settings = {name: value for name, value in saying.settings.items() if name == "rate"}
        return Saying(text=saying.text, voice=chosen, settings=settings)

    def _translate_tasks(self, job: Job, ref: TaskRef) -> list[TranslateTask]:
        wish = TranslationInput.model_validate(job.input)
        source, target, texts = wish.source_language, wish.target_language, ["", *wish.texts, ""]
        terms = [TermPair.model_validate(term.model_dump()) for term in wish.glossary]
        return [
            TranslateTask(ref=ref, text=text, source=source, target=target, hints=_hints(texts, n, terms))
            for n, text in enumerate(wish.texts)
        ]

    def _key(self, task: VoiceTask | TranslateTask) -> ArtifactKey:
        if isinstance(task, VoiceTask):
            return self._voice_segment.key(task.text, task.voice, task.settings, task.ref.owner)
        return self._translate_segment.key(task.text, task.source, task.target, task.hints)

    def _spoken(self, task: VoiceTask, file: str, place: str, instead: Instead) -> dict[str, Any]:
        wanted = Saying(text=task.text, voice=task.voice, settings=task.settings)
        told = len(instead.told)
        found = instead.find(place, wanted)
        if found is None:
            raise _vanished()
        other = instead.told[-1].model_dump(exclude={"segment_id"}) if len(instead.told) > told else {}
        words = self._voice_segment.words(task.text, task.voice, task.settings, task.ref.owner) if not other else []
        known = {"sha256": found.sha256, "sample_rate": found.rate, "samples": found.samples}
        return {
            "file": file,
            "text": task.text,
            "voice": task.voice,
            "language": task.language,
            **known,
            "uri": found.uri,
            **other,
            **({"words": [asdict(word) for word in words]} if words else {}),
        }

    def _translated(self, task: TranslateTask) -> dict[str, Any]:
        found = self._translate_segment.find(task.text, task.source, task.target, task.hints)
        if found is None:
            raise _vanished()
        item = asdict(found)
        flags = list(item.pop("flags"))
        return {"text": task.text, **item} | ({"flags": flags} if flags else {})

    def _listing(self, job: Job, name: str, items: Sequence[dict[str, Any]]) -> JobFile:
        key = f"results/{job.id}/a{job.attempt}/{name}"
        data = json.dumps({"items": items}, ensure_ascii=False).encode()
        put_once(self._media, key, data, "application/json")
        return JobFile(name=name, key=key, content_type="application/json")


def _steps(name: str) -> list[Step]:
    return [Step(name=step, weight=_WEIGHTS[step]) for step in (name, COLLECT)]


def _hints(texts: Sequence[str], n: int, terms: Sequence[TermPair]) -> Hints:
    """What goes along with the text that `texts` holds at `n` + 1, between its neighbours."""
    met = tuple(dict.fromkeys(found.term for found in find_terms(texts[n + 1], terms)))
    return Hints(before=texts[n][-_NEIGHBOUR:], after=texts[n + 2][:_NEIGHBOUR], terms=met)


def _place(wish: TextToSpeechInput, n: int) -> str:
    return "/input/text" if wish.segments is None else f"/input/segments/{n}/text"


def _name(stem: str, n: int, count: int, suffix: str) -> str:
    """speech.wav where there is one, else speech-001.wav and so on."""
    return f"{stem}{suffix}" if count == 1 else f"{stem}-{n:03d}{suffix}"


def _key_of(uri: str) -> str:
    return uri.partition("://")[2]


def _vanished() -> Conflict:
    return Conflict("Something that was made for this job is no longer in storage. Retry the job.")
