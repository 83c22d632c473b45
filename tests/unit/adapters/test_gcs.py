"""What Cloud Storage adds to the storage contract: who signs, what arrives damaged, answers that get lost."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from google.auth.compute_engine import Credentials as MachineCredentials
from google.auth.transport.requests import Request
from google.cloud.storage import Client
from google.oauth2.credentials import Credentials as UserCredentials

from shared.adapters.storage.gcs import GcsStorage, open_gcs
from shared.adapters.storage.gcs_signer import signer_of
from shared.domain.errors import Misconfigured, PreconditionFailed, StorageFailed, Unavailable
from shared.ports.storage import ObjectInfo
from tests.emulators.storage import CloudStorage, crc32c
from tests.support.buckets import google_server
from tests.support.clock import HeldClock
from tests.support.google_key import ACCOUNT, private_key

BUCKET = "studio-media"
SINGLE = 512 * 1024
BIG = random.Random(1).randbytes(3 * SINGLE + 77)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[CloudStorage, Client]]:
    with google_server() as made:
        yield made


@pytest.fixture
def server(served: tuple[CloudStorage, Client]) -> CloudStorage:
    served[0].reset(BUCKET)
    return served[0]


@pytest.fixture
def storage(server: CloudStorage, served: tuple[CloudStorage, Client]) -> GcsStorage:
    return bucket_of(server, served[1])


def bucket_of(server: CloudStorage, client: Client, **given: Any) -> GcsStorage:
    def signer() -> Any:
        return signer_of(client._credentials, "")

    return GcsStorage(client, signer, BUCKET, HeldClock(), origin=server.origin, single_bytes=SINGLE, **given)


class ToEmulator(Request):
    """google-auth's own transport, with every host of Google's (and the metadata server's) on loopback."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self.origin = origin
        self.asked: list[str] = []

    def __call__(self, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        self.asked.append(f"{parts.scheme}://{parts.netloc}{parts.path}")
        ours = f"{self.origin}{parts.path}?{parts.query}"
        return super().__call__(ours, *args, **kwargs)  # type: ignore[no-untyped-call]


@pytest.fixture
def transport(server: CloudStorage) -> Iterator[ToEmulator]:
    made = ToEmulator(server.origin)
    yield made
    made.session.close()


def test_large_objects_go_by_a_session_and_small_ones_at_once(storage: GcsStorage, server: CloudStorage) -> None:
    small = storage.put("small", b"x" * (SINGLE - 1), if_generation=0)
    assert [line.rpartition(" ")[2] for line in server.seen if line.startswith("POST /upload")] == ["multipart"]
    made = storage.put("big", io.BytesIO(BIG), content_type="video/mp4", if_generation=0)
    assert sum(line.startswith("PUT /upload") for line in server.seen) == 4
    assert (made.size, made.crc32c, made.content_type) == (len(BIG), crc32c(BIG), "video/mp4")
    assert storage.stat("big") == made and storage.get("big") == BIG
    assert storage.stat("small") == small
    for key in ("small", "big"):
        with pytest.raises(PreconditionFailed):
            storage.put(key, BIG, if_generation=0)


@pytest.mark.parametrize("data", [b"small", BIG], ids=["single", "session"])
def test_what_arrives_damaged_is_refused_and_leaves_nothing(
    storage: GcsStorage, server: CloudStorage, data: bytes
) -> None:
    server.damages = True
    with pytest.raises(StorageFailed):
        storage.put("a", io.BytesIO(data))
    assert storage.stat("a") is None


def test_what_comes_back_damaged_is_refused(storage: GcsStorage, server: CloudStorage, tmp_path: Path) -> None:
    storage.put("a", b"precious")
    server.damage(BUCKET, "a", b"previous")
    with pytest.raises(StorageFailed):
        storage.get("a")
    with pytest.raises(StorageFailed):
        storage.download("a", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_session_survives_an_answer_that_got_lost(storage: GcsStorage, server: CloudStorage) -> None:
    class Losing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if self.tell() == len(BIG):
                server.fails = [("PUT", 503, True)]  # the last piece is taken, and nobody is told
            return data

    made = storage.put("a", Losing(BIG), if_generation=0)
    assert storage.stat("a") == made and storage.get("a") == BIG


def test_a_conditional_write_is_not_said_twice(storage: GcsStorage, server: CloudStorage) -> None:
    server.fails = [("POST", 503, True)]
    with pytest.raises(Unavailable):
        storage.put("a", b"1", if_generation=0)
    assert sum(line.startswith("POST /upload") for line in server.seen) == 1
    server.fails = [("DELETE", 503, True)]
    info = storage.stat("a")
    assert info is not None
    with pytest.raises(Unavailable):
        storage.delete("a", if_generation=info.generation)
    assert storage.stat("a") is None


def test_a_generation_that_is_gone_is_never_another_ones_bytes(storage: GcsStorage, server: CloudStorage) -> None:
    storage.put("a", b"1" * 3_000_000)
    with storage.open("a") as stream:
        assert stream.read(4) == b"1111"
        storage.put("a", b"2" * 3_000_000)
        server.forget(BUCKET, "a")
        stream.seek(2_500_000)
        with pytest.raises(PreconditionFailed, match="open it again"):
            stream.read(4)


def test_a_stream_brings_what_is_read_and_not_the_rest(storage: GcsStorage, server: CloudStorage) -> None:
    data = random.Random(2).randbytes(5_000_000)
    storage.put("a", data)
    server.seen = []
    with storage.open("a") as stream:
        stream.seek(-10, io.SEEK_END)
        assert stream.read() == data[-10:]
        stream.seek(1000)
        assert stream.read(100) + stream.read(100) == data[1000:1200]
    assert sum(line.startswith("GET /download") for line in server.seen) == 2  # the end, the beginning


def test_a_signed_post_opens_a_session_that_is_held_to_its_terms(storage: GcsStorage) -> None:
    signed = storage.sign("POST", "a", 60, content_type="video/mp4", length_range=(1, 10), if_generation=0)
    with httpx.Client() as client:
        opened = client.post(signed.url, headers=dict(signed.headers))
        assert opened.status_code == 201
        assert client.put(opened.headers["Location"], content=b"x" * 11).status_code == 400
        opened = client.post(signed.url, headers=dict(signed.headers))
        assert client.put(opened.headers["Location"], content=b"x" * 10).status_code == 200
    info = storage.stat("a")
    assert info is not None and (info.size, info.content_type) == (10, "video/mp4")


def test_an_account_without_a_key_signs_by_iam(
    server: CloudStorage, served: tuple[CloudStorage, Client], transport: ToEmulator
) -> None:
    credentials = user(token_of(server))
    signer = signer_of(credentials, ACCOUNT["client_email"], transport)
    assert signer.access_id == ACCOUNT["client_email"] and transport.asked == []
    assert signer.sign(b"a text") == private_key().sign(b"a text", padding.PKCS1v15(), SHA256())
    path = f"/v1/projects/-/serviceAccounts/{ACCOUNT['client_email']}:signBlob"
    assert transport.asked == [f"https://iamcredentials.googleapis.com{path}"]
    storage = GcsStorage(served[1], lambda: signer, BUCKET, HeldClock(), origin=server.origin)
    signed = storage.sign("PUT", "a", 60, content_type="a/b")
    assert httpx.put(signed.url, headers=dict(signed.headers), content=b"1").status_code == 200
    assert storage.get("a") == b"1"


def user(token: str) -> Any:
    """Credentials that can ask for things and sign nothing themselves."""
    return UserCredentials(token)  # type: ignore[no-untyped-call]  # google-auth types itself in part


def token_of(server: CloudStorage) -> str:
    return str(httpx.post(f"{server.origin}/token").json()["access_token"])


def test_a_machine_is_asked_whose_credentials_it_has(server: CloudStorage, transport: ToEmulator) -> None:
    machine = MachineCredentials(universe_domain="googleapis.com")  # type: ignore[no-untyped-call]
    signer = signer_of(machine, "", transport)
    assert signer.access_id == ACCOUNT["client_email"]
    assert signer.sign(b"a text") == private_key().sign(b"a text", padding.PKCS1v15(), SHA256())
    assert all("169.254.169.254" in url or "metadata" in url for url in transport.asked[:-1])
    assert transport.asked[-1].endswith(":signBlob")


def test_who_may_not_sign_or_has_no_name_is_told_so(server: CloudStorage, transport: ToEmulator) -> None:
    with pytest.raises(Misconfigured, match="REELPRINT_GCS_SIGNER"):
        signer_of(user(token_of(server)), "", transport)
    signer = signer_of(user(token_of(server)), "somebody@else.test", transport)
    with pytest.raises(StorageFailed, match="signing a URL"):
        signer.sign(b"a text")


def test_credentials_are_found_by_googles_own_chain(
    server: CloudStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = tmp_path / "account.json"
    account.write_text(json.dumps(ACCOUNT | {"token_uri": f"{server.origin}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    seen: list[ObjectInfo] = []
    storage = open_gcs(server.origin, "", BUCKET, HeldClock(), seen.append)
    try:
        made = storage.put("a", b"1")
        assert seen == [made] and storage.get("a") == b"1"
        signed = storage.sign("GET", "a", 60)
        assert signed.url.startswith(f"{server.origin}/{BUCKET}/a?") and httpx.get(signed.url).content == b"1"
    finally:
        storage._client.close()
    account.write_text("{}")
    with pytest.raises(Misconfigured, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_gcs(server.origin, "", BUCKET, HeldClock())


def test_wrong_credentials_and_buckets_are_ours_to_set(server: CloudStorage, storage: GcsStorage) -> None:
    client = Client(project="studio", credentials=user("wrong"), client_options={"api_endpoint": server.origin})
    with client, pytest.raises(Misconfigured) as refused:
        bucket_of(server, client).put("a", b"1")
    assert "wrong" not in refused.value.detail
    other = GcsStorage(storage._client, cast(Any, None), "another-bucket", HeldClock(), origin=server.origin)
    for call in (
        lambda: other.put("a", b"1"),
        lambda: other.stat("a"),
        other.list,
        lambda: other.delete("a"),
    ):
        with pytest.raises(Misconfigured, match="bucket's name"):
            call()


def test_every_write_is_announced_in_its_thread(server: CloudStorage, served: tuple[CloudStorage, Client]) -> None:
    seen: list[ObjectInfo] = []
    storage = bucket_of(server, served[1], on_finalize=seen.append)
    made = [storage.put("a", b"1"), storage.put("b", BIG)]
    with pytest.raises(PreconditionFailed):
        storage.put("a", b"2", if_generation=0)
    assert seen == made
