"""The engines connected here: which voices speak which language, which pairs can be translated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """Speech engines in order of preference: the first that has a voice for a language is its default."""

    def __init__(self, engines: Sequence[Speech]) -> None:
        self._engines = engines

    def available(self) -> Iterator[tuple[Speech, SpeechEngine]]:
        for engine in self._engines:
            try:
                yield engine, engine.describe()
            except EngineUnavailable:
                continue  # status() says why; here only those count that can work

    def status(self) -> list[EngineStatus]:
        found = []
        for engine in self._engines:
            try:
                found.append(EngineStatus(engine.describe().name, True))
            except EngineUnavailable as exc:
                found.append(EngineStatus(type(engine).__name__, False, exc.detail))
        return found

    def voices(self, language: str | None = None) -> list[Voice]:
        return [
            voice
            for _, description in self.available()
            for voice in description.voices
            if language is None or speaks(voice, language)
        ]

    def find(self, voice_id: str) -> tuple[Speech, SpeechEngine, Voice]:
        """Raises InvalidInput for a voice nobody has, naming the engine's own where the engine is known."""
        name = voice_id.partition("/")[0]
        for engine, description in self.available():
            for voice in description.voices:
                if voice.id == voice_id:
                    return engine, description, voice
        near = [voice.id for voice in self.voices() if voice.engine == name] or [voice.id for voice in self.voices()]
        reasons = "; ".join(status.reason for status in self.status() if status.reason)
        raise InvalidInput(
            f"The voice {voice_id!r} is not there. {reasons}".strip(),
            faults=[
                Fault(
                    pointer="/voices",
                    code="unknown-voice",
                    detail="no engine here has this voice",
                    found=voice_id,
                    fix=f"Choose one of GET /api/v1/voices, for example {', '.join(near[:6])}.",
                )
            ],
        )

    def default(self, language: str) -> Voice:
        """The first voice that speaks `language`. Raises EngineUnavailable when none does."""
        voices = self.voices(language)
        if not voices:
            reasons = "; ".join(status.reason for status in self.status() if status.reason)
            raise EngineUnavailable(f"No engine here speaks {language!r}. {reasons} See GET /api/v1/voices.".replace("  ", " "))
        preferred = [voice for voice in voices if voice.engine == voices[0].engine]
        exact = [voice for voice in preferred if voice.language.lower() == language.lower()]
        return (exact or preferred)[0]


class TranslationEngines:
    def __init__(self, engines: Sequence[Translation]) -> None:
        self._engines = engines

    def find(self, source: str, target: str) -> tuple[Translation, TranslationEngine]:
        """The first engine with this pair. Raises EngineUnavailable naming the pairs there are."""
        pairs: list[str] = []
        reasons: list[str] = []
        for engine in self._engines:
            try:
                description = engine.describe()
            except EngineUnavailable as exc:
                reasons.append(exc.detail)
                continue
            if (primary(source), primary(target)) in {(primary(a), primary(b)) for a, b in description.pairs}:
                return engine, description
            pairs += [f"{a}-{b}" for a, b in description.pairs]
        known = ", ".join(sorted(pairs)) or "none"
        detail = f"No engine here translates {source!r} to {target!r}; the pairs here are {known}. {' '.join(reasons)}"
        raise EngineUnavailable(detail.strip())

    def status(self) -> list[EngineStatus]:
        found = []
        for engine in self._engines:
            try:
                found.append(EngineStatus(engine.describe().name, True))
            except EngineUnavailable as exc:
                found.append(EngineStatus(type(engine).__name__, False, exc.detail))
        return found


def primary(language: str) -> str:
    """The language without its region: "es" of "es-419"."""
    return language.split("-")[0].lower()


def speaks(voice: Voice, language: str) -> bool:
    return primary(voice.language) == primary(language)
