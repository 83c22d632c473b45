"""The backends every contract runs over. A further backend is one more line in its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from google.cloud.storage import Client

from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.gcs import GcsStorage
from shared.adapters.storage.gcs_signer import signer_of
from shared.adapters.storage.s3 import S3Storage
from shared.ports.documents import Documents
from shared.ports.storage import Storage
from tests.emulators.s3 import new_bucket
from tests.emulators.storage import CloudStorage
from tests.support.buckets import google_server, s3_server
from tests.support.clock import HeldClock
from tests.support.objects import served_bucket

BUCKET = "studio-media"
DOCUMENTS: dict[str, Callable[[Path, HeldClock], AbstractContextManager[Documents]]] = {
    "sqlite": lambda folder, clock: closing(SqliteDocuments(folder / "documents.sqlite3", clock)),
}
STORAGES: dict[str, Callable[[pytest.FixtureRequest, Path, HeldClock], AbstractContextManager[Storage]]] = {
    "filesystem": lambda request, folder, clock: served_bucket(folder, clock, BUCKET),
    "s3": lambda request, folder, clock: s3_bucket(request.getfixturevalue("s3_client"), clock),
    "gcs": lambda request, folder, clock: gcs_bucket(request.getfixturevalue("google"), clock),
}


def gcs_bucket(google: tuple[CloudStorage, Client], clock: HeldClock) -> AbstractContextManager[Storage]:
    server, client = google
    server.now = clock.now
    server.reset(BUCKET)
    credentials = client._credentials
    return nullcontext(
        GcsStorage(
            client, lambda: signer_of(credentials, ""), BUCKET, clock, origin=server.origin, single_bytes=1 << 20
        )
    )


def s3_bucket(client: Any, clock: HeldClock) -> AbstractContextManager[Storage]:
    new_bucket(client, BUCKET, versions=True)
    return nullcontext(S3Storage(client, BUCKET, clock))


@pytest.fixture(scope="session")
def s3_client() -> Iterator[Any]:
    with s3_server() as (_, client):
        yield client


@pytest.fixture(scope="session")
def google() -> Iterator[tuple[CloudStorage, Client]]:
    with google_server() as made:
        yield made


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(params=DOCUMENTS)
def documents(request: pytest.FixtureRequest, tmp_path: Path, clock: HeldClock) -> Iterator[Documents]:
    with DOCUMENTS[request.param](tmp_path, clock) as made:
        yield made


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path, clock: HeldClock) -> Iterator[Storage]:
    with STORAGES[request.param](request, tmp_path, clock) as made:
        yield made
