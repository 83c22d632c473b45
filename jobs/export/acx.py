"""ACX-ready MP3: mastered to what the audiobook exchange asks for, and measured on the encoded file, decoded again.

Its published terms: RMS from -23 to -18 dB, peaks of -3 dB at most, a noise floor of -60 dB at most, 192 kbit/s or more at a
constant rate, 44.1 kHz, 0.5 to 1 s of room tone ahead and 1 to 5 s behind, two hours at most. RMS is that of the whole file.
The noise floor is the quietest half second; sound is what rises above it in windows of 20 ms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from jobs.export.master import limiter, source, volume, written
from jobs.export.mix import Mix
from jobs.export.tools import Tools, flat
from shared.domain.export_timeline import RATE

TARGET_RMS, LIMIT_DB = -20.0, -3.6
RMS, PEAK, FLOOR = (-23.0, -18.0), -3.0, -60.0
HEAD_S, TAIL_S, MOST_MINUTES = (0.5, 1.0), (1.0, 5.0), 120.0
KBPS = 192
MOST_GAIN_DB = 30.0
TRIES = 4
SILENCE_DB = -120.0
_WINDOW = RATE // 50  # 20 ms
_FLOOR_WINDOWS = 25  # half a second
_LEVELS = re.compile(r"Overall\.(RMS_level|Peak_level)=(\S+)")


@dataclass(frozen=True)
class Levels:
    """A sound in windows of 20 ms: their energies (1 is full scale), and its highest sample in dB of full scale."""

    energies: Sequence[float]
    peak_db: float

    @property
    def rms_db(self) -> float:
        return _db(math.fsum(self.energies) / max(1, len(self.energies)))

    @property
    def floor_db(self) -> float:
        """Of the quietest half second."""
        sums = [0.0, *accumulate(self.energies)]
        width = min(_FLOOR_WINDOWS, len(self.energies))
        spans = (sums[at + width] - sums[at] for at in range(len(sums) - width))
        return _db(max(0.0, min(spans, default=0.0)) / max(1, width))

    @property
    def edges_s(self) -> tuple[float, float]:
        """Seconds of room tone ahead of the first sound, and behind the last."""
        loud = [at for at, energy in enumerate(self.energies) if _db(energy) > FLOOR]
        if not loud:
            return len(self.energies) / 50, len(self.energies) / 50
        return loud[0] / 50, (len(self.energies) - 1 - loud[-1]) / 50


def master_acx(mix: Mix, encode: Callable[[str, Path], None], target: Path, tools: Tools) -> dict[str, Any]:
    """Encode a mix at ACX's level into `target`; what it measures then. Best effort: the report says what was not met."""
    before = measure(source(mix), tools)
    gain, limit = round(min(MOST_GAIN_DB, TARGET_RMS - before.rms_db), 1), LIMIT_DB
    found = before
    for _ in range(TRIES):
        encode(flat([volume(gain), limiter(limit)]), target)
        found = measure(written(target, "mp3"), tools)
        over = found.peak_db - PEAK
        short = RMS[0] + 0.5 - found.rms_db  # what the limiter took is given back, while there is some to give
        if over <= 0 and (short <= 0 or gain >= MOST_GAIN_DB):
            break
        limit -= max(0.0, over + 0.1 if over > 0 else 0.0)
        gain = round(min(MOST_GAIN_DB, gain + max(0.0, short)), 1)
    return judged(found, gain)


def judged(found: Levels, gain_db: float) -> dict[str, Any]:
    """The report on one file: every measure with its bounds, and what to do where one is not met."""
    head, tail = found.edges_s
    minutes = len(found.energies) / 50 / 60
    measures = [
        _measure("rms_db", found.rms_db, *RMS, "Voices differ too much in level, or little is said: make it longer."),
        _measure("peak_db", found.peak_db, None, PEAK, "Lower what is loudest: choose another voice for it."),
        _measure(
            "noise_floor_db", found.floor_db, None, FLOOR, "The voice brings noise: choose one with quiet pauses."
        ),
        _measure("head_s", head, *HEAD_S, "The first segment's voice begins late: change its text or its voice."),
        _measure("tail_s", tail, *TAIL_S, "Shorten the pause after the last segment to 5 s."),
        _measure("minutes", minutes, None, MOST_MINUTES, "Split the chapter: ACX takes files of two hours at most."),
    ]
    passes = all(measure["passes"] for measure in measures)
    return {"passes": passes, "kbps": KBPS, "sample_rate": RATE, "gain_db": gain_db, "measures": measures}


def measure(file: list[str], tools: Tools) -> Levels:
    """Decode a file in full and measure it."""
    stats = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level"
    shown = "ametadata=mode=print:file=pipe\\\\:1:direct=1"
    said = tools.run(*file, "-map", "0:a:0", "-af", f"asetnsamples=n={_WINDOW}:p=0,{stats},{shown}", "-f", "null", "-")
    values: dict[str, list[float]] = {"RMS_level": [], "Peak_level": []}
    for name, value in _LEVELS.findall(said.decode()):
        values[name].append(float(value))
    energies = [10 ** (level / 10) if math.isfinite(level) else 0.0 for level in values["RMS_level"]]
    peaks = [level for level in values["Peak_level"] if math.isfinite(level)]
    return Levels(energies, max(peaks, default=SILENCE_DB))


def _measure(name: str, value: float, least: float | None, most: float | None, fix: str) -> dict[str, Any]:
    passes = (least is None or value >= least) and (most is None or value <= most)
    return {
        "name": name,
        "value": round(value, 2),
        "least": least,
        "most": most,
        "passes": passes,
        "fix": "" if passes else fix,
    }


def _db(energy: float) -> float:
    return max(SILENCE_DB, 10 * math.log10(energy)) if energy > 0 else SILENCE_DB
