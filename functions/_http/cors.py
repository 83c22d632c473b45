"""Pages of other origins: turned away by the browser, unless the settings name their origin. Tokens travel in headers, never
by themselves, so no credentials are allowed.
"""

from __future__ import annotations

from collections.abc import Collection

from werkzeug.wrappers import Request, Response

_ASKED = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, X-Request-Id"
_SHOWN = "Content-Disposition, Content-Range, ETag, Idempotent-Replay, Location, Retry-After, X-Request-Id"
_REMEMBERED_S = 600


def open_to(origins: Collection[str], request: Request, response: Response) -> None:
    """Let a page of one of `origins` read this answer, and send what it asks about beforehand."""
    if not origins:
        return
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _SHOWN
    if request.method == "OPTIONS" and "Allow" in response.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
        response.headers["Access-Control-Allow-Headers"] = _ASKED
        response.headers["Access-Control-Max-Age"] = str(_REMEMBERED_S)
