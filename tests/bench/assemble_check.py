"""Whether a contender made what was asked for: every frame counted, and sampled frames held against another's.

A wrong order, a piece too long by a frame, a picture decoded with the wrong parameters: each leaves the frame count as it
may be and shows at the seams, so that is where half of the samples lie.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from tests.bench.assemble_edits import RATE, Edit
from tests.support.media import ffmpeg, ffprobe

SAMPLES = 12  # pieces looked at, three frames in each
LEAST_MEAN_DB, LEAST_DB = 36.0, 28.0  # two encodings of the same pictures; another clip's frame lies under 20
CHANGED_DB = 36.0  # a frame that was edited lies under it, one that was only encoded anew above
Frame = NDArray[np.uint8]


class Wrong(Exception):
    """What is wrong with a result."""


def frames_in(film: Path) -> int:
    """Packets of the video stream: one to a frame. Raises Wrong where there is no film."""
    facts = ["-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    try:
        said = ffprobe(film, "-select_streams", "v:0", *facts)
    except subprocess.CalledProcessError as exc:
        raise Wrong("it made no film that can be read") from exc
    return int(said.strip().rstrip(","))


def require_frames(film: Path, edit: Edit) -> None:
    if (found := frames_in(film)) != edit.frames:
        raise Wrong(f"it has {found} frames, {edit.frames} were asked for")


def require_alike(
    film: Path, reference: Path | None, edit: Edit, mean: float = LEAST_MEAN_DB, least: float = LEAST_DB
) -> float | None:
    """The mean likeness of sampled frames; None without a reference. Raises Wrong where it is not that of one edit."""
    if reference is None:
        return None
    found = likeness(film, reference, samples_of(edit))
    if fmean(found) < mean or min(found) < least:
        raise Wrong(
            f"sampled frames are {fmean(found):.1f} dB like the one graph's on average and {min(found):.1f} dB at "
            f"worst; {mean:.0f} and {least:.0f} at least would be right"
        )
    return fmean(found)


def require_edited(film: Path, first: Path, edit: Edit, changed: range) -> float:
    """The mean likeness to the film before the edit, of frames it did not touch; it must show in all of the others."""
    untouched = [n for n in samples_of(edit) if n not in changed]
    same = likeness(film, first, untouched)
    other = likeness(film, first, changed[len(changed) // 4 : -len(changed) // 4 : len(changed) // 4])
    if min(same) < CHANGED_DB or max(other) > CHANGED_DB:
        raise Wrong(
            f"frames beside the edit are {min(same):.1f} dB like those before at worst, edited ones {max(other):.1f} dB "
            f"at best; {CHANGED_DB:.0f} dB must part them"
        )
    return fmean(same)


def samples_of(edit: Edit) -> list[int]:
    """The first and the last frame of pieces spread over the edit, and one in between."""
    chance = random.Random(5)
    step = max(1, len(edit.pieces) // SAMPLES)
    found: set[int] = set()
    for piece, start in list(zip(edit.pieces, edit.starts, strict=True))[::step]:
        found |= {start, start + chance.randrange(piece.frames), start + piece.frames - 1}
    return sorted(found)


def likeness(one: Path, other: Path, samples: Iterable[int]) -> list[float]:
    """PSNR in dB of each sampled frame, over luma and chroma; 99 for equal ones."""
    return [psnr(frame_at(one, n), frame_at(other, n)) for n in samples]


@lru_cache(maxsize=128)
def frame_at(film: Path, number: int) -> Frame:
    """One decoded frame as its YUV 4:2:0 bytes, found by its time."""
    seek = f"{max(0.0, (number - 0.5) / RATE):.6f}"
    raw = ffmpeg("-ss", seek, "-i", film, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    return np.frombuffer(raw, np.uint8)


def psnr(one: Frame, other: Frame) -> float:
    if one.shape != other.shape:
        raise Wrong(f"a sampled frame has {one.size} bytes, the other's {other.size}")
    error = float(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))
