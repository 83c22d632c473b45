"""A real HTTP door on the loopback that writes down what is delivered to it and answers as it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

WAIT_S = 20.0  # only ever waited out by a test that is about to fail


@dataclass(frozen=True)
class Answer:
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    payload: Any

    @property
    def name(self) -> str:
        return self.headers["X-CloudTasks-TaskName"]

    @property
    def retry_count(self) -> int:
        return int(self.headers["X-CloudTasks-TaskRetryCount"])


class TaskDoor:
    """`answer` decides, per delivery, what the door says; it runs in the request's own thread and may block."""

    def __init__(self, answer: Callable[[Received], Answer] = lambda _: Answer()) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.inside = self.most_inside = self.connections = 0
        self._sockets: list[socket.socket] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def names(self) -> list[str]:
        """Of all deliveries, in the order they came."""
        return [received.name for received in list(self.received)]

    def wait_for(self, count: int) -> list[Received]:
        """The deliveries, once there are at least `count`."""
        with self._changed:
            met = self._changed.wait_for(lambda: len(self.received) >= count, WAIT_S)
        assert met, f"{len(self.received)} of {count} deliveries came: {self.names[:20]}"
        return list(self.received)

    def hang_up(self) -> None:
        """Close all connections that are open, as a server does with idle ones."""
        for opened in self._sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def _serve(self, received: Received) -> Answer:
        with self._changed:
            self.received.append(received)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self._changed.notify_all()
        try:
            return self.answer(received)
        finally:
            with self._changed:
                self.inside -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                door.connections += 1
                door._sockets.append(self.request)
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = door._serve(Received(self.path, dict(self.headers), json.loads(body)))
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    if answer.status != 204:
                        self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:  # the dispatcher gave up waiting
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """A test says what it has to say by itself."""

        return Handler


def eventually(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fail when it never does."""
    give_up_at = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it never came true"
        time.sleep(0.005)
