"""Speech: text in, a spoken WAV out. Capabilities are declared by each engine, never sniffed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


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
    """`id` is `engine/name`, as in "flite/slt". `language` is BCP 47. `gender` is female, male or unknown.

    `age` is a word of the provider's ("child", "senior"), "" where it says none; `styles` are manners it can be asked for.
    `also` are further languages it speaks, BCP 47. `tier` is what its price goes by, where voices of one provider differ.
    `sample` is the media key of the recording that a cloned voice is made of. A voice that takes no markup takes neither
    IPA nor marks, whatever its engine does.
    """

    id: str
    engine: str
    name: str
    language: str
    gender: str
    description: str = ""
    age: str = ""
    styles: Sequence[str] = ()
    also: Sequence[str] = ()
    tier: str = ""
    sample: str = ""
    takes_markup: bool = True


@dataclass(frozen=True)
class SpeechEngine:
    """What an engine declares of itself. `version` takes part in the address of all it makes.

    `formats` are the media types it is asked for; whatever it answers becomes a WAV. `remote`: it works elsewhere and may be
    down. `varies`: the same text sounds otherwise each time, so that a bad attempt is worth another. `marks_up`: it is sent
    SSML. `word_timings` engines have `TimedSpeech.synthesize_timed`.
    """

    name: str
    version: str
    caps: Caps
    voices: Sequence[Voice]
    cloning: bool = False
    word_timings: bool = False
    paid: bool = False
    settings: Sequence[str] = field(default=())  # names this engine understands, e.g. "rate"
    formats: Sequence[str] = ("audio/wav",)
    remote: bool = False
    varies: bool = False
    marks_up: bool = False


class Speech(Protocol):
    def describe(self) -> SpeechEngine:
        """Declare capabilities. Raises EngineUnavailable, saying what to install or set, when it cannot work here."""
        ...

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        """Speak `text`; returns a RIFF WAV, 16-bit PCM mono, at the engine's own rate.

        Raises EngineUnavailable, EngineFailed and EngineBusy (retryable), BadOutput, InvalidInput (text beyond the caps).
        """
        ...


@dataclass(frozen=True)
class WordTime:
    """`start` is the code point of the text where a word begins, `ms` when it is heard, from the sound's beginning."""

    start: int
    ms: int


@runtime_checkable
class TimedSpeech(Protocol):
    def synthesize_timed(self, text: str, voice: Voice, settings: dict[str, str]) -> tuple[bytes, Sequence[WordTime]]:
        """As `synthesize`, and when each word is heard, in the text's order. A voice that gives none answers none."""
        ...


@runtime_checkable
class CloningSpeech(Protocol):
    def cloned(self, name: str, sample: str) -> Voice:
        """The voice of a `Voice.name` that `CLONED` begins, made of the recording at media key `sample`.

        Raises InvalidInput for a language that this engine does not speak.
        """
        ...


CLONED = "asset."  # a cloned voice is named after its sample: "asset.{asset id}", or "asset.{asset id}+{language}"


def sample_of(name: str) -> str:
    """The asset that a cloned voice is made of; "" for every other voice."""
    return name.removeprefix(CLONED).partition("+")[0] if name.startswith(CLONED) else ""
