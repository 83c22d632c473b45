"""One text, spoken: made once, checked before it is kept, found by its content ever after (R5.3)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.errors import BadOutput
from shared.domain.speech_check import check_speech
from shared.domain.waveform import measure, read_wav, trim_silence, write_wav
from shared.ports.storage import ObjectInfo
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import SpeechEngines

MAKER = "1"  # raise it when what happens to an engine's sound here changes


@dataclass(frozen=True)
class Spoken:
    """A voiced segment: where it lies and what is known of it. Positions in samples at `rate`."""

    uri: str
    sha256: str
    samples: int
    rate: int
    pauses: tuple[tuple[int, int], ...]


class VoiceSegment:
    def __init__(self, engines: SpeechEngines, artifacts: ArtifactStore) -> None:
        self._engines = engines
        self._artifacts = artifacts

    def key(self, text: str, voice: str, settings: dict[str, str]) -> ArtifactKey:
        """Address of this text in this voice. Raises InvalidInput for an unknown voice."""
        _, engine, found = self._engines.find(voice)
        inputs: dict[str, Any] = {
            "text": text,
            "voice": found.id,
            "settings": settings,
            "engine": engine.name,
            "version": engine.version,
            "maker": MAKER,
        }
        return artifact_key(Kind.VOICE, ".wav", inputs)

    def find(self, text: str, voice: str, settings: dict[str, str]) -> Spoken | None:
        key = self.key(text, voice, settings)
        info = self._artifacts.find(key)
        return _spoken(self._artifacts.uri(key), info) if info else None

    def make(self, text: str, voice: str, settings: dict[str, str]) -> Spoken:
        """Speak, check and keep. Raises BadOutput for sound that is silent, clipped or of an impossible length."""
        found = self.find(text, voice, settings)
        if found:
            return found
        engine, _, known = self._engines.find(voice)
        waveform = trim_silence(read_wav(engine.synthesize(text, known, settings)))
        measured = measure(waveform)
        faults = check_speech(measured, text, waveform.rate, speed=float(settings.get("rate", "1")))
        if faults:
            reasons = "; ".join(fault.detail for fault in faults)
            raise BadOutput(
                f"The voice {voice} gave unusable sound for a segment of {len(text)} characters: {reasons}. "
                "Change its text or choose another voice.",
                faults=faults,
            )
        data = write_wav(waveform)
        metadata = {
            "sha256": hashlib.sha256(data).hexdigest(),
            "samples": str(measured.duration),
            "rate": str(waveform.rate),
            "pauses": json.dumps(measured.pauses[:400], separators=(",", ":")),
        }
        key = self.key(text, voice, settings)
        return _spoken(self._artifacts.uri(key), self._artifacts.save(key, data, metadata))


def _spoken(uri: str, info: ObjectInfo) -> Spoken:
    about = info.metadata
    return Spoken(
        uri=uri,
        sha256=about["sha256"],
        samples=int(about["samples"]),
        rate=int(about["rate"]),
        pauses=tuple((start, end) for start, end in json.loads(about["pauses"])),
    )
