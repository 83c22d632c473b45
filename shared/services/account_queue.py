"""Account work on its way to the door that does it."""

from __future__ import annotations

from shared.domain.account_task import AccountTask
from shared.ports.tasks import Priority, QueueKind, Task

ACCOUNT_DOOR = "/on_account_task"


def account_task(work: AccountTask, attempt: str = "") -> Task:
    """The work as a task. One name is accepted once an hour; `attempt` makes another of it."""
    name = f"account-{work.work}-{work.id}{attempt and '-' + attempt}"
    return Task(QueueKind.ACCOUNT, name, ACCOUNT_DOOR, work.model_dump(mode="json"), Priority.HIGH)
