"""What S3 adds to the storage contract: parts, servers that promise less, objects of others, answers that get lost."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from shared.adapters.storage.s3 import S3Storage, connect
from shared.adapters.storage.s3_urls import piece_bytes
from shared.domain.errors import InvalidInput, Misconfigured, NotFound, PreconditionFailed, StorageFailed
from shared.ports.storage import ObjectInfo
from tests.emulators.s3 import REGION, Guard, crc32c, new_bucket
from tests.support.buckets import s3_server
from tests.support.clock import HeldClock

BUCKET = "studio-media"
PART = 5 * 1024 * 1024
BIG = random.Random(1).randbytes(2 * PART + 12_345)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Guard, Any]]:
    with s3_server() as made:
        yield made


@pytest.fixture
def server(served: tuple[Guard, Any]) -> Guard:
    """With an empty bucket that keeps no versions."""
    guard, client = served
    guard.ignores, guard.fails, guard.damages = set(), [], False
    new_bucket(client, BUCKET, versions=False)
    guard.seen = []
    return guard


@pytest.fixture
def client(served: tuple[Guard, Any]) -> Any:
    return served[1]


@pytest.fixture
def storage(server: Guard, client: Any) -> S3Storage:
    return S3Storage(client, BUCKET, HeldClock(), part_bytes=PART)


def unfinished(client: Any) -> list[Any]:
    return list(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def test_large_objects_go_in_parts_with_the_crc32c_of_the_whole(
    storage: S3Storage, client: Any, tmp_path: Path
) -> None:
    made = storage.put("big", io.BytesIO(BIG), content_type="video/mp4", metadata={"Ü": "ñ"})
    assert (made.size, made.crc32c) == (len(BIG), crc32c(BIG))
    assert storage.stat("big") == made and dict(made.metadata) == {"Ü": "ñ"}
    head = client.head_object(Bucket=BUCKET, Key="big", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ChecksumCRC32C"] == crc32c(BIG)
    assert storage.download("big", tmp_path / "out") == made
    assert (tmp_path / "out").read_bytes() == BIG and storage.get("big") == BIG
    assert unfinished(client) == []


def test_a_large_stream_that_breaks_leaves_neither_object_nor_parts(storage: S3Storage, client: Any) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= PART:
                raise ConnectionResetError("the client went away")
            return super().read(min(size or 0, 1_000_000))

    with pytest.raises(ConnectionResetError):
        storage.put("big", Broken(BIG))
    assert storage.stat("big") is None and unfinished(client) == []


@pytest.mark.parametrize("data", [b"small", BIG], ids=["single", "parts"])
def test_what_arrives_damaged_is_refused_and_leaves_nothing(
    storage: S3Storage, server: Guard, client: Any, data: bytes
) -> None:
    server.damages = True
    with pytest.raises(StorageFailed, match="BadDigest"):
        storage.put("a", data)
    assert storage.stat("a") is None and unfinished(client) == []


def test_parts_that_are_not_the_whole_are_refused(
    storage: S3Storage, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if what was sent in parts were not what was read: the sum of the whole is announced with the end."""
    monkeypatch.setattr("shared.adapters.storage.s3_writes.google_crc32c.extend", lambda checksum, chunk: checksum ^ 1)
    with pytest.raises(StorageFailed, match="BadDigest"):
        storage.put("a", BIG)
    assert storage.stat("a") is None and unfinished(client) == []


def test_of_large_creates_one_wins(storage: S3Storage, client: Any) -> None:
    def create(n: int) -> int | None:
        try:
            storage.put("a", bytes([n]) * (PART + 1), if_generation=0)
        except PreconditionFailed:
            return None
        return n

    with ThreadPoolExecutor(3) as pool:
        winners = [n for n in pool.map(create, range(3)) if n is not None]
    assert len(winners) == 1 and storage.get("a")[:1] == bytes(winners)
    assert unfinished(client) == []


def test_a_large_write_over_one_very_generation(storage: S3Storage) -> None:
    first = storage.put("a", b"1").generation
    second = storage.put("a", BIG, if_generation=first).generation
    assert second > first
    with pytest.raises(PreconditionFailed):
        storage.put("a", BIG, if_generation=first)
    assert storage.get("a") == BIG


def test_without_versions_a_reader_never_gets_another_generations_bytes(storage: S3Storage) -> None:
    storage.put("a", b"1" * 3_000_000)
    with storage.open("a") as stream:
        assert stream.read(4) == b"1111"
        storage.put("a", b"2" * 3_000_000)
        stream.seek(2_500_000)
        with pytest.raises(PreconditionFailed):
            stream.read(4)
    with storage.open("a") as stream:
        storage.delete("a")
        with pytest.raises(PreconditionFailed, match="open it again"):
            stream.read(4)


def test_a_stream_brings_what_is_read_and_not_the_rest(storage: S3Storage, server: Guard) -> None:
    storage.put("a", BIG)
    server.seen = []
    with storage.open("a") as stream:
        stream.seek(-10, io.SEEK_END)
        assert stream.read() == BIG[-10:]
        stream.seek(PART)
        assert stream.read(100) + stream.read(100) == BIG[PART : PART + 200]
    assert len(server.seen) == 3  # a look, the end, the middle
    server.seen = []
    with storage.open("a") as stream:
        assert stream.read() == BIG
    assert len(server.seen) == 2


def test_objects_of_others_have_a_generation_a_sum_and_preconditions(
    storage: S3Storage, client: Any, tmp_path: Path
) -> None:
    client.put_object(Bucket=BUCKET, Key="a", Body=b"theirs", ContentType="text/plain", Metadata={"x": "y"})
    info = storage.stat("a")
    assert info is not None and (info.size, info.crc32c, dict(info.metadata)) == (6, crc32c(b"theirs"), {})
    assert 10**15 < info.generation < 10**16  # microseconds, like ours
    assert storage.stat("a") == info and storage.list().items == [info]
    assert storage.download("a", tmp_path / "out") == info and storage.get("a") == b"theirs"
    client.put_object(Bucket=BUCKET, Key="a", Body=b"others")
    with pytest.raises(PreconditionFailed):
        storage.put("a", b"ours", if_generation=info.generation)
    after = storage.stat("a")
    assert after is not None and after.generation != info.generation
    assert storage.put("a", b"ours", if_generation=after.generation).generation > after.generation


def test_a_checksum_of_checksums_is_not_taken_for_the_wholes(storage: S3Storage, client: Any) -> None:
    named = {"Bucket": BUCKET, "Key": "a"}
    upload_id = client.create_multipart_upload(**named, ChecksumAlgorithm="CRC32C")["UploadId"]
    part = client.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"part", ChecksumCRC32C=crc32c(b"part"))
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32C": crc32c(b"part")}]}
    client.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload=parts)
    info = storage.stat("a")
    assert info is not None and info.crc32c == crc32c(b"part")


@pytest.mark.parametrize(
    ("ignored", "write"),
    [
        ("PUT HTTP_IF_NONE_MATCH", lambda storage: storage.put("a", b"1", if_generation=0)),
        ("PUT HTTP_IF_MATCH", lambda storage: storage.put("a", b"1", if_generation=0)),
        ("PUT HTTP_IF_NONE_MATCH", lambda storage: storage.sign("PUT", "a", 60, if_generation=0)),
        ("complete HTTP_IF_NONE_MATCH", lambda storage: storage.put("a", BIG, if_generation=0)),
        (
            "complete HTTP_IF_MATCH",
            lambda storage: storage.start_resumable("a", content_type="a/b", size=1, if_generation=0),
        ),
        ("DELETE HTTP_IF_MATCH", lambda storage: storage.delete("a", if_generation=5)),
    ],
)
def test_a_server_that_ignores_preconditions_is_found_out(
    storage: S3Storage, server: Guard, client: Any, ignored: str, write: Any
) -> None:
    server.ignores = {ignored}
    for _ in range(2):
        with pytest.raises(Misconfigured, match="two writers could both win"):
            write(storage)
    assert storage.list().items == [] and unfinished(client) == []
    storage.put("a", b"without any condition")


def test_preconditions_are_tried_once_and_leave_nothing(storage: S3Storage, server: Guard) -> None:
    storage.put("a", b"1", if_generation=0)
    assert [info.key for info in storage.list().items] == ["a"]
    server.seen = []
    storage.put("b", b"1", if_generation=0)
    assert len(server.seen) == 2  # a look and the write


@pytest.mark.parametrize(("data", "method"), [(b"small", "PUT"), (BIG, "POST")])
def test_a_lost_answer_to_our_own_write_is_no_failed_precondition(
    storage: S3Storage, server: Guard, data: bytes, method: str
) -> None:
    storage.put("other", data, if_generation=0)  # preconditions are tried here
    made = storage.put("a", Losing(data, server, method), if_generation=0)
    assert storage.stat("a") == made and storage.get("a") == data


class Losing(io.BytesIO):
    """Has the server lose its answer to the request that ends the write."""

    def __init__(self, data: bytes, server: Guard, method: str) -> None:
        super().__init__(data)
        self._server, self._method = server, method

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if self.tell() == len(self.getvalue()):
            self._server.fails = [(self._method, 500, "InternalError", True)]
        return data


def test_s3_signs_one_exact_length_and_no_post(storage: S3Storage) -> None:
    for method, length_range in (("PUT", (1, 2)), ("POST", None)):
        with pytest.raises(InvalidInput, match="one exact length"):
            storage.sign(cast(Any, method), "a", 60, length_range=length_range)
    assert storage.sign("PUT", "a", 60, length_range=(5, 5)).headers == {"content-length": "5"}


def test_more_metadata_than_s3_keeps_is_refused(storage: S3Storage) -> None:
    with pytest.raises(InvalidInput, match="keep it elsewhere"):
        storage.put("a", b"1", metadata={"a": "x" * 1900})
    assert storage.stat("a") is None


def test_every_write_is_announced_in_its_thread(server: Guard, client: Any) -> None:
    seen: list[ObjectInfo] = []
    storage = S3Storage(client, BUCKET, HeldClock(), seen.append, part_bytes=PART)
    made = [storage.put("a", b"1"), storage.put("b", BIG)]
    with pytest.raises(PreconditionFailed):
        storage.put("a", b"2", if_generation=0)
    assert seen == made


def test_wrong_credentials_and_buckets_are_ours_to_set(
    server: Guard, monkeypatch: pytest.MonkeyPatch, storage: S3Storage
) -> None:
    with pytest.raises(Misconfigured, match="NoSuchBucket"):
        S3Storage(storage._client, "another-bucket", HeldClock()).put("a", b"1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the servers key")
    with closing(connect(server.origin, REGION)) as client:
        with pytest.raises(Misconfigured, match="Check the bucket's name") as refused:
            S3Storage(client, BUCKET, HeldClock()).put("a", b"1")
        assert "not the servers key" not in refused.value.detail
    assert storage.stat("a") is None
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with closing(connect(server.origin, REGION)) as client, pytest.raises(Misconfigured, match="NoCredentialsError"):
        S3Storage(client, BUCKET, HeldClock()).put("a", b"1")


def test_an_absent_object_or_a_broken_answer_is_told(storage: S3Storage, server: Guard, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        storage.get("absent")
    storage.put("a", b"12345")
    server.fails = [("GET", 400, "InvalidRequest", False)]
    with pytest.raises(StorageFailed):
        storage.download("a", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_session_is_for_large_objects_too(storage: S3Storage) -> None:
    upload = storage.start_resumable("a", content_type="a/b", size=2 * PART + 1)
    assert upload.piece_bytes == PART
    assert [part.headers["content-length"] for part in upload.parts] == [str(PART), str(PART), "1"]
    assert piece_bytes(80_000 * 1024**2, PART) == -(-80_000 * 1024**2 // 10_000)  # S3 takes 10,000 parts


def test_a_stream_of_short_reads_is_stored_to_its_end(storage: S3Storage) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 700_001))

    assert storage.put("a", cast(BinaryIO, Trickle(BIG))).crc32c == crc32c(BIG)
