"""What thumbnails for ten minutes cost: `python -m tests.bench.sprite_sheet`.

A 720p film of moving pictures, one thumbnail every five seconds, made three ways: as the job does it, which hands over the
wanted keyframes alone; by decoding every keyframe (`-skip_frame nokey`); and by decoding everything. And the largest sheet
that is allowed. CPU in seconds; memory is the largest child's resident set.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from jobs.assemble.pictures.sheets import sprite_sheet
from jobs.assemble.running.child import Children
from shared.config import tool_environment
from shared.domain.blueprint.check_sprite import most_thumbnails
from shared.domain.blueprint.model import Sprite
from tests.support.assembly import house_options, output_of
from tests.support.media import ffmpeg

MINUTES, RATE, INTERVAL, COLUMNS = 10, 30, 150, 10
SIZE = {"profile": "standard", "width": 1280, "height": 720}
FRAMES = MINUTES * 60 * RATE


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        film = _film(folder)
        print(f"{MINUTES} minutes of 1280x720, {film.stat().st_size / 1e6:.0f} MB, {FRAMES // INTERVAL} thumbnails")
        print(f"{'way':<36}{'CPU s':>8}{'RSS MB':>8}{'ratio':>8}")
        base = _told("wanted keyframes handed over", lambda: _ours(film, folder, INTERVAL, COLUMNS), 0)
        _told("every keyframe decoded", lambda: _theirs(film, folder, ["-skip_frame", "nokey"]), base)
        _told("every frame decoded", lambda: _theirs(film, folder, []), base)
        most = most_thumbnails(1280, 720, 64)
        shown = -(-FRAMES // most)
        _told(f"the largest sheet ({FRAMES // shown} thumbnails)", lambda: _ours(film, folder, shown, 64), base)


def _film(folder: Path) -> Path:
    """One minute of moving test pictures in the house format, ten times over."""
    words = {"format": "f", "vcodec": "c:v"}
    options = house_options(SIZE)
    flags = [word for name, value in options.items() for word in (f"-{words.get(name, name)}", str(value))]
    minute, whole, film = (folder / name for name in ("minute.h264", "whole.h264", "film.mp4"))
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={RATE}:d=60", *flags, minute)
    whole.write_bytes(minute.read_bytes() * MINUTES)
    strip = ["-c", "copy", "-bsf:v", "filter_units=remove_types=6-9,setts=ts=N", "-video_track_timescale", str(RATE)]
    ffmpeg("-framerate", str(RATE), "-i", whole, *strip, film)
    return film


def _ours(film: Path, folder: Path, interval: int, columns: int) -> None:
    sprite = Sprite(interval=interval, columns=columns)
    sprite_sheet(film, output_of(SIZE), sprite, folder, Children(tool_environment()))


def _theirs(film: Path, folder: Path, options: list[str]) -> None:
    draw = f"fps={RATE}/{INTERVAL},scale=160:90,tile={COLUMNS}x{FRAMES // INTERVAL // COLUMNS}"
    ffmpeg(*options, "-threads", "1", "-i", film, "-vf", draw, "-frames:v", "1", folder / "theirs.jpg")


def _told(name: str, work: Callable[[], None], base: float) -> float:
    """Run `work` in a process of its own, so that memory is its alone; its CPU seconds."""
    context = get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=lambda: answer.put(_cost(work)))
    process.start()
    cpu, memory = answer.get()
    process.join()
    print(f"{name:<36}{cpu:>8.2f}{memory / 1e6:>8.0f}{cpu / (base or cpu):>8.1f}")
    return float(cpu)


def _cost(work: Callable[[], None]) -> tuple[float, float]:
    work()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in used), used[1].ru_maxrss * 1024


if __name__ == "__main__":
    main()
