"""The whole API on one port over the embedded backend: `python -m functions.dev_server`. Never deployed.

Each door runs in the functions framework, exactly as it does in the cloud; the embedded queue delivers to them by HTTP.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socketserver
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import functions_framework
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from functions import events
from functions._http.door import find_door
from functions._http.problems import problem_response
from functions.dev_streams import HandingHandler, HandingServer, StreamServer
from functions.doors import DOORS, ENTRY_POINTS
from functions.storage_gateway import StorageGateway
from functions.studio import open_studio, studio, use_studio
from shared.config import Settings, read_settings
from shared.domain.errors import Forbidden, ReelprintError
from shared.wiring import App, build, build_dispatcher

LOOPBACK = ("localhost", "127.0.0.1", "::1")
RESUME_EVERY_S, RESUME_IDLE = 60.0, timedelta(minutes=10)
SWEEP_EVERY = 60  # of these looks: once an hour
Wsgi = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class DoorDispatcher:
    """One WSGI application over all doors, as the load balancer's URL map is in the cloud."""

    def __init__(self) -> None:
        self.gateway: StorageGateway | None = None  # for the paths it serves, once there is one
        source = str(Path(__file__).with_name("main.py"))
        self._doors: dict[str, Wsgi] = {
            name: functions_framework.create_app(name, source).wsgi_app  # type: ignore[no-untyped-call]  # it has no types
            for name in ENTRY_POINTS
            if name != events.door.name
        }
        self._doors[events.door.name] = _events_unstreamed
        self.streams = functions_framework.create_app(events.door.name, source)  # type: ignore[no-untyped-call]  # as above

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        if _is_from_elsewhere(environ):
            return _refused(environ)(environ, start_response)
        if self.gateway and self.gateway.serves(environ["PATH_INFO"]):
            return self.gateway(environ, start_response)
        door = find_door(DOORS, environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if door is None:
            if environ["PATH_INFO"] == "/":
                return _root(environ, start_response)
            # Any door answers an unknown path as all do: with a problem that says so. Not by way of the framework, whose
            # own router answers a path with a line break in it, and in HTML.
            return DOORS[0].serve(Request(environ), studio)(environ, start_response)
        return self._doors[door.name](environ, start_response)


class Server:
    """The API and its queue, running in this process."""

    def __init__(self, settings: Settings) -> None:
        # The address is taken first: signed URLs name the port. Whoever connects waits until start().
        doors = DoorDispatcher()
        self._http = HandingServer(settings.host, settings.port, doors, _Quiet)
        self._http.streams = self._streams = StreamServer(doors.streams)
        self._http.is_stream = _is_stream
        try:
            self.app: App = build(settings.model_copy(update={"port": self._http.server_port}))
        except BaseException:
            self._http.server_close()
            raise
        if self.app.objects:
            doors.gateway = StorageGateway(self.app.objects)
        self._before = use_studio(open_studio(self.app))
        self.url = f"http://{settings.host}:{self._http.server_port}"
        self._dispatcher = build_dispatcher(self.app, self.url)
        self._stopped = threading.Event()

    def start(self) -> None:
        """Serve and deliver until stop(). Events of uploads that a crash cut off are sent again first."""
        self._streams.start()
        threading.Thread(target=self._http.serve_forever, name="http", daemon=True).start()
        for bucket in self.app.objects.buckets.values() if self.app.objects else ():
            bucket.replay_finalize()
        self._dispatcher.start()
        self.app.advance.resume(timedelta(0))
        threading.Thread(target=self._resume_now_and_then, name="resume", daemon=True).start()

    def _resume_now_and_then(self) -> None:
        looks = 0
        while not self._stopped.wait(RESUME_EVERY_S):
            looks += 1
            if looks % SWEEP_EVERY == 1:
                self._sweep()
            with contextlib.suppress(ReelprintError):  # a store that is full or busy now may not be so next time
                self.app.advance.resume(RESUME_IDLE)

    def _sweep(self) -> None:
        """Clear away what broken uploads left on disk."""
        for bucket in self.app.objects.buckets.values() if self.app.objects else ():
            with contextlib.suppress(ReelprintError):
                bucket.sweep()

    def stop(self) -> None:
        """Let what runs finish or go back to the queue, then close the door."""
        self._stopped.set()
        self._dispatcher.stop()
        events.end_streams(self.app)
        self._streams.stop()
        self._http.shutdown()
        self._http.server_close()
        use_studio(self._before)
        self.app.close()


def _is_from_elsewhere(environ: WSGIEnvironment) -> bool:
    """Whether a web page of another site sent this: the browser of who works here must not be a way in. An open studio
    asks nobody to sign in, and where people do, a page of another site has no business with what they are signed in to.

    A name other than loopback's is DNS rebinding; Sec-Fetch-Site and Origin tell of forms and scripts of other pages. Those
    of the origins that REELPRINT_CORS_ORIGINS names may call.
    """
    origin = environ.get("HTTP_ORIGIN", "")
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if not _is_loopback("//" + environ.get("HTTP_HOST", "localhost")):
        return True
    if origin and origin in studio().cors_origins:
        return False
    return site in ("cross-site", "same-site") or (bool(origin) and not _is_loopback(origin))


def _is_loopback(url: str) -> bool:
    """Whether this names a port of this machine, and is an address that can be."""
    try:
        parts = urlsplit(url)
        return parts.hostname in LOOPBACK and parts.username is None and (parts.port or 80) > 0
    except ValueError:  # brackets that do not close, a port beyond 65535
        return False


def _refused(environ: WSGIEnvironment) -> Response:
    error = Forbidden("This studio answers programs and pages of this machine only. Call it by localhost or 127.0.0.1.")
    return problem_response(error, instance=environ["PATH_INFO"], request_id=uuid.uuid4().hex)


def _is_stream(environ: WSGIEnvironment) -> bool:
    """Whether the asynchronous door serves this, to somebody of this machine."""
    is_its = events.door.matches(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    return is_its and environ["REQUEST_METHOD"] != "OPTIONS" and not _is_from_elsewhere(environ)


def _events_unstreamed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What needs no stream: other verbs at the same path."""
    return events.door.serve(Request(environ), studio)(environ, start_response)


class _Quiet(HandingHandler):
    """The doors log each request themselves, as one JSON line."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


def _root(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return NotFound("Reelprint's API begins at /api/v1; GET /api/v1/openapi.json describes it.")(
        environ, start_response
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Serve the whole API on one port. Settings come from REELPRINT_* variables."
    )
    parser.add_argument("--port-file", type=Path, help="write the address served to this file, once it is served")
    options = parser.parse_args(arguments)
    socketserver.TCPServer.request_queue_size = 128  # a queue's burst must not meet a full backlog
    try:
        server = Server(read_settings())
        server.start()
    except ReelprintError as exc:
        sys.stderr.write(f"{exc.detail}\n")
        return 2
    except OSError as exc:
        sys.stderr.write(f"The address cannot be served: {exc}. Set REELPRINT_PORT to a free port.\n")
        return 2
    sys.stderr.write(json.dumps({"severity": "INFO", "message": f"serving {server.url}/api/v1"}) + "\n")
    if options.port_file:
        part = options.port_file.with_suffix(".part")
        part.write_text(server.url)
        part.replace(options.port_file)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
