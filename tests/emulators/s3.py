"""An S3 server on loopback: moto's, behind a guard for what moto leaves out.

moto checks no signature and no checksum, and its preconditions are looked at before a write, not with it. The guard
verifies AWS's Signature V4 of every request from what is on the wire (header or presigned, expiry, body hash), sharing no
code with botocore, and lets one write at a time through. Source: AWS, "Signature Version 4", "Authenticating requests".
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import sys
import threading
import types
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

import google_crc32c
import pytest
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from werkzeug.wrappers import Request, Response

from tests.emulators.serving import served

ACCESS_KEY, SECRET_KEY = "AKIATESTTESTTESTTEST", "a secret key for moto alone"
REGION = "eu-central-1"
_ACCOUNT = "123456789012"
_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")


@dataclass
class Guard:
    """`ignores` names conditions to pass over, as an old server does; `fails` statuses to answer once each, first."""

    origin: str = ""
    ignores: set[str] = field(default_factory=set)
    fails: list[tuple[str, int, str, bool]] = field(default_factory=list)  # method, status, code, after the work
    seen: list[str] = field(default_factory=list)
    damages: bool = False  # a byte of each body, on arrival

    def __post_init__(self) -> None:
        self._moto = create_backend_app("s3")
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
        refusal = refused(request, body)
        if refusal:
            return error(*refusal)(environ, start_response)
        with self._lock:
            return self._answer(request, body)(environ, start_response)

    def _answer(self, request: Request, body: bytes) -> Response:
        self.seen.append(f"{request.method} {'?'.join(sorted(request.args))}".strip())
        planned = next((plan for plan in self.fails if plan[0] == request.method), None)
        if planned:
            self.fails.remove(planned)
            if not planned[3]:
                return error(planned[1], planned[2])
        if self.damages and request.method == "PUT":
            body = bytes([body[0] ^ 1]) + body[1:]
            request.environ["wsgi.input"] = io.BytesIO(body)
        announced = request.headers.get("x-amz-checksum-crc32c")
        found = whole_of(request) if request.method == "POST" else body
        if announced and found is not None and announced != crc32c(found):
            return error(400, "BadDigest")
        if self._misses_condition(request):
            return error(412, "PreconditionFailed")
        answer = Response.from_app(self._moto, request.environ, buffered=True)
        if request.method == "HEAD" and answer.status_code == 200:
            mark_composite(answer, *named(request))
        return error(planned[1], planned[2]) if planned else answer

    def _misses_condition(self, request: Request) -> bool:
        """If-Match and If-None-Match of a write, which moto has in part; those to be ignored are taken away."""
        writes = "complete" if "uploadId" in request.args else request.method
        if request.method not in ("PUT", "POST", "DELETE") or (writes == "complete" and request.method != "POST"):
            return False
        for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            if f"{writes} {name}" in self.ignores:
                request.environ.pop(name, None)
        match, none = request.environ.get("HTTP_IF_MATCH"), request.environ.get("HTTP_IF_NONE_MATCH")
        if match is None and none is None:
            return False
        present = s3_backends[_ACCOUNT]["aws"].get_object(*named(request))
        etag = present.etag if present is not None else None
        return (match is not None and match != etag) or (none is not None and present is not None)


def named(request: Request) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = unquote(str(request.environ["RAW_URI"]).partition("?")[0])[1:].partition("/")
    return bucket, key


def whole_of(request: Request) -> bytes | None:
    """All parts of a multipart upload that is about to be completed; None once it is."""
    upload = s3_backends[_ACCOUNT]["aws"].buckets[named(request)[0]].multiparts.get(request.args.get("uploadId", ""))
    return b"".join(part.value for _, part in sorted(upload.parts.items())) if upload else None


def mark_composite(answer: Response, bucket: str, key: str) -> None:
    """A checksum of the parts' checksums ends in their number; moto leaves that out of HEAD."""
    stored = s3_backends[_ACCOUNT]["aws"].get_object(bucket, key) if key else None
    if stored is not None and stored.checksum_type == "COMPOSITE" and "x-amz-checksum-crc32c" in answer.headers:
        answer.headers["x-amz-checksum-crc32c"] += f"-{stored.checksum_parts}"


def refused(request: Request, body: bytes) -> tuple[int, str] | None:
    """Status and code for a request whose signature is not of this very request; None where it is."""
    path, _, query = str(request.environ["RAW_URI"]).partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    values = dict(pairs)
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = datetime.now(UTC)
    if "X-Amz-Signature" in values:
        credential, names = values["X-Amz-Credential"], values["X-Amz-SignedHeaders"]
        signature, stamp, payload = values["X-Amz-Signature"], values["X-Amz-Date"], "UNSIGNED-PAYLOAD"
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if not timedelta(minutes=-15) <= now - began <= timedelta(seconds=int(values["X-Amz-Expires"])):
            return 403, "AccessDenied"
    else:
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            return 403, "AccessDenied"
        credential, names, signature = found.groups()
        stamp, payload = headers["x-amz-date"], headers["x-amz-content-sha256"]
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return 400, "XAmzContentSHA256Mismatch"
    signed = names.split(";")
    loose = [name for name in headers if name.startswith("x-amz-") and name not in signed]
    if loose or any(name not in headers for name in signed):
        return 403, "AccessDenied"
    plain = sorted((quote(n, "~"), quote(v, "~")) for n, v in pairs if n != "X-Amz-Signature")
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed]
    canonical = [request.method, path, "&".join(map("=".join, plain)), *lines, "", names, payload]
    scope = credential.partition("/")[2]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = ("AWS4" + SECRET_KEY).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest])
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    genuine = expected == signature and credential.startswith(f"{ACCESS_KEY}/{stamp[:8]}/{REGION}/s3/aws4_request")
    return None if genuine else (403, "SignatureDoesNotMatch")


def crc32c(data: bytes) -> str:
    return b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


def error(status: int, code: str) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>no</Message></Error>"
    return Response(body, status=status, content_type="application/xml")


def credentials() -> dict[str, str]:
    """The environment in which botocore's own chain finds this server's credentials, and nothing of the machine's."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": REGION,
    }


@contextmanager
def running_s3() -> Iterator[Guard]:
    guard = Guard()
    own = types.SimpleNamespace(crc32c=google_crc32c.value)  # without this package, moto takes CRC32 for CRC32C
    with pytest.MonkeyPatch.context() as patch, served(guard) as guard.origin:
        patch.setitem(sys.modules, "crc32c", own)
        yield guard


def new_bucket(client: Any, name: str, *, versions: bool) -> None:
    """An empty bucket; whatever any bucket held before is gone."""
    s3_backends[_ACCOUNT]["aws"].reset()
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versions:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
