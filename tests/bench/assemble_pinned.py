"""One contender on one CPU: `python -m tests.bench.assemble_pinned CPU REPORT PROGRAM ARGUMENT...`

Writes to REPORT, as JSON, when the program began and ended (monotonic seconds, one clock for the whole machine) and the CPU
seconds, user and system, of all of its process tree. Ends with the program's own exit code.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: what the program leaves running becomes ours, and its time is counted


def main() -> int:
    cpu, report, *argv = sys.argv[1:]
    os.sched_setaffinity(0, {int(cpu)})
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    began = time.monotonic()
    code = subprocess.run(argv, check=False).returncode
    ended = time.monotonic()
    reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {"began": began, "ended": ended, "cpu": used.ru_utime + used.ru_stime}
    Path(report).write_text(json.dumps(facts), encoding="utf-8")
    return code if code >= 0 else 128 - code  # as a shell names a signal


def reap() -> None:
    """Wait for what outlived the program."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    sys.exit(main())
