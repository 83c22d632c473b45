"""One short-lived child process: bytes in, bytes out, bounded in time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence

from shared.domain.errors import EngineFailed, EngineUnavailable

MEMORY_BYTES = 512 * 2**20  # of address space; flite and espeak-ng need about 20 MB
OUTPUT_BYTES = 128 * 2**20  # of any one file the child writes
_SAID = 200  # characters of a child's last words that a message carries


def run_program(
    argv: Sequence[str], *, install: str, timeout_s: float, stdin: bytes = b"", well: Collection[int] = (0,)
) -> bytes:
    """Run `argv` to its end and return its stdout.

    Raises EngineUnavailable when the program is not there (`install` says how to get it), EngineFailed when it does not
    end in `timeout_s` seconds, is killed or exits with a code that is not one of `well`.
    """
    child = _start(argv, install)
    try:
        _limit(child.pid)
        stdout, stderr = child.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired as exc:
        raise EngineFailed(f"{argv[0]} did not finish within {timeout_s:g} s and was stopped; try again") from exc
    finally:
        _end(child)
    if child.returncode not in well:
        raise EngineFailed(f"{argv[0]} {_ending(child.returncode)}; it said: {_last_line(stderr)}")
    return stdout


def _start(argv: Sequence[str], install: str) -> subprocess.Popen[bytes]:
    """Start the child in a session of its own, so that whatever it starts can be ended with it."""
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except (FileNotFoundError, PermissionError) as exc:
        raise EngineUnavailable(f"looked for the program {argv[0]!r} and could not start it; {install}") from exc
    except OSError as exc:
        raise EngineFailed(f"{argv[0]} could not be started: {exc.strerror}") from exc


def _limit(pid: int) -> None:
    """Bound memory and file size from outside. Only Linux, where the functions run, can do so without a fork hook."""
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    except ProcessLookupError:
        return  # it has ended already; its exit code says how


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what still runs of the child's group and free its pipes."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None and not pipe.closed:
            pipe.close()
    child.wait()


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:_SAID] if lines else "nothing"
