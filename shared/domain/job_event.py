"""What happened to a job, one event after the other, numbered from 1 without a gap."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain.job import Job, JobStatus, Step, StepStatus

PROGRESS_EVERY = timedelta(seconds=1)  # how often progress is an event, at most


class EventType(StrEnum):
    STATUS = "status"  # the job itself: pending, running, completed, failed, cancelled
    STEP = "step"  # one of its steps began or was completed
    PROGRESS = "progress"  # a step went on


class StepProgress(BaseModel):
    """A step as its watchers see it: `done` of `total` units are there, `reused` of them from before the job."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    weight: int
    status: StepStatus
    done: int
    total: int
    reused: int
    message: str


class JobEvent(BaseModel):
    """One event. `status` is the job's when it happened; `step` is null for events of the whole job.

    `error` is the reason of a failure: its stable type, title and detail.
    """

    job_id: str
    seq: int
    type: EventType
    at: datetime
    status: JobStatus
    attempt: int
    percentage: int
    message: str
    step: StepProgress | None = None
    error: dict[str, Any] | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows, unless the job is tried again."""
        return self.type is EventType.STATUS and self.status.is_final


def event_key(job_id: str, seq: int) -> str:
    return f"{job_id}.{seq:08d}"


def told(before: Job | None, after: Job) -> tuple[Job, list[JobEvent]]:
    """The job with its events counted, and the events that lead from `before` (None: nothing) to `after`.

    Progress comes at most once in PROGRESS_EVERY, and never beside an event that tells it anyway; a change of status,
    of the job or a step, is always told.
    """
    steps = _changed_steps(before, after)
    is_new_status = before is None or before.status is not after.status or before.attempt != after.attempt
    events: list[tuple[EventType, Step | None]] = [(EventType.STEP, step) for step in steps]
    if is_new_status:
        # A job runs before its first step does, and has ended after its last.
        events.insert(0 if after.status is JobStatus.RUNNING else len(events), (EventType.STATUS, None))
    elif not steps and before is not None and _is_progress(before, after):
        events.append((EventType.PROGRESS, after.current_step))
    numbered = [_event(after, kind, step, after.event_seq + n) for n, (kind, step) in enumerate(events, 1)]
    counted = {"event_seq": after.event_seq + len(events)}
    return after.model_copy(update=counted | ({"progress_at": after.updated_at} if events else {})), numbered


def _changed_steps(before: Job | None, after: Job) -> list[Step]:
    """Steps that began or were completed; what a retry takes back is told by its status alone."""
    known = {step.name: step.status for step in before.steps} if before and before.attempt == after.attempt else {}
    return [
        step
        for step in after.steps
        if step.name in known and step.status is not StepStatus.PENDING and step.status is not known[step.name]
    ]


def _is_progress(before: Job, after: Job) -> bool:
    if (before.percentage, before.message) == (after.percentage, after.message):
        return False
    return after.progress_at is None or after.updated_at - after.progress_at >= PROGRESS_EVERY


def _event(job: Job, kind: EventType, step: Step | None, seq: int) -> JobEvent:
    error = {name: job.error[name] for name in ("type", "title", "detail") if name in job.error} if job.error else None
    return JobEvent(
        job_id=job.id,
        seq=seq,
        type=kind,
        at=job.updated_at,
        status=job.status,
        attempt=job.attempt,
        percentage=job.percentage,
        message=job.message,
        step=StepProgress.model_validate(step) if step else None,
        error=error if kind is EventType.STATUS else None,
    )
