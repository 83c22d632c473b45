"""How loud a voice sample is, and how much of it is noise: measured in windows of 50 ms by ffmpeg's `astats`.

Speech pauses: its loud windows are the voice, its softest what is there without it. What is clipped stays at its peak for
several samples on end (`Flat_factor`), which no voice does by itself.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from jobs.ingest.tools import Tools
from shared.domain.asset import VoiceLevel
from shared.domain.errors import CorruptAsset

WINDOWS_PER_S = 20
SILENCE_DBFS = -120.0
MIN_SPEECH_DBFS = -40.0
MIN_ABOVE_NOISE_DB = 15.0
MAX_CLIPPED = 0.02  # of all windows
_FULL_SCALE_DBFS, _FLAT = -0.3, 6.0
_KEYS = {name: re.compile(rf"Overall\.{name}=(\S+)") for name in ("RMS_level", "Peak_level", "Flat_factor")}


def measure(path: Path, rate: int, formats: str, tools: Tools) -> tuple[VoiceLevel, float]:
    """The level, and which share of all windows is clipped. `rate` is the source's own: a resampler hides clipping."""
    stats = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level+Flat_factor"
    window = max(1, rate // WINDOWS_PER_S)
    filters = f"asetnsamples=n={window}:p=0,{stats},ametadata=mode=print:file=-"
    said = tools.decode(path, formats, ["-map", "0:a:0", "-vn", "-af", filters, "-f", "null", "-"]).decode()
    found = {name: [_level(value) for value in pattern.findall(said)] for name, pattern in _KEYS.items()}
    if not found["RMS_level"]:
        raise CorruptAsset("The file holds no sound. Upload one that plays.")
    loud = sorted(found["RMS_level"])
    flat = [
        peak >= _FULL_SCALE_DBFS and flatness >= _FLAT
        for peak, flatness in zip(found["Peak_level"], found["Flat_factor"], strict=True)
    ]
    level = VoiceLevel(
        speech_dbfs=round(_percentile(loud, 0.9), 1),
        noise_dbfs=round(_percentile(loud, 0.1), 1),
        peak_dbfs=round(max(found["Peak_level"]), 1),
    )
    return level, sum(flat) / len(flat)


def require_fit(level: VoiceLevel, clipped: float) -> None:
    """Raises CorruptAsset, with the reason and what to do, for a sample that no voice should be made of."""
    if level.speech_dbfs < MIN_SPEECH_DBFS:
        raise CorruptAsset(
            f"The voice is too quiet: {level.speech_dbfs:g} dBFS, and {MIN_SPEECH_DBFS:g} are the least. Speak nearer to the "
            "microphone, or raise its gain."
        )
    if clipped > MAX_CLIPPED:
        raise CorruptAsset(
            f"The voice is clipped in {clipped:.0%} of the recording. Lower the microphone's gain and record it again."
        )
    above = level.speech_dbfs - level.noise_dbfs
    if above < MIN_ABOVE_NOISE_DB:
        raise CorruptAsset(
            f"The voice is too noisy: it stands {above:.0f} dB above the noise, and {MIN_ABOVE_NOISE_DB:g} are the least. "
            "Record it in a quiet room, with short pauses."
        )


def _level(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else SILENCE_DBFS


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
