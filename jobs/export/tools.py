"""ffmpeg and ffprobe as exports use them: over sound of our own, within limits."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.assemble.running.child import PROTOCOLS, Children
from jobs.assemble.running.retries import Retry
from shared.domain.errors import EngineUnavailable, RenderFailed
from shared.domain.export import ExportFormat
from shared.domain.export_script import BookScript

EXACT = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
_ENCODERS = {
    "aac": (ExportFormat.M4B, ExportFormat.EPUB),
    "libmp3lame": (ExportFormat.MP3, ExportFormat.ACX),
    "pcm_s16le": (ExportFormat.WAV,),
}
Step = Callable[[int, str], None]  # told a percentage and what is being done
retry = Retry(time.sleep)


@dataclass(frozen=True)
class Tools:
    """`step` tells how far the work is; `scratch` is emptied afterwards. `resampler` is ffmpeg's name of the best here."""

    ffmpeg: Children
    ffprobe: Children
    scratch: Path
    step: Step
    resampler: str = "swr"

    def run(self, *arguments: str | Path) -> bytes:
        """Run ffmpeg; what it wrote to standard output. Raises as `Children.run` does."""
        return self.ffmpeg.run(["-y", *map(str, arguments)])

    def probe(self, path: Path, *arguments: str) -> dict[str, Any]:
        """ffprobe's JSON about a file of ours. Raises RenderFailed where it cannot be read."""
        given = ["-protocol_whitelist", PROTOCOLS, "-i", str(path), *arguments, "-of", "json"]
        found: dict[str, Any] = json.loads(self.ffprobe.run(given))
        return found

    def check(self) -> None:
        """Raises Cancelled when the work was told to stop."""
        self.ffmpeg.check()


def opened(path: Path, form: str, *options: str) -> list[str]:
    """An input that can be nothing but what it is said to be."""
    return ["-protocol_whitelist", PROTOCOLS, "-f", form, *options, "-i", str(path)]


def require_encoders(ffmpeg: Children, book: BookScript) -> None:
    """Raises EngineUnavailable where ffmpeg is missing, or was built without what this book needs."""
    listed = ffmpeg.run(["-encoders"]).decode("utf-8", "replace")
    there = set(re.findall(r"^ A\S+ (\S+)", listed, re.MULTILINE))
    missing = [name for name, formats in _ENCODERS.items() if book.wants(*formats) and name not in there]
    if missing:
        raise EngineUnavailable(
            f"ffmpeg here was built without {', '.join(missing)}, which these formats need. Install one that has it "
            "(apt-get install ffmpeg), name it in REELPRINT_FFMPEG, or ask for other formats."
        )


def best_resampler(ffmpeg: Children) -> str:
    """soxr where ffmpeg was built with it, else its own."""
    silence = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "0.1"]
    try:
        ffmpeg.run([*silence, "-af", "aresample=44100:resampler=soxr", "-f", "null", "-"])
    except RenderFailed:
        return "swr"
    return "soxr"


def flat(parts: Sequence[str]) -> str:
    """Filters in a row."""
    return ",".join(part for part in parts if part)
