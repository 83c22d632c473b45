"""Stand-ins for ffmpeg that pass everything on to it but one step: that one hangs, dies or is spoilt."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

FFMPEG = shutil.which("ffmpeg") or "ffmpeg"


class Tampered:
    """A program that is ffmpeg, until an argument contains `step`: then it leaves its id in a file and does `deed`."""

    def __init__(self, folder: Path, step: str, deed: str) -> None:
        self.program = folder / "tampered-ffmpeg"
        self._reached = folder / "reached"
        note = f"echo $$ >> {shlex.quote(str(self._reached))}"
        choice = f'case "$*" in *{shlex.quote(step)}*) {note}; {deed} ;; *) exec {shlex.quote(FFMPEG)} "$@" ;; esac\n'
        self.program.write_text("#!/bin/bash\n" + choice)
        self.program.chmod(0o755)

    def wait(self, timeout: float = 30) -> None:
        """Return once the step has been reached."""
        deadline = time.monotonic() + timeout
        while not (self._reached.exists() and self._reached.read_text().endswith("\n")):
            assert time.monotonic() < deadline, "the step was never reached"
            time.sleep(0.02)

    def processes(self) -> list[int]:
        """Those of the program's own processes that are still alive."""
        started = [int(line) for line in self._reached.read_text().split()] if self._reached.exists() else []
        return [pid for pid in started if _is_alive(pid)]

    def end(self) -> None:
        """End what a killed job left behind."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
