"""Failures as Cloud Storage's XML API tells them: a status, a code in CamelCase, a sentence."""

from __future__ import annotations

from xml.sax.saxutils import escape

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from shared.domain.errors import ReelprintError

_CODES = {  # by the type of the error, where no fault of it carries the code itself
    "invalid-input": (400, "InvalidArgument"),
    "malformed-request": (400, "InvalidArgument"),
    "forbidden": (403, "AccessDenied"),
    "not-found": (404, "NoSuchKey"),
    "precondition-failed": (412, "PreconditionFailed"),
    "still-running": (409, "Conflict"),
    "storage-full": (507, "InsufficientStorage"),
    "storage-failed": (503, "ServiceUnavailable"),
}
_OF_WERKZEUG = {400: "InvalidArgument", 405: "MethodNotAllowed", 411: "MissingContentLength", 416: "InvalidRange"}


def xml_problem(error: Exception) -> Response:
    """Describe any exception to a client; of an unexpected one nothing but that there was one."""
    status, code, detail = 500, "InternalError", "Something of ours broke. Try again."
    if isinstance(error, ReelprintError):
        status, code = _CODES.get(error.type, (error.status, "InternalError"))
        code = _camel(error.faults[0].code) if error.faults else code
        detail = error.detail
    elif isinstance(error, HTTPException) and error.code:
        status, code = error.code, _OF_WERKZEUG.get(error.code, "InvalidArgument")
        detail = error.description or error.name
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(detail)}</Message></Error>"
    )
    response = Response(body, status=status, content_type="application/xml; charset=UTF-8")
    if isinstance(error, HTTPException):
        response.headers.update((name, value) for name, value in error.get_headers() if name == "Content-Range")
    return response


def _camel(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("-"))
