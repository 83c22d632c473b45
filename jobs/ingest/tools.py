"""ffmpeg and ffprobe as the ingest uses them: over one upload, opened as one of a few formats, within limits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.assemble.running.child import PROTOCOLS, Children
from shared.domain.errors import CorruptAsset, RenderFailed

Step = Callable[[int, str], None]  # told a percentage and what is being done
SOUND_FORMATS = "wav,flac,ogg,mp3"
FILM_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"


@dataclass(frozen=True)
class Tools:
    """`step` tells how far the work is; `scratch` is emptied afterwards."""

    ffmpeg: Children
    ffprobe: Children
    scratch: Path
    step: Step

    def decode(self, source: Path, formats: str, arguments: Sequence[str]) -> bytes:
        """Run ffmpeg over an upload; what it wrote to standard output. Raises CorruptAsset where it does not decode."""
        try:
            return self.ffmpeg.run(["-xerror", "-y", *opened(source, formats), *arguments])
        except RenderFailed as exc:
            raise CorruptAsset(f"The file does not decode: {_said(exc, source)} Save it anew and upload that.") from exc

    def probe(self, source: Path, formats: str, entries: str) -> bytes:
        """ffprobe's JSON about an upload. Raises CorruptAsset where it cannot be opened."""
        try:
            return self.ffprobe.run([*opened(source, formats), "-show_entries", entries, "-of", "json"])
        except RenderFailed as exc:
            raise CorruptAsset(
                f"The file cannot be opened: {_said(exc, source)} Save it anew and upload that."
            ) from exc


def _said(exc: RenderFailed, source: Path) -> str:
    """What ffmpeg said, without the place of its copy of the upload: that is nobody's business."""
    return exc.detail.replace(f"{source}: ", "").replace(str(source), "the file")


def opened(source: Path, formats: str) -> list[str]:
    return ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", formats, "-i", str(source)]


class Counted:
    """Pictures that are out, as a percentage from `first` to `last` of the whole work."""

    def __init__(self, step: Step, total: int, first: int, last: int, doing: str) -> None:
        self._step, self._total, self._first, self._last, self._doing = step, max(1, total), first, last, doing
        self._told = first
        self._lock = threading.Lock()

    def __call__(self, frames: int) -> None:
        share = min(1.0, frames / self._total)
        percentage = self._first + int((self._last - self._first) * share)
        with self._lock:
            if percentage <= self._told:
                return
            self._told = percentage
        self._step(percentage, f"{self._doing}: {frames:,} of about {self._total:,} frames")
