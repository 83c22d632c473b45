"""A door on the asynchronous functions framework: the same routes, guards and problems, and answers that go on.

The door itself is asked in a thread, as werkzeug would; only what it streams is the event loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from io import BytesIO
from typing import Any

from starlette.requests import Request as AsyncRequest
from starlette.responses import Response as AsyncResponse
from starlette.responses import StreamingResponse
from starlette.types import Send
from werkzeug.wrappers import Request

from functions._http.app import HttpApp
from functions._http.door import Door
from functions._http.stream import StreamedResponse


async def serve_async(
    door: Door, request: AsyncRequest, app_for: Callable[[Request], Callable[[], HttpApp]]
) -> AsyncResponse:
    """Answer one request without a body. `app_for` tells which application the request is for."""
    asked = Request(_environ(request.scope))
    response = await asyncio.to_thread(door.serve, asked, app_for(asked))
    headers = dict(response.headers)
    if isinstance(response, StreamedResponse) and request.method != "HEAD":
        headers.pop("Content-Length", None)
        return _Streaming(response.pieces, status_code=response.status_code, headers=headers)
    return AsyncResponse(response.get_data(), status_code=response.status_code, headers=headers)


class _Streaming(StreamingResponse):
    async def stream_response(self, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]  # a generator, as StreamedResponse has it
            await super().stream_response(send)


def _environ(scope: Mapping[str, Any]) -> dict[str, Any]:
    """What WSGI says of such a request; its body is left unread."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(),
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
