"""One JSON line a request on stderr, in the shape Cloud Logging reads.

A line tells what happened, never what was said: no body, no query, no header, and of a failure the frames it went
through without its message, which might quote somebody's text.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from werkzeug.wrappers import Request

from functions._http.call import Identity

_MAX_PATH_CHARS = 512


def log_request(
    door: str, request: Request, status: int, seconds: float, identity: Identity, failure: Exception | None
) -> None:
    path = request.path[:_MAX_PATH_CHARS]
    fields: dict[str, Any] = {
        "httpRequest": {
            "requestMethod": request.method,
            "requestUrl": path,
            "status": status,
            "latency": f"{seconds:.6f}s",
        },
        "door": door,
    }
    if failure is not None:
        fields["error"] = getattr(failure, "type", type(failure).__name__)
    if failure is not None and status >= 500:
        fields["stack_trace"] = frames_of(failure)
    severity = "INFO" if status < 400 else "WARNING" if status < 500 else "ERROR"
    write_line(severity, f"{request.method} {path} {status}", identity, **fields)


def write_line(severity: str, message: str, identity: Identity, **fields: Any) -> None:
    """One line, in one write, so that threads do not mix theirs."""
    line = {"severity": severity, "message": message, "request_id": identity.request_id, **fields}
    if identity.trace_id:
        line["logging.googleapis.com/trace"] = identity.trace_id
    sys.stderr.write(json.dumps(line) + "\n")


def frames_of(error: BaseException) -> str:
    """The frames an exception and its causes came through, cause first, each closed by the bare type."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = frames_of(before) + "\n" if before is not None else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{earlier}Traceback (most recent call last):\n{frames}{type(error).__qualname__}"
