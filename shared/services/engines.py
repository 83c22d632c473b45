"""The engines connected here: which voices speak which language, which pairs can be translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.domain.errors import EngineUnavailable, Fault, InvalidInput
from shared.ports.speech import Speech, SpeechEngine, Voice
from shared.ports.translation import Translation, TranslationEngine


@dataclass(frozen=True)
class EngineStatus:
    """An engine as a health page shows it; `reason` says what is missing where it is not available."""

    name: str
    is_available: bool
    reason: str = ""


class SpeechEngines:
    """Speech engines by name, in order of preference, and the voice each language has where nobody chose one.

    A language without an entry in `defaults` gets the first voice that speaks it. One with an entry gets that voice or an
    error: a missing engine is told, never replaced by another without a word.
    """

    def __init__(self, engines: Mapping[str, Speech], defaults: Mapping[str, str]) -> None:
        self._engines = engines
        self._defaults = defaults

    def available(self) -> Iterator[tuple[Speech, SpeechEngine]]:
        for engine in self._engines.values():
            try:
                yield engine, engine.describe()
            except EngineUnavailable:
                continue  # status() says why; here only those count that can work

    def status(self) -> list[EngineStatus]:
        return _status(self._engines)

    def voices(self, language: str | None = None) -> list[Voice]:
        return [
            voice
            for _, description in self.available()
            for voice in description.voices
            if language is None or speaks(voice, language)
        ]

    def find(self, voice_id: str) -> tuple[Speech, SpeechEngine, Voice]:
        """Raises EngineUnavailable where the voice's engine cannot work here, InvalidInput for a voice nobody has."""
        engine = self._engines.get(voice_id.partition("/")[0])
        description = engine.describe() if engine else None
        for voice in description.voices if description else ():
            if engine and description and voice.id == voice_id:
                return engine, description, voice
        near = [voice.id for voice in (description.voices if description else self.voices())]
        fix = f"Choose one of GET /api/v1/voices, for example {', '.join(near[:6])}."
        fault = Fault(
            pointer="/voices", code="unknown-voice", detail="no engine has this voice", found=voice_id, fix=fix
        )
        raise InvalidInput(f"The voice {voice_id!r} is not there. {fix}", faults=[fault])

    def default(self, language: str) -> Voice:
        """The voice of a language nobody cast. Raises EngineUnavailable when none can speak it."""
        chosen = self._defaults.get(primary(language))
        if chosen:
            return self.find(chosen)[2]
        voices = self.voices(language)
        if not voices:
            reasons = " ".join(status.reason for status in self.status() if status.reason)
            raise EngineUnavailable(f"No engine here speaks {language!r}; see GET /api/v1/voices. {reasons}".strip())
        preferred = [voice for voice in voices if voice.engine == voices[0].engine]
        exact = [voice for voice in preferred if voice.language.lower() == language.lower()]
        return (exact or preferred)[0]


class TranslationEngines:
    def __init__(self, engines: Mapping[str, Translation]) -> None:
        self._engines = engines

    def find(self, source: str, target: str) -> tuple[Translation, TranslationEngine]:
        """The first engine with this pair. Raises EngineUnavailable naming the pairs there are."""
        pairs: list[str] = []
        for engine in self._engines.values():
            try:
                description = engine.describe()
            except EngineUnavailable:
                continue  # its reason is told below, if no other engine has the pair
            if (primary(source), primary(target)) in {(primary(a), primary(b)) for a, b in description.pairs}:
                return engine, description
            pairs += [f"{a}-{b}" for a, b in description.pairs]
        known = ", ".join(sorted(pairs)) or "none"
        reasons = " ".join(status.reason for status in self.status() if status.reason)
        detail = f"No engine here translates {source!r} to {target!r}; the pairs here are: {known}. {reasons}"
        raise EngineUnavailable(detail.strip())

    def status(self) -> list[EngineStatus]:
        return _status(self._engines)


def _status(engines: Mapping[str, Speech] | Mapping[str, Translation]) -> list[EngineStatus]:
    found = []
    for name, engine in engines.items():
        try:
            engine.describe()
            found.append(EngineStatus(name, True))
        except EngineUnavailable as exc:
            found.append(EngineStatus(name, False, exc.detail))
    return found


def primary(language: str) -> str:
    """The language without its region: "es" of "es-419"."""
    return language.split("-")[0].lower()


def speaks(voice: Voice, language: str) -> bool:
    return primary(voice.language) == primary(language)
