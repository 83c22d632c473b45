"""The kit's own small doors, ready to be called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.adapters.documents.sqlite import SqliteDocuments
from tests.support import kit_door
from tests.support.clock import HeldClock
from tests.support.framework import door_client
from tests.support.kit_door import KitApp


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def kit_app(tmp_path: Path, clock: HeldClock) -> Iterator[KitApp]:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite3", clock)) as documents:
        made = KitApp(documents, clock)
        kit_door.use(made)
        yield made


@pytest.fixture
def books(kit_app: KitApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "tests.support.kit_door", "serve_books")


@pytest.fixture
def book_task(kit_app: KitApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "tests.support.kit_door", "serve_task")
