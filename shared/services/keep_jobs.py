"""Jobs: made, listed, changed, cancelled and tried again. The work itself is `advance_job`'s."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from shared.domain.errors import Conflict, EngineUnavailable, InvalidInput
from shared.domain.faults import faults_of
from shared.domain.job import (
    Job,
    JobChanges,
    JobStatus,
    JobType,
    NarrationInput,
    NewJob,
    Priority,
    StepStatus,
    StepTask,
    TaskRef,
)
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Where
from shared.ports.jobs import Jobs as Executions
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.narration_steps import NarrationSteps
from shared.services.records import RecordPage, Records, new_id

STEP_DOOR = "/on_job_task"


class Jobs:
    def __init__(
        self, documents: Documents, clock: Clock, tasks: Tasks, executions: Executions, narration: NarrationSteps
    ) -> None:
        self._clock = clock
        self._tasks = tasks
        self._executions = executions
        self._narration = narration
        self._records = Records(documents, clock, "jobs", Job, "job")

    def create(self, owner: str, new: NewJob) -> Job:
        """Check a wish in full and put its first step on the queue.

        Raises InvalidInput with every fault, NotFound for what it names, EngineUnavailable for what cannot be done here.
        """
        if new.type is not JobType.NARRATION:
            raise EngineUnavailable(f"Jobs of type {new.type} have no engine here yet; narration has.")
        wish = _wish(new.input)
        steps = self._narration.check(owner, wish)
        now = self._clock.now()
        job = Job(
            id=new_id("job"),
            owner=owner,
            created_at=now,
            updated_at=now,
            type=new.type,
            priority=new.priority,
            title=new.title,
            description=new.description,
            metadata=new.metadata,
            input=wish.model_dump(mode="json"),
            steps=steps,
            message="waiting",
        )
        self._records.create(job)
        self._start(job)
        return job

    def get(self, owner: str, job_id: str) -> tuple[Job, int]:
        """The job and its revision."""
        found = self._records.find(owner, job_id)
        return found.record, found.revision

    def page(
        self,
        owner: str,
        *,
        job_type: JobType | None,
        status: JobStatus | None,
        priority: Priority | None,
        oldest_first: bool,
        limit: int,
        cursor: str | None,
    ) -> RecordPage[Job]:
        asked = {"type": job_type, "status": status, "priority": priority}
        where = [Where(field, "==", value.value) for field, value in asked.items() if value is not None]
        return self._records.page(owner, where, [Order("created_at", not oldest_first)], limit=limit, cursor=cursor)

    def change(self, owner: str, job_id: str, changes: JobChanges) -> Job:
        """Change title, description, metadata or priority; a new priority moves what is queued to another queue."""
        given = changes.model_dump(exclude_none=True)
        before, _ = self.get(owner, job_id)
        job = self._records.update(owner, job_id, lambda job: job.model_copy(update=given))
        if job.priority is not before.priority and not job.status.is_final:
            self._tasks.cancel(f"{job_id}-a{job.attempt}-")
            self._tasks.enqueue([step_task(fresh_look(job, self._clock), job.priority)])
        return job

    def cancel(self, owner: str, job_id: str) -> Job:
        """Stop a job within seconds. Raises Conflict when it has ended otherwise; cancelling twice is no error."""

        def stop(job: Job) -> Job | None:
            if job.status is JobStatus.CANCELLED:
                return None
            if job.status.is_final:
                raise Conflict(f"The job has {job.status} already; there is nothing to cancel.")
            now = self._clock.now()
            return job.model_copy(update={"status": JobStatus.CANCELLED, "message": "cancelled", "finished_at": now})

        job = self._records.update(owner, job_id, stop)
        self._tasks.cancel(f"{job_id}-a{job.attempt}-")
        for execution in job.executions.values():
            self._executions.cancel(execution)
        return job

    def retry(self, owner: str, job_id: str) -> Job:
        """Run a failed or cancelled job again; what was made before is used. Raises Conflict for any other state."""

        def again(job: Job) -> Job:
            if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
                raise Conflict(f"The job is {job.status}; only a failed or cancelled one can be retried.")
            fresh: dict[str, Any] = {
                "status": JobStatus.PENDING,
                "attempt": job.attempt + 1,
                "steps": [step.model_copy(update=_UNDONE) for step in job.steps],
                "percentage": 0,
                "message": "waiting",
                "error": None,
                "result": None,
                "executions": {},
                "started_at": None,
                "finished_at": None,
            }
            return job.model_copy(update=fresh)

        job = self._records.update(owner, job_id, again)
        self._start(job)
        return job

    def _start(self, job: Job) -> None:
        ref = TaskRef(owner=job.owner, job_id=job.id, attempt=job.attempt, step=job.steps[0].name)
        self._tasks.enqueue([step_task(ref, job.priority)])


_UNDONE = {"status": StepStatus.PENDING, "done": 0, "total": 0, "ready": 0, "reused": 0, "message": ""}


def fresh_look(job: Job, clock: Clock) -> TaskRef:
    """A look at the job's present step under a round nobody used: rounds count up by one, and milliseconds are far ahead."""
    round_number = int(clock.now().timestamp() * 1000)
    step = job.current_step.name
    return TaskRef(owner=job.owner, job_id=job.id, attempt=job.attempt, step=step, round=round_number)


def step_task(ref: TaskRef, priority: Priority, not_before: Any = None) -> Task:
    """A look at a step, as a task whose name makes it one however often it is asked for."""
    payload = StepTask(ref=ref).model_dump(mode="json")
    return Task(QueueKind.JOB, f"{ref.name}-look", STEP_DOOR, payload, priority, not_before=not_before)


def _wish(raw: dict[str, Any]) -> NarrationInput:
    try:
        return NarrationInput.model_validate(raw)
    except ValidationError as exc:
        faults = faults_of(exc, prefix="/input")
        raise InvalidInput(f"The input of the job has {len(faults)} fault(s); see errors.", faults=faults) from exc
