"""What a child may use: time, memory, disk, and pictures of what size. A source that asks for more ends its child, not the job."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_PIXELS = 50_000_000  # of one picture of a source: the largest photographs have so many; decoded, 200 MB
MAX_BLOCK = 512 * 1024**2  # bytes that ffmpeg may ask for at once: a table's forged length must not become memory


@dataclass(frozen=True)
class Limits:
    """Of each child, but for `job_seconds`: so long may the whole render last. Times in seconds, sizes in bytes."""

    seconds: float = 1800
    cpu_seconds: int = 3600
    memory: int = 3 * 1024**3  # address space, of which ffmpeg's libraries alone map some 600 MB
    output: int = 32 * 1024**3
    job_seconds: float = 12 * 3600

    def impose(self, pid: int) -> None:
        """Bound a running child. Linux only: elsewhere the container's own limits stand alone."""
        if sys.platform != "linux":
            return
        bounds = (
            (resource.RLIMIT_CPU, self.cpu_seconds, self.cpu_seconds + 5),  # SIGXCPU first, and SIGKILL for the deaf
            (resource.RLIMIT_AS, self.memory, self.memory),
            (resource.RLIMIT_FSIZE, self.output, self.output),
            (resource.RLIMIT_CORE, 0, 0),
        )
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            for kind, soft, hard in bounds:
                inherited = resource.prlimit(pid, kind)  # a tighter one, set from outside, stays; raising it is refused
                limits = (_tighter(inherited[0], soft), _tighter(inherited[1], hard))
                resource.prlimit(pid, kind, limits)


def _tighter(one: int, other: int) -> int:
    return other if one == resource.RLIM_INFINITY else min(one, other)


def bounded(arguments: Sequence[str]) -> Iterator[str]:
    """ffmpeg's arguments with the limits it keeps itself: each input's pictures are refused before they are decoded."""
    yield from ("-max_alloc", str(MAX_BLOCK))
    for word in arguments:
        if word == "-i":
            yield from ("-max_pixels", str(MAX_PIXELS))
        yield word
