"""Jobs: made, listed, changed, cancelled and tried again. The work itself is `advance_job`'s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.errors import Conflict, TooManyRequests
from shared.domain.job import (
    Job,
    JobChanges,
    JobStatus,
    JobType,
    Priority,
    Step,
    StepStatus,
    StepTask,
    TaskRef,
)
from shared.domain.moments import sortable
from shared.domain.new_job import NewJob
from shared.domain.webhook import WebhookState, WebhookStatus
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Where
from shared.ports.jobs import Jobs as Executions
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.estimate_speech import EstimateSpeech
from shared.services.job_steps import JobSteps
from shared.services.keep_webhooks import KeepWebhooks
from shared.services.record_job_event import JOBS, JobRecords
from shared.services.records import RecordPage, new_id
from shared.services.spending import Spending, reservation_name

STEP_DOOR = "/on_job_task"
MAX_OPEN_JOBS = 1000  # of one user, pending or running
TRY_AGAIN_S = 60


class JobSort(StrEnum):
    """What a list of jobs is ordered by; falling where a minus leads. Equals are ordered by their creation."""

    CREATED = "created_at"
    NEWEST = "-created_at"
    UPDATED = "updated_at"
    LATELY_UPDATED = "-updated_at"
    PRIORITY = "priority"
    URGENT_FIRST = "-priority"


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list is of; what is None does not matter. Times are exclusive."""

    type: JobType | None = None
    status: JobStatus | None = None
    priority: Priority | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class Jobs:
    def __init__(
        self,
        *,
        documents: Documents,
        clock: Clock,
        tasks: Tasks,
        executions: Executions,
        steps: JobSteps,
        records: JobRecords,
        webhooks: KeepWebhooks,
        estimate: EstimateSpeech,
        spending: Spending,
        max_open: int = MAX_OPEN_JOBS,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._tasks = tasks
        self._executions = executions
        self._steps = steps
        self._records = records
        self._webhooks = webhooks
        self._estimate = estimate
        self._spending = spending
        self._max_open = max_open

    def create(self, owner: str, new: NewJob) -> Job:
        """Check a wish in full and put its first step on the queue.

        Raises InvalidInput with every fault, NotFound for what it names, EngineUnavailable for what cannot be done here,
        TooManyRequests while too many jobs of this user are still open.
        """
        work = self._steps.begin(owner, new)
        self._require_room(owner)
        job_id, now, asked = new_id("job"), self._clock.now(), new.root
        webhook = self._webhooks.for_job(owner, job_id, asked.webhook)
        job = Job(
            id=job_id,
            owner=owner,
            created_at=now,
            updated_at=now,
            type=asked.type,
            priority=asked.priority,
            title=asked.title,
            description=asked.description,
            metadata=asked.metadata,
            message="waiting",
            webhook=WebhookStatus(url=webhook.url, is_signed=bool(webhook.secret)) if webhook else None,
            **work,
        )
        with self._held(job):
            job = self._records.begin(job, webhook)
        self._start(job)
        return job

    @contextmanager
    def _held(self, job: Job) -> Iterator[None]:
        """Hold what a job may cost before it is on record; given back where it does not come to that.

        Raises SpendingCapReached.
        """
        name = reservation_name(job.id, job.attempt)
        micros = self._estimate.most(job)
        if micros:
            self._spending.hold(job.owner, name, job.id, micros)
        try:
            yield
        except BaseException:
            self._spending.settle(name)
            raise

    def _require_room(self, owner: str) -> None:
        mine = Where("owner", "==", owner)
        statuses = (JobStatus.PENDING, JobStatus.RUNNING)
        count = sum(self._documents.count(JOBS, [mine, Where("status", "==", status.value)]) for status in statuses)
        if count >= self._max_open:
            raise TooManyRequests(
                f"{count} of your jobs are pending or running, and {self._max_open} may be. Wait for some, or cancel some.",
                retry_after_s=TRY_AGAIN_S,
            )

    def get(self, owner: str, job_id: str) -> tuple[Job, int]:
        """The job and its revision."""
        found = self._records.find(owner, job_id)
        return found.record, found.revision

    def page(self, owner: str, wanted: JobFilter, sort: JobSort, *, limit: int, cursor: str | None) -> RecordPage[Job]:
        """One page of a user's jobs. Raises InvalidInput for a cursor of another user, filter or sort."""
        order = _order(sort, wanted)
        return self._records.page(owner, _conditions(wanted), order, limit=limit, cursor=cursor)

    def change(self, owner: str, job_id: str, changes: JobChanges, *, if_revision: int | None = None) -> Job:
        """Change title, description, metadata or priority; a new priority moves what is queued to another queue.

        Paused, nothing more is begun; what is under way is finished and kept, and going on makes nothing twice.
        Raises Conflict where a job that has ended is to pause, PreconditionFailed where `if_revision` is not the job's.
        """
        given = changes.model_dump(exclude_none=True, exclude={"paused"})
        before = after = None

        def change(job: Job) -> Job:
            nonlocal before, after
            before, after = job, job.model_copy(update={**given, **self._pausing(job, changes.paused)})
            return after

        job = self._records.update(owner, job_id, change, if_revision=if_revision)
        if before and after and _is_requeued(before, after):
            self._tasks.cancel(f"{job_id}-a{job.attempt}-")
            if job.paused_at is None:
                self._tasks.enqueue([step_task(fresh_look(job, self._clock), job.priority)])
        return job

    def _pausing(self, job: Job, paused: bool | None) -> dict[str, Any]:
        """What pausing or going on changes of a job; nothing where it is so already. Raises Conflict where it has ended."""
        if paused is None or paused == (job.paused_at is not None):
            return {}
        if job.status.is_final:
            raise Conflict(f"The job has {job.status} already; there is nothing to pause or to go on with.")
        return (
            {"paused_at": self._clock.now(), "message": "paused"}
            if paused
            else {"paused_at": None, "message": "going on"}
        )

    def cancel(self, owner: str, job_id: str) -> Job:
        """Stop a job within seconds. Raises Conflict when it has ended otherwise; cancelling twice is no error."""

        def stop(job: Job) -> Job | None:
            if job.status is JobStatus.CANCELLED:
                return None
            if job.status.is_final:
                raise Conflict(f"The job has {job.status} already; there is nothing to cancel.")
            now = self._clock.now()
            update = {"status": JobStatus.CANCELLED, "message": "cancelled", "finished_at": now, "paused_at": None}
            return job.model_copy(update=update)

        job = self._records.update(owner, job_id, stop)
        self._tasks.cancel(f"{job_id}-a{job.attempt}-")
        for execution in job.executions.values():
            self._executions.cancel(execution)
        return job

    def retry(self, owner: str, job_id: str) -> Job:
        """Run a failed or cancelled job again, from the step it got to; what was made before is used.

        Raises Conflict for any other state.
        """
        before = self._records.get(owner, job_id)
        kept = self._steps.kept_by_retry(before)

        def again(job: Job) -> Job:
            if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
                raise Conflict(f"The job is {job.status}; only a failed or cancelled one can be retried.")
            fresh: dict[str, Any] = {
                "status": JobStatus.PENDING,
                "attempt": job.attempt + 1,
                "steps": [*job.steps[:kept], *(_undone(step) for step in job.steps[kept:])],
                "message": "waiting",
                "error": None,
                "result": None,
                "executions": {},
                "started_at": None,
                "finished_at": None,
                "paused_at": None,
                "substituted": [],
                "webhook": _waiting(job.webhook),
            }
            changed = job.model_copy(update=fresh)
            return changed.model_copy(update={"percentage": changed.overall()})

        with self._held(before.model_copy(update={"attempt": before.attempt + 1})):
            job = self._records.update(owner, job_id, again)
        self._start(job)
        return job

    def _start(self, job: Job) -> None:
        ref = TaskRef(owner=job.owner, job_id=job.id, attempt=job.attempt, step=job.current_step.name)
        self._tasks.enqueue([step_task(ref, job.priority)])


def _is_requeued(before: Job, after: Job) -> bool:
    """Whether what is on the queue must go: the job rests, or goes on, or goes on elsewhere."""
    if after.status.is_final:
        return False
    is_moved = after.priority is not before.priority and after.paused_at is None
    return is_moved or (after.paused_at is None) is not (before.paused_at is None)


def _conditions(wanted: JobFilter) -> list[Where]:
    asked = {"type": wanted.type, "status": wanted.status, "priority": wanted.priority}
    where = [Where(field, "==", value.value) for field, value in asked.items() if value is not None]
    if wanted.created_after:
        where.append(Where("created_at", ">", sortable(wanted.created_after)))
    if wanted.created_before:
        where.append(Where("created_at", "<", sortable(wanted.created_before)))
    return where


def _order(sort: JobSort, wanted: JobFilter) -> Sequence[Order]:
    field, falls = sort.value.removeprefix("-"), sort.value.startswith("-")
    if field == "priority":  # urgent and low are no words to sort by; and jobs of one priority are sorted by it already
        both = [Order("urgency", falls), Order("created_at", falls)]
        return both[1:] if wanted.priority else both
    return [Order(field, falls)]


def _undone(step: Step) -> Step:
    fresh = {"status": StepStatus.PENDING, "done": 0, "total": 0, "ready": 0, "reused": 0, "message": ""}
    return step.model_copy(update=fresh)


def _waiting(webhook: WebhookStatus | None) -> WebhookStatus | None:
    return webhook.model_copy(update={"state": WebhookState.WAITING, "attempts": []}) if webhook else None


def fresh_look(job: Job, clock: Clock) -> TaskRef:
    """A look at the job's present step under a round nobody used: rounds count up by one, and milliseconds are far ahead."""
    round_number = int(clock.now().timestamp() * 1000)
    step = job.current_step.name
    return TaskRef(owner=job.owner, job_id=job.id, attempt=job.attempt, step=step, round=round_number)


def step_task(ref: TaskRef, priority: Priority, not_before: Any = None) -> Task:
    """A look at a step, as a task whose name makes it one however often it is asked for."""
    payload = StepTask(ref=ref).model_dump(mode="json")
    return Task(QueueKind.JOB, f"{ref.name}-look", STEP_DOOR, payload, priority, not_before=not_before)
