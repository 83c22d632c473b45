"""The embedded queue: tasks in one SQLite file, delivered by the Dispatcher of the server process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.adapters.tasks.database import CANCELLED, Database, from_micros, to_micros
from shared.adapters.tasks.rules import encode_body
from shared.ports.clock import Clock
from shared.ports.tasks import Priority, QueueKind, QueueState, Task, TaskRecord, TaskState

NAME_KEPT = timedelta(hours=1)  # how long a name stays taken after its task has ended
_RECORD = "queue, name, state, attempts, not_before, last_status, last_error"
_INSERT = """
INSERT INTO tasks (name, kind, queue, state, not_before, path, headers, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING
"""


class EmbeddedTasks:
    """The Tasks port over SQLite. Any thread may use it; another process opens its own over the same file."""

    def __init__(self, path: Path, clock: Clock, *, max_bytes: int | None = None) -> None:
        """Open or create the queue file. Raises StorageFailed; Conflict for a file of an unknown schema version."""
        self.database = Database(path, max_bytes)
        self._clock = clock
        self._listeners: tuple[Callable[[], None], ...] = ()

    def enqueue(self, tasks: Sequence[Task]) -> int:
        now = to_micros(self._clock.now())
        rows = [_row(task, now) for task in tasks]
        if not rows:
            return 0
        expired = now - NAME_KEPT // timedelta(microseconds=1)
        with self.database.writing() as connection:
            connection.executemany(
                "DELETE FROM tasks WHERE name = ? AND ended_at <= ?", [(row[0], expired) for row in rows]
            )
            accepted = connection.executemany(_INSERT, rows).rowcount
        for wake in self._listeners:
            wake()
        return accepted

    def find(self, name: str) -> TaskRecord | None:
        with self.database.reading() as connection:
            query = f"SELECT {_RECORD} FROM tasks WHERE name = ? AND state != ?"  # noqa: S608 - a constant
            row = connection.execute(query, (name, CANCELLED)).fetchone()
        return _record(row) if row else None

    def recent(self, limit: int = 100, state: TaskState | None = None) -> Sequence[TaskRecord]:
        """The newest tasks first, those that ended within the hour among them; only those in `state`, if given."""
        known = f"SELECT {_RECORD} FROM tasks WHERE state != ?"  # noqa: S608 - a constant
        query = f"{known} AND state = IFNULL(?, state) ORDER BY seq DESC LIMIT ?"
        with self.database.reading() as connection:
            rows = connection.execute(query, (CANCELLED, state, limit)).fetchall()
        return [_record(row) for row in rows]

    def cancel(self, name_prefix: str) -> int:
        """As the port says. A delivery that is under way ends as it will; when it fails it is not repeated."""
        names = (name_prefix, name_prefix + "\x7f")  # above every character a name can hold
        ended = to_micros(self._clock.now())
        with self.database.writing() as connection:
            return connection.execute(
                "UPDATE tasks SET state = ?, ended_at = ?, payload = x'', headers = '{}' "
                "WHERE ended_at IS NULL AND name >= ? AND name < ?",
                (CANCELLED, ended, *names),
            ).rowcount

    def state(self) -> Sequence[QueueState]:
        live = "SELECT queue, state, COUNT(*) FROM tasks WHERE ended_at IS NULL GROUP BY queue, state"
        dead = "SELECT queue, state, COUNT(*) FROM tasks WHERE state = 'dead' GROUP BY queue"
        with self.database.reading() as connection:
            rows = connection.execute(f"{live} UNION ALL {dead}").fetchall()
        counts = {(queue, state): count for queue, state, count in rows}
        queues = [f"{kind}-{priority}" for kind in QueueKind for priority in Priority]
        counted = (TaskState.SCHEDULED, TaskState.ACTIVE, TaskState.DEAD)
        return [QueueState(queue, *(counts.get((queue, state), 0) for state in counted)) for queue in queues]

    def on_accepted(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every acceptance through this object; the answer undoes it."""
        self._listeners = (*self._listeners, wake)
        return lambda: self._forget(wake)

    def close(self) -> None:
        """Close the file. Nothing is lost; a later call opens it again."""
        self.database.close()

    def _forget(self, wake: Callable[[], None]) -> None:
        self._listeners = tuple(listener for listener in self._listeners if listener is not wake)


def _row(task: Task, now: int) -> tuple[Any, ...]:
    body = encode_body(task)
    due = now if task.not_before is None else to_micros(task.not_before)
    headers = json.dumps(dict(task.headers))
    return (task.name, task.kind, task.queue, TaskState.SCHEDULED, due, task.path, headers, body)


def _record(row: tuple[Any, ...]) -> TaskRecord:
    queue, name, state, attempts, due, last_status, last_error = row
    return TaskRecord(queue, name, TaskState(state), attempts, from_micros(due), last_status, last_error)
