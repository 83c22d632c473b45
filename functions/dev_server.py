"""The whole API on one port over the embedded backend: `python -m functions.dev_server`. Never deployed.

Each door runs in the functions framework, exactly as it does in the cloud; the embedded queue delivers to them by HTTP.
"""

from __future__ import annotations

import argparse
import json
import signal
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import functions_framework
from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from functions._http.door import find_door
from functions.doors import DOORS, ENTRY_POINTS
from functions.studio import open_studio, use_studio
from shared.config import Settings, read_settings
from shared.domain.errors import ReelprintError
from shared.wiring import App, build, build_dispatcher

Wsgi = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class DoorDispatcher:
    """One WSGI application over all doors, as the load balancer's URL map is in the cloud."""

    def __init__(self) -> None:
        source = str(Path(__file__).with_name("main.py"))
        self._doors: dict[str, Wsgi] = {
            name: functions_framework.create_app(name, source).wsgi_app  # type: ignore[no-untyped-call]  # it has no types
            for name in ENTRY_POINTS
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        door = find_door(DOORS, environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if door is None:
            # Any door answers an unknown path as all do: with a problem that says so.
            return (
                self._doors["worker"](environ, start_response)
                if environ["PATH_INFO"] != "/"
                else _root(environ, start_response)
            )
        return self._doors[door.name](environ, start_response)


class Server:
    """The API and its queue, running in this process."""

    def __init__(self, settings: Settings) -> None:
        self.app: App = build(settings)
        self._before = use_studio(open_studio(self.app))
        self._http: BaseWSGIServer = make_server(
            settings.host, settings.port, DoorDispatcher(), threaded=True, request_handler=_Quiet
        )
        self.url = f"http://{settings.host}:{self._http.server_port}"
        self._dispatcher = build_dispatcher(self.app, self.url)

    def start(self) -> None:
        """Serve and deliver until stop(). Events of uploads that a crash cut off are sent again first."""
        threading.Thread(target=self._http.serve_forever, name="http", daemon=True).start()
        replay: Any = getattr(self.app.uploads, "replay_finalize", None)
        if replay:
            replay()
        self._dispatcher.start()

    def stop(self) -> None:
        """Let what runs finish or go back to the queue, then close the door."""
        self._dispatcher.stop()
        self._http.shutdown()
        self._http.server_close()
        use_studio(self._before)
        self.app.close()


class _Quiet(WSGIRequestHandler):
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
