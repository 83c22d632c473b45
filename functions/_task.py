"""What every queue door does with failure: what may pass by itself is tried again, the rest ends the job with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from functions._http.answer import Answer
from functions._http.call import Call
from functions.studio import Studio
from shared.domain.errors import NotFound, ReelprintError
from shared.domain.job import TaskRef


def work_off(call: Call[Studio], ref: TaskRef, work: Callable[[], Any], attempts: int | None = None) -> Answer:
    """Do a job's work. A retryable failure goes back to the queue, unless this was the last attempt.

    `attempts`: how many the queue makes, where it is not the setting's number.
    """
    try:
        work()
    except ReelprintError as exc:
        if exc.retryable and not is_last_attempt(call, attempts):
            raise
        _fail(call, ref, exc)
    except Exception as exc:
        if not is_last_attempt(call, attempts):
            raise
        _fail(call, ref, ReelprintError(f"Something of ours is broken ({exc.__class__.__name__}); see the log."))
        raise
    return Answer()


def _fail(call: Call[Studio], ref: TaskRef, error: ReelprintError) -> None:
    try:
        call.app.app.advance.fail(ref, error)
    except NotFound:
        return  # the job was deleted meanwhile: nobody is left to be told


def is_last_attempt(call: Call[Studio], attempts: int | None = None) -> bool:
    """Whether the queue will give up after this attempt; it counts retries from 0."""
    retries = call.headers.get("X-CloudTasks-TaskRetryCount", "0")
    return retries.isdigit() and int(retries) + 1 >= (attempts or call.app.app.settings.task_attempts)
