"""What a contender costs: CPU and wall seconds, and the memory of its process tree, scratch files included.

Files that a job writes count as memory on Cloud Run. The output does not, since every contender writes it, nor do the
sources that ours fetches, which the others open where they lie.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_EVERY_S = 0.05
NOT_SCRATCH = ("output", "joined", "asset-", ".")  # how names of the result begin, and of sources, here or on the way
IDLE_S = 60
MB = 1e6
Start = Callable[[list[str]], "subprocess.Popen[bytes]"]


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the whole tree, wall seconds; bytes: PSS, scratch files, and both together, each at its peak."""

    cpu: float
    wall: float
    memory: int
    scratch: int
    peak: int


class Failed(Exception):
    """A contender ended with another code than 0, or did nothing any more."""


def usable_cpus() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def measure(starts: Sequence[Start], scratch: Path, cpus: Sequence[int]) -> Cost:
    """Run programs side by side, one to a CPU, and wait for all of them.

    A start gets the words to put before its program's own. Raises Failed, with the last of what the program said on a
    standard error that is piped here, when one of them fails.
    """
    reports = [scratch.parent / f"usage-{cpu}.json" for cpu in cpus]
    with ExitStack() as running:
        tasks = [start(pinned(cpu, report)) for start, cpu, report in zip(starts, cpus, reports, strict=True)]
        for task in tasks:
            running.callback(_end, task)
        memory = files = peak = 0
        patience = _Patience()
        while any(task.poll() is None for task in tasks):
            patience.require_work(tasks)
            now, written = sum(pss_of_tree(task.pid) for task in tasks), bytes_in(scratch)
            memory, files, peak = max(memory, now), max(files, written), max(peak, now + written)
            time.sleep(LOOK_EVERY_S)
        said = [(task.communicate()[1] or b"").decode("utf-8", "replace") for task in tasks]
    for task, words in zip(tasks, said, strict=True):
        if task.returncode:
            raise Failed(f"it ended with code {task.returncode}: {words[-600:].strip()}")
    used = [json.loads(report.read_text(encoding="utf-8")) for report in reports]
    wall = max(facts["ended"] for facts in used) - min(facts["began"] for facts in used)
    return Cost(sum(facts["cpu"] for facts in used), wall, memory, files, peak)


class _Patience:
    """Notices a program that neither works nor ends: one that waits for ever would hold up all that come after it."""

    def __init__(self) -> None:
        self._cpu = -1.0
        self._asked = self._moved = time.monotonic()

    def require_work(self, tasks: Sequence[subprocess.Popen[bytes]]) -> None:
        """Raise Failed when no CPU time was used for IDLE_S; asks every second, which costs little."""
        now = time.monotonic()
        if now < self._asked + 1:
            return
        self._asked, used = now, sum(cpu_of_tree(task.pid) for task in tasks)
        if used > self._cpu + 0.05:  # a loop that only sleeps and looks uses a little, too
            self._cpu, self._moved = used, now
        elif now > self._moved + IDLE_S:
            raise Failed(f"it did nothing for {IDLE_S} s and was stopped")


def _end(task: subprocess.Popen[bytes]) -> None:
    """Stop a program and all it started, where it still runs: the benchmark itself was stopped."""
    if task.poll() is None:
        for process in psutil.Process(task.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        try:
            task.communicate(timeout=10)  # the wrapper ends by itself, once it has seen all of them end
        except subprocess.TimeoutExpired:
            task.kill()
            task.communicate()


def pinned(cpu: int, report: Path) -> list[str]:
    return [sys.executable, "-m", "tests.bench.assemble_pinned", str(cpu), str(report)]


def cpu_of_tree(wrapper: int) -> float:
    """CPU seconds of what runs below the wrapper now, and of what it has waited for."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(wrapper).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total


def pss_of_tree(wrapper: int) -> int:
    """Proportional set size, in bytes, of all that runs below the wrapper; a page that several share counts once."""
    try:
        below = psutil.Process(wrapper).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    return sum(pss_of(process.pid) for process in below)


def pss_of(process: int) -> int:
    """From /proc/PID/smaps_rollup; 0 for a process that has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def bytes_in(folder: Path) -> int:
    """Size of the scratch files in a folder and those under it, without the output and the fetched sources."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            if not name.startswith(NOT_SCRATCH):
                with suppress(FileNotFoundError):  # it went while it was looked at
                    total += Path(root, name).lstat().st_size  # a link to a font is no copy of it
    return total
