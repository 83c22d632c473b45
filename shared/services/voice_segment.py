"""One text, spoken: made once, checked before it is kept, found by its content ever after (R5.3)."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.errors import BadOutput, Fault, SpendingCapReached
from shared.domain.speech_check import check_silence, check_speech, said_share
from shared.domain.voice_pace import VoicePace
from shared.domain.waveform import Waveform, measure, read_wav, trim_measured, write_wav
from shared.ports.speech import Speech, SpeechEngine, TimedSpeech, Voice, WordTime
from shared.ports.storage import ObjectInfo
from shared.services.artifact_store import ArtifactStore
from shared.services.breaker import Breaker
from shared.services.engines import SpeechEngines

MAKER = "2"  # raise it when what happens to an engine's sound here changes
HOUSE_LEVEL = -20.0  # dBFS of the voiced part: what all voices are brought to when they are put together
TRIES = 3  # of an engine whose attempts differ, until its sound passes the check


def breaker_name(engine: str) -> str:
    """A vendor's speech may be down while its translation is not."""
    return f"speech-{engine}"


class Bill(Protocol):
    """Who pays. `again` comes before a further attempt and may raise SpendingCapReached; `spoke` after each answer."""

    def again(self) -> None: ...

    def spoke(self, attempt: int) -> None: ...


class _Nobody:
    def again(self) -> None:
        return None

    def spoke(self, attempt: int) -> None:
        return None


@dataclass(frozen=True)
class Spoken:
    """A voiced segment: where it lies and what is known of it. Positions in samples at `rate`, levels in dBFS.

    `level` is that of the voiced part, which voices are matched by; `peak` the highest sample's.
    """

    uri: str
    sha256: str
    samples: int
    rate: int
    pauses: tuple[tuple[int, int], ...]
    level: float = HOUSE_LEVEL
    peak: float = HOUSE_LEVEL


@dataclass(frozen=True)
class _Wanted:
    """One text in one voice: who speaks it, and the address of what comes of it."""

    text: str
    settings: dict[str, str]
    speech: Speech
    engine: SpeechEngine
    voice: Voice

    @property
    def key(self) -> ArtifactKey:
        return self._key(".wav")

    @property
    def words_key(self) -> ArtifactKey:
        return self._key(".json")

    @property
    def speed(self) -> float:
        return float(self.settings.get("rate", "1"))

    def _key(self, suffix: str) -> ArtifactKey:
        inputs: dict[str, Any] = {
            "text": self.text,
            "voice": self.voice.id,
            "settings": self.settings,
            "engine": self.engine.name,
            "version": self.engine.version,
            "maker": MAKER,
        }
        return artifact_key(Kind.VOICE, suffix, inputs | ({"sample": self.voice.sample} if self.voice.sample else {}))


class VoiceSegment:
    """`owner` is whose cloned voices may speak; without one there are none."""

    def __init__(self, engines: SpeechEngines, artifacts: ArtifactStore, breaker: Breaker) -> None:
        self._engines = engines
        self._artifacts = artifacts
        self._breaker = breaker
        self._paces: defaultdict[tuple[str, str], VoicePace] = defaultdict(VoicePace)

    def key(self, text: str, voice: str, settings: dict[str, str], owner: str = "") -> ArtifactKey:
        """Address of this text in this voice. Raises InvalidInput for an unknown voice."""
        return self._wanted(text, voice, settings, owner).key

    def find(self, text: str, voice: str, settings: dict[str, str], owner: str = "") -> Spoken | None:
        return self._found(self._wanted(text, voice, settings, owner).key)

    def words(self, text: str, voice: str, settings: dict[str, str], owner: str = "") -> list[WordTime]:
        """When each word is heard, in ms from the sound's beginning; [] where the engine did not tell."""
        key = self._wanted(text, voice, settings, owner).words_key
        if "words" not in settings or self._artifacts.find(key) is None:
            return []
        return [WordTime(**word) for word in json.loads(self._artifacts.read(key))]

    def make(
        self, text: str, voice: str, settings: dict[str, str], owner: str = "", bill: Bill | None = None
    ) -> Spoken:
        """Speak, check and keep. An engine whose attempts differ gets TRIES of them.

        Raises BadOutput for sound that is silent, clipped or of an impossible length every time; EngineBusy without asking
        while the engine is left alone.
        """
        wanted = self._wanted(text, voice, settings, owner)
        key = wanted.key
        found = self._found(key)
        if found:
            return found
        faults: Sequence[Fault] = ()
        payer = bill or _Nobody()
        for attempt in range(1, TRIES + 1 if wanted.engine.varies else 2):
            if attempt > 1 and not _may_again(payer):
                break
            data, words = self._speak(wanted)
            payer.spoke(attempt)
            kept, faults = self._checked(wanted, key, read_wav(data), words)
            if kept:
                return kept
        raise _unusable(wanted, faults)

    def _speak(self, wanted: _Wanted) -> tuple[bytes, Sequence[WordTime]]:
        speech, text, voice, settings = wanted.speech, wanted.text, wanted.voice, wanted.settings
        with self._breaker.guard(breaker_name(wanted.engine.name)) if wanted.engine.remote else nullcontext():
            if "words" in settings and isinstance(speech, TimedSpeech):
                return speech.synthesize_timed(text, voice, settings)
            return speech.synthesize(text, voice, settings), ()

    def _checked(
        self, wanted: _Wanted, key: ArtifactKey, raw: Waveform, words: Sequence[WordTime]
    ) -> tuple[Spoken | None, Sequence[Fault]]:
        """The sound as it is kept; or what is wrong with it."""
        measured, speed = measure(raw), wanted.speed
        faults: Sequence[Fault] = check_speech(measured, wanted.text, raw.rate, speed=speed)
        if wanted.engine.varies and not faults:
            share = said_share(measured, wanted.text, raw.rate, speed=speed)
            pace = self._paces[wanted.voice.id, wanted.voice.language]
            faults = [*check_silence(measured, raw.rate, speed=speed), *pace.check(wanted.text, share)]
            if not faults:
                pace.learn(wanted.text, share)
        if faults:
            return None, faults
        waveform, known, moved = trim_measured(raw, measured)
        if words:
            self._keep_words(wanted, words, moved * 1000 // raw.rate)
        data = write_wav(waveform)
        metadata = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "samples": str(known.duration),
            "rate": str(waveform.rate),
            "pauses": json.dumps(known.pauses[:400], separators=(",", ":")),
            "level": f"{known.voiced_rms_dbfs:.1f}",
            "peak": f"{known.peak_dbfs:.1f}",
        }
        return _spoken(self._artifacts.uri(key), self._artifacts.save(key, data, metadata)), ()

    def _keep_words(self, wanted: _Wanted, words: Sequence[WordTime], moved_ms: int) -> None:
        """Before the sound: where that is there, its words are."""
        moved = [asdict(WordTime(word.start, max(0, word.ms + moved_ms))) for word in words]
        self._artifacts.save(wanted.words_key, json.dumps(moved, separators=(",", ":")).encode())

    def _found(self, key: ArtifactKey) -> Spoken | None:
        info = self._artifacts.find(key)
        return _spoken(self._artifacts.uri(key), info) if info else None

    def _wanted(self, text: str, voice: str, settings: dict[str, str], owner: str) -> _Wanted:
        return _Wanted(text, settings, *self._engines.find(voice, owner))


def _may_again(bill: Bill) -> bool:
    try:
        bill.again()
    except SpendingCapReached:  # what came of the first attempt is told instead
        return False
    return True


def _unusable(wanted: _Wanted, faults: Sequence[Fault]) -> BadOutput:
    reasons = "; ".join(fault.detail for fault in faults)
    return BadOutput(
        f"The voice {wanted.voice.id} gave unusable sound for a segment of {len(wanted.text)} characters: {reasons}. "
        "Change its text or choose another voice.",
        faults=faults,
    )


def _spoken(uri: str, info: ObjectInfo) -> Spoken:
    about = info.metadata
    return Spoken(
        uri=uri,
        sha256=about["sha256"],
        samples=int(about["samples"]),
        rate=int(about["rate"]),
        pauses=tuple((start, end) for start, end in json.loads(about["pauses"])),
        level=float(about["level"]),
        peak=float(about["peak"]),
    )
