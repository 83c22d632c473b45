"""Jobs: long work outside the doors, as executions of one container (a Cloud Run Job) or of one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

MAX_ENV_VALUE_BYTES = 32_768  # of one overridden variable; Cloud Run refuses more


class ExecutionStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # it ended without saying how: the machine went away under it


@dataclass(frozen=True)
class Execution:
    """One run of a job. `exit_code` is that of the first task that failed for good; `message` says what it said last."""

    name: str
    job: str
    status: ExecutionStatus
    tasks: int
    exit_code: int | None
    message: str
    started_at: datetime
    finished_at: datetime | None


class Jobs(Protocol):
    def run(self, job: str, name: str, env: Mapping[str, str], *, tasks: int = 1) -> Execution:
        """Start `job` (e.g. "assemble") with these variables and return at once.

        `name` is the caller's, unique per run: the same name again returns the execution that is there. Each task sees
        CLOUD_RUN_TASK_INDEX, CLOUD_RUN_TASK_COUNT, CLOUD_RUN_TASK_ATTEMPT. Raises TooLarge for a value above 32,768
        bytes, EngineUnavailable for a job that is not known here.
        """
        ...

    def get(self, name: str) -> Execution | None: ...

    def cancel(self, name: str) -> None:
        """Stop it: SIGTERM, and SIGKILL where that is not heard within ten seconds. Unknown or ended: no error."""
        ...
