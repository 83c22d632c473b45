"""The embedded queue: how each kind of task is delivered, and what delivers it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.adapters.tasks.speech_lanes import speech_lanes
from shared.config import Settings
from shared.ports.tasks import QueueKind, QueuePolicy


def queue_policies(settings: Settings) -> Mapping[QueueKind, QueuePolicy]:
    """One policy a kind, held by each of its priorities' queues."""
    attempts = settings.task_attempts
    return {
        QueueKind.SPEECH: QueuePolicy(attempts, max_concurrent=settings.speech_concurrency, deadline_s=120),
        **speech_lanes(settings),
        QueueKind.TRANSLATION: QueuePolicy(attempts, max_concurrent=settings.translation_concurrency, deadline_s=300),
        QueueKind.JOB: QueuePolicy(attempts, max_concurrent=4, deadline_s=300),
        QueueKind.EVENT: QueuePolicy(attempts, max_concurrent=2, deadline_s=300),
        QueueKind.ACCOUNT: QueuePolicy(attempts, max_concurrent=2, deadline_s=300),
        # Other people's servers are down for minutes: with ten attempts the last one comes 43 minutes after the first.
        QueueKind.WEBHOOK: QueuePolicy(
            settings.webhook_attempts, min_backoff_s=5.0, max_backoff_s=3600.0, max_concurrent=4, deadline_s=30
        ),
    }
