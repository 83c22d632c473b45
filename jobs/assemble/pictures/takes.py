"""Takes: neighbouring shots made by one run of ffmpeg, whose start costs as much as encoding a handful of frames. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.assemble.pictures.shots import Shot

MOST_SHOTS = 3  # each has an encoder and its sources open: some 30 MB at 720p
EACH_WORKER = 4  # takes at least, where there are shots enough: else the last one works while the others wait


def in_takes(shots: Sequence[Shot], workers: int) -> list[Sequence[Shot]]:
    """`shots`, in order, for so many workers."""
    size = min(MOST_SHOTS, max(1, len(shots) // (workers * EACH_WORKER)))
    return [shots[n : n + size] for n in range(0, len(shots), size)]
