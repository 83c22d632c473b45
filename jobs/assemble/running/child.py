"""Child processes: ffmpeg under limits. Whatever it is told to open comes from a short list of protocols and formats."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from jobs.assemble.running.frame_count import FrameCount, Seen
from jobs.assemble.running.limits import Limits, bounded
from shared.domain.errors import Cancelled, EngineFailed, EngineUnavailable, RenderFailed, StorageFull

PROTOCOLS = "file,pipe,fd"
TOLD_TO_STOP = 255  # ffmpeg's exit code after SIGTERM, SIGINT and SIGXCPU, which it takes for a wish to end early
_NO_MEMORY = "Cannot allocate memory"  # ffmpeg takes it for the end of an input, and its exit code may be 0
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")


class Children:
    """Starts children, and stops them all when the work is cancelled or its time is up."""

    def __init__(self, environment: Mapping[str, str], ffmpeg: str = "ffmpeg", limits: Limits | None = None) -> None:
        self._ffmpeg = ffmpeg
        self._environment = dict(environment)
        self._limits = limits or Limits()
        self._job_ends = time.monotonic() + self._limits.job_seconds
        self._watch = threading.local()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.RLock()  # a signal's handler takes it in a thread that may hold it
        self.cancelled = threading.Event()

    def run(self, arguments: Sequence[str], feed: Callable[[int], None] | None = None) -> bytes:
        """Run ffmpeg and return what it wrote to standard output.

        `feed` gets the file descriptor of its standard input and writes to it. Raises RenderFailed with the first line of
        what ffmpeg said, EngineFailed when it was killed, StorageFull, Cancelled, EngineUnavailable.
        """
        with contextlib.ExitStack() as stack:
            seen: Seen | None = getattr(self._watch, "seen", None)
            count = FrameCount(seen) if seen else None
            argv = [self._ffmpeg, "-hide_banner", "-v", "error"]
            if count:
                stack.callback(count.close)
                argv += count.options
            child = self._start([*argv, *bounded(arguments)], feed, count)
            feeder = self._feed(child, feed) if feed else None
            try:
                out, said = self._collect(child, count)
            finally:
                self._stop(child)
                if feeder:
                    feeder.join()
        self._judge(child.returncode, said.decode("utf-8", "replace"))
        return out

    def equip(self, environment: Mapping[str, str]) -> None:
        """Give what is started from now on these variables too."""
        self._environment |= environment

    @contextlib.contextmanager
    def watched(self, seen: Seen) -> Iterator[None]:
        """Within this block `seen` is told, twice a second, how many pictures each child run by this thread has put out."""
        self._watch.seen = seen
        try:
            yield
        finally:
            self._watch.seen = None

    def cancel(self) -> None:
        """Stop everything now; whatever is started later is refused."""
        self.cancelled.set()
        with self._lock:
            for child in self._running:
                child.terminate()

    def kill(self) -> None:
        """End what did not heed `cancel`."""
        with self._lock:
            for child in self._running:
                child.kill()

    def check(self) -> None:
        """Raises Cancelled when the work was told to stop, EngineFailed when it has lasted too long."""
        if self.cancelled.is_set():
            raise Cancelled("The render was told to stop. Finished shots are kept; the next run goes on from them.")
        if time.monotonic() > self._job_ends:
            raise EngineFailed(
                f"The render lasted longer than {self._limits.job_seconds:.0f} s and was stopped. Finished shots are kept; "
                "run it again, with more tasks, and it goes on from them."
            )

    def _start(self, argv: Sequence[str], feed: object, count: FrameCount | None) -> subprocess.Popen[bytes]:
        self.check()
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                pass_fds=(count.descriptor,) if count else (),
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as exc:
            raise EngineUnavailable(
                f"The program {argv[0]!r} was looked for and cannot be run ({exc.strerror}). Install ffmpeg (apt-get install "
                "ffmpeg, brew install ffmpeg), or correct REELPRINT_FFMPEG."
            ) from exc
        self._limits.impose(child.pid)
        if count:
            count.started()
        with self._lock:
            self._running.add(child)
        if self.cancelled.is_set():  # the signal may have come between the check and this: nobody else would stop it
            child.terminate()
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

    def _collect(self, child: subprocess.Popen[bytes], count: FrameCount | None) -> tuple[bytes, bytes]:
        deadline = time.monotonic() + self._limits.seconds
        while True:
            try:
                said = child.communicate(timeout=0.5)
            except subprocess.TimeoutExpired:
                self.check()
                if time.monotonic() > deadline:
                    raise RenderFailed(
                        f"ffmpeg did not end within {self._limits.seconds:g} s and was stopped."
                    ) from None
            else:
                return said
            finally:
                if count:
                    count.look()

    def _stop(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.discard(child)
        if child.poll() is None:
            child.kill()
            child.communicate()

    def _judge(self, code: int, said: str) -> None:
        self.check()
        if code == 0 and _NO_MEMORY not in said:
            return
        if any(words in said for words in _NO_SPACE) or code == -signal.SIGXFSZ:
            raise StorageFull("ffmpeg found no space left for its output. Free some space, or move the work folder.")
        if code == TOLD_TO_STOP:
            seconds = self._limits.cpu_seconds
            raise EngineFailed(
                f"ffmpeg was told to stop by somebody, or used {seconds} s of processor time. Run again."
            )
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
