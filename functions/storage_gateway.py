"""Objects over HTTP for the local server, as Cloud Storage's XML API serves them: signed URLs and resumable sessions.

Part of the dev server alone, never deployed. A request carries a signature, which is really checked, or the id of a
session, which is its own authority. Bodies go between socket and disk in pieces.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import LengthRequired, MethodNotAllowed
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from functions._http.call import Identity
from functions._http.checked_stream import CheckedStream, require_length
from functions._http.file import File
from functions._http.log import log_request
from functions._http.object_headers import bad, if_generation, piece_of, upload_terms
from functions._http.object_xml import xml_problem
from shared.domain.errors import Fault, NotFound, PreconditionFailed
from shared.ports.storage import ObjectInfo
from shared.wiring.machine import LocalBucket, LocalObjects

RESUME_INCOMPLETE, CLIENT_CLOSED = 308, 499


class StorageGateway:
    """A WSGI application over the buckets on disk."""

    def __init__(self, objects: LocalObjects) -> None:
        self._objects = objects

    def serves(self, path: str) -> bool:
        return path.startswith(self._objects.urls.prefix + "/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request, began = Request(environ), time.monotonic()
        failure: Exception | None = None
        try:
            response = self._answer(request)
        except Exception as exc:  # whatever it is, the client is told in the protocol it speaks
            failure, response = exc, xml_problem(exc)
        response.headers["X-Content-Type-Options"] = "nosniff"
        identity = Identity(uuid.uuid4().hex, "")
        log_request("storage", request, response.status_code, time.monotonic() - began, identity, failure)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path, _, query = str(request.environ["RAW_URI"]).partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        upload_id = request.args.get("upload_id")
        if upload_id is None:
            self._objects.urls.check(request.method, path, query, headers)
        exchange = self._exchange(request, headers, path)
        if upload_id is not None:
            return exchange.session(upload_id)
        return exchange.object()

    def _exchange(self, request: Request, headers: Mapping[str, str], path: str) -> Exchange:
        name, _, quoted = path[len(self._objects.urls.prefix) + 1 :].partition("/")
        try:
            key = unquote(quoted, errors="strict")
        except UnicodeDecodeError as exc:
            raise bad("invalid-uri", "The object's name is no UTF-8.") from exc
        bucket = self._objects.buckets.get(name)
        if bucket is None:
            fault = Fault(pointer="/path", code="no-such-bucket", detail="There is no such bucket.")
            raise NotFound("The specified bucket does not exist.", faults=[fault])
        return Exchange(request, headers, bucket, key)


@dataclass(frozen=True)
class Exchange:
    """One request for one object. `headers` have lower-case names."""

    request: Request
    headers: Mapping[str, str]
    bucket: LocalBucket
    key: str

    def object(self) -> Response:
        match self.request.method:
            case "GET" | "HEAD":
                return self._read()
            case "PUT":
                return self._put()
            case "POST":
                return self._start()
        raise MethodNotAllowed(description="Signed URLs are for GET, HEAD, PUT and POST.")

    def session(self, upload_id: str) -> Response:
        if self.request.method == "DELETE":
            self.bucket.sessions.cancel(upload_id, self.key)
            return _empty(CLIENT_CLOSED)
        if self.request.method != "PUT":
            raise MethodNotAllowed(description="A session takes PUT and DELETE.")
        return self._append(upload_id)

    def _read(self) -> Response:
        info, file = self.bucket.open_with_info(self.key)
        try:
            expected = if_generation(self.headers)
            if expected is not None and expected != info.generation:
                raise PreconditionFailed(f"Generation {info.generation} is there, not {expected}.")
            response = self._unchanged(info, file) or self._file(info, file)
        except BaseException:
            file.close()
            raise
        response.headers.update(_describe(info))
        response.headers["Last-Modified"] = http_date(info.created_at)
        response.headers["Cache-Control"] = "private, max-age=0"
        return response

    def _unchanged(self, info: ObjectInfo, file: BinaryIO) -> Response | None:
        if _etag(info.generation) not in self.headers.get("if-none-match", "").split(", "):
            return None
        file.close()
        return _empty(304)

    def _file(self, info: ObjectInfo, file: BinaryIO) -> Response:
        asked = self.request.args
        media_type = asked.get("response-content-type", info.content_type)
        response = File(file, info.size, media_type).response(self.request, _etag(info.generation))
        response.headers["Content-Disposition"] = asked.get("response-content-disposition", "attachment")
        return response

    def _put(self) -> Response:
        terms = upload_terms(self.headers)
        length = self._length(chunked=True)
        if length is not None:
            require_length(length, terms.length_range or (0, None))
        body = CheckedStream(self.request.stream, terms.length_range, terms.hashes)
        info = self.bucket.put(
            self.key,
            cast(BinaryIO, body),
            content_type=terms.content_type,
            metadata=terms.metadata,
            if_generation=terms.if_generation,
        )
        return _empty(200, _describe(info))

    def _start(self) -> Response:
        """Open a resumable session. Forms with a POST policy are not taken."""
        terms = upload_terms(self.headers)
        if self.headers.get("x-goog-resumable") != "start" or self._length():
            raise bad("invalid-argument", "A POST opens a resumable session: x-goog-resumable: start, and no body.")
        if "md5" in terms.hashes:
            raise bad("not-implemented", "A resumable upload is checked by its crc32c; leave the md5 out.")
        upload_id = self.bucket.open_session(
            self.key,
            content_type=terms.content_type,
            metadata=terms.metadata,
            length_range=terms.length_range,
            if_generation=terms.if_generation,
            crc32c=terms.hashes.get("crc32c"),
        )
        return _empty(201, {"Location": f"{self.request.base_url}?upload_id={upload_id}"})

    def _append(self, upload_id: str) -> Response:
        piece = piece_of(self.headers, self._length() or 0)
        sessions = self.bucket.sessions
        if piece.first is None:
            session = sessions.look(upload_id, self.key)
            if piece.size is not None and session.kept == piece.size:  # the size was open, and now it is told
                session = sessions.append(upload_id, self.key, io.BytesIO(), session.kept, 0, piece.size)
        else:
            body = cast(BinaryIO, self.request.stream)
            session = sessions.append(upload_id, self.key, body, piece.first, piece.length, piece.size)
        if session.done:
            return _empty(200, _stored(session.done, session.kept, session.crc32c))
        return _empty(RESUME_INCOMPLETE, {"Range": f"bytes=0-{session.kept - 1}"} if session.kept else {})

    def _length(self, *, chunked: bool = False) -> int | None:
        """Of the body, as announced; None where it comes in chunks, if that may be."""
        if self.request.content_length is None and not (chunked and self.request.environ.get("wsgi.input_terminated")):
            raise LengthRequired()
        return self.request.content_length


def _etag(generation: int) -> str:
    return f'"{generation}"'


def _describe(info: ObjectInfo) -> dict[str, str]:
    named = {f"x-goog-meta-{name}": value for name, value in info.metadata.items()}
    return _stored(info.generation, info.size, info.crc32c) | named


def _stored(generation: int, size: int, crc32c: str) -> dict[str, str]:
    return {
        "ETag": _etag(generation),
        "x-goog-generation": str(generation),
        "x-goog-metageneration": "1",
        "x-goog-hash": f"crc32c={crc32c}",
        "x-goog-stored-content-length": str(size),
        "x-goog-stored-content-encoding": "identity",
    }


def _empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(status=status, headers=dict(headers or {}))
    response.headers.pop("Content-Type", None)
    if status != 304:
        response.content_length = 0
    return response
