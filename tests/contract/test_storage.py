"""What every storage backend promises."""

from __future__ import annotations

import io
import itertools
import random
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, cast

import google_crc32c
import httpx
import pytest

from shared.domain.errors import InvalidInput, NotFound, PreconditionFailed
from shared.ports.storage import MAX_EXPIRES_S, Method, ResumableUpload, SignedUrl, Storage, every_object
from tests.support.clock import HeldClock


def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [info.key for info in every_object(storage, prefix)]


def crc32c(data: bytes) -> str:
    return b64encode(cast(int, google_crc32c.value(data)).to_bytes(4, "big")).decode()


def test_stored_bytes_come_back_with_what_is_known_of_them(storage: Storage, clock: HeldClock) -> None:
    made = storage.put("a/song.wav", b"123456789", content_type="audio/wav", metadata={"Owner": "Ana", "t": "¿sí?"})
    assert (made.bucket, made.key, made.size, made.crc32c) == (storage.bucket, "a/song.wav", 9, "4waSgw==")
    assert (made.content_type, made.created_at) == ("audio/wav", clock.now())
    assert dict(made.metadata) == {"Owner": "Ana", "t": "¿sí?"}
    assert storage.get("a/song.wav") == b"123456789"
    assert storage.stat("a/song.wav") == made


def test_what_is_not_there(storage: Storage, tmp_path: Path) -> None:
    assert storage.stat("absent") is None
    with pytest.raises(NotFound):
        storage.get("absent")
    with pytest.raises(NotFound), storage.open("absent"):
        pass
    with pytest.raises(NotFound):
        storage.download("absent", tmp_path / "local")
    assert not (tmp_path / "local").exists()
    storage.delete("absent")


def test_an_object_may_be_empty(storage: Storage) -> None:
    assert storage.put("empty", b"").size == 0
    assert storage.get("empty") == b""
    assert storage.put("empty", io.BytesIO()).crc32c == "AAAAAA=="


class Trickle(io.RawIOBase):
    """A stream that gives less than it is asked for, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._source.read(min(size, 70_001) if size >= 0 else -1)


def test_streams_are_stored_to_their_end(storage: Storage) -> None:
    data = random.Random(7).randbytes(3_000_001)
    made = storage.put("big", cast(BinaryIO, Trickle(data)))
    assert (made.size, made.crc32c) == (len(data), crc32c(data))
    assert storage.get("big") == data


def test_local_files_go_in_and_out(storage: Storage, tmp_path: Path) -> None:
    data = random.Random(8).randbytes(2_500_000)
    (tmp_path / "in").write_bytes(data)
    made = storage.put_file("clip", tmp_path / "in", content_type="video/mp4", metadata={"a": "b"})
    assert (made.size, made.crc32c, made.content_type, dict(made.metadata)) == (
        len(data),
        crc32c(data),
        "video/mp4",
        {"a": "b"},
    )
    target = tmp_path / "new" / "folder" / "out"
    assert storage.download("clip", target) == made
    assert target.read_bytes() == data
    assert [path.name for path in target.parent.iterdir()] == ["out"]
    assert (tmp_path / "in").read_bytes() == data


def test_a_stored_file_is_a_copy(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"first")
    storage.put_file("clip", tmp_path / "in")
    with (tmp_path / "in").open("r+b") as file:
        file.write(b"later")
    assert storage.get("clip") == b"first"


def test_a_missing_local_file_is_said_so(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        storage.put_file("clip", tmp_path / "absent")
    assert storage.stat("clip") is None


def test_download_writes_over_what_was_there(storage: Storage, tmp_path: Path) -> None:
    storage.put("a", b"new")
    (tmp_path / "out").write_bytes(b"something older and longer")
    storage.download("a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new"


def test_open_reads_seeks_and_tells(storage: Storage) -> None:
    storage.put("a", bytes(range(200)))
    with storage.open("a") as stream:
        assert stream.read(3) == b"\0\1\2"
        assert stream.seek(-2, io.SEEK_END) == 198
        assert stream.read() == b"\xc6\xc7"
        stream.seek(10)
        assert stream.tell() == 10 and stream.read(1) == b"\n"


def test_every_write_is_a_new_and_greater_generation(storage: Storage, clock: HeldClock) -> None:
    seen = [storage.put("a", b"1").generation, storage.put("a", b"2").generation]
    clock.advance(-3600)  # a clock that was set back changes nothing
    seen.append(storage.put("a", b"3").generation)
    storage.delete("a")
    seen.append(storage.put("a", b"4").generation)
    assert all(0 < earlier < later for earlier, later in itertools.pairwise(seen))
    info = storage.stat("a")
    assert info is not None and info.generation == seen[-1]


def test_create_only(storage: Storage) -> None:
    made = storage.put("a", b"first", if_generation=0)
    with pytest.raises(PreconditionFailed):
        storage.put("a", b"second", if_generation=0)
    assert storage.get("a") == b"first" and storage.stat("a") == made
    storage.delete("a")
    storage.put("a", b"third", if_generation=0)
    assert storage.get("a") == b"third"


def test_writes_over_one_very_generation(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from a file")
    first = storage.put("a", b"1").generation
    second = storage.put("a", b"2", if_generation=first).generation
    for stale in (first, second + 1):
        with pytest.raises(PreconditionFailed):
            storage.put("a", b"3", if_generation=stale)
        with pytest.raises(PreconditionFailed):
            storage.put_file("a", tmp_path / "in", if_generation=stale)
    assert storage.get("a") == b"2"
    with pytest.raises(PreconditionFailed):
        storage.put("absent", b"1", if_generation=first)
    assert storage.stat("absent") is None


def test_deletes_one_very_generation(storage: Storage) -> None:
    first = storage.put("a", b"1").generation
    second = storage.put("a", b"2").generation
    with pytest.raises(PreconditionFailed):
        storage.delete("a", if_generation=first)
    assert storage.get("a") == b"2"
    storage.delete("a", if_generation=second)
    assert storage.stat("a") is None
    with pytest.raises(PreconditionFailed):
        storage.delete("a", if_generation=second)


def test_an_overwritten_generation_stays_readable_to_its_reader(storage: Storage) -> None:
    storage.put("a", b"the first generation")
    with storage.open("a") as stream:
        assert stream.read(4) == b"the "
        storage.put("a", b"another")
        assert stream.read() == b"first generation"
        stream.seek(0)
        assert stream.read(9) == b"the first"
    storage.put("b", b"kept")
    with storage.open("b") as stream:
        storage.delete("b")
        assert stream.read() == b"kept"


class Broken(io.RawIOBase):
    """A stream that fails in the middle, as an upload does when its client goes away."""

    def __init__(self) -> None:
        self._reads = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        self._reads += 1
        if self._reads > 2:
            raise ConnectionResetError("the client went away")
        return b"x" * 1000


def test_a_stream_that_breaks_leaves_no_object(storage: Storage) -> None:
    with pytest.raises(ConnectionResetError):
        storage.put("new", cast(BinaryIO, Broken()))
    assert storage.stat("new") is None and keys(storage) == []
    before = storage.put("old", b"whole")
    with pytest.raises(ConnectionResetError):
        storage.put("old", cast(BinaryIO, Broken()))
    assert storage.stat("old") == before and storage.get("old") == b"whole"


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a/..",
    "a\0b",
    "a\\b",
    "a\nb",
    "\ud800",
    "x" * 1025,
    "é" * 513,
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: ascii(key)[:12])
def test_keys_that_could_lead_astray_are_refused(storage: Storage, tmp_path: Path, key: str) -> None:
    (tmp_path / "in").write_bytes(b"1")
    with pytest.raises(InvalidInput):
        storage.put(key, b"1")
    with pytest.raises(InvalidInput):
        storage.put_file(key, tmp_path / "in")
    with pytest.raises(InvalidInput):
        storage.get(key)
    with pytest.raises(InvalidInput):
        storage.stat(key)
    with pytest.raises(InvalidInput), storage.open(key):
        pass
    with pytest.raises(InvalidInput):
        storage.download(key, tmp_path / "out")
    with pytest.raises(InvalidInput):
        storage.delete(key)


ODD_KEYS = [
    "a",
    "a/b",
    "a/b/c",
    "a.json",
    "a.json/b",
    "a+",
    "a+/b",
    "a&",
    "A",
    "...",
    "..a/.b",
    " ",
    "a b/ c ",
    "%2e%2e/%00",
    "ñandú/Ünïcode/音楽🎬",
    "e\u0301",
    "\u00e9",
    "-rf",
    "~/x",
    "C:/x",
    "x" * 1024,
    "x" * 60,
    "x" * 61,
    "x" * 60 + "/y",
    "🎬" * 256,
    "d/" * 511 + "dd",
]


def test_odd_keys_are_each_their_own(storage: Storage) -> None:
    for index, key in enumerate(ODD_KEYS):
        storage.put(key, str(index).encode(), if_generation=0)
    for index, key in enumerate(ODD_KEYS):
        assert storage.get(key) == str(index).encode()
    assert keys(storage) == sorted(ODD_KEYS)
    for key in ODD_KEYS:
        assert key in keys(storage, key)


@pytest.mark.parametrize("deleted", ["a", "a/b"])
def test_a_key_and_one_below_it_live_apart(storage: Storage, deleted: str) -> None:
    storage.put("a", b"outer")
    storage.put("a/b", b"inner")
    storage.delete(deleted)
    left = {"a", "a/b"} - {deleted}
    assert set(keys(storage)) == left and storage.stat(left.pop()) is not None


@pytest.mark.parametrize(
    ("content_type", "metadata"),
    [
        ("", {}),
        ("text/html\r\nSet-Cookie: a=b", {}),
        ("text/ñ", {}),
        ("text/plain", {"": "x"}),
        ("text/plain", {"a\nb": "x"}),
        ("text/plain", {"a": 5}),
        ("text/plain", {"a": "\ud800"}),
        ("text/plain", {"a": "x" * 8192}),
    ],
)
def test_attributes_that_are_no_headers_are_refused(
    storage: Storage, content_type: str, metadata: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        storage.put("a", b"1", content_type=content_type, metadata=metadata)
    assert storage.stat("a") is None


NAMES = ["a", "a-b", "a.b", "a/b", "a/c/d", "a0", "b/a", "b/a/z", "B", "bb", "é", "🎬", "\uffee"]


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/c", "b/a", "b/a/", "bb", "c", "..", "/", "a//", "é"])
def test_listing_is_by_prefix_and_in_order(storage: Storage, prefix: str) -> None:
    for name in reversed(NAMES):
        storage.put(name, name.encode())
    expected = sorted((name for name in NAMES if name.startswith(prefix)), key=lambda name: name.encode())
    listed = storage.list(prefix)
    assert [info.key for info in listed.items] == expected
    assert listed.page_token is None
    assert all(info == storage.stat(info.key) for info in listed.items)


@pytest.mark.parametrize("limit", [1, 2, 5, 13, 14])
def test_pages_join_to_the_whole(storage: Storage, limit: int) -> None:
    for name in NAMES:
        storage.put(name, b"")
    found: list[list[str]] = []
    token = None
    while (not found or token is not None) and len(found) <= len(NAMES):
        listing = storage.list(limit=limit, page_token=token)
        found.append([info.key for info in listing.items])
        token = listing.page_token
    assert list(itertools.chain(*found)) == sorted(NAMES)
    assert all(len(page) == limit for page in found[:-1]) and found[-1]


def test_listing_is_steady_while_objects_come_and_go(storage: Storage) -> None:
    for name in "bdf":
        storage.put(name, b"")
    first = storage.list(limit=2)
    storage.put("a", b"")
    storage.put("e", b"")
    storage.delete("d")
    rest = storage.list(limit=2, page_token=first.page_token)
    assert [info.key for info in (*first.items, *rest.items)] == ["b", "d", "e", "f"]


def test_a_page_token_belongs_to_its_listing(storage: Storage) -> None:
    for name in ("a1", "a2", "a3"):
        storage.put(name, b"")
    token = storage.list("a", limit=1).page_token
    assert token is not None
    for prefix, foreign in [("", token), ("b", token), ("a", token[:-1]), ("a", "x"), ("a", "")]:
        with pytest.raises(InvalidInput):
            storage.list(prefix, page_token=foreign)
    for prefix, limit in [("a\0", 1), ("a\\", 1), ("x" * 1025, 1), ("", 0)]:
        with pytest.raises(InvalidInput):
            storage.list(prefix, limit=limit)


def test_one_of_many_creates_wins(storage: Storage) -> None:
    def create(n: int) -> int | None:
        try:
            storage.put("a", str(n).encode() * 1000, if_generation=0)
        except PreconditionFailed:
            return None
        return n

    with ThreadPoolExecutor(4) as pool:
        winners = [n for n in pool.map(create, range(12)) if n is not None]
    assert len(winners) == 1
    assert storage.get("a") == str(winners[0]).encode() * 1000


def test_readers_see_whole_generations_while_writers_write(storage: Storage) -> None:
    """Every read must be one write's bytes, of one letter and the length that goes with it."""
    letters = b"abcdef"
    storage.put("a", b"a")

    def write(turn: int) -> None:
        n = turn % len(letters)
        storage.put("a", letters[n : n + 1] * (n * 100_000 + 1))

    def read(_: int) -> bool:
        data = storage.get("a")
        return len(set(data)) == 1 and len(data) == letters.index(data[:1]) * 100_000 + 1

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(write, turn) for turn in range(40)]
        assert all(pool.map(read, range(60)))
        for done in writes:
            done.result()


def test_no_conditional_write_is_lost_among_threads(storage: Storage) -> None:
    storage.put("counter", b"0")

    def increment(_: int) -> None:
        while True:
            info = storage.stat("counter")
            assert info is not None
            with storage.open("counter") as stream:
                value = int(stream.read())
            try:
                storage.put("counter", str(value + 1).encode(), if_generation=info.generation)
            except PreconditionFailed:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(24)))
    assert storage.get("counter") == b"24"


def send(signed: SignedUrl, body: bytes = b"", **changes: str) -> httpx.Response:
    """Make the request as signed, but for headers that are to be other ones."""
    headers = dict(signed.headers) | {name.replace("_", "-"): value for name, value in changes.items()}
    with httpx.Client(timeout=30) as client:
        return client.request(signed.method, signed.url, headers=headers, content=body)


def test_a_signed_upload_is_what_was_agreed_and_happens_once(storage: Storage) -> None:
    data = random.Random(9).randbytes(70_000)
    signed = storage.sign(
        "PUT",
        "users/ana/clip ñ&1",
        60,
        content_type="video/mp4",
        length_range=(70_000, 70_000),
        crc32c=crc32c(data),
        if_generation=0,
    )
    assert signed.method == "PUT"
    assert send(signed, data).status_code == 200
    info = storage.stat("users/ana/clip ñ&1")
    assert info is not None and info.generation > 0
    assert (info.size, info.crc32c, info.content_type) == (70_000, crc32c(data), "video/mp4")
    assert storage.get("users/ana/clip ñ&1") == data
    assert send(signed, data).status_code == 412
    storage.delete("users/ana/clip ñ&1", if_generation=info.generation)


def test_a_changed_upload_is_refused_and_leaves_nothing(storage: Storage) -> None:
    data = b"x" * 1000
    signed = storage.sign("PUT", "a", 60, content_type="image/png", length_range=(1000, 1000), crc32c=crc32c(data))
    last = signed.url[-1]
    for other in (
        SignedUrl(signed.url.replace("/a?", "/b?"), "PUT", signed.headers, signed.expires_at),
        SignedUrl(signed.url[:-1] + ("1" if last == "0" else "0"), "PUT", signed.headers, signed.expires_at),
        SignedUrl(signed.url.replace("Expires=60", "Expires=61"), "PUT", signed.headers, signed.expires_at),
        SignedUrl(signed.url, "POST", signed.headers, signed.expires_at),
    ):
        assert send(other, data).status_code == 403
    assert send(signed, data, content_type="text/html").status_code == 403
    assert send(signed, b"y" * 1000).status_code == 400  # another crc32c than announced
    for bound in (signed, storage.sign("PUT", "a", 60, length_range=(1000, 1000))):
        assert send(bound, data + b"x", content_length="1001").status_code in (400, 403)
    assert keys(storage) == []


def test_an_upload_may_be_bound_to_the_generation_it_replaces(storage: Storage) -> None:
    first = storage.put("a", b"1").generation
    signed = storage.sign("PUT", "a", 60, if_generation=first)
    assert send(signed, b"2").status_code == 200
    assert send(signed, b"3").status_code == 412
    assert storage.get("a") == b"2"


def test_a_signed_download_is_whole_or_a_range(storage: Storage) -> None:
    data = random.Random(10).randbytes(5000)
    storage.put("a/b", data, content_type="audio/wav")
    signed = storage.sign("GET", "a/b", 60, content_type="text/plain", disposition='attachment; filename="b.txt"')
    whole = send(signed)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["Content-Type"].startswith("text/plain")
    assert whole.headers["Content-Disposition"] == 'attachment; filename="b.txt"'
    part = send(signed, range="bytes=10-19")
    assert (part.status_code, part.content) == (206, data[10:20])
    assert send(storage.sign("GET", "a/b", 60)).headers["Content-Disposition"] == "attachment"
    assert send(storage.sign("HEAD", "a/b", 60)).headers["Content-Length"] == "5000"
    assert send(storage.sign("GET", "absent", 60)).status_code in (403, 404)  # S3 tells only whom it lets list
    assert send(SignedUrl(signed.url, "PUT", {}, signed.expires_at), b"new").status_code == 403
    assert storage.get("a/b") == data


def carry_out(upload: ResumableUpload, data: bytes, storage: Storage, key: str) -> httpx.Response:
    """Upload as a client would; nothing may be seen before the last answer."""
    if upload.protocol == "parts":
        return carry_out_parts(upload, data, storage, key)
    step = upload.piece_bytes
    for start in range(0, len(data), step):
        stop = min(len(data), start + step)
        assert storage.stat(key) is None
        answer = send(upload.session, data[start:stop], content_range=f"bytes {start}-{stop - 1}/{len(data)}")
        if stop < len(data):
            assert (answer.status_code, answer.headers["Range"]) == (308, f"bytes=0-{stop - 1}")
            asked = send(upload.session, content_range=f"bytes */{len(data)}")
            assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{stop - 1}")
    return answer


def carry_out_parts(upload: ResumableUpload, data: bytes, storage: Storage, key: str) -> httpx.Response:
    listed = ""
    for number, part in enumerate(upload.parts):
        answer = send(part, data[number * upload.piece_bytes : (number + 1) * upload.piece_bytes])
        assert answer.status_code == 200 and storage.stat(key) is None
        listed += f"<Part><PartNumber>{number + 1}</PartNumber><ETag>{answer.headers['ETag']}</ETag></Part>"
    assert upload.progress is not None
    there = send(upload.progress)
    assert there.status_code == 200 and there.text.count("<PartNumber>") == len(upload.parts)
    assert send(upload.parts[0], b"short", content_length="5").status_code == 403
    document = (
        f'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{listed}</CompleteMultipartUpload>'
    )
    return send(upload.session, document.encode())


def test_a_resumable_upload_is_there_when_its_last_byte_is(storage: Storage) -> None:
    data = random.Random(11).randbytes(2 * 256 * 1024 + 99)
    upload = storage.start_resumable("a", content_type="video/mp4", size=len(data), if_generation=0)
    later = storage.start_resumable("a", content_type="video/mp4", size=len(data), if_generation=0)
    assert carry_out(upload, data, storage, "a").status_code == 200
    info = storage.stat("a")
    assert info is not None
    assert (info.size, info.crc32c, info.content_type) == (len(data), crc32c(data), "video/mp4")
    assert storage.get("a") == data
    with pytest.raises(PreconditionFailed):
        storage.start_resumable("a", content_type="video/mp4", size=1, if_generation=0)
    storage.delete("a")
    again = carry_out_but_last(later, data, storage)
    assert again == 412 and storage.get("a") == b"quicker"


def carry_out_but_last(upload: ResumableUpload, data: bytes, storage: Storage) -> int:
    """The status of an upload whose key was taken while it went on."""

    class Overtaken:
        def stat(self, key: str) -> None:
            if storage.stat("a") is None:
                storage.put("a", b"quicker")

    return carry_out(upload, data, cast(Storage, Overtaken()), "a").status_code


@pytest.mark.parametrize(
    ("method", "terms"),
    [
        ("GET", {"length_range": (0, 1)}),
        ("GET", {"crc32c": "AAAAAA=="}),
        ("PUT", {"disposition": "attachment"}),
        ("PUT", {"length_range": (2, 1)}),
        ("PUT", {"length_range": (-1, 1)}),
        ("PUT", {"crc32c": "AAAA"}),
        ("PUT", {"content_type": "text/html\r\nx: y"}),
        ("GET", {"disposition": "attachment\r\nx: y"}),
        ("GET", {"disposition": "form-data"}),
        ("POST", {"crc32c": "AAAAAA=="}),
        ("GET", {"expires_s": 0}),
        ("GET", {"expires_s": MAX_EXPIRES_S + 1}),
        ("GET", {"key": "../a"}),
    ],
)
def test_what_a_url_cannot_be_bound_to_is_not_signed(storage: Storage, method: Method, terms: dict[str, Any]) -> None:
    given = {"key": "a", "expires_s": 60, **terms}
    with pytest.raises(InvalidInput):
        storage.sign(method, **given)


@pytest.mark.parametrize(
    ("key", "size", "content_type"), [("a", 0, "a/b"), ("a", -1, "a/b"), ("", 1, "a/b"), ("a", 1, "\n")]
)
def test_a_resumable_upload_that_makes_no_sense_is_not_opened(
    storage: Storage, key: str, size: int, content_type: str
) -> None:
    with pytest.raises(InvalidInput):
        storage.start_resumable(key, content_type=content_type, size=size)
