"""The local server's object door: signed URLs really verified, resumable sessions, ranges, preconditions."""

from __future__ import annotations

import hashlib
import http.client
import io
import random
import re
import shutil
import signal
import socket
import threading
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google_crc32c
import httpx
import pytest

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.adapters.storage.signed_urls import hmac_signer
from shared.domain.errors import Misconfigured, PreconditionFailed
from shared.ports.storage import ObjectInfo, SignedUrl
from tests.support.clock import HeldClock
from tests.support.objects import SECRET, served_bucket
from tests.support.studio import running_studio, served_studio
from tests.support.v4_verifier import hmac_check, is_genuine

QUANTUM = 256 * 1024
KEY = "users/ana/clip ñ&1"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def seen() -> list[ObjectInfo]:
    return []


@pytest.fixture
def storage(tmp_path: Path, clock: HeldClock, seen: list[ObjectInfo]) -> Iterator[FilesystemStorage]:
    with served_bucket(tmp_path, clock, "uploads", seen.append) as made:
        yield made


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as made:
        yield made


def send(client: httpx.Client, signed: SignedUrl, body: bytes = b"", **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(signed.method, signed.url, headers={**signed.headers, **given}, content=body)


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"].startswith("application/xml")
    found = re.search("<Code>(.*)</Code><Message>.+</Message>", answer.text)
    assert found, answer.text
    return answer.status_code, found[1]


def crc32c(data: bytes) -> str:
    return b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


def md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def test_a_signed_upload_is_stored_announced_and_described(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo], clock: HeldClock
) -> None:
    data = random.Random(1).randbytes(300_000)
    signed = storage.sign("PUT", KEY, 60, content_type="video/mp4", length_range=(1, 300_000), if_generation=0)
    assert is_genuine(hmac_check(SECRET), "PUT", signed.url, signed.headers)
    assert (signed.expires_at - clock.now()).total_seconds() == pytest.approx(60, abs=1)
    answer = send(client, signed, data)
    assert answer.status_code == 200 and answer.content == b""
    info = storage.stat(KEY)
    assert info is not None and seen == [info]
    assert (info.size, info.crc32c, info.content_type) == (300_000, crc32c(data), "video/mp4")
    assert answer.headers["x-goog-generation"] == str(info.generation)
    assert answer.headers["ETag"] == f'"{info.generation}"'
    assert answer.headers["x-goog-hash"] == f"crc32c={info.crc32c}"
    assert answer.headers["x-goog-stored-content-length"] == "300000"
    assert storage.get(KEY) == data
    assert storage.put("by/put", b"1") in seen  # both ways raise the same event


def test_an_upload_in_chunks_needs_no_length(storage: FilesystemStorage, client: httpx.Client) -> None:
    signed = storage.sign("PUT", KEY, 60, length_range=(4, 8))
    pieces = [b"abc", b"def"]
    assert client.put(signed.url, headers=signed.headers, content=iter(pieces)).status_code == 200
    assert storage.get(KEY) == b"abcdef"
    many = client.put(signed.url, headers=signed.headers, content=iter([b"abc"] * 3))
    few = client.put(signed.url, headers=signed.headers, content=iter([b"abc"]))
    assert (code(many), code(few)) == ((400, "EntityTooLarge"), (400, "EntityTooSmall"))
    assert storage.get(KEY) == b"abcdef"


def test_an_upload_without_any_length_is_refused(storage: FilesystemStorage) -> None:
    signed = storage.sign("PUT", KEY, 60)
    parts = urlsplit(signed.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as raw:
        raw.sendall(f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 411 ")
    assert storage.stat(KEY) is None


@pytest.mark.parametrize(("size", "expected"), [(9, "EntityTooSmall"), (21, "EntityTooLarge")])
def test_the_length_is_held_to(storage: FilesystemStorage, client: httpx.Client, size: int, expected: str) -> None:
    signed = storage.sign("PUT", KEY, 60, length_range=(10, 20))
    assert code(send(client, signed, b"x" * size)) == (400, expected)
    assert storage.stat(KEY) is None
    assert send(client, signed, b"x" * 10).status_code == 200


def test_announced_hashes_are_checked_before_anything_is_there(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]
) -> None:
    signed = storage.sign("PUT", KEY, 60, crc32c=crc32c(b"right"))
    assert code(send(client, signed, b"wrong")) == (400, "BadDigest")
    plain = storage.sign("PUT", KEY, 60)
    assert code(send(client, plain, b"wrong", content_md5=md5(b"right"))) == (400, "BadDigest")
    assert code(send(client, plain, b"wrong", content_md5="no hash")) == (400, "InvalidDigest")
    assert storage.stat(KEY) is None and seen == []
    assert send(client, signed, b"right").status_code == 200
    assert send(client, plain, b"right", content_md5=md5(b"right")).status_code == 200


def test_x_goog_hash_takes_md5_and_crc32c_together(storage: FilesystemStorage, client: httpx.Client) -> None:
    both = f"crc32c={crc32c(b'right')},md5={md5(b'right')}"
    signed = signed_with(storage, {"x-goog-hash": both, "x-goog-meta-owner": "ana"})
    assert code(send(client, signed, b"wrong")) == (400, "BadDigest")
    answer = send(client, signed, b"right")
    assert answer.status_code == 200 and answer.headers["x-goog-meta-owner"] == "ana"
    info = storage.stat(KEY)
    assert info is not None and dict(info.metadata) == {"owner": "ana"}
    for hashes in ("sha1=AAAA", "md5=AAAA", f"crc32c={crc32c(b'a')},crc32c={crc32c(b'b')}"):
        assert code(send(client, signed_with(storage, {"x-goog-hash": hashes}), b"x")) == (400, "InvalidDigest")


def signed_with(storage: FilesystemStorage, headers: dict[str, str], method: str = "PUT") -> SignedUrl:
    """A URL bound to headers that the port has no words for."""
    from shared.adapters.storage.signed_urls import object_path, sign_url, stamp_of

    plain = storage.sign("PUT", KEY, 60)
    origin, moment = plain.url.partition("/storage")[0], HeldClock().now()
    path = object_path(storage.bucket, KEY, "/storage")
    url = sign_url(hmac_signer("local", SECRET), method, origin, path, 60, stamp_of(moment), headers=headers)
    return SignedUrl(url, method, headers, plain.expires_at)


def changed(signed: SignedUrl, url: str | None = None, method: str | None = None, **headers: str) -> SignedUrl:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedUrl(url or signed.url, method or signed.method, {**signed.headers, **given}, signed.expires_at)


def test_a_changed_request_is_refused_and_changes_nothing(
    storage: FilesystemStorage, client: httpx.Client, clock: HeldClock
) -> None:
    signed = storage.sign("PUT", KEY, 60, content_type="image/png", length_range=(0, 5), if_generation=0)
    forbidden, denied = (403, "SignatureDoesNotMatch"), (403, "MalformedSecurityHeader")
    flipped = signed.url[:-1] + ("0" if signed.url[-1] != "0" else "1")
    assert code(send(client, changed(signed, url=flipped), b"data")) == forbidden
    assert code(send(client, changed(signed, url=signed.url.replace("/ana/", "/eve/")), b"data")) == forbidden
    assert code(send(client, changed(signed, url=signed.url.replace("/uploads/", "/media/")), b"data")) == forbidden
    assert code(send(client, changed(signed, content_type="text/html"), b"data")) == forbidden
    assert code(send(client, changed(signed, x_goog_content_length_range="0,9"), b"data")) == forbidden
    assert code(send(client, changed(signed, x_goog_if_generation_match="1"), b"data")) == forbidden
    assert code(send(client, changed(signed, x_goog_meta_role="admin"), b"data")) == denied
    assert code(send(client, changed(signed, host="localhost"), b"data")) == forbidden
    assert code(send(client, changed(signed, method="POST"), b"")) == forbidden
    assert code(send(client, changed(signed, method="DELETE"), b"")) == forbidden
    assert code(client.put(signed.url, content=b"data")) == denied  # without its headers
    assert code(client.put(signed.url.partition("?")[0], content=b"data"))[0] == 400
    clock.advance(60)
    assert code(send(client, signed, b"data")) == (400, "ExpiredToken")
    assert storage.stat(KEY) is None and storage.list().items == []


def test_an_uploads_url_reads_nothing_and_a_readers_writes_nothing(
    storage: FilesystemStorage, client: httpx.Client
) -> None:
    storage.put(KEY, b"old")
    assert code(send(client, changed(storage.sign("PUT", KEY, 60), method="GET"))) == (403, "SignatureDoesNotMatch")
    assert code(send(client, changed(storage.sign("GET", KEY, 60), method="PUT"), b"new"))[0] == 403
    assert storage.get(KEY) == b"old"


def test_create_only_has_one_winner(storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]) -> None:
    signed = storage.sign("PUT", KEY, 60, if_generation=0)
    bodies = [bytes([n]) * 400_000 for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: send(client, signed, body), bodies))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 412, 412, 412, 412, 412]
    assert {code(answer) for answer in answers if answer.status_code == 412} == {(412, "PreconditionFailed")}
    assert storage.get(KEY) == bodies[[answer.status_code for answer in answers].index(200)]
    assert len(seen) == 1


def test_an_upload_cut_off_is_no_object(storage: FilesystemStorage, client: httpx.Client) -> None:
    signed = storage.sign("PUT", KEY, 60)
    cut_off(signed, b"x" * 500_000, 1_000_000)
    until(lambda: not list(storage._layout.data.rglob("*[0-9a-f]*/*")))
    assert storage.stat(KEY) is None and storage.list().items == []


def cut_off(signed: SignedUrl, sent: bytes, announced: int, **headers: str) -> None:
    """Send a part of the body, see it taken in, and go away."""
    parts = urlsplit(signed.url)
    given = {**signed.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    head = f"{signed.method} {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n{lines}"
    with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as raw:
        raw.sendall(f"{head}Content-Length: {announced}\r\n\r\n".encode() + sent)
        raw.shutdown(socket.SHUT_WR)
        raw.makefile("rb").read()  # answered or closed: the server is done with it


def until(holds: Any) -> None:
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come about")


def test_downloads_are_whole_or_ranges(storage: FilesystemStorage, client: httpx.Client) -> None:
    data = random.Random(2).randbytes(200_000)
    info = storage.put(KEY, data, content_type="audio/wav", metadata={"owner": "ana"})
    signed = storage.sign("GET", KEY, 60)
    whole = send(client, signed)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["Content-Type"] == "audio/wav"
    assert whole.headers["Content-Disposition"] == "attachment"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["x-goog-hash"] == f"crc32c={info.crc32c}" and whole.headers["x-goog-meta-owner"] == "ana"
    assert whole.headers["Accept-Ranges"] == "bytes" and "sandbox" in whole.headers["Content-Security-Policy"]
    etag = whole.headers["ETag"]
    for asked, start, stop in (("bytes=0-9", 0, 10), ("bytes=199990-", 199990, 200000), ("bytes=-5", 199995, 200000)):
        part = send(client, signed, range=asked)
        assert (part.status_code, part.content) == (206, data[start:stop])
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/200000"
    assert send(client, signed, range="bytes=1-2", if_range=etag).status_code == 206
    assert send(client, signed, range="bytes=1-2", if_range='"1"').content == data
    beyond = send(client, signed, range="bytes=200000-")
    assert code(beyond) == (416, "InvalidRange") and beyond.headers["Content-Range"] == "bytes */200000"
    assert send(client, signed, if_none_match=etag).status_code == 304
    head = send(client, storage.sign("HEAD", KEY, 60))
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "200000", b"")


def test_a_download_says_what_its_url_was_signed_to_say(storage: FilesystemStorage, client: httpx.Client) -> None:
    info = storage.put(KEY, b"<script>", content_type="text/html")
    signed = storage.sign("GET", KEY, 60, content_type="text/plain", disposition='attachment; filename="a b.txt"')
    answer = send(client, signed)
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'
    inline = changed(signed, url=signed.url.replace("attachment", "inline"))
    assert code(send(client, inline)) == (403, "SignatureDoesNotMatch")
    bound = storage.sign("GET", KEY, 60, if_generation=info.generation)
    assert send(client, bound).status_code == 200
    storage.put(KEY, b"another")
    assert code(send(client, bound)) == (412, "PreconditionFailed")


def test_what_is_not_there(storage: FilesystemStorage, client: httpx.Client) -> None:
    assert code(send(client, storage.sign("GET", "absent", 60))) == (404, "NoSuchKey")
    assert send(client, storage.sign("HEAD", "absent", 60)).status_code == 404
    upload = storage.start_resumable(KEY, content_type="video/mp4", size=5).session
    for other in (
        upload.url.replace("clip", "clap"),
        upload.url[:-4] + "0000",
        upload.url.partition("=")[0] + "=../../x",
        upload.url.partition("=")[0] + "=",
    ):
        assert code(client.put(other, content=b"12345")) == (404, "NoSuchKey")
    assert code(client.put(upload.url.replace("/uploads/", "/media/"), content=b"12345")) == (404, "NoSuchBucket")


def kept(answer: httpx.Response) -> int:
    assert answer.status_code == 308, answer.text
    return int(answer.headers["Range"].partition("-")[2]) + 1 if "Range" in answer.headers else 0


def ask(client: httpx.Client, session: str, size: int | str = "*") -> httpx.Response:
    return client.put(session, headers={"Content-Range": f"bytes */{size}"})


def piece(client: httpx.Client, session: str, data: bytes, first: int, size: int | str) -> httpx.Response:
    return client.put(session, headers={"Content-Range": f"bytes {first}-{first + len(data) - 1}/{size}"}, content=data)


def test_a_resumable_upload_goes_piece_by_piece(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]
) -> None:
    data = random.Random(3).randbytes(2 * QUANTUM + 777)
    upload = storage.start_resumable(KEY, content_type="video/mp4", size=len(data), if_generation=0)
    session = upload.session.url
    assert (upload.protocol, upload.piece_bytes, upload.session.method) == ("content-range", QUANTUM, "PUT")
    assert kept(ask(client, session)) == 0
    assert kept(piece(client, session, data[:QUANTUM], 0, len(data))) == QUANTUM
    assert kept(ask(client, session, len(data))) == QUANTUM
    assert storage.stat(KEY) is None and seen == []
    # What is kept already is skipped, whatever it says this time.
    assert kept(piece(client, session, b"?" * QUANTUM + data[QUANTUM : 2 * QUANTUM], 0, "*")) == 2 * QUANTUM
    done = piece(client, session, data[2 * QUANTUM :], 2 * QUANTUM, len(data))
    assert done.status_code == 200 and done.headers["x-goog-hash"] == f"crc32c={crc32c(data)}"
    info = storage.stat(KEY)
    assert info is not None and seen == [info] and storage.get(KEY) == data
    assert (info.crc32c, info.content_type) == (crc32c(data), "video/mp4")
    assert done.headers["x-goog-generation"] == str(info.generation)
    # An answer that was lost is given again, and makes nothing anew.
    for again in (ask(client, session, len(data)), piece(client, session, data[2 * QUANTUM :], 2 * QUANTUM, len(data))):
        assert (again.status_code, again.headers["x-goog-generation"]) == (200, str(info.generation))
    assert len(seen) == 1 and len(list(storage._layout.sessions.glob("*.bytes"))) == 0
    assert storage.put(KEY, b"later").generation > info.generation
    assert ask(client, session, len(data)).headers["x-goog-generation"] == str(info.generation)
    assert storage.get(KEY) == b"later"


def test_a_signed_post_opens_a_session(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]
) -> None:
    signed = storage.sign("POST", KEY, 60, content_type="audio/mpeg", length_range=(10, 20), if_generation=0)
    assert signed.headers["x-goog-resumable"] == "start"
    answer = send(client, signed)
    assert answer.status_code == 201 and answer.headers["Content-Length"] == "0"
    session = answer.headers["Location"]
    assert code(client.put(session, content=b"x" * 9)) == (400, "EntityTooSmall")
    assert code(client.put(session, content=b"x" * 21)) == (400, "EntityTooLarge")
    assert code(piece(client, session, b"x" * QUANTUM, 0, "*")) == (400, "EntityTooLarge")
    assert client.put(session, content=b"x" * 15).status_code == 200  # one request may bring it all
    assert storage.get(KEY) == b"x" * 15 and seen[0].content_type == "audio/mpeg"
    assert code(send(client, signed)) == (412, "PreconditionFailed")  # there is something now


def test_a_size_may_be_told_at_the_end(storage: FilesystemStorage, client: httpx.Client) -> None:
    session = send(client, storage.sign("POST", KEY, 60)).headers["Location"]
    assert kept(piece(client, session, b"x" * QUANTUM, 0, "*")) == QUANTUM
    assert kept(ask(client, session, QUANTUM + 1)) == QUANTUM
    assert ask(client, session, QUANTUM).status_code == 200
    assert storage.get(KEY) == b"x" * QUANTUM


@pytest.mark.parametrize(
    ("content_range", "body"),
    [
        (f"bytes 0-{QUANTUM - 2}/1000000", QUANTUM - 1),  # no multiple, and not the last
        (f"bytes {QUANTUM}-{2 * QUANTUM - 1}/1000000", QUANTUM),  # a gap
        (f"bytes 0-{QUANTUM - 1}/1000001", QUANTUM),  # another size than declared
        (f"bytes 0-{4 * QUANTUM - 1}/1000000", 4 * QUANTUM),  # past the end
        (f"bytes 0-{QUANTUM - 1}/1000000", QUANTUM - 1),  # less than it says
        ("bytes 5-4/1000000", 0),
        ("bytes */1000000", 1),
        ("bytes=0-1/2", 2),
        ("bytes 0-1", 2),
        ("items 0-1/2", 2),
        ("bytes ٣-٤/5", 2),
    ],
)
def test_a_piece_that_does_not_fit_is_refused(
    storage: FilesystemStorage, client: httpx.Client, content_range: str, body: int
) -> None:
    session = storage.start_resumable(KEY, content_type="video/mp4", size=1_000_000).session.url
    answer = client.put(session, headers=[(b"Content-Range", content_range.encode())], content=b"x" * body)
    assert code(answer) == (400, "InvalidArgument")
    assert kept(ask(client, session)) == 0


def test_a_posts_body_or_an_unknown_header_opens_nothing(storage: FilesystemStorage, client: httpx.Client) -> None:
    signed = storage.sign("POST", KEY, 60)
    assert code(send(client, signed, b"body")) == (400, "InvalidArgument")
    assert code(send(client, signed_with(storage, {}, "POST"))) == (400, "InvalidArgument")
    assert (
        code(
            send(client, signed_with(storage, {"x-goog-resumable": "start", "x-goog-hash": f"md5={md5(b'')}"}, "POST"))
        )[0]
        == 400
    )
    for name, value in (("x-goog-content-length-range", "9,1"), ("x-goog-if-generation-match", "any")):
        assert code(send(client, signed_with(storage, {name: value}), b"x")) == (400, "InvalidArgument")
    assert not storage._layout.sessions.exists()


def test_a_session_checks_the_hash_it_was_opened_with(storage: FilesystemStorage, client: httpx.Client) -> None:
    headers = {"x-goog-resumable": "start", "x-goog-hash": f"crc32c={crc32c(b'right')}"}
    for body, status in ((b"wrong", 400), (b"right", 200)):
        session = send(client, signed_with(storage, headers, "POST")).headers["Location"]
        assert client.put(session, content=body).status_code == status
    assert storage.get(KEY) == b"right"


def test_a_connection_that_breaks_keeps_what_came(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]
) -> None:
    data = random.Random(4).randbytes(3 * QUANTUM + 5)
    upload = storage.start_resumable(KEY, content_type="video/mp4", size=len(data)).session
    whole = f"bytes 0-{len(data) - 1}/{len(data)}"
    cut_off(upload, data[: 2 * QUANTUM + 1000], len(data), content_range=whole)
    until(lambda: kept(ask(client, upload.url)) == 2 * QUANTUM)
    assert storage.stat(KEY) is None and seen == []
    assert piece(client, upload.url, data[2 * QUANTUM :], 2 * QUANTUM, len(data)).status_code == 200
    assert storage.get(KEY) == data and len(seen) == 1


class Slow(io.BytesIO):
    """A body that stops after its first byte until it is told to go on."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.under_way, self.go_on = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            self.under_way.set()
            assert self.go_on.wait(20)
        return super().read(size if self.tell() else 1)


@contextmanager
def slow_writer(storage: FilesystemStorage, session: str) -> Iterator[None]:
    """Somebody who is writing the whole of a session as long as the context lasts, and then gets done."""
    body = Slow(b"a" * QUANTUM)
    upload_id = session.rpartition("=")[2]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(storage.sessions.append, upload_id, KEY, body, 0, QUANTUM, QUANTUM)
        try:
            assert body.under_way.wait(20)
            yield
        finally:
            body.go_on.set()
        assert done.result().done


def test_one_writer_at_a_time(storage: FilesystemStorage, client: httpx.Client) -> None:
    session = storage.start_resumable(KEY, content_type="video/mp4", size=QUANTUM).session.url
    with slow_writer(storage, session):
        assert code(client.put(session, content=b"b" * QUANTUM)) == (409, "Conflict")
        assert kept(ask(client, session)) == 0
    assert storage.get(KEY) == b"a" * QUANTUM


def test_of_two_sessions_for_one_key_the_first_to_end_wins(
    storage: FilesystemStorage, client: httpx.Client, seen: list[ObjectInfo]
) -> None:
    first, second = (
        storage.start_resumable(KEY, content_type="a/b", size=4, if_generation=0).session.url for _ in range(2)
    )
    assert client.put(second, content=b"2222").status_code == 200
    assert code(client.put(first, content=b"1111")) == (412, "PreconditionFailed")
    assert code(ask(client, first)) == (404, "NoSuchKey")
    assert storage.get(KEY) == b"2222" and len(seen) == 1
    with pytest.raises(PreconditionFailed):
        storage.start_resumable(KEY, content_type="a/b", size=4, if_generation=0)


def test_a_session_can_be_cancelled(storage: FilesystemStorage, client: httpx.Client) -> None:
    session = storage.start_resumable(KEY, content_type="a/b", size=QUANTUM * 2).session.url
    piece(client, session, b"x" * QUANTUM, 0, 2 * QUANTUM)
    assert client.delete(session).status_code == 499
    assert code(ask(client, session)) == (404, "NoSuchKey")
    assert list(storage._layout.sessions.iterdir()) == []
    assert code(client.get(session)) == (405, "MethodNotAllowed")


def test_sessions_nobody_goes_on_with_are_swept(
    storage: FilesystemStorage, client: httpx.Client, clock: HeldClock
) -> None:
    old = storage.start_resumable(KEY, content_type="a/b", size=QUANTUM * 2).session.url
    done = storage.start_resumable("done", content_type="a/b", size=1).session.url
    piece(client, old, b"x" * QUANTUM, 0, 2 * QUANTUM)
    assert client.put(done, content=b"1").status_code == 200
    clock.advance(6 * 24 * 3600)
    young = storage.start_resumable(KEY, content_type="a/b", size=QUANTUM * 2).session.url
    assert storage.sweep().sessions == 0
    clock.advance(24 * 3600)
    (storage._layout.sessions / f"{'0' * 32}.bytes").write_bytes(b"half of a session that was never opened")
    assert storage.sweep().sessions == 3
    assert [code(ask(client, url))[0] for url in (old, done)] == [404, 404]
    assert kept(ask(client, young)) == 0 and storage.get("done") == b"1"
    assert len(list(storage._layout.sessions.iterdir())) == 2


def test_a_sweep_spares_the_session_that_is_written_to(storage: FilesystemStorage, clock: HeldClock) -> None:
    session = storage.start_resumable(KEY, content_type="a/b", size=QUANTUM).session.url
    clock.advance(8 * 24 * 3600)
    with slow_writer(storage, session):
        assert storage.sweep().sessions == 0
    assert storage.get(KEY) == b"a" * QUANTUM


def test_large_bodies_do_not_pass_through_memory(storage: FilesystemStorage, tmp_path: Path) -> None:
    size = 40_000_000
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    put, get = storage.sign("PUT", KEY, 60), storage.sign("GET", KEY, 60)
    upload = storage.start_resumable("other", content_type="a/b", size=size).session
    tracemalloc.start()
    try:
        for signed in (put, upload):
            with (tmp_path / "big").open("rb") as body:
                assert answered(signed, body, {"Content-Length": str(size)}) == (200, 0)
        assert answered(get, None, {}) == (200, size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000  # the server itself reads up to ten million at once when it closes


def answered(signed: SignedUrl, body: Any, headers: dict[str, str]) -> tuple[int, int]:
    """Status and length of the answer, read in pieces."""
    parts = urlsplit(signed.url)
    connection = http.client.HTTPConnection(parts.netloc, blocksize=65_536)
    try:
        connection.request(signed.method, f"{parts.path}?{parts.query}", body, {**signed.headers, **headers})
        answer, length = connection.getresponse(), 0
        while data := answer.read(65_536):
            length += len(data)
        return answer.status, length
    finally:
        connection.close()


def studio_bucket(data: Path, origin: str) -> FilesystemStorage:
    """The uploads bucket of a studio that runs elsewhere, signing with its key."""
    from shared.adapters.clock import SystemClock

    clock = SystemClock()
    urls = LocalUrls(origin, "/storage", hmac_signer("local", (data / "url-key").read_text()), clock)
    return FilesystemStorage(data / "storage", "uploads", clock, None, urls)


def test_the_studio_serves_its_buckets_and_queues_the_event(tmp_path: Path) -> None:
    with running_studio(tmp_path) as (server, client):
        uploads, objects = server.app.uploads, server.app.objects
        assert objects is not None and set(objects.buckets) == {"media", "uploads"}
        signed = uploads.sign("PUT", "users/ana/a", 60, content_type="audio/wav", if_generation=0)
        assert signed.url.startswith(f"{server.url}/storage/uploads/users/ana/a?")
        assert send(client, signed, b"sound").status_code == 200
        session = uploads.start_resumable("users/ana/b", content_type="audio/wav", size=3).session
        assert client.put(session.url, content=b"abc").status_code == 200
        assert send(client, uploads.sign("GET", "users/ana/b", 60)).content == b"abc"
        elsewhere = client.put(session.url, content=b"abc", headers={"Origin": "https://elsewhere.test"})
        assert elsewhere.status_code == 403
        for key in ("users/ana/a", "users/ana/b"):
            info = uploads.stat(key)
            assert info is not None
            server.app.announce(info)  # told again, it is the same task: the queue knows it already
        key_file = tmp_path / "url-key"
        assert key_file.stat().st_mode & 0o777 == 0o600 and len(key_file.read_text()) >= 40
        with pytest.raises(Misconfigured):
            FilesystemStorage(tmp_path, "uploads", HeldClock()).sign("GET", "a", 60)


def test_a_killed_server_leaves_sessions_to_go_on_with(tmp_path: Path) -> None:
    data = random.Random(5).randbytes(20 * 1024 * 1024 + 3)
    with served_studio(tmp_path) as (server, client):
        origin = str(client.base_url).partition("/api")[0]
        upload = studio_bucket(tmp_path, origin).start_resumable("a", content_type="a/b", size=len(data)).session
        parts = urlsplit(upload.url)
        with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as raw:
            head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            raw.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data[: 18 * 1024 * 1024])
            until(lambda: kept(ask(client, upload.url)) >= 16 * 1024 * 1024)
            server.send_signal(signal.SIGKILL)
            server.wait()
    with served_studio(tmp_path) as (_, client):
        origin = str(client.base_url).partition("/api")[0]
        bucket = studio_bucket(tmp_path, origin)
        assert bucket.stat("a") is None
        session = f"{origin}{urlsplit(upload.url).path}?{urlsplit(upload.url).query}"
        there = kept(ask(client, session))
        assert there >= 16 * 1024 * 1024 and there % QUANTUM == 0
        assert piece(client, session, data[there:], there, len(data)).status_code == 200
        assert bucket.get("a") == data


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with served_studio(tmp_path, RLIMIT_FSIZE=3_000_000) as (_, client):
        bucket = studio_bucket(tmp_path, str(client.base_url).partition("/api")[0])
        assert code(send(client, bucket.sign("PUT", "a", 60), b"x" * 4_000_000)) == (507, "InsufficientStorage")
        session = bucket.start_resumable("b", content_type="a/b", size=4_000_000).session.url
        assert code(client.put(session, content=b"x" * 4_000_000)) == (507, "InsufficientStorage")
        assert bucket.list().items == []
        there = kept(ask(client, session))
        assert there <= 3_000_000 and there % QUANTUM == 0
        assert send(client, bucket.sign("PUT", "a", 60), b"x" * 1_000).status_code == 200
    shutil.rmtree(tmp_path / "storage")
