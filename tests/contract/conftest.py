"""The backends every contract runs over. A further backend is one more line in its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

import pytest

from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.ports.documents import Documents
from shared.ports.storage import Storage
from tests.support.clock import HeldClock

DOCUMENTS: dict[str, Callable[[Path, HeldClock], AbstractContextManager[Documents]]] = {
    "sqlite": lambda folder, clock: closing(SqliteDocuments(folder / "documents.sqlite3", clock)),
}
STORAGES: dict[str, Callable[[Path, HeldClock], AbstractContextManager[Storage]]] = {
    "filesystem": lambda folder, clock: nullcontext(FilesystemStorage(folder, "studio-media", clock)),
}


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(params=DOCUMENTS)
def documents(request: pytest.FixtureRequest, tmp_path: Path, clock: HeldClock) -> Iterator[Documents]:
    with DOCUMENTS[request.param](tmp_path, clock) as made:
        yield made


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path, clock: HeldClock) -> Iterator[Storage]:
    with STORAGES[request.param](tmp_path, clock) as made:
        yield made
