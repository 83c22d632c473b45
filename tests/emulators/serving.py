"""WSGI applications on a loopback port, by the standard library: no more than an emulator needs."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication, WSGIEnvironment


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without looking the host's name up
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # head and body are written apart: a delayed acknowledgement would cost 40 ms
    wbufsize = 1 << 16
    protocol_version = "HTTP/1.1"  # so that "Expect: 100-continue" is answered, and botocore does not wait for it

    def handle_expect_100(self) -> bool:
        answered = super().handle_expect_100()
        self.wfile.flush()
        return answered

    def get_environ(self) -> WSGIEnvironment:
        return {**super().get_environ(), "RAW_URI": self.path}  # as it was sent: what signatures are made of

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def served(application: WSGIApplication) -> Iterator[str]:
    """The origin the application is served at, in threads of this process."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
