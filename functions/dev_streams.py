"""Event streams on the local server's one port. Part of the dev server alone, never deployed.

The threaded server takes every connection and reads its request's head, for it cannot know whose it is before. One that
an asynchronous door is to answer is handed over with its socket to uvicorn, which the functions framework brings along,
on the event loop of one thread; the thread that read it is free again.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import Callable
from typing import IO, Any, cast
from wsgiref.types import WSGIEnvironment

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

CLOSE = (b"connection", b"close")  # the next request may be for another door: it comes as a new connection
GRACE_S = 1


class StreamServer:
    """Serves one ASGI application on connections that it is handed."""

    def __init__(self, app: Any) -> None:
        self._config = uvicorn.Config(
            _closing(app),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = uvicorn.Server(self._config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="streams", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def adopt(self, connection: socket.socket, head: bytes) -> None:
        """Take over a connection whose request so far is `head`. From any thread."""
        connection.setblocking(False)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has stopped meanwhile
                asyncio.run_coroutine_threadsafe(self._adopt(connection, head), self._loop)
                return
        connection.close()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._config.load()
        self._ready.set()
        await self._server.serve(sockets=[])

    async def _adopt(self, connection: socket.socket, head: bytes) -> None:
        assert self._loop is not None  # noqa: S101 - this runs on it
        await self._loop.connect_accepted_socket(lambda: _Adopted(self._config, self._server, head), connection)


class _Adopted(H11Protocol):
    """uvicorn's own protocol, on a connection whose first bytes somebody else has read."""

    def __init__(self, config: uvicorn.Config, server: uvicorn.Server, head: bytes) -> None:
        super().__init__(config=config, server_state=server.server_state, app_state={})
        self._head = head

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.data_received(self._head)


def _closing(app: Any) -> Any:
    """The application, whose every answer closes its connection."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def send_closing(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], CLOSE]}
            await send(message)

        await app(scope, receive, send_closing)

    return answer


class HandingServer(ThreadedWSGIServer):
    """werkzeug's threaded server, which hands over the connections of requests that `is_stream` knows."""

    def __init__(self, host: str, port: int, app: Any, handler: type[HandingHandler]) -> None:
        super().__init__(host, port, app, handler)
        self.streams: StreamServer | None = None
        self.is_stream: Callable[[WSGIEnvironment], bool] = lambda environ: False
        self._handed_over: set[int] = set()

    def hand_over(self, connection: socket.socket, head: bytes) -> None:
        assert self.streams is not None  # noqa: S101 - is_stream came with it
        self._handed_over.add(id(connection))
        self.streams.adopt(connection.dup(), head)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; of one that was handed over this end alone, since a shutdown would end it for both."""
        if id(request) in self._handed_over:
            self._handed_over.discard(id(request))
            request.close()
        else:
            super().shutdown_request(request)


class _Unbroken(io.BufferedIOBase):
    """A connection's body that never gives less than it was asked for.

    werkzeug's dechunker takes for granted that a chunk arrives whole: of one that breaks off it would report bytes that
    never came, out of memory that is not the body's, and may crash the process.
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._source.read(-1 if size is None else size)
        if size is not None and len(data) < size:
            raise OSError("the body broke off within a chunk")
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._source.readline(-1 if size is None else size)


class HandingHandler(WSGIRequestHandler):
    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        if isinstance(environ["wsgi.input"], DechunkedInput):
            environ["wsgi.input"] = DechunkedInput(cast(IO[bytes], _Unbroken(self.rfile)))
        return environ

    def run_wsgi(self) -> None:
        if isinstance(self.server, HandingServer) and self.server.is_stream(self.make_environ()):
            # As it was read, but for lines that were folded, which uvicorn does not take.
            lines = [f"{name}: {value.replace(chr(13) + chr(10), '')}\r\n" for name, value in self.headers.items()]
            self.close_connection = True
            self.server.hand_over(self.connection, self.raw_requestline + "".join([*lines, "\r\n"]).encode("latin-1"))
            return
        super().run_wsgi()
