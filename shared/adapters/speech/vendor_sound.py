"""A vendor's sound as the WAV that the port promises: as it came where it is that already, else by ffmpeg."""

from __future__ import annotations

from shared.adapters.speech.program import run_program
from shared.domain.errors import BadOutput, EngineFailed
from shared.domain.waveform import Waveform, read_wav, write_wav

RATE = 24_000  # what all of these vendors synthesise at, or above
TIMEOUT_S = 60.0
_INSTALL = "install it with `apt-get install ffmpeg`"
_FORMATS = "wav,matroska,webm,ogg,mp3,mov,mp4,flac,aac"


def pcm_wav(data: bytes, vendor: str, ffmpeg: str = "ffmpeg") -> bytes:
    """16-bit mono WAV under a canonical header. Raises BadOutput for what holds no sound, EngineUnavailable."""
    waveform = _as_it_is(data) or _converted(data, vendor, ffmpeg)
    if not waveform.samples:
        raise BadOutput(f"{vendor} answered with a sound that holds nothing")
    return write_wav(waveform)


def _as_it_is(data: bytes) -> Waveform | None:
    """A WAV of 16-bit mono as such; None for all else: other codings, more channels, other containers."""
    if data[:4] != b"RIFF":
        return None
    try:
        return read_wav(data)
    except BadOutput:
        return None


def _converted(data: bytes, vendor: str, ffmpeg: str) -> Waveform:
    """What ffmpeg makes of it. Only plain containers are opened, and from the pipe alone: the bytes are a stranger's."""
    reading = ["-protocol_whitelist", "pipe", "-format_whitelist", _FORMATS, "-i", "pipe:0"]
    writing = ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"]
    command = [ffmpeg, "-v", "error", "-nostdin", "-threads", "1", *reading, *writing]
    try:
        made = run_program(command, install=_INSTALL, timeout_s=TIMEOUT_S, stdin=data)
    except EngineFailed as exc:
        raise BadOutput(f"{vendor} answered with {len(data)} bytes that are no sound ffmpeg can read") from exc
    return read_wav(made)
