"""Tasks: work put on a queue now, delivered to an `on_*` door by HTTP later, at least once.

One queue per kind and priority, on every backend: Cloud Tasks orders nothing within a queue, so priority is a queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from shared.domain.job import Priority as Priority  # part of this port's vocabulary


class QueueKind(StrEnum):
    """What a queue carries. The door it is delivered to is `on_{kind}_task` (events: `on_object_finalized`).

    Speech has a queue for each vendor, since each has a rate of its own; all are delivered to `on_speech_task`.
    """

    SPEECH = "speech"
    SPEECH_GOOGLE = "speech-google"
    SPEECH_AZURE = "speech-azure"
    SPEECH_ZYPHRA = "speech-zyphra"
    SPEECH_OPENAI = "speech-openai"
    TRANSLATION = "translation"
    JOB = "job"
    EVENT = "event"
    ACCOUNT = "account"
    WEBHOOK = "webhook"


def speech_queue(voice: str) -> QueueKind:
    """The queue of whoever speaks with this voice ("google/en-US-Neural2-C"): its vendor's, or the offline engines'."""
    return _VENDOR_QUEUES.get(voice.partition("/")[0], QueueKind.SPEECH)


_VENDOR_QUEUES = {kind.removeprefix("speech-"): kind for kind in QueueKind if kind.startswith("speech-")}


@dataclass(frozen=True)
class QueuePolicy:
    """How a queue behaves; the numbers a `google_cloud_tasks_queue` takes.

    Back-off before attempt n+1 is `min(max_backoff_s, min_backoff_s * 2**(n-1))`. After `max_attempts` deliveries a task
    is set aside as dead and stays readable.
    """

    max_attempts: int = 5
    min_backoff_s: float = 0.5
    max_backoff_s: float = 60.0
    max_concurrent: int = 8
    max_per_second: float = 500.0
    deadline_s: float = 600.0


@dataclass(frozen=True)
class Task:
    """One piece of work. `name` de-duplicates: letters, digits, `-` and `_`, at most 500; it carries the job's attempt.

    A name that was used within the last hour is not accepted again, done or not. `path` is the door, e.g.
    "/on_speech_task"; `payload` is JSON, at most 1 MB with headers.
    """

    kind: QueueKind
    name: str
    path: str
    payload: Mapping[str, Any]
    priority: Priority = Priority.NORMAL
    headers: Mapping[str, str] = field(default_factory=dict)
    not_before: datetime | None = None

    @property
    def queue(self) -> str:
        return f"{self.kind}-{self.priority}"


@dataclass(frozen=True)
class QueueState:
    queue: str
    scheduled: int  # accepted, not being delivered at this moment
    active: int  # being delivered
    dead: int  # out of attempts


class TaskState(StrEnum):
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True)
class TaskRecord:
    queue: str
    name: str
    state: TaskState
    attempts: int
    not_before: datetime
    last_status: int | None  # HTTP status of the last delivery, 0 when nothing answered
    last_error: str


class Tasks(Protocol):
    def enqueue(self, tasks: Sequence[Task]) -> int:
        """Accept tasks durably; returns how many were new. A known name is passed over, not an error.

        Raises TooLarge for a payload above 1 MB, InvalidInput for a bad name, StorageFull.
        """
        ...

    def find(self, name: str) -> TaskRecord | None: ...

    def cancel(self, name_prefix: str) -> int:
        """Forget all not yet delivered tasks whose name starts so; returns how many."""
        ...

    def state(self) -> Sequence[QueueState]: ...
