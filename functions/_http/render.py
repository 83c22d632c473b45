"""An Answer as a response on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json
from werkzeug.http import quote_etag
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.file import File
from functions._http.preconditions import is_known
from functions._http.route import Route
from functions._http.stream import StreamedResponse

JSON = "application/json"


def render(answer: Answer, request: Request, route: Route) -> Response:
    """The response, or 304 where the client has that revision. Raises TypeError where the route promised otherwise."""
    etag = None if answer.revision is None else quote_etag(str(answer.revision))
    if answer.revision is not None and is_known(request, answer.revision):
        response = _empty(304)
        if isinstance(answer.body, File):
            answer.body.close()
    elif isinstance(answer.body, File):
        response = answer.body.response(request, etag)
    else:
        response = _response(answer, route)
    response.headers.update(answer.headers)
    if etag is not None:
        response.headers["ETag"] = etag
    return response


def _response(answer: Answer, route: Route) -> Response:
    status = answer.status or route.status
    media_type = answer.media_type or (route.answers if isinstance(route.answers, str) else None)
    body: Any = answer.body
    if isinstance(body, BaseModel | dict):  # most are, and to ask for what follows takes longer
        _require_promised(body, route)
        return Response(json_bytes(body), status=status, content_type=media_type or JSON)
    if isinstance(body, AsyncGenerator):
        return StreamedResponse(body, status=status, content_type=media_type)
    if isinstance(body, bytes | Iterator):
        return Response(body, status=status, content_type=media_type or "application/octet-stream")
    _require_promised(body, route)
    if body is None:
        return _empty(status)
    return Response(json_bytes(body), status=status, content_type=media_type or JSON)


def _require_promised(body: Any, route: Route) -> None:
    if isinstance(route.answers, type) and not isinstance(body, route.answers):
        raise TypeError(f"{route.method} {route.path} answers {route.answers.__name__}, not {type(body).__name__}")


def _empty(status: int) -> Response:
    response = Response(status=status)
    response.headers.pop("Content-Type")
    return response


def json_bytes(body: Any) -> bytes:
    """Models, or plain data with models in it, as JSON by field alias; what is no number becomes null."""
    return to_json(body, by_alias=True, inf_nan_mode="null")
