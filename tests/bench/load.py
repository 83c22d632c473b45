"""A load generator: some kept-alive connections, each with one request under way, until a number of them is answered.

Our own, so that it is there on every machine and counts requests, not seconds. One thread over plain sockets: it costs
about as much as the kernel's own part, and the same for whoever is measured.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from dataclasses import dataclass
from statistics import quantiles

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Load:
    """What came of it: `seconds` altogether, each answer's own in `times`, and how many were not 200."""

    seconds: float
    times: list[float]
    errors: int

    @property
    def a_second(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, which: int) -> float:
        """Seconds within which `which` of a hundred answers came."""
        return quantiles(self.times, n=100, method="inclusive")[which - 1]


def put_load_on(port: int, request: bytes, *, requests: int, connections: int) -> Load:
    """Ask for the same thing again and again. Raises OSError where nobody answers within half a minute."""
    begin = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        asked = [_Connection(port, request) for _ in range(min(connections, requests))]
        for connection in asked:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        times: list[float] = []
        errors, left = 0, requests - len(asked)
        while len(times) < requests:
            for key, _ in _ready(selector):
                answer: _Connection = key.data
                status = answer.read()
                if not status:
                    continue
                times.append(time.perf_counter() - answer.asked_at)
                errors += status != b"200"
                if left:
                    left -= 1
                    answer.ask()
    seconds = time.perf_counter() - begin
    for connection in asked:
        connection.socket.close()
    return Load(seconds, times, errors)


def _ready(selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    ready = selector.select(_PATIENCE_S)
    if not ready:
        raise OSError(f"no connection has answered within {_PATIENCE_S:.0f} s")
    return ready


class _Connection:
    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._came = b""

    def ask(self) -> None:
        self._came, self.asked_at = b"", time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> bytes:
        """The status of an answer that has come in full; b"" while more is to come."""
        piece = self.socket.recv(65536)
        if not piece:
            raise OSError(f"the server hung up: {self._came[:200]!r}")
        self._came += piece
        head, end, body = self._came.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not end or (length and len(body) < int(length[1])):
            return b""
        return head.split(b" ", 2)[1]
