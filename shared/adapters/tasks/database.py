"""The queue's SQLite file: its schema, its connections and its transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from shared.adapters.tasks.file_lock import FileLock
from shared.domain.errors import Conflict, StorageFailed, StorageFull

BUSY_TIMEOUT_S = 15.0  # how long a write waits for another process's write
CANCELLED = "cancelled"  # a state of the file alone: the name is still taken, the task is forgotten
SCHEMA_VERSION = 1
# Times are integer microseconds since 1970 in UTC. `ended_at` is null while a task still has something before it;
# once it is set the row is a tombstone: it holds the name, and the payload is gone.
SCHEMA = """
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, queue TEXT NOT NULL,
    state TEXT NOT NULL, not_before INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    executions INTEGER NOT NULL DEFAULT 0, last_status INTEGER, last_error TEXT NOT NULL DEFAULT '', ended_at INTEGER,
    path TEXT NOT NULL, headers TEXT NOT NULL, payload BLOB NOT NULL);
CREATE INDEX tasks_live ON tasks (queue, state, not_before, seq) WHERE ended_at IS NULL;
CREATE INDEX tasks_ended ON tasks (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tasks_dead ON tasks (queue) WHERE state = 'dead';
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


class Database:
    """One queue file, for any number of threads; other processes open their own. Not to be carried through a fork.

    `max_bytes` bounds the file: a write that would go beyond it raises StorageFull, as a full disk does.
    """

    def __init__(self, path: Path, max_bytes: int | None = None) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._idle: deque[sqlite3.Connection] = deque()
        # SQLite lets waiting writers sleep for milliseconds; within one process a plain lock hands over at once.
        self._writing = threading.Lock()
        try:
            self._create()
        except BaseException:
            self.close()
            raise

    def connect(self, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
        """FULL: a commit is on the disk before it returns. NORMAL: a power cut may undo the last commits, in order."""
        with self._translated():
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                connection.execute(f"PRAGMA synchronous = {synchronous}")
                connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the drive's cache
                self._bound(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection nobody else uses meanwhile. Raises StorageFailed."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.connect("FULL")
        try:
            with self._translated():
                yield connection
        finally:
            self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A durable transaction: all of it on the disk, or nothing. Raises StorageFull, StorageFailed."""
        with self.reading() as connection, self.transaction(connection):
            yield connection

    @contextmanager
    def transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        with self._writing, self._translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk may have rolled back already
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600, exist_ok=True)  # payloads are the users' own; SQLite's side files follow suit
            # Two processes switching a new file to WAL at once would meet SQLITE_BUSY without any waiting.
            lock = FileLock.acquire(self.path.with_name(self.path.name + ".create-lock"), wait=True)
        except OSError as exc:
            raise StorageFailed(f"The queue's folder {self.path.parent} cannot be used: {exc.strerror}.") from exc
        assert lock is not None  # noqa: S101 - waiting always ends with the lock
        with lock, self.reading() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                found = f"The queue {self.path} has schema version {version}, this program knows {SCHEMA_VERSION}."
                raise Conflict(f"{found} Run the program that wrote it, or move the file away.")
            if version == 0:
                connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def _bound(self, connection: sqlite3.Connection) -> None:
        if self._max_bytes is not None:
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(1, self._max_bytes // page)}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
                raise StorageFull(f"No space left for the queue {self.path}. Free some and try again.") from exc
            raise StorageFailed(f"The queue {self.path} could not be read or written: {exc}.") from exc
