"""Songs and voice samples: decoded in full, once, to the form that everything else works with.

A song becomes 48 kHz stereo FLAC; a voice sample 44.1 kHz mono WAV, once it is known to be fit for cloning a voice.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

from jobs.ingest.level import measure, require_fit
from jobs.ingest.probe import probe, require_length
from jobs.ingest.tools import FILM_FORMATS, SOUND_FORMATS, Tools
from shared.domain.asset_type import KINDS, AssetType
from shared.domain.errors import CorruptAsset
from shared.services.asset_work import AssetWork, main_file

SONG_RATE, VOICE_RATE = 48_000, 44_100
_EXACT = ["-fflags", "+bitexact", "-flags:a", "+bitexact"]


def normalise_song(path: Path, tools: Tools, work: AssetWork) -> dict[str, Any]:
    """The facts of a song that is ready. Raises CorruptAsset, TooLarge."""
    _source_rate(path, tools, SOUND_FORMATS)
    tools.step(10, "decoding the song")
    target = tools.scratch / "song.flac"
    form = ["-ar", str(SONG_RATE), "-ac", "2", "-sample_fmt", "s16", *_EXACT, "-f", "flac"]
    tools.decode(path, SOUND_FORMATS, [*_bounded(AssetType.SONG), *form, str(target)])
    samples = flac_samples(target)
    require_length(AssetType.SONG, samples / SONG_RATE)
    facts = {"samples": samples, "sample_rate": SONG_RATE, "channels": 2, "codec": "flac"}
    return facts | main_file(work.keep(target, "audio/flac"))


def normalise_voice(path: Path, tools: Tools, work: AssetWork) -> dict[str, Any]:
    """The facts of a voice sample that is ready. Raises CorruptAsset, with what was measured, for one that is unfit."""
    formats = f"{SOUND_FORMATS},{FILM_FORMATS}"
    rate = _source_rate(path, tools, formats)
    tools.step(10, "decoding the voice")
    target = tools.scratch / "voice.wav"
    form = ["-ar", str(VOICE_RATE), "-ac", "1", "-c:a", "pcm_s16le", *_EXACT, "-f", "wav"]
    tools.decode(path, formats, [*_bounded(AssetType.VOICE_SAMPLE), *form, str(target)])
    with wave.open(str(target), "rb") as sound:
        samples = sound.getnframes()
    require_length(AssetType.VOICE_SAMPLE, samples / VOICE_RATE)
    tools.step(60, "listening to the voice")
    level, clipped = measure(path, rate, formats, tools)
    require_fit(level, clipped)
    facts = {"samples": samples, "sample_rate": VOICE_RATE, "channels": 1, "codec": "pcm_s16le", "level": level}
    return facts | main_file(work.keep(target, "audio/wav"))


def flac_samples(path: Path) -> int:
    """Total samples from the STREAMINFO block (RFC 9639, section 8.2): 36 bits behind rate, channels and depth."""
    with path.open("rb") as stream:
        data = stream.read(42)
    return int.from_bytes(data[21:26], "big") & (2**36 - 1) if data[:4] == b"fLaC" and len(data) == 42 else 0


def _source_rate(path: Path, tools: Tools, formats: str) -> int:
    source = probe(tools, path, formats)
    if not source.sample_rate:
        raise CorruptAsset("The file holds no sound. Upload one that plays.")
    return source.sample_rate


def _bounded(asset_type: AssetType) -> list[str]:
    """One second more than is taken is decoded, and no more: enough to tell that it is too long."""
    longest = KINDS[asset_type].seconds[1] + 1
    return ["-map", "0:a:0", "-vn", "-map_metadata", "-1", "-t", f"{longest:g}"]
