"""Reads and writes of single documents, and the transaction that gathers them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.adapters.documents.checks import check_name, encode
from shared.domain.errors import AlreadyExists
from shared.ports.documents import Document


class Overtaken(Exception):
    """What a transaction read is no longer so; it must run again."""


@dataclass(frozen=True)
class _Write:
    collection: str
    id: str

    def __post_init__(self) -> None:
        check_address(self.collection, self.id)


@dataclass(frozen=True)
class Create(_Write):
    text: str

    def apply(self, connection: sqlite3.Connection, now: datetime) -> Document:
        if find(connection, self.collection, self.id) is not None:
            raise AlreadyExists(f"{self.collection}/{self.id} exists already; read it, or choose another id.")
        return Put(self.collection, self.id, self.text).apply(connection, now)


@dataclass(frozen=True)
class Put(_Write):
    text: str

    def apply(self, connection: sqlite3.Connection, now: datetime) -> Document:
        (revision,) = connection.execute(
            "INSERT INTO documents (collection, id, data, revision, updated_at) VALUES (?, ?, ?, 1, ?)"
            " ON CONFLICT (collection, id) DO UPDATE"
            " SET data = excluded.data, revision = revision + 1, updated_at = excluded.updated_at RETURNING revision",
            (self.collection, self.id, self.text, now.isoformat()),
        ).fetchone()
        return Document(self.collection, self.id, json.loads(self.text), revision, now)


@dataclass(frozen=True)
class Delete(_Write):
    def apply(self, connection: sqlite3.Connection, now: datetime) -> None:
        connection.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (self.collection, self.id))


class SqliteTransaction:
    """Reads from one snapshot and remembers them; keeps the writes for later."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], Document | None] = {}
        self.writes: list[Create | Put | Delete] = []

    def get(self, collection: str, doc_id: str) -> Document | None:
        if self.writes:
            raise ValueError("a transaction reads before it writes: move this get above the first write")
        check_address(collection, doc_id)
        found = find(self._connection, collection, doc_id)
        self._seen[collection, doc_id] = found
        return found

    def create(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> None:
        self.writes.append(Create(collection, doc_id, encode(data)))

    def put(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> None:
        self.writes.append(Put(collection, doc_id, encode(data)))

    def delete(self, collection: str, doc_id: str) -> None:
        self.writes.append(Delete(collection, doc_id))

    def verify(self, connection: sqlite3.Connection) -> None:
        """Raise Overtaken unless all that was read is still so. The data counts, not the revision alone: a
        document that was removed and made again starts at revision 1 once more.
        """
        for (collection, doc_id), seen in self._seen.items():
            if find(connection, collection, doc_id) != seen:
                raise Overtaken(f"{collection}/{doc_id}")

    def apply(self, connection: sqlite3.Connection, now: datetime) -> None:
        for write in self.writes:
            write.apply(connection, now)


def check_address(collection: str, doc_id: str) -> None:
    check_name("A collection", collection)
    check_name("A document id", doc_id)


def find(connection: sqlite3.Connection, collection: str, doc_id: str) -> Document | None:
    row = connection.execute(
        "SELECT id, data, revision, updated_at FROM documents WHERE collection = ? AND id = ?",
        (collection, doc_id),
    ).fetchone()
    return None if row is None else document_of(collection, row)


def document_of(collection: str, row: Sequence[Any]) -> Document:
    doc_id, data, revision, updated_at = row[:4]
    return Document(collection, doc_id, json.loads(data), revision, datetime.fromisoformat(updated_at))
