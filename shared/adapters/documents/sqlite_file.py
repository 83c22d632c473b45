"""One SQLite file used by many threads and several processes at once: connections, schema versions, error translation."""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.domain.errors import ReelprintError, StorageFailed, StorageFull, Unavailable

BUSY_TIMEOUT_S = 10.0  # how long a write waits for the other writers
_BUSY_PAUSE_S = 0.02
_MAX_IDLE = 16  # connections kept open between uses


class SqliteFile:
    """The database at `path`, brought to the newest schema of `migrations` when it is opened.

    A connection serves one thread at a time and is kept for the next; a new one is opened when all are in use. Open it
    after forking, never before: a SQLite connection must not cross a fork. `busy_timeout_s` is in seconds.
    """

    def __init__(self, path: Path, migrations: Sequence[str], *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._idle: deque[sqlite3.Connection] = deque()
        weakref.finalize(self, _close_all, self._idle)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)  # password hashes lie in it; SQLite's side files follow suit
        except OSError as exc:
            raise StorageFailed(f"The database {path} could not be made: {exc.strerror}.") from exc
        self._open_first(migrations)

    def close(self) -> None:
        """Close the idle connections. The object stays usable and opens new ones when asked."""
        _close_all(self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one consistent snapshot of the database."""
        with self._connection() as connection:
            yield from _within(connection, "BEGIN")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock; commits at the end, rolls back when anything is raised.

        Raises StorageFull, Unavailable (another writer held the lock throughout) and StorageFailed.
        """
        with self._connection() as connection:
            yield from _within(connection, "BEGIN IMMEDIATE")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            connection = self._take()
            yield connection
        except sqlite3.Error as exc:
            if connection is not None:
                connection.close()  # what state it is in is anybody's guess
                connection = None
            raise _as_ours(exc, self._path) from exc
        finally:
            if connection is not None:
                self._put_back(connection)

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _put_back(self, connection: sqlite3.Connection) -> None:
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: transactions begin where this module says, not where the driver guesses.
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            # NORMAL: with a write-ahead log a killed process loses nothing, and a power cut at most the last commits.
            connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_first(self, migrations: Sequence[str]) -> None:
        """Bring the file up to date. While another process opens or leaves it, SQLite may say busy without waiting."""
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                return self._migrate(migrations)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_BUSY_PAUSE_S)

    def _migrate(self, migrations: Sequence[str]) -> None:
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        with self.writing() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(migrations):
                raise ReelprintError(
                    f"The database {self._path} has schema version {version}, and this release knows versions up to "
                    f"{len(migrations)}. Run the newer release, or use another data folder."
                )
            for statement in migrations[version:]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={len(migrations):d}")


def _within(connection: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _as_ours(exc: sqlite3.Error, path: Path) -> ReelprintError:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFull(f"No space left for the database {path}; free some, then try again.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable(f"The database {path} is busy with other writers; try again.")
    reason = getattr(exc, "sqlite_errorname", None) or type(exc).__name__
    return StorageFailed(f"The database {path} could not be used ({reason}): {exc}.")


def _close_all(connections: deque[sqlite3.Connection]) -> None:
    with suppress(IndexError):  # another thread may take the last one first
        while True:
            connections.pop().close()
