"""What a seven-minute narration costs to assemble: `python -m tests.bench.assemble_memory`.

One title card, ninety spoken lines, soft captions in two languages. Memory is that of the job and all its children
together, looked at every 20 ms: PSS counts a page that several of them share once, RSS counts it for each. Bound: 192 MB.
"""

from __future__ import annotations

import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.support.assembly import Raw, Studio, clip, production, sound_track
from tests.support.media import tone, write_wav

LINES, SPOKEN_RATE, RATE, AAC_FRAME = 90, 16_000, 48_000, 1024  # flite speaks at 16 kHz
BOUND_MB, LOOK_EVERY_S = 192, 0.02
MB = 1e6


@dataclass
class Cost:
    """Peaks in bytes over the whole process tree and its scratch folder; CPU and wall time in seconds."""

    pss: int = 0
    rss: int = 0
    scratch: int = 0
    processes: int = 0
    cpu: float = 0.0
    wall: float = 0.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        studio = Studio(Path(folder))
        document = narration(studio)
        seconds = document["tracks"][0]["items"][0]["duration"] / 30
        print(f"{seconds / 60:.1f} minutes, {LINES} lines, 1280x720, mono, captions in two languages")
        print(f"{'run':<24}{'PSS MB':>8}{'RSS MB':>8}{'scratch MB':>12}{'processes':>11}{'CPU s':>8}{'wall s':>8}")
        first = measured(studio, document, "first")
        show("first, two workers", first)
        show("again", measured(studio, document, "again"))
        show("one line edited", measured(studio, edited(studio, document), "edited"))
        print(f"bound: {BOUND_MB} MB PSS; met: {'yes' if first.pss <= BOUND_MB * MB else 'NO'}")


def show(name: str, cost: Cost) -> None:
    sizes = f"{cost.pss / MB:>8.0f}{cost.rss / MB:>8.0f}{cost.scratch / MB:>12.0f}"
    print(f"{name:<24}{sizes}{cost.processes:>11}{cost.cpu:>8.1f}{cost.wall:>8.1f}")


def narration(studio: Studio) -> Raw:
    chance = random.Random(11)
    assets: dict[str, Raw] = {}
    items: list[Raw] = []
    cues: dict[str, list[Raw]] = {"en": [], "es": []}
    position = RATE * 3 // 2
    for n in range(LINES):
        start = -(-position // AAC_FRAME) * AAC_FRAME
        spoken = chance.uniform(2.5, 6.0)
        assets[f"line-{n}"] = spoken_line(studio, f"line-{n}", spoken)
        length = int(spoken * RATE)
        items.append(clip(f"n{n}", f"line-{n}", start, 0, length))
        for language, listed in cues.items():
            listed.append(
                {"start": start * 30 // RATE, "duration": length * 30 // RATE, "text": f"{language} line {n}"}
            )
        position = start + length + RATE * 2 // 5
    card = {"kind": "title_card", "title": "Seven minutes", "subtitle": "of narration"}
    ground = {
        "type": "generator",
        "id": "card",
        "generator": card,
        "timeline_start": 0,
        "duration": position * 30 // RATE + 60,
    }
    output = {"profile": "standard", "width": 1280, "height": 720, "poster": {"frame": 0}}
    output["loudness"] = {"integrated_lufs": -19.0, "true_peak_dbtp": -1.5}
    captions = {"mode": "soft", "languages": cues}
    return production([ground], assets, sound_track("voices", "narration", items), output=output, captions=captions)


def spoken_line(studio: Studio, name: str, seconds: float, frequency: float = 180) -> Raw:
    """A tone that swells and fades four times a second, as syllables do."""
    sound = tone(frequency, seconds, -12, SPOKEN_RATE)
    syllables = 0.55 + 0.45 * np.sin(np.arange(len(sound)) / SPOKEN_RATE * 2 * np.pi * 4)
    return studio.put(write_wav(studio.root / f"{name}.wav", sound * syllables, SPOKEN_RATE), "audio/wav")


def edited(studio: Studio, document: Raw) -> Raw:
    return document | {"assets": document["assets"] | {"line-40": spoken_line(studio, "other", 6.0, 250)}}


def measured(studio: Studio, document: Raw, name: str) -> Cost:
    output = document["output"] | {"uri": f"media://films/{name}.mp4"}
    before, began, cost = children_cpu(), time.monotonic(), Cost()
    task = studio.start(document | {"output": output}, REELPRINT_WORKERS="2")
    while task.poll() is None:
        look(psutil.Process(task.pid), studio.scratch, cost)
        with suppress(subprocess.TimeoutExpired):
            task.wait(LOOK_EVERY_S)
    assert studio.ended(task).code == 0
    cost.cpu, cost.wall = children_cpu() - before, time.monotonic() - began
    return cost


def look(job: psutil.Process, scratch: Path, cost: Cost) -> None:
    memory = list(memory_of_tree(job))
    cost.pss = max(cost.pss, sum(pss for pss, _ in memory))
    cost.rss = max(cost.rss, sum(rss for _, rss in memory))
    cost.processes = max(cost.processes, len(memory))
    with suppress(FileNotFoundError):  # a file went while it was being looked at
        cost.scratch = max(cost.scratch, sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file()))


def memory_of_tree(job: psutil.Process) -> Iterator[tuple[int, int]]:
    with suppress(psutil.NoSuchProcess):
        for process in (job, *job.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                found = process.memory_full_info()
                yield found.pss, found.rss


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
