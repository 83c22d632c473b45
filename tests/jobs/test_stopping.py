"""A render told to stop stops wherever it is; a killed one is completed by the next, to the byte."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Studio, clip, colour, production
from tests.support.assembly_life import NthCall, small_film
from tests.support.assembly_tools import FFMPEG

pytestmark = pytest.mark.media


@dataclass(frozen=True)
class Whole:
    """The small film, rendered without a disturbance: how often ffmpeg was called, and everything published."""

    calls: int
    files: Mapping[str, bytes]


def published(studio: Studio) -> dict[str, bytes]:
    """Everything but the report, which tells who made what."""
    return {key: studio.media.get(key) for key in studio.keys("films/") if not key.endswith("report.json")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Whole:
    studio = Studio(tmp_path_factory.mktemp("whole"))
    counted = NthCall(studio.root / "tools")
    ended = studio.render(
        small_film(stored(studio, sources)), REELPRINT_FFMPEG=str(counted.program), REELPRINT_WORKERS="1"
    )
    assert ended.code == 0, ended.log
    files = published(studio)
    assert {"films/film.mp4", "films/film.poster.jpg", "films/film.sprite.jpg", "films/film.en.vtt"} <= files.keys()
    return Whole(counted.calls, files)


@pytest.mark.parametrize("share", [0.0, 0.35, 0.7, 1.0])
def test_a_render_told_to_stop_stops_wherever_it_is(
    studio: Studio, sources: Sources, whole: Whole, share: float
) -> None:
    """At the first call of ffmpeg, among the shots, at the sound, at the last of the published pictures."""
    deed = "trap '' TERM; while true; do sleep 0.1; done" if share == 0.7 else "while true; do sleep 0.1; done"
    hanging = NthCall(studio.root / "tools", max(1, round(share * whole.calls)), deed)
    document = small_film(stored(studio, sources))
    task = studio.start(document, REELPRINT_FFMPEG=str(hanging.program), REELPRINT_WORKERS="1")
    hanging.wait()
    kept = studio.keys("artifacts/")
    task.send_signal(signal.SIGTERM)
    ended = studio.ended(task, timeout=5)
    assert (ended.code, ended.error["type"]) == (7, "cancelled")
    assert "Finished shots are kept" in ended.error["detail"]  # in order, not by force
    assert ended.record is not None
    assert ended.record["status"] == "cancelled"
    assert (hanging.living(), studio.leftovers()) == ([], [])
    assert "films/film.mp4" not in studio.keys("films/")
    assert set(studio.keys("artifacts/")) >= set(kept)
    assert studio.render(document).code == 0
    assert published(studio) == whole.files


@pytest.mark.parametrize("item", ["still", "clip"])
def test_a_storage_that_does_not_answer_cannot_keep_a_render_from_stopping(
    studio: Studio, sources: Sources, item: str
) -> None:
    """A picture's bytes are waited for by a worker, a clip's by the main thread: both for ever."""
    asset = studio.put(sources.foreign, "image/png" if item == "still" else "video/x-matroska")
    still = {"type": "still", "id": "s", "asset": "a", "timeline_start": 30, "duration": 10}
    source = still if item == "still" else clip("f", "a", 30, 0, 10)
    (data,) = (path for path in (studio.root / "storage/media/data").rglob("*") if path.is_file())
    data.unlink()
    os.mkfifo(data)
    task = studio.start(production([colour("c", 0, 30), source], {"a": asset}), REELPRINT_WORKERS="1")
    writer = wait_for_reader(data)
    task.send_signal(signal.SIGTERM)
    ended = studio.ended(task, timeout=5)
    os.close(writer)
    assert (ended.code, ended.error["type"]) == (7, "cancelled")
    assert "by force" in ended.error["detail"]
    assert studio.leftovers() == []


def wait_for_reader(pipe: Path) -> int:
    """The writing end of a pipe, once somebody has opened it to read."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # ENXIO until then
        time.sleep(0.02)
    raise AssertionError("nobody came to read")


KILLS = random.Random(52).sample(range(100), 4)  # per cent of the way through ffmpeg's calls


@pytest.mark.parametrize("share", KILLS)
def test_a_killed_render_is_completed_by_the_next_to_the_byte(
    studio: Studio, sources: Sources, whole: Whole, share: int
) -> None:
    """Killed before what ffmpeg was called for is begun, or, every other time, once it is done."""
    begun = "kill -9 $PPID; exit 1"
    deed = begun if KILLS.index(share) % 2 else f'{FFMPEG} "$@" & wait $!; {begun}'
    killing = NthCall(studio.root / "tools", 1 + share * whole.calls // 100, deed)
    document = small_film(stored(studio, sources))
    task = studio.start(document, REELPRINT_FFMPEG=str(killing.program), REELPRINT_WORKERS="1")
    task.communicate(timeout=60)
    assert task.returncode == -signal.SIGKILL
    assert "films/film.mp4" not in studio.keys("films/")
    assert all(studio.media.get(key) for key in studio.keys(""))  # every object is whole: its checksum is read again
    assert studio.render(document).code == 0
    assert published(studio) == whole.files
