"""Speech: text in, a spoken WAV out. Capabilities are declared by each engine, never sniffed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Caps:
    """The most one request may carry. None: no such limit is known. Caps only bound a segment; they do not shape it.

    `overhead` is what the request's own wrapping (SSML, escapes) adds, as a share of the text's UTF-8 bytes; a length in
    minutes is judged as words / max(80, words_per_minute).
    """

    max_characters: int | None = None
    max_bytes: int | None = None
    max_minutes: float | None = None
    words_per_minute: int = 165
    overhead: float = 0.0


@dataclass(frozen=True)
class Voice:
    """`id` is `engine/name`, as in "flite/slt". `language` is BCP 47. `gender` is female, male or unknown."""

    id: str
    engine: str
    name: str
    language: str
    gender: str
    description: str = ""


@dataclass(frozen=True)
class SpeechEngine:
    """What an engine declares of itself. `version` takes part in the address of all it makes."""

    name: str
    version: str
    caps: Caps
    voices: Sequence[Voice]
    cloning: bool = False
    word_timings: bool = False
    paid: bool = False
    settings: Sequence[str] = field(default=())  # names this engine understands, e.g. "rate"


class Speech(Protocol):
    def describe(self) -> SpeechEngine:
        """Declare capabilities. Raises EngineUnavailable, saying what to install or set, when it cannot work here."""
        ...

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        """Speak `text`; returns a RIFF WAV, 16-bit PCM mono, at the engine's own rate.

        Raises EngineUnavailable, EngineFailed (retryable), BadOutput, InvalidInput (text beyond the caps).
        """
        ...
