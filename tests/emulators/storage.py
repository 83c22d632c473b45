"""Cloud Storage on loopback, as far as Google's client and signed URLs go, and honest in that.

JSON API: objects (multipart, resumable, get, ranges, list, delete) with generations that stay readable, preconditions
that are enforced with the write, crc32c checked where it is announced, and bearer tokens that must be its own. XML API:
signed URLs, verified by tests/support/v4_verifier.py, which shares no code with the product. IAM's signBlob and a
machine's metadata server, for whoever has no key.
Sources: Cloud Storage's JSON and XML API references, "Performing resumable uploads", IAM Credentials API.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import google_crc32c
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from werkzeug.wrappers import Request, Response

from tests.emulators.serving import served
from tests.support.v4_verifier import is_genuine, rsa_check

QUANTUM = 256 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(?:(\d+)|\*)")


class Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Stored:
    generation: int
    data: bytes
    content_type: str
    metadata: Mapping[str, str]
    created: datetime
    crc32c: str  # of what arrived; `data` may be changed since


@dataclass
class Session:
    bucket: str
    key: str
    content_type: str
    metadata: Mapping[str, str]
    size: int | None
    if_generation: int | None
    lengths: tuple[int, int] | None = None
    data: bytearray = field(default_factory=bytearray)
    done: Stored | None = None


def crc32c(data: bytes) -> str:
    return b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


class CloudStorage:
    """`fails` are (method, status, after the work) to answer instead, once each; `damages` changes bytes on arrival."""

    def __init__(self, key: rsa.RSAPrivateKey, account: str, now: Callable[[], datetime]) -> None:
        self.now = now
        self.origin = ""
        self.fails: list[tuple[str, int, bool]] = []
        self.damages = False
        self.seen: list[str] = []
        self._key, self._account = key, account
        self._tokens: set[str] = set()
        self._last = 0
        self._lock = threading.RLock()
        self._buckets: dict[str, dict[str, list[Stored | None]]] = {}
        self._sessions: dict[str, Session] = {}

    def reset(self, bucket: str) -> None:
        self._buckets, self._sessions = {bucket: {}}, {}
        self.fails, self.damages, self.seen = [], False, []

    def forget(self, bucket: str, key: str) -> None:
        """Let all generations but the present one go, as a bucket without versions does at once."""
        self._buckets[bucket][key] = self._buckets[bucket][key][-1:]

    def damage(self, bucket: str, key: str, data: bytes) -> None:
        """Other bytes under the same checksum, as a disk's or a cable's fault leaves them."""
        present = self._buckets[bucket][key][-1]
        assert present is not None
        self._buckets[bucket][key][-1] = replace(present, data=data)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        body = request.get_data()
        with self._lock:
            return self._planned(request, body)(environ, start_response)

    def _planned(self, request: Request, body: bytes) -> Response:
        path = str(request.environ["RAW_URI"]).partition("?")[0]
        self.seen.append(f"{request.method} {path} {request.args.get('uploadType', '')}".strip())
        plan = next((plan for plan in self.fails if plan[0] == request.method), None)
        if plan:
            self.fails.remove(plan)
            if not plan[2]:
                return Response("planned", plan[1])
        try:
            answer = self._route(request, path, body)
        except Refused as exc:
            answer = json_answer({"error": {"code": exc.status, "message": str(exc)}}, exc.status)
        return Response("planned", plan[1]) if plan else answer

    def _route(self, request: Request, path: str, body: bytes) -> Response:
        if path == "/token" or (path.endswith("/token") and path.startswith("/computeMetadata/")):
            token = secrets.token_hex(16)
            self._tokens.add(token)
            return json_answer({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})
        if path.startswith("/computeMetadata/v1/instance/service-accounts/"):
            return json_answer({"email": self._account, "scopes": [], "aliases": ["default"]})
        if "upload_id" in request.args:
            return self._session(request, body)
        if not re.match("/(upload/|download/)?storage/v1/|/v1/projects/", path):
            return self._signed(request, path, body)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise Refused(401, "Invalid Credentials")
        if path.startswith("/v1/projects/"):
            return self._sign_blob(unquote(path), body)
        return self._json_api(request, path, body)

    def _json_api(self, request: Request, path: str, body: bytes) -> Response:
        whole = re.fullmatch("/storage/v1/b/([^/]+)", path)
        if whole and whole[1] in self._buckets:  # the client looks at the bucket by itself, for its own telemetry
            return json_answer({"kind": "storage#bucket", "name": whole[1], "location": "EU", "projectNumber": "1"})
        found = re.fullmatch("/(upload/|download/)?storage/v1/b/([^/]+)/o(?:/(.+))?", path)
        if found is None:
            raise Refused(404, f"no such method: {path}")
        kind, bucket, key = found[1] or "", found[2], unquote(found[3] or "")
        if bucket not in self._buckets:
            raise Refused(404, "The specified bucket does not exist.")
        if kind == "upload/":
            return self._upload(request, bucket, body)
        if not key:
            return self._list(request, bucket)
        if request.method == "DELETE":
            return self._delete(request, bucket, key)
        stored = self._find(bucket, key, request.args.get("generation"))
        if request.args.get("alt") == "media":
            return media(stored, request)
        return json_answer(self._resource(bucket, key, stored))

    def _sign_blob(self, path: str, body: bytes) -> Response:
        if path != f"/v1/projects/-/serviceAccounts/{self._account}:signBlob":
            raise Refused(403, "The caller does not have permission")
        payload = b64decode(json.loads(body)["payload"])
        signature = self._key.sign(payload, padding.PKCS1v15(), SHA256())
        return json_answer({"keyId": "1", "signedBlob": b64encode(signature).decode()})

    def _upload(self, request: Request, bucket: str, body: bytes) -> Response:
        asked = request.args.get("ifGenerationMatch")
        if_generation = None if asked is None else int(asked)
        if request.args["uploadType"] == "resumable":
            resource = json.loads(body or b"{}")
            size = request.headers.get("X-Upload-Content-Length")
            kind = request.headers.get("X-Upload-Content-Type") or resource.get("contentType", "")
            session = Session(
                bucket,
                resource.get("name") or request.args["name"],
                kind,
                resource.get("metadata", {}),
                int(size) if size else None,
                if_generation,
            )
            where = f"{self.origin}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={self._open(session)}"
            return Response(status=200, headers={"Location": where})
        boundary = request.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
        _, head, data, _ = body.split(b"--" + boundary)
        resource = json.loads(head.partition(b"\r\n\r\n")[2])
        header, _, content = data.partition(b"\r\n\r\n")
        content = self._arrived(content[:-2])
        if resource.get("crc32c", crc32c(content)) != crc32c(content):
            raise Refused(400, "Provided CRC32C does not match calculated CRC32C.")
        kind = re.search(rb"content-type: ([^\r]+)", header, re.I)
        stored = self._commit(
            bucket,
            resource["name"],
            content,
            kind[1].decode() if kind else "",
            resource.get("metadata", {}),
            if_generation,
        )
        return json_answer(self._resource(bucket, resource["name"], stored))

    def _open(self, session: Session) -> str:
        upload_id = secrets.token_hex(12)
        self._sessions[upload_id] = session
        return upload_id

    def _session(self, request: Request, body: bytes) -> Response:
        session = self._sessions.get(request.args["upload_id"])
        if session is None:
            raise Refused(404, "upload not found")
        if request.method == "DELETE":
            del self._sessions[request.args["upload_id"]]
            return Response(status=499)
        found = _CONTENT_RANGE.fullmatch(request.headers.get("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}"))
        if found is None:
            raise Refused(400, "bad Content-Range")
        if session.done is None:
            self._append(session, body, found)
            announced = request.headers.get("x-goog-hash", "").partition("crc32c=")[2]
            if len(session.data) == session.size:
                self._finish(session, announced)
        if session.done is not None:
            return json_answer(self._resource(session.bucket, session.key, session.done))
        kept = len(session.data)
        return Response(status=308, headers={"Range": f"bytes=0-{kept - 1}"} if kept else {})

    def _append(self, session: Session, body: bytes, found: re.Match[str]) -> None:
        size = int(found[3]) if found[3] else session.size
        if session.size is not None and size != session.size:
            raise Refused(400, "another size than declared")
        session.size = size
        if found[1] is None:
            return
        first, last = int(found[1]), int(found[2])
        if first > len(session.data) or last - first + 1 != len(body) or (size is not None and last >= size):
            raise Refused(400, "the bytes do not fit")
        if last + 1 != size and (last + 1) % QUANTUM:
            raise Refused(400, "no multiple of 256 KiB")
        session.data += self._arrived(body)[len(session.data) - first :]

    def _finish(self, session: Session, announced: str) -> None:
        data = bytes(session.data)
        if announced and announced != crc32c(data):
            raise Refused(400, "Provided CRC32C does not match calculated CRC32C.")
        if session.lengths and not session.lengths[0] <= len(data) <= session.lengths[1]:
            raise Refused(400, "EntityTooLarge or EntityTooSmall")
        session.done = self._commit(
            session.bucket, session.key, data, session.content_type, session.metadata, session.if_generation
        )

    def _signed(self, request: Request, path: str, body: bytes) -> Response:
        """The XML API."""
        numbers = self._key.public_key().public_numbers()
        headers = dict(request.headers.items())
        loose = [name for name in headers if name.lower().startswith("x-goog-")]
        signed = request.args.get("X-Goog-SignedHeaders", "").split(";")
        url = f"{self.origin}{request.environ['RAW_URI']}"
        genuine = is_genuine(rsa_check(numbers.n, numbers.e), request.method, url, headers)
        if not genuine or any(name.lower() not in signed for name in loose):
            raise Refused(403, "SignatureDoesNotMatch")
        began = datetime.strptime(request.args["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if self.now() >= began + timedelta(seconds=int(request.args["X-Goog-Expires"])):
            raise Refused(400, "ExpiredToken")
        bucket, _, key = unquote(path[1:]).partition("/")
        asked = request.headers.get("x-goog-if-generation-match")
        if_generation = None if asked is None else int(asked)
        if request.method in ("GET", "HEAD"):
            stored = self._find(bucket, key, None)
            if if_generation not in (None, stored.generation):
                raise Refused(412, "PreconditionFailed")
            return media(stored, request)
        least, _, most = request.headers.get("x-goog-content-length-range", "0,999999999").partition(",")
        kind = request.headers.get("Content-Type", "application/octet-stream")
        if request.method == "POST":
            session = Session(bucket, key, kind, {}, None, if_generation, (int(least), int(most)))
            return Response(status=201, headers={"Location": f"{self.origin}{path}?upload_id={self._open(session)}"})
        announced = request.headers.get("x-goog-hash", "").partition("crc32c=")[2]
        if announced and announced != crc32c(body):
            raise Refused(400, "BadDigest")
        if not int(least) <= len(body) <= int(most):
            raise Refused(400, "EntityTooLarge or EntityTooSmall")
        stored = self._commit(bucket, key, body, kind, {}, if_generation)
        return Response(headers={"x-goog-generation": str(stored.generation)})

    def _arrived(self, data: bytes) -> bytes:
        return bytes([data[0] ^ 1]) + data[1:] if self.damages and data else data

    def _commit(
        self, bucket: str, key: str, data: bytes, kind: str, metadata: Mapping[str, str], if_generation: int | None
    ) -> Stored:
        history = self._buckets[bucket].setdefault(key, [])
        self._require(history, if_generation)
        self._last = max(self._last + 1, (self.now() - _EPOCH) // timedelta(microseconds=1))
        stored = Stored(self._last, data, kind or "application/octet-stream", dict(metadata), self.now(), crc32c(data))
        history.append(stored)
        return stored

    def _require(self, history: list[Stored | None], if_generation: int | None) -> None:
        present = history[-1].generation if history and history[-1] else 0
        if if_generation is not None and if_generation != present:
            raise Refused(412, "At least one of the pre-conditions you specified did not hold.")

    def _find(self, bucket: str, key: str, generation: str | None) -> Stored:
        history = self._buckets[bucket].get(key, [])
        wanted = history[-1:] if generation is None else [s for s in history if s and str(s.generation) == generation]
        if not wanted or wanted[0] is None:
            raise Refused(404, f"No such object: {bucket}/{key}")
        return wanted[0]

    def _delete(self, request: Request, bucket: str, key: str) -> Response:
        self._find(bucket, key, None)
        asked = request.args.get("ifGenerationMatch")
        self._require(self._buckets[bucket][key], None if asked is None else int(asked))
        self._buckets[bucket][key].append(None)
        return Response(status=204)

    def _list(self, request: Request, bucket: str) -> Response:
        prefix, start = request.args.get("prefix", ""), request.args.get("startOffset", "")
        after = bytes.fromhex(request.args.get("pageToken", "")).decode()
        keys = sorted(key for key, history in self._buckets[bucket].items() if history[-1] and key.startswith(prefix))
        keys = [key for key in keys if key >= start and (not after or key > after)]
        count = min(int(request.args.get("maxResults", 1000)), 1000, 5)  # small pages: clients must go on
        items = [self._resource(bucket, key, self._find(bucket, key, None)) for key in keys[:count]]
        more = {"nextPageToken": keys[count - 1].encode().hex()} if len(keys) > count else {}
        return json_answer({"kind": "storage#objects", "items": items, **more})

    def _resource(self, bucket: str, key: str, stored: Stored) -> dict[str, Any]:
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{key}/{stored.generation}",
            "name": key,
            "bucket": bucket,
            "generation": str(stored.generation),
            "metageneration": "1",
            "contentType": stored.content_type,
            "size": str(len(stored.data)),
            "crc32c": stored.crc32c,
            "timeCreated": stored.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "storageClass": "STANDARD",
            **({"metadata": dict(stored.metadata)} if stored.metadata else {}),
        }


def media(stored: Stored, request: Request) -> Response:
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    start, stop = (int(asked[1]), int(asked[2] or len(stored.data)) + 1) if asked else (0, len(stored.data))
    if asked and start >= len(stored.data):
        return Response(status=416)
    part = stored.data[start:stop]
    response = Response(part, 206 if asked else 200, content_type=stored.content_type)
    response.headers["x-goog-hash"] = f"crc32c={stored.crc32c}"
    response.headers["x-goog-generation"] = str(stored.generation)
    for name in ("content-type", "content-disposition"):
        if f"response-{name}" in request.args:
            response.headers[name] = request.args[f"response-{name}"]
    if asked:
        response.headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(stored.data)}"
    return response


def json_answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=UTF-8")


@contextmanager
def running_cloud_storage(key: rsa.RSAPrivateKey, account: str, now: Callable[[], datetime]) -> Iterator[CloudStorage]:
    emulator = CloudStorage(key, account, now)
    with served(emulator) as emulator.origin:
        yield emulator
