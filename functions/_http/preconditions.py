"""Revisions on the wire: ETag, If-None-Match, If-Match."""

from __future__ import annotations

from typing import Any

from werkzeug.http import quote_etag
from werkzeug.wrappers import Request

from functions._http.answer import Revision
from functions._http.call import Call
from shared.domain.errors import PreconditionFailed


def require_match(call: Call[Any], revision: Revision) -> None:
    """Raise PreconditionFailed where If-Match names another revision. A request without If-Match passes."""
    if "If-Match" in call.headers and not call.request.if_match.contains(str(revision)):
        raise PreconditionFailed(
            f"If-Match names another revision; this is {quote_etag(str(revision))}. Read it again and repeat the change."
        )


def is_known(request: Request, revision: Revision) -> bool:
    """Whether the client holds this very revision already, and only asked for a newer one."""
    return request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(str(revision))
