"""Child processes: ffmpeg under limits. Whatever it is told to open comes from a short list of protocols and formats."""

from __future__ import annotations

import contextlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from shared.domain.errors import Cancelled, EngineFailed, EngineUnavailable, RenderFailed, StorageFull

PROTOCOLS = "file,pipe,fd"
MAX_MEMORY = 3 * 1024**3  # address space, of which ffmpeg's libraries alone map some 600 MB
MAX_OUTPUT = 32 * 1024**3
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")


class Children:
    """Starts children, and stops them all when the work is cancelled."""

    def __init__(self, environment: Mapping[str, str], ffmpeg: str = "ffmpeg", timeout: float = 1800) -> None:
        self._ffmpeg = ffmpeg
        self._environment = dict(environment)
        self._timeout = timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.RLock()  # a signal's handler takes it in a thread that may hold it
        self.cancelled = threading.Event()

    def run(self, arguments: Sequence[str], feed: Callable[[int], None] | None = None) -> bytes:
        """Run ffmpeg and return what it wrote to standard output.

        `feed` gets the file descriptor of its standard input and writes to it. Raises RenderFailed with the first line of
        what ffmpeg said, EngineFailed when it was killed, StorageFull, Cancelled, EngineUnavailable.
        """
        child = self._start([self._ffmpeg, "-hide_banner", "-v", "error", *arguments], feed)
        feeder = self._feed(child, feed) if feed else None
        try:
            out, said = self._collect(child)
        finally:
            self._stop(child)
            if feeder:
                feeder.join()
        self._judge(child.returncode, said.decode("utf-8", "replace"))
        return out

    def cancel(self) -> None:
        """Stop everything now; whatever is started later is refused."""
        self.cancelled.set()
        with self._lock:
            for child in self._running:
                child.terminate()

    def check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("The render was told to stop. Finished shots are kept; the next run goes on from them.")

    def _start(self, argv: Sequence[str], feed: object) -> subprocess.Popen[bytes]:
        self.check()
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as exc:
            raise EngineUnavailable(
                f"The program {argv[0]!r} was looked for and cannot be run ({exc.strerror}). Install ffmpeg (apt-get install "
                "ffmpeg, brew install ffmpeg), or correct REELPRINT_FFMPEG."
            ) from exc
        _limit(child.pid)
        with self._lock:
            self._running.add(child)
        return child

    def _feed(self, child: subprocess.Popen[bytes], feed: Callable[[int], None]) -> threading.Thread:
        pipe = child.stdin
        assert pipe is not None  # noqa: S101  # Popen was given PIPE; this tells mypy
        child.stdin = None  # communicate() would close it; the feeder does

        def work() -> None:
            with contextlib.suppress(BrokenPipeError), pipe:  # ffmpeg said why it stopped; its exit code is judged
                feed(pipe.fileno())

        thread = _Feeder(work, child)
        thread.start()
        return thread

    def _collect(self, child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return child.communicate(timeout=0.5)
            except subprocess.TimeoutExpired:
                self.check()
                if time.monotonic() > deadline:
                    raise RenderFailed(f"ffmpeg did not end within {self._timeout:.0f} s and was stopped.") from None

    def _stop(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.discard(child)
        if child.poll() is None:
            child.kill()
            child.communicate()

    def _judge(self, code: int, said: str) -> None:
        self.check()
        if code == 0:
            return
        if any(words in said for words in _NO_SPACE) or code == -signal.SIGXFSZ:
            raise StorageFull("ffmpeg found no space left for its output. Free some space, or move the work folder.")
        if code < 0:  # it did not judge its input: whoever killed it may not do so again
            raise EngineFailed(
                f"ffmpeg was ended by signal {-code} ({signal.strsignal(-code)}). Look at the memory; run again."
            )
        raise RenderFailed(f"ffmpeg ended with code {code}: {_cause(said)}.")


def _cause(said: str) -> str:
    """The first line ffmpeg said, which is nearest to the cause, without addresses in memory and scratch folders."""
    first = next((line.strip() for line in said.splitlines() if line.strip()), "it said nothing")
    return re.sub(r"\S*/(?=asset-)| @ 0x[0-9a-f]+", "", first)[:300].rstrip(".")


class _Feeder(threading.Thread):
    """Writes to a child; when that fails, the child is stopped and the failure is raised where the feeder is joined."""

    def __init__(self, work: Callable[[], None], child: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._work, self._child = work, child
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as exc:
            self._failure = exc
            self._child.kill()

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self._failure is not None:
            raise self._failure


def _limit(pid: int) -> None:
    """Bound memory and file size of a child. Linux only: elsewhere the container's own limits stand alone."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            for kind, most in (
                (resource.RLIMIT_AS, MAX_MEMORY),
                (resource.RLIMIT_CORE, 0),
                (resource.RLIMIT_FSIZE, MAX_OUTPUT),
            ):
                inherited = resource.prlimit(pid, kind)  # a tighter limit set from outside stays; raising it is refused
                bound = min([most, *(limit for limit in inherited if limit != resource.RLIM_INFINITY)])
                resource.prlimit(pid, kind, (bound, bound))
