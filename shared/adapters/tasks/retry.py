"""What follows from a delivery: done, again later, or dead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.adapters.tasks.database import to_micros
from shared.adapters.tasks.deliveries import Delivery, Settlement
from shared.ports.tasks import QueuePolicy, TaskState

MAX_RETRY_AFTER_S = 86_400.0  # a door that asks for more is asked again after a day


@dataclass(frozen=True)
class Outcome:
    """How one attempt went. `status` is 0 when nothing answered; `retry_after` is the header as it came, or ""."""

    delivery: Delivery
    status: int
    error: str = ""
    retry_after: str = ""


def settle(outcome: Outcome, policy: QueuePolicy, now: datetime) -> Settlement:
    delivery, at = outcome.delivery, to_micros(now)
    if 200 <= outcome.status < 300:
        return Settlement(delivery, TaskState.DONE, outcome.status, "", delivery.due, at)
    if delivery.attempts >= policy.max_attempts:
        return Settlement(delivery, TaskState.DEAD, outcome.status, outcome.error, delivery.due, at)
    wait_s = max(backoff_s(policy, delivery.attempts), retry_after_s(outcome.retry_after, now))
    return Settlement(
        delivery, TaskState.SCHEDULED, outcome.status, outcome.error, at + round(wait_s * 1_000_000), None
    )


def backoff_s(policy: QueuePolicy, attempts: int) -> float:
    """Seconds to wait after attempt number `attempts` (from 1)."""
    doublings = min(attempts - 1, 60)  # beyond this any maximum is reached, and floats have an end
    return min(policy.max_backoff_s, policy.min_backoff_s * 2.0**doublings)


def retry_after_s(value: str, now: datetime) -> float:
    """Seconds a Retry-After header asks for: a number or an HTTP date. 0 for none, for the past and for nonsense."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S)
