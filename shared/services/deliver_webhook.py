"""Telling a user's own server that a job has ended: signed, tried again with growing pauses, every try on the job's record."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from shared.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable
from shared.domain.job import Job
from shared.domain.moments import sortable
from shared.domain.webhook import (
    ATTEMPTS_KEPT,
    DeliveryAttempt,
    Webhook,
    WebhookState,
    WebhookTask,
    signature,
)
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.webhooks import Webhooks
from shared.services.record_job_event import JOB_WEBHOOKS, JobRecords

GONE = 410  # the receiver's own word for: never again


class DeliverWebhook:
    def __init__(self, documents: Documents, clock: Clock, records: JobRecords, webhooks: Webhooks) -> None:
        self._documents = documents
        self._clock = clock
        self._records = records
        self._webhooks = webhooks

    def deliver(self, task: WebhookTask, *, is_last: bool) -> None:
        """Send the message of one ended attempt, unless that is done with. `is_last`: the queue gives up after this.

        Raises Unavailable where it is worth another try.
        """
        job = self._waiting(task)
        document = self._documents.get(JOB_WEBHOOKS, task.job_id) if job else None
        if job is None or document is None:
            return
        attempt, is_final = self._attempt(job, Webhook.model_validate(document.data), task)
        is_done = 200 <= attempt.status < 300
        state = WebhookState.DELIVERED if is_done else WebhookState.FAILED if is_final or is_last else None
        with contextlib.suppress(NotFound):  # its user was deleted meanwhile
            self._note(task, attempt, state)
        if state is None:
            raise Unavailable("The webhook was not taken; it is tried again.")

    def _waiting(self, task: WebhookTask) -> Job | None:
        """The job, if this message is still to be delivered."""
        try:
            job = self._records.get(task.owner, task.job_id)
        except NotFound:
            return None  # deleted with its user
        is_due = job.attempt == task.attempt and job.webhook and job.webhook.state is WebhookState.PENDING
        return job if is_due else None

    def _attempt(self, job: Job, webhook: Webhook, task: WebhookTask) -> tuple[DeliveryAttempt, bool]:
        """One try, and whether it must be the last."""
        now = self._clock.now()
        body = json.dumps(message_of(job), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"webhook-id": task.message_id, "webhook-timestamp": str(int(now.timestamp()))}
        if webhook.secret:
            headers["webhook-signature"] = signature(webhook.secret, task.message_id, int(now.timestamp()), body)
        try:
            status = self._webhooks.post(webhook.url, body, headers)
        except (Forbidden, InvalidInput) as refused:
            return DeliveryAttempt(at=now, status=0, error=refused.detail), True
        except Unavailable as failed:
            return DeliveryAttempt(at=now, status=0, error=failed.detail), False
        return DeliveryAttempt(at=now, status=status, error=_error_of(status)), status == GONE

    def _note(self, task: WebhookTask, attempt: DeliveryAttempt, state: WebhookState | None) -> None:
        def change(job: Job) -> Job | None:
            if job.webhook is None or job.attempt != task.attempt:
                return None
            attempts = [*job.webhook.attempts, attempt][-ATTEMPTS_KEPT:]
            update: dict[str, Any] = {"attempts": attempts, "state": state or job.webhook.state}
            return job.model_copy(update={"webhook": job.webhook.model_copy(update=update)})

        self._records.update(task.owner, task.job_id, change)


def message_of(job: Job) -> dict[str, Any]:
    """What is sent: that a job has ended and how. Its record and its files are fetched by whoever may."""
    ended = job.finished_at or job.updated_at
    error = {name: job.error.get(name) for name in ("type", "title", "detail")} if job.error else None
    return {
        "type": f"job.{job.status.value}",
        "timestamp": sortable(ended),
        "data": {
            "id": job.id,
            "type": job.type.value,
            "status": job.status.value,
            "title": job.title,
            "metadata": job.metadata,
            "attempt": job.attempt,
            "error": error,
            "href": f"/api/v1/jobs/{job.id}",
        },
    }


def _error_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver answered {status}; redirects are not followed."
    return f"The receiver answered {status}."
