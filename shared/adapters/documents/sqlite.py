"""Documents in one SQLite file: the embedded backend, shared by the server, its threads and its job processes."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from shared.adapters.cursor import seal, unseal
from shared.adapters.documents.checks import check_name, check_query, encode
from shared.adapters.documents.sqlite_file import BUSY_TIMEOUT_S, SqliteFile
from shared.adapters.documents.sqlite_indexes import INDEXES
from shared.adapters.documents.sqlite_query import QuerySql
from shared.adapters.documents.sqlite_transaction import (
    Create,
    Delete,
    Overtaken,
    Put,
    SqliteTransaction,
    check_address,
    document_of,
    find,
)
from shared.domain.errors import RevisionConflict
from shared.ports.clock import Clock
from shared.ports.documents import Document, Order, Page, Transaction, Where

T = TypeVar("T")

# Entry n brings the file from schema version n to n + 1. Only ever append.
MIGRATIONS = (
    """CREATE TABLE documents (
        collection TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, revision INTEGER NOT NULL, updated_at TEXT NOT NULL,
        PRIMARY KEY (collection, id)
    )""",
    *(index.statement() for index in INDEXES),
)
_OPTIMISTIC_ATTEMPTS = 5
_MAX_PAUSE_S = 0.02


class SqliteDocuments:
    """The Documents port over the file at `path`, which is created when missing.

    A write waits `busy_timeout_s` seconds for other writers and then raises Unavailable.
    """

    def __init__(self, path: Path, clock: Clock, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._file = SqliteFile(path, MIGRATIONS, busy_timeout_s=busy_timeout_s)
        self._clock = clock

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._file.close()

    def get(self, collection: str, doc_id: str) -> Document | None:
        check_address(collection, doc_id)
        with self._file.reading() as connection:
            return find(connection, collection, doc_id)

    def create(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> Document:
        write = Create(collection, doc_id, encode(data))
        with self._file.writing() as connection:
            return write.apply(connection, self._clock.now())

    def put(self, collection: str, doc_id: str, data: Mapping[str, Any], *, if_revision: int | None = None) -> Document:
        write = Put(collection, doc_id, encode(data))
        with self._file.writing() as connection:
            _require(connection, collection, doc_id, if_revision)
            return write.apply(connection, self._clock.now())

    def delete(self, collection: str, doc_id: str, *, if_revision: int | None = None) -> None:
        write = Delete(collection, doc_id)
        with self._file.writing() as connection:
            _require(connection, collection, doc_id, if_revision)
            write.apply(connection, self._clock.now())

    def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        order: Sequence[Order] = (),
        *,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        check_name("A collection", collection)
        check_query(where, order, limit)
        scope = _scope(collection, where, order)
        after = None if cursor is None else unseal(scope, cursor)
        sql = QuerySql(collection, where, order)
        rows: list[Any] = []
        statements = sql.pages(limit + 1, after)
        with self._file.reading() as connection:
            for statement in statements:
                rows += connection.execute(statement, sql.values).fetchmany(limit + 1 - len(rows))
                if len(rows) > limit:
                    break
        items = [document_of(collection, row) for row in rows[:limit]]
        # The sort key is the row's tail, as SQLite itself sees it; the id breaks ties.
        more = seal(scope, [*rows[limit - 1][4:], items[-1].id]) if len(rows) > limit else None
        return Page(items, more)

    def count(self, collection: str, where: Sequence[Where] = ()) -> int:
        check_name("A collection", collection)
        check_query(where, (), 1)
        sql = QuerySql(collection, where, ())
        with self._file.reading() as connection:
            (found,) = connection.execute(sql.count(), sql.values).fetchone()
        return int(found)

    def transaction(self, work: Callable[[Transaction], T]) -> T:
        """As the port says. The first attempts hold no lock while `work` runs; then it runs under the write lock, where
        nobody can come in between, so that a busy document is not starved. `work` writes through its transaction only.
        """
        for attempt in range(_OPTIMISTIC_ATTEMPTS):
            try:
                return self._optimistic(work)
            except Overtaken:
                time.sleep(random.uniform(0, min(_MAX_PAUSE_S, 0.001 * 2**attempt)))  # noqa: S311 - spreads retries
        with self._file.writing() as connection:
            transaction = SqliteTransaction(connection)
            result = work(transaction)
            transaction.apply(connection, self._clock.now())
            return result

    def _optimistic(self, work: Callable[[Transaction], T]) -> T:
        with self._file.reading() as connection:
            transaction = SqliteTransaction(connection)
            result = work(transaction)
        if transaction.writes:
            with self._file.writing() as connection:
                transaction.verify(connection)
                transaction.apply(connection, self._clock.now())
        return result


def _require(connection: sqlite3.Connection, collection: str, doc_id: str, if_revision: int | None) -> None:
    if if_revision is None:
        return
    found = find(connection, collection, doc_id)
    if found is None or found.revision != if_revision:
        now = "it does not exist" if found is None else f"it is at {found.revision}"
        raise RevisionConflict(
            f"Revision {if_revision} of {collection}/{doc_id} was asked for, and {now}; read it again."
        )


def _scope(collection: str, where: Sequence[Where], order: Sequence[Order]) -> dict[str, Any]:
    return {
        "collection": collection,
        "where": [[condition.field, condition.op, condition.value] for condition in where],
        "order": [[by.field, by.descending] for by in order],
    }
