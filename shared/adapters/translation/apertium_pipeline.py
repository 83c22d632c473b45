"""A pipeline of programs kept open between requests: each flushes at a NUL, so a request costs no start-up.

Measured: 0.1-0.5 s for a pipeline of its own per request, 1.5 ms a sentence for one that is open. Its programs end by themselves when this
process does, because their input ends.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from shared.domain.errors import EngineFailed, EngineUnavailable

_READ_BYTES = 65_536
_CLOSED = -1


class _Broken(Exception):
    """The pipeline can not be used any more; the text says why."""


class NullFlushPipeline:
    """One request at a time; others wait. A pipeline that dies or hangs is rebuilt once before a request fails."""

    def __init__(self, name: str, stages: Sequence[Sequence[str]], *, deadline_s: float, install: str) -> None:
        self._name = name
        self._stages = stages
        self._deadline_s = deadline_s
        self._install = install
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._writer, self._reader = _CLOSED, _CLOSED
        self._requests = 0

    def ask(self, stream: str) -> str:
        """Send text in Apertium's stream format, return what comes out. Raises EngineFailed, EngineUnavailable."""
        with self._lock:
            try:
                return self._exchange(stream)
            except _Broken:
                self._stop()
            try:
                return self._exchange(stream)
            except _Broken as exc:
                self._stop()
                raise EngineFailed(f"Apertium's pipeline {self._name} failed twice in a row: {exc}; try again") from exc

    def close(self) -> None:
        """End the programs. A later request starts them again."""
        with self._lock:
            self._stop()

    def _exchange(self, stream: str) -> str:
        """One request and its answer, which must carry the request's own mark at its end and no NUL before."""
        if not self._children:
            self._start()
        self._requests += 1
        mark = f"[][={self._requests}]"  # also makes the programs give out a full stop they would hold back
        answer = self._transfer(f"{stream}{mark}\0".encode())
        if not answer.endswith(f"{mark}\0".encode()) or answer.count(b"\0") != 1:
            raise _Broken(f"the answer does not end as the request does; {self._dead()}")
        return answer.decode("utf-8", "replace")[: -len(mark) - 1]

    def _transfer(self, request: bytes) -> bytes:
        """Write and read at the same time, so that no full pipe can block either side, until a NUL comes."""
        deadline = time.monotonic() + self._deadline_s
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._writer, selectors.EVENT_WRITE)
            selector.register(self._reader, selectors.EVENT_READ)
            while not answer.endswith(b"\0"):
                ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
                if not ready:
                    raise _Broken(f"no answer within {self._deadline_s:g} s")
                if self._writer in ready:
                    request = request[self._write(request) :]
                    if not request:
                        selector.unregister(self._writer)
                if self._reader in ready:
                    answer += self._read()
        return bytes(answer)

    def _write(self, request: bytes) -> int:
        try:
            return os.write(self._writer, request)
        except OSError as exc:
            raise _Broken(self._dead()) from exc

    def _read(self) -> bytes:
        chunk = os.read(self._reader, _READ_BYTES)
        if not chunk:
            raise _Broken(self._dead())
        return chunk

    def _start(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        for stage in self._stages:
            stdin = self._reader
            self._reader, stdout = os.pipe()
            try:
                self._children.append(_start_stage(stage, stdin, stdout))
            except OSError as exc:
                self._stop()
                raise EngineUnavailable(
                    f"{stage[0]!r} of Apertium's {self._name} does not start; {self._install}"
                ) from exc
            finally:
                os.close(stdin)  # the stage has both now; kept open here they would hide the end of its neighbours
                os.close(stdout)

    def _stop(self) -> None:
        for child in self._children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
        for child in self._children:
            child.wait()
        for descriptor in {self._writer, self._reader} - {_CLOSED}:
            os.close(descriptor)
        self._children, self._writer, self._reader = [], _CLOSED, _CLOSED

    def _dead(self) -> str:
        """Which programs have ended, for a message."""
        codes = [(stage[0], child.poll()) for stage, child in zip(self._stages, self._children, strict=False)]
        return ", ".join(f"{name} ended with {code}" for name, code in codes if code is not None) or "its output ended"


def _start_stage(stage: Sequence[str], stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    """Start one program, in a session of its own so that what it starts ends with it.

    Its stderr is not read: it may repeat the text.
    """
    return subprocess.Popen(stage, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, start_new_session=True)
