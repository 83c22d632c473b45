"""One request as a handler sees it: who sent it, under which id, and its body, read within limits."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Generic, Self

from pydantic import BaseModel, ValidationError
from typing_extensions import TypeVar
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from functions._http.app import HttpApp
from functions._http.faults import request_faults
from functions._http.guard import HeaderLookup, Principal
from functions._http.strict_json import read_json
from shared.domain.errors import InvalidInput, MalformedRequest, TooLarge, UnsupportedMedia

App = TypeVar("App", bound=HttpApp, default=HttpApp)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})(?:/[0-9]+)?(?:;o=[0-9])?", re.IGNORECASE)
_DRAIN_BYTES = 32 * 1024 * 1024  # the largest request a Cloud Function is ever handed
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Identity:
    """What a request is called in answers and logs. `trace_id` is 32 hex digits, or "" where nobody traces."""

    request_id: str
    trace_id: str

    @classmethod
    def of(cls, headers: HeaderLookup) -> Self:
        """Taken from X-Request-Id, traceparent or X-Cloud-Trace-Context where well-formed; made up otherwise."""
        parent = _TRACEPARENT.fullmatch(headers.get("traceparent") or "")
        cloud = _CLOUD_TRACE.fullmatch(headers.get("X-Cloud-Trace-Context") or "")
        trace_id = parent[1] if parent else cloud[1].lower() if cloud else ""
        given = _REQUEST_ID.fullmatch(headers.get("X-Request-Id") or "")
        return cls(given[0] if given else trace_id or secrets.token_hex(16), trace_id)


class Call(Generic[App]):
    """`app` is the application, `principal` who calls; `request` is werkzeug's, for what the kit does not wrap (files
    of a form): its body is held to the same limit.
    """

    def __init__(
        self, request: Request, app: App, principal: Principal, identity: Identity, max_body_bytes: int
    ) -> None:
        self.request = request
        self.app = app
        self.principal = principal
        self.identity = identity
        self.max_body_bytes = max_body_bytes
        # One more than allowed: a form or a chunked body of exactly the limit passes, and the next byte is a 413.
        request.max_content_length = max_body_bytes + 1

    @property
    def headers(self) -> Headers:
        return self.request.headers

    @property
    def request_id(self) -> str:
        return self.identity.request_id

    @cached_property
    def data(self) -> bytes:
        """The body's bytes. Raises TooLarge, UnsupportedMedia when compressed, MalformedRequest when it breaks off."""
        self._check_transfer()
        try:
            data = b"".join(self._pieces())
        except HTTPException:
            raise
        except Exception as exc:  # each server has its own for broken chunks, and it is the sender's failure
            raise MalformedRequest("The body broke off or its chunks are broken. Send the request again.") from exc
        if len(data) > self.max_body_bytes:
            raise self._too_large("more")
        return data

    @cached_property
    def json(self) -> Any:
        """The body as JSON; no body at all is an empty object. Raises UnsupportedMedia, MalformedRequest, TooLarge."""
        if not self.data:
            return {}
        kind, charset = self.request.mimetype, self.request.mimetype_params.get("charset", "utf-8")
        if not (kind == "application/json" or kind.endswith("+json")) or charset.lower() not in ("utf-8", "utf8"):
            raise self._wrong_type("application/json in UTF-8")
        return read_json(self.data)

    def body_as(self, model: type[BaseModel]) -> BaseModel:
        """The body as `model`, each value of the type it is sent as: neither true nor "1" is a number, nor 1 a yes.

        Raises InvalidInput with every fault, and whatever `json` raises.
        """
        document = self.json
        try:
            return model.model_validate_json(self.data or b"{}", strict=True)
        except ValidationError as error:
            faults = request_faults(error, document)
            raise InvalidInput("The body does not fit; see errors.", faults=faults) from error

    def check_media(self, pattern: str) -> None:
        """Raise UnsupportedMedia unless the Content-Type fits `pattern` ("audio/*"), TooLarge by Content-Length."""
        self._check_transfer()
        if not fnmatchcase(self.request.mimetype, pattern):
            raise self._wrong_type(pattern)

    def _check_transfer(self) -> None:
        if (self.request.content_length or 0) > self.max_body_bytes:
            raise self._too_large(str(self.request.content_length))
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMedia("The body is compressed; this door reads plain bytes. Leave Content-Encoding out.")

    def _pieces(self) -> Iterator[bytes]:
        """The body, up to one byte more than allowed."""
        left = self.max_body_bytes + 1
        while left and (piece := self.request.stream.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
            yield piece

    def _too_large(self, found: str) -> TooLarge:
        return TooLarge(f"The body may have {self.max_body_bytes} bytes; it has {found}. Send less at once.")

    def _wrong_type(self, wanted: str) -> UnsupportedMedia:
        found = self.request.mimetype[:80] or "no Content-Type"
        return UnsupportedMedia(f"The body must be {wanted}; it came as {found}. Set Content-Type to what you send.")


def discard_rest(request: Request) -> None:
    """Read away what nobody read, in pieces: a client still sending would miss the answer, and the framework would
    otherwise gather all of it in memory after us.
    """
    announced = request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ
    if request.method in ("GET", "HEAD") and not announced:
        return
    left = _DRAIN_BYTES
    try:
        request.max_content_length = None
        while left > 0 and (piece := request.stream.read(_PIECE_BYTES)):
            left -= len(piece)
    except Exception:  # noqa: S110 - the client is gone or its body broken: nothing is left to read
        pass
    request.stream = io.BytesIO()
