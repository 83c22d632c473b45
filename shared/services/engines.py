"""The engines connected here: which voices speak which language, which pairs can be translated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.errors import EngineBusy, EngineFailed, EngineUnavailable, Fault, InvalidInput, ReelprintError
from shared.ports.speech import CloningSpeech, Speech, SpeechEngine, Voice, sample_of
from shared.ports.translation import Translation, TranslationEngine


@dataclass(frozen=True)
class EngineStatus:
    """An engine as a health page shows it; `reason` says what is missing where it is not available.

    One that is not configured says what to set.
    """

    name: str
    is_available: bool
    reason: str = ""
    is_configured: bool = True


FindSample = Callable[[str, str], str]  # owner and asset to the media key of a ready voice sample; raises NotFound


class SpeechEngines:
    """Speech engines by name, in order of preference, and the voice each language has where nobody chose one.

    A language without an entry in `defaults` gets the first voice that speaks it and costs nothing. One with an entry gets
    that voice or an error: a missing engine is told, never replaced by another without a word. `absent` are engines that
    could be here, with what to set. A voice cloned from a recording exists for the recording's owner alone.
    """

    def __init__(
        self,
        engines: Mapping[str, Speech],
        defaults: Mapping[str, str],
        absent: Mapping[str, str] | None = None,
        find_sample: FindSample | None = None,
    ) -> None:
        self._engines = engines
        self._defaults = defaults
        self._absent = absent or {}
        self._find_sample = find_sample
        self._by_id: dict[str, tuple[SpeechEngine, dict[str, Voice]]] = {}

    def put(self, name: str, engine: Speech) -> None:
        """Put another engine in a name's place, as benches and tests do."""
        self._engines = {**self._engines, name: engine}

    def available(self) -> Iterator[tuple[Speech, SpeechEngine]]:
        for engine in self._engines.values():
            try:
                yield engine, engine.describe()
            except (EngineUnavailable, EngineFailed, EngineBusy):
                continue  # status() says why; here only those count that can work

    def status(self) -> list[EngineStatus]:
        missing = [EngineStatus(name, False, reason, is_configured=False) for name, reason in self._absent.items()]
        return [*_status(self._engines), *missing]

    def voices(self, language: str | None = None) -> list[Voice]:
        return [
            voice
            for _, description in self.available()
            for voice in description.voices
            if language is None or speaks(voice, language)
        ]

    def find(self, voice_id: str, owner: str = "") -> tuple[Speech, SpeechEngine, Voice]:
        """Raises EngineUnavailable where the voice's engine cannot work here, InvalidInput for a voice nobody has.

        A cloned voice is found for the `owner` of its recording.
        """
        name = voice_id.partition("/")[0]
        if name in self._absent:
            raise EngineUnavailable(
                f"The voice {voice_id!r} needs {name}, which is not configured here. {self._absent[name]}"
            )
        engine = self._engines.get(name)
        description = engine.describe() if engine else None
        if engine and description:
            voice = self._known(description).get(voice_id) or self._cloned(engine, voice_id, owner)
            if voice:
                return engine, description, voice
        raise self._unknown(voice_id, description)

    @property
    def has_remote(self) -> bool:
        """Whether anything here may cost money or be down: where not, nothing need be asked about it."""
        return any(engine.remote for _, engine in self.available())

    def default(self, language: str) -> Voice:
        """The voice of a language nobody cast. Raises EngineUnavailable when none can speak it without being paid."""
        chosen = self._defaults.get(primary(language))
        if chosen:
            return self.find(chosen)[2]
        free = [voice for _, engine in self.available() if not engine.paid for voice in engine.voices]
        voices = [voice for voice in free if speaks(voice, language)]
        if not voices:
            reasons = " ".join(status.reason for status in self.status() if status.reason and status.is_configured)
            paid = " Choose one of the voices that cost money." if self.voices(language) else ""
            detail = f"No engine here speaks {language!r}; see GET /api/v1/voices.{paid} {reasons}"
            raise EngineUnavailable(detail.strip())
        preferred = [voice for voice in voices if voice.engine == voices[0].engine]
        exact = [voice for voice in preferred if voice.language.lower() == language.lower()]
        return (exact or preferred)[0]

    def _known(self, description: SpeechEngine) -> Mapping[str, Voice]:
        """An engine's voices by id; made anew when it declares itself anew."""
        kept = self._by_id.get(description.name)
        if kept is None or kept[0] is not description:
            kept = (description, {voice.id: voice for voice in description.voices})
            self._by_id[description.name] = kept
        return kept[1]

    def _cloned(self, engine: Speech, voice_id: str, owner: str) -> Voice | None:
        name = voice_id.partition("/")[2]
        asset_id = sample_of(name)
        if not (asset_id and owner and self._find_sample and isinstance(engine, CloningSpeech)):
            return None
        try:
            sample = self._find_sample(owner, asset_id)
        except ReelprintError:  # not theirs, not there, or no voice sample that is ready: all the same to who asks
            return None
        return engine.cloned(name, sample)

    def _unknown(self, voice_id: str, description: SpeechEngine | None) -> InvalidInput:
        known: Sequence[Voice] = description.voices if description else self.voices()
        fix = f"Choose one of GET /api/v1/voices, for example {', '.join(voice.id for voice in known[:6])}."
        fault = Fault(
            pointer="/voices", code="unknown-voice", detail="no engine has this voice", found=voice_id, fix=fix
        )
        return InvalidInput(f"The voice {voice_id!r} is not there. {fix}", faults=[fault])


class TranslationEngines:
    def __init__(self, engines: Mapping[str, Translation]) -> None:
        self._engines = engines

    def find(self, source: str, target: str) -> tuple[Translation, TranslationEngine]:
        """The first engine with this pair. Raises EngineUnavailable naming the pairs there are, and EngineFailed or
        EngineBusy where one that comes first cannot tell just now: no other takes its place without a word.
        """
        pairs: list[str] = []
        for engine in self._engines.values():
            try:
                description = engine.describe()
            except EngineUnavailable:
                continue  # its reason is told below, if no other engine has the pair
            if description.covers(source, target):
                return engine, description
            pairs += [f"{a}-{b}" for a, b in description.pairs]
            pairs += [f"any two of {', '.join(description.languages)}"] if description.languages else []
        known = ", ".join(sorted(pairs)) or "none"
        reasons = " ".join(status.reason for status in self.status() if status.reason)
        detail = f"No engine here translates {source!r} to {target!r}; the pairs here are: {known}. {reasons}"
        raise EngineUnavailable(detail.strip())

    def status(self) -> list[EngineStatus]:
        found = []
        for name, engine in self._engines.items():
            try:
                engine.describe()
                found.append(EngineStatus(name, True))
            except (EngineUnavailable, EngineFailed, EngineBusy) as exc:
                found.append(EngineStatus(name, False, exc.detail))
        return found

    def described(self) -> list[tuple[EngineStatus, TranslationEngine | None]]:
        """Each engine's state, and where it can work what it declares, in order of preference."""
        return [
            (status, self._engines[status.name].describe() if status.is_available else None) for status in self.status()
        ]


def _status(engines: Mapping[str, Speech] | Mapping[str, Translation]) -> list[EngineStatus]:
    found = []
    for name, engine in engines.items():
        try:
            engine.describe()
            found.append(EngineStatus(name, True))
        except (EngineUnavailable, EngineFailed, EngineBusy) as exc:
            found.append(EngineStatus(name, False, exc.detail))
    return found


def primary(language: str) -> str:
    """The language without its region: "es" of "es-419"."""
    return language.split("-")[0].lower()


def speaks(voice: Voice, language: str) -> bool:
    return primary(language) in {primary(code) for code in (voice.language, *voice.also)}
