"""Every failure as application/problem+json (RFC 9457)."""

from __future__ import annotations

import re

from pydantic import BaseModel
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from functions._http.render import json_bytes
from shared.domain.errors import Fault, ReelprintError, every_error

MEDIA_TYPE = "application/problem+json"
URN = "urn:reelprint:problem:"
# Seconds after which a retry is worth it, where the status promises one.
_RETRY_AFTER_S = {409: 1, 429: 5, 503: 5, 507: 60}


class Problem(BaseModel):
    """What went wrong. `errors` lists every fault found in the request; `request_id` finds the log line."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    retryable: bool = False
    errors: list[Fault] = []


def problem_of(error: Exception, *, instance: str, request_id: str) -> Problem:
    """Describe any exception to a client. Of an unexpected one only the request id is told."""
    if isinstance(error, ReelprintError):
        kind, title, status, detail = error.type, error.title, error.status, error.detail
    elif isinstance(error, HTTPException) and error.code:
        kind, title, status, detail = _of_werkzeug(error, error.code)
    else:
        kind, title, status = ReelprintError.type, ReelprintError.title, ReelprintError.status
        detail = f"Something of ours broke. Try again; if it stays so, report the request id {request_id}."
    return Problem(
        type=URN + kind,
        title=title,
        status=status,
        detail=detail,
        instance=instance,
        request_id=request_id,
        retryable=isinstance(error, ReelprintError) and error.retryable,
        errors=list(error.faults) if isinstance(error, ReelprintError) else [],
    )


def problem_response(error: Exception, *, instance: str, request_id: str) -> Response:
    problem = problem_of(error, instance=instance, request_id=request_id)
    response = Response(json_bytes(problem), status=problem.status, content_type=MEDIA_TYPE)
    if isinstance(error, HTTPException):
        kept = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
        response.headers.update(kept)
    if problem.retryable and problem.status in _RETRY_AFTER_S:
        known = getattr(error, "retry_after_s", None)
        response.headers["Retry-After"] = str(known or _RETRY_AFTER_S[problem.status])
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _of_werkzeug(error: HTTPException, status: int) -> tuple[str, str, int, str]:
    detail = error.description or error.name
    for known in every_error():
        if known.status == status:
            return known.type, known.title, status, detail
    return re.sub(r"[^a-z]+", "-", error.name.lower()).strip("-"), error.name, status, detail
