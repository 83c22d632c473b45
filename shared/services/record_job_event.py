"""Jobs on record, and what happened to them: each change is written together with its events, or not at all.

The one writer of jobs. An event's number is taken from the job's own counter and its document is made new, so that no two
writers can both take a number, and none is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

from shared.domain.errors import PreconditionFailed, ReelprintError
from shared.domain.job import Job
from shared.domain.job_event import JobEvent, event_key, told
from shared.domain.webhook import Webhook, WebhookState, WebhookTask
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction, Where
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.job_bell import JobBell
from shared.services.records import Records

JOBS, EVENTS, JOB_WEBHOOKS = "jobs", "job_events", "job_webhooks"
WEBHOOK_DOOR = "/on_webhook_task"


class JobRecords(Records[Job]):
    """Raises what `Records` does."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        tasks: Tasks,
        bell: JobBell,
        on_ended: Callable[[Job], None] = lambda job: None,
    ) -> None:
        """`on_ended` is told of every job that ends, once it is on record; what it fails to do must mend itself."""
        super().__init__(documents, clock, JOBS, Job, "job")
        self._tasks = tasks
        self._bell = bell
        self._on_ended = on_ended

    def begin(self, job: Job, webhook: Webhook | None) -> Job:
        """Write a new job with its first event, and its webhook's address and secret beside it."""
        counted, events = told(None, job)

        def work(transaction: Transaction) -> Job:
            transaction.create(JOBS, job.id, counted.model_dump(mode="json"))
            _add(transaction, counted, events)
            if webhook:
                transaction.create(JOB_WEBHOOKS, job.id, webhook.model_dump(mode="json"))
            return counted

        created = self._documents.transaction(work)
        self._bell.ring(job.id)
        return created

    def update(
        self, owner: str, record_id: str, change: Callable[[Job], Job | None], *, if_revision: int | None = None
    ) -> Job:
        ended = False

        def work(transaction: Transaction) -> Job:
            nonlocal ended
            document = transaction.get(JOBS, record_id)
            current = self._owned(document, owner, record_id)
            if document and if_revision is not None and document.revision != if_revision:
                raise PreconditionFailed(
                    "Somebody else changed it since you read it. Read it again and repeat the change."
                )
            changed = change(current)
            ended = changed is not None and changed.status.is_final and not current.status.is_final
            if changed is None:
                return current
            changed = changed.model_copy(update={"updated_at": self._clock.now()})
            counted, events = told(current, _with_pending_webhook(changed) if ended else changed)
            transaction.put(JOBS, record_id, counted.model_dump(mode="json"))
            _add(transaction, counted, events)
            return counted

        job = self._documents.transaction(work)
        self._bell.ring(record_id)
        if ended:
            with contextlib.suppress(ReelprintError):
                self._on_ended(job)
        if ended and job.webhook:
            with contextlib.suppress(ReelprintError):  # it is on record as pending, and `announce_pending` looks for it
                self._tasks.enqueue([_webhook_task(job)])
        return job

    def announce_pending(self, idle: timedelta) -> int:
        """Queue the webhooks of ended jobs that nothing was heard of for `idle`, once more; how many."""
        announced, cursor = 0, None
        while True:
            pending = [Where("webhook.state", "==", WebhookState.PENDING.value)]
            page = self._documents.query(JOBS, pending, cursor=cursor)
            jobs = [Job.model_validate(document.data) for document in page.items]
            tasks = [_webhook_task(job) for job in jobs if self._clock.now() - job.updated_at >= idle]
            announced += self._tasks.enqueue(tasks)
            cursor = page.cursor
            if cursor is None:
                return announced


def _add(transaction: Transaction, job: Job, events: list[JobEvent]) -> None:
    for event in events:
        data = event.model_dump(mode="json") | {"owner": job.owner}
        transaction.create(EVENTS, event_key(job.id, event.seq), data)


def _with_pending_webhook(job: Job) -> Job:
    if job.webhook is None:
        return job
    return job.model_copy(update={"webhook": job.webhook.model_copy(update={"state": WebhookState.PENDING})})


def _webhook_task(job: Job) -> Task:
    """Its name begins otherwise than those of the job's work, which ends with the job while this begins."""
    told_of = WebhookTask(owner=job.owner, job_id=job.id, attempt=job.attempt)
    return Task(QueueKind.WEBHOOK, told_of.name, WEBHOOK_DOOR, told_of.model_dump(mode="json"), job.priority)
