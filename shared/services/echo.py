"""An echo by way of the queue: what comes back has been accepted, delivered and written down."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from shared.domain.artifact import digest_of
from shared.domain.errors import NotFound
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.expiring import Sweeper
from shared.services.records import new_id

COLLECTION, ECHO_DOOR = "echoes", "/on_echo_task"
KEPT = timedelta(hours=1)


class EchoTask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    owner: str
    name: str
    message: str
    sent_at: datetime


class Heard(BaseModel):
    """An echo that came back."""

    name: str
    message: str
    sent_at: datetime
    delivered_at: datetime


class Echo:
    def __init__(self, documents: Documents, clock: Clock, tasks: Tasks) -> None:
        self._documents = documents
        self._clock = clock
        self._tasks = tasks
        self._sweeper = Sweeper(documents, clock)

    def send(self, owner: str, message: str) -> str:
        """Put an echo on the job queue; the name of its task."""
        name = new_id(_senders(owner))
        task = EchoTask(owner=owner, name=name, message=message, sent_at=self._clock.now())
        self._tasks.enqueue([Task(QueueKind.JOB, name, ECHO_DOOR, task.model_dump(mode="json"))])
        return name

    def is_from(self, owner: str, name: str) -> bool:
        """Whether a task of this name is an echo that `owner` sent."""
        return name.startswith(_senders(owner) + "_")

    def deliver(self, task: EchoTask) -> None:
        """Write down that it came; twice is once."""
        now = self._clock.now()
        heard = Heard(name=task.name, message=task.message, sent_at=task.sent_at, delivered_at=now)
        kept = {"owner": task.owner, "expires_at": (now + KEPT).timestamp()}
        self._documents.put(COLLECTION, task.name, heard.model_dump(mode="json") | kept)
        self._sweeper.sweep(COLLECTION)

    def find(self, owner: str, name: str) -> Heard:
        """Raises NotFound until the queue has delivered it."""
        document = self._documents.get(COLLECTION, name)
        if document is None or document.data["owner"] != owner:
            raise NotFound(f"No echo {name!r} was delivered (yet). GET /api/v1/worker/task/{name} says where it is.")
        return Heard.model_validate(document.data)


def _senders(owner: str) -> str:
    """What the names of one sender's echoes begin with; the queue itself knows no owners."""
    return f"echo_{digest_of({'echoes_of': owner})[:16]}"
