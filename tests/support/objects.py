"""Buckets on disk behind the local server's object door, on a free port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import WSGIRequestHandler, make_server

from functions.storage_gateway import StorageGateway
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.adapters.storage.signed_urls import hmac_signer
from shared.ports.clock import Clock
from shared.ports.storage import ObjectInfo
from shared.wiring.machine import LocalObjects

SECRET = "the secret of these tests"  # noqa: S105 - it protects nothing


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


@contextmanager
def served_wsgi(application: WSGIApplication) -> Iterator[str]:
    """The origin a WSGI application is served at, in threads of this process."""
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served_bucket(
    folder: Path, clock: Clock, bucket: str = "uploads", on_finalize: Callable[[ObjectInfo], None] | None = None
) -> Iterator[FilesystemStorage]:
    """A bucket whose signed URLs are answered."""
    gateways: list[StorageGateway] = []

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return gateways[0](environ, start_response)

    with served_wsgi(serve) as origin:
        urls = LocalUrls(origin, "/storage", hmac_signer("local", SECRET), clock)
        storage = FilesystemStorage(folder, bucket, clock, on_finalize, urls)
        gateways.append(StorageGateway(LocalObjects(urls, {bucket: storage})))
        yield storage
