"""What of a job's changes is told, in which order, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.domain.job import Job, JobStatus, JobType, Step, StepStatus
from shared.domain.job_event import EventType, JobEvent, told
from tests.support.clock import NOON


def a_job(**fields: Any) -> Job:
    steps = [Step(name="voice", weight=90), Step(name="collect", weight=10)]
    given = {"id": "job_1", "owner": "me", "created_at": NOON, "updated_at": NOON, "type": JobType.TEXT_TO_SPEECH}
    return Job(**{**given, "input": {}, "steps": steps, "event_seq": 4, **fields})


def stepped(job: Job, step_status: StepStatus, done: int = 0, **fields: Any) -> Job:
    steps = [job.steps[0].model_copy(update={"status": step_status, "done": done, "total": 9}), *job.steps[1:]]
    return job.model_copy(update={"steps": steps, "percentage": done * 10, "message": f"{done} of 9", **fields})


def kinds(events: list[JobEvent]) -> list[tuple[EventType, str]]:
    return [(event.type, event.step.name if event.step else event.status.value) for event in events]


def test_a_new_job_is_told_of_by_its_first_event() -> None:
    job, events = told(None, a_job(event_seq=0))
    assert kinds(events) == [(EventType.STATUS, "pending")]
    assert [event.seq for event in events] == [1]
    assert job.event_seq == 1


def test_a_job_runs_before_its_step_does() -> None:
    before = a_job()
    job, events = told(before, stepped(before, StepStatus.RUNNING, status=JobStatus.RUNNING))
    assert kinds(events) == [(EventType.STATUS, "running"), (EventType.STEP, "voice")]
    assert [event.seq for event in events] == [5, 6]
    assert job.event_seq == 6


def test_a_job_ends_after_its_step_did() -> None:
    before = stepped(a_job(status=JobStatus.RUNNING), StepStatus.RUNNING)
    _, events = told(before, stepped(before, StepStatus.COMPLETED, 9, status=JobStatus.COMPLETED))
    assert kinds(events) == [(EventType.STEP, "voice"), (EventType.STATUS, "completed")]
    assert [event.is_terminal for event in events] == [False, True]


def test_progress_is_told_once_a_second_at_most() -> None:
    job = stepped(a_job(status=JobStatus.RUNNING), StepStatus.RUNNING)
    seen = []
    for tenth in range(1, 31):
        moved = stepped(job, StepStatus.RUNNING, tenth, updated_at=NOON + timedelta(seconds=tenth / 10))
        job, events = told(job, moved)
        seen += [(tenth, event.type) for event in events]
    assert seen == [(1, EventType.PROGRESS), (11, EventType.PROGRESS), (21, EventType.PROGRESS)]


def test_a_status_is_told_however_soon_it_comes() -> None:
    job = stepped(a_job(status=JobStatus.RUNNING), StepStatus.RUNNING)
    job, first = told(job, stepped(job, StepStatus.RUNNING, 1))
    job, second = told(job, job.model_copy(update={"status": JobStatus.CANCELLED}))
    assert kinds(first + second) == [(EventType.PROGRESS, "voice"), (EventType.STATUS, "cancelled")]


def test_what_is_no_progress_is_not_told() -> None:
    job = a_job()
    assert told(job, job.model_copy(update={"title": "Another", "updated_at": NOON + timedelta(hours=1)}))[1] == []


def test_a_retry_is_one_event_and_not_one_for_every_step_taken_back() -> None:
    failed = stepped(a_job(status=JobStatus.FAILED), StepStatus.COMPLETED, 9)
    again = stepped(failed, StepStatus.PENDING, attempt=2, status=JobStatus.PENDING)
    _, events = told(failed, again)
    assert kinds(events) == [(EventType.STATUS, "pending")]
    assert events[0].attempt == 2


def test_a_failure_says_why_and_shows_no_more() -> None:
    error = {"type": "bad-output", "title": "Bad", "detail": "Silent.", "status": 502, "errors": [{"found": "x"}]}
    before = a_job(status=JobStatus.RUNNING)
    _, (event,) = told(before, before.model_copy(update={"status": JobStatus.FAILED, "error": error}))
    assert event.error == {"type": "bad-output", "title": "Bad", "detail": "Silent."}
