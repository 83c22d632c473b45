"""An export is run by a job of its own (jobs/export), and looked after from the queue until it has ended."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.errors import EngineFailed, ReelprintError, Unavailable, every_error
from shared.domain.export import ExportRecord, ExportTask
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.jobs import Execution, ExecutionStatus
from shared.ports.jobs import Jobs as Executions
from shared.ports.storage import Storage
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.export_work import ExportWork

JOB = "export"
TASK_DOOR = "/on_export_task"
MAX_LOST = 3  # how often an execution that vanished is started anew
FIRST_LOOK_S, LAST_LOOK_S, SLOWER = 1.0, 30.0, 1.5


class ExportLooks:
    def __init__(
        self, documents: Documents, clock: Clock, media: Storage, tasks: Tasks, executions: Executions
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._media = media
        self._tasks = tasks
        self._executions = executions

    def begin(self, task: ExportTask) -> None:
        """Queue the first look, which starts the job."""
        self._enqueue(task, 0.0)

    def stop(self, execution: str) -> None:
        if execution:
            self._executions.cancel(execution)

    def is_running(self, execution: str) -> bool:
        found = self._executions.get(execution) if execution else None
        return found is not None and found.status is ExecutionStatus.RUNNING

    def look(self, task: ExportTask, *, is_last_attempt: bool = False) -> None:
        """Start the job, or see how it is doing and come again later while it runs. Raises what may pass by itself."""
        execution = self._executions.get(task.name)
        work = self._work(task)
        record = work.current()  # read after the execution: what ended well had its result on record before
        if record is None:
            if task.look == 0 and not is_last_attempt:  # queued right before its record is written
                raise Unavailable("The export is not on record yet.")
            return
        try:
            self._follow(task, work, record, execution)
        except ReelprintError as exc:
            if exc.retryable and not is_last_attempt:
                raise
            work.fail(exc)

    def _follow(self, task: ExportTask, work: ExportWork, record: ExportRecord, execution: Execution | None) -> None:
        if execution is None:
            self._start(task, work)
        elif execution.status is ExecutionStatus.LOST:
            self._again(task, work)
        elif execution.status is ExecutionStatus.RUNNING:
            self._come_again(task)
        else:
            work.fail(_told(record, execution))

    def _start(self, task: ExportTask, work: ExportWork) -> None:
        if work.begin(task.name) is None:
            return
        given = {"EXPORT_OWNER": task.owner, "EXPORT_ID": task.export_id, "EXPORT_ATTEMPT": str(task.attempt)}
        self._executions.run(JOB, task.name, given)
        if work.current() is None:  # cancelled between the two: nobody else would stop it
            self._executions.cancel(task.name)
            return
        self._come_again(task)

    def _again(self, task: ExportTask, work: ExportWork) -> None:
        if task.lost >= MAX_LOST:
            work.fail(EngineFailed(f"The export was lost {MAX_LOST + 1} times: its machine went away. Retry it."))
            return
        self._start(task.model_copy(update={"lost": task.lost + 1, "look": 0}), work)

    def _come_again(self, task: ExportTask) -> None:
        wait = min(LAST_LOOK_S, FIRST_LOOK_S * SLOWER ** min(task.look, 20))
        self._enqueue(task.model_copy(update={"look": task.look + 1}), wait)

    def _enqueue(self, task: ExportTask, wait: float) -> None:
        not_before = self._clock.now() + timedelta(seconds=wait)
        name, payload = f"{task.name}-look{task.look}", task.model_dump(mode="json")
        self._tasks.enqueue([Task(QueueKind.EVENT, name, TASK_DOOR, payload, not_before=not_before)])

    def _work(self, task: ExportTask) -> ExportWork:
        return ExportWork(self._documents, self._clock, self._media, task.owner, task.export_id, task.attempt)


def _told(record: ExportRecord, execution: Execution) -> ReelprintError:
    """What the job left on record, as the error it was; else what the execution says."""
    raw = record.error
    if raw:
        kind = next((kind for kind in every_error() if kind.type == raw["type"]), EngineFailed)
        return kind(raw["detail"])
    return EngineFailed(f"The export ended as {execution.status} with exit code {execution.exit_code}. Retry it.")
