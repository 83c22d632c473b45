"""Mastering: one gain for a chapter and a ceiling for its peaks, held by what the listener decodes.

A limiter on the samples knows nothing of what lies between them, and coding adds to some peaks: what was encoded is decoded
and metered, and made again under a lower limit by as much as it went over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.assemble.sound.loudness import NEAR_DB, integrated
from jobs.assemble.sound.maker import read_meter
from jobs.assemble.sound.sound_encode import OVERSAMPLING, SPARE_DB, TRIES, decibels
from jobs.export.mix import METER, Mix
from jobs.export.tools import Tools, flat, opened
from shared.domain.errors import RenderFailed
from shared.domain.export_timeline import RATE

MAKER = "1"  # raise it when the same sound should be mastered anew
# A single channel reads 3 LU under the same sound on two (BS.1770): this is -15 LUFS on a pair of speakers, and a limiter
# has little to do with speech at it.
TARGET_LUFS, CEILING_DBTP = -18.0, -1.5
MOST_GAIN_DB = 30.0


@dataclass(frozen=True)
class Heard:
    """What an encoded file measures once it is decoded: LUFS (None for silence) and true peak in dBTP."""

    lufs: float | None
    peak_db: float


@dataclass(frozen=True)
class Mastered:
    """How a file was made, and what came out."""

    gain_db: float
    limited: bool
    heard: Heard

    def facts(self) -> dict[str, float | bool | None]:
        lufs = self.heard.lufs
        return {
            "gain_db": self.gain_db,
            "limited": self.limited,
            "lufs": None if lufs is None else round(lufs, 2),
            "true_peak_dbtp": round(self.heard.peak_db, 2),
        }


def master(mix: Mix, encode: Callable[[str], list[str]], tools: Tools) -> Mastered:
    """Encode a mix at the house's loudness, under its ceiling. `encode` writes the file by the filters it is given, and
    answers how it is opened again. Raises RenderFailed where the ceiling cannot be held.
    """
    gain = gain_of(mix)
    if mix.peak_db + gain < CEILING_DBTP - NEAR_DB:  # nothing that coding adds would reach it
        return Mastered(gain, False, hear(encode(volume(gain)), tools))
    limit = CEILING_DBTP if mix.peak_db + gain >= CEILING_DBTP else None
    over = 0.0
    for _ in range(TRIES):
        found = hear(encode(flat([volume(gain), "" if limit is None else limiter(limit)])), tools)
        over = found.peak_db - CEILING_DBTP
        if over <= 0:
            return Mastered(gain, limit is not None, found)
        limit = CEILING_DBTP if limit is None else limit - over - SPARE_DB
    raise RenderFailed(f"A chapter stays {over:.2f} dB over its ceiling of {CEILING_DBTP} dBTP.")


def gain_of(mix: Mix) -> float:
    """Tenths of a decibel that bring a chapter to the target; 0 for silence."""
    return 0.0 if mix.lufs is None else round(min(MOST_GAIN_DB, TARGET_LUFS - mix.lufs), 1)


def volume(gain_db: float) -> str:
    return f"volume={gain_db:.1f}dB" if gain_db else ""


def limiter(limit_db: float) -> str:
    """A limiter at four times the rate, where peaks between samples show."""
    shape = f"alimiter=limit={10 ** (limit_db / 20):.5f}:attack=5:release=50:level=0:latency=1"
    return f"aresample={RATE * OVERSAMPLING},{shape},aresample={RATE}"


def hear(file: list[str], tools: Tools) -> Heard:
    """Decode and meter a file, opened by these arguments."""
    said = tools.run(*file, "-map", "0:a:0", "-af", METER.format("true"), "-f", "null", "-")
    measured = read_meter(said, "true")
    return Heard(integrated(measured.momentary), decibels(measured.peak))


def source(mix: Mix) -> list[str]:
    """A mix as an input."""
    return opened(mix.path, "f32le", "-ar", str(RATE), "-ac", "1")


def written(path: Path, form: str) -> list[str]:
    """A file of ours as an input."""
    return opened(path, form)
