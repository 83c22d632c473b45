"""The queue as its one dispatcher sees it: claiming what is due and writing down how deliveries went.

Everything here goes through one connection of the dispatcher's own thread, with synchronous=NORMAL: after a power cut
the last outcomes may be missing and their tasks are delivered again; an accepted task is never missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from shared.adapters.tasks.database import Database
from shared.ports.tasks import Priority, QueueKind, TaskState

TOMBSTONES_KEPT = timedelta(hours=1)
DEAD_KEPT = timedelta(days=7)
STRICT_ORDER = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW)
_MICROSECOND = timedelta(microseconds=1)
_DUE = """
SELECT seq, name, attempts, executions, not_before, path, headers, payload FROM tasks
WHERE ended_at IS NULL AND queue = ? AND state = 'scheduled' AND not_before <= ? ORDER BY not_before, seq LIMIT ?
"""
_NEXT = "SELECT MIN(not_before) FROM tasks WHERE ended_at IS NULL AND queue = ? AND state = 'scheduled'"
_SETTLE = """
UPDATE tasks SET state = ?, not_before = ?, ended_at = ?, last_status = ?, last_error = ?, executions = ?,
    payload = IIF(? IS NULL, payload, x''), headers = IIF(? IS NULL, headers, '{}')
WHERE seq = ? AND state = 'active'
"""


@dataclass(frozen=True)
class Delivery:
    """One attempt at one task. `attempts` counts this one; `executions` counts earlier answers other than 5xx."""

    seq: int
    name: str
    kind: QueueKind
    queue: str
    attempts: int
    executions: int
    due: int  # microseconds since 1970
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Settlement:
    """What becomes of a delivered task: done, dead, or scheduled again. Times in microseconds since 1970."""

    delivery: Delivery
    state: TaskState
    status: int
    error: str
    not_before: int
    ended_at: int | None


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = database.connect("NORMAL")
        self._version = -1

    def changed(self) -> bool:
        """Whether anybody else, in any process, has written since the last call. Costs microseconds."""
        known, self._version = self._version, self._connection.execute("PRAGMA data_version").fetchone()[0]
        return known != self._version

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._database.transaction(self._connection):
            yield

    def recover(self) -> int:
        """Schedule again what was under way when the last dispatcher ended; the interrupted attempt stays counted,
        for its door may have seen it. Returns how many."""
        again = "UPDATE tasks SET state = 'scheduled' WHERE ended_at IS NULL AND queue = ? AND state = 'active'"
        queues = [(queue,) for kind in QueueKind for queue in _queues(kind)]
        return self._connection.executemany(again, queues).rowcount

    def claim(self, kind: QueueKind, limit: int, now: int) -> list[Delivery]:
        """Mark up to `limit` due tasks active: urgent before high before normal before low."""
        found: list[Delivery] = []
        for queue in _queues(kind):
            if len(found) < limit:
                rows = self._connection.execute(_DUE, (queue, now, limit - len(found)))
                found.extend(_delivery(kind, queue, *row) for row in rows)
        claimed = [(delivery.attempts, delivery.seq) for delivery in found]
        self._connection.executemany("UPDATE tasks SET state = 'active', attempts = ? WHERE seq = ?", claimed)
        return found

    def next_due(self, kind: QueueKind) -> int | None:
        times = [self._connection.execute(_NEXT, (queue,)).fetchone()[0] for queue in _queues(kind)]
        return min((time for time in times if time is not None), default=None)

    def settle(self, settlements: Iterable[Settlement]) -> None:
        """Write outcomes down. A task that was cancelled meanwhile stays forgotten."""
        self._connection.executemany(_SETTLE, [_settled_row(settlement) for settlement in settlements])

    def purge(self, now: int) -> None:
        """Drop tombstones and dead tasks whose time is over."""
        for dead, kept in ((False, TOMBSTONES_KEPT), (True, DEAD_KEPT)):
            self._connection.execute(
                "DELETE FROM tasks WHERE ended_at <= ? AND (state = 'dead') = ?", (now - kept // _MICROSECOND, dead)
            )

    def close(self) -> None:
        self._connection.close()


def _queues(kind: QueueKind) -> list[str]:
    return [f"{kind}-{priority}" for priority in STRICT_ORDER]


def _delivery(
    kind: QueueKind,
    queue: str,
    seq: int,
    name: str,
    attempts: int,
    executions: int,
    due: int,
    path: str,
    headers: str,
    body: bytes,
) -> Delivery:
    return Delivery(seq, name, kind, queue, attempts + 1, executions, due, path, json.loads(headers), body)


def _settled_row(settled: Settlement) -> tuple[object, ...]:
    delivery, ended = settled.delivery, settled.ended_at
    executions = delivery.executions + (0 < settled.status < 500)
    outcome = (settled.state, settled.not_before, ended, settled.status, settled.error, executions)
    return (*outcome, ended, ended, delivery.seq)
