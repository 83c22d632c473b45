"""Revisions on the wire: ETag, If-None-Match, If-Match."""

from __future__ import annotations

from collections.abc import Callable
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


def asked_revision(call: Call[Any], read: Callable[[], int]) -> int | None:
    """The present revision, which `read` gives, where If-Match names it; None where the client sent no If-Match.

    Raises PreconditionFailed, and whatever `read` raises.
    """
    if "If-Match" not in call.headers:
        return None
    revision = read()
    require_match(call, revision)
    return revision


def is_known(request: Request, revision: Revision) -> bool:
    """Whether the client holds this very revision already, and only asked for a newer one."""
    asked = request.method in ("GET", "HEAD") and "If-None-Match" in request.headers
    return asked and request.if_none_match.contains_weak(str(revision))
