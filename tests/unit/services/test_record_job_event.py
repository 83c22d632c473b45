"""Events are written with what they tell of, numbered without gap or double, and read in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import AlreadyExists, InvalidInput, NotFound, PreconditionFailed
from shared.domain.job import Job, JobStatus
from shared.domain.job_event import EventType
from shared.ports.documents import Where
from shared.services.follow_job import EVENTS_AT_ONCE
from shared.services.job_bell import JobBell
from shared.wiring import App
from tests.support.jobs import ME, progressed, quiet_app, records_of, running_job


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path) as made:
        yield made


def test_numbers_are_dense_from_one_however_many_write_at_once(app: App) -> None:
    job = running_job(app)

    def work() -> None:
        for done in range(1, 9):
            progressed(app, job, done)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.jobs.cancel(ME, job.id)
    events = app.follow.after(job.id, 0)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].status is JobStatus.CANCELLED
    assert app.jobs.get(ME, job.id)[0].event_seq == len(events)


def test_a_change_whose_event_cannot_be_written_is_not_made(app: App) -> None:
    job = running_job(app)
    app.documents.create("job_events", f"{job.id}.00000002", {})  # somebody else has taken the number
    with pytest.raises(AlreadyExists):
        app.jobs.cancel(ME, job.id)
    assert app.jobs.get(ME, job.id)[0].status is JobStatus.RUNNING


def test_events_come_in_pieces_and_go_on_where_one_left_off(app: App) -> None:
    job = running_job(app)
    for n in range(EVENTS_AT_ONCE + 5):
        progressed(app, job, n % 9)
    first = app.follow.after(job.id, 0)
    assert len(first) == EVENTS_AT_ONCE
    rest = app.follow.after(job.id, first[-1].seq)
    assert [event.seq for event in first + rest] == list(range(1, EVENTS_AT_ONCE + 7))
    assert app.follow.after(job.id, rest[-1].seq) == []
    assert {event.type for event in rest} == {EventType.PROGRESS}


def test_another_jobs_events_are_not_among_them(app: App) -> None:
    mine, others = running_job(app), running_job(app)
    progressed(app, others, 5)
    assert [event.job_id for event in app.follow.after(mine.id, 0)] == [mine.id]


def test_who_may_follow_and_from_where(app: App) -> None:
    job = running_job(app)
    assert app.follow.begin(ME, job.id, 1).id == job.id
    with pytest.raises(NotFound):
        app.follow.begin("somebody-else", job.id, 0)
    with pytest.raises(InvalidInput) as refused:
        app.follow.begin(ME, job.id, 2)
    assert refused.value.faults[0].code == "no-such-event"


def test_a_change_of_nothing_writes_nothing(app: App) -> None:
    job = running_job(app)
    _, before = app.jobs.get(ME, job.id)
    records_of(app).update(ME, job.id, lambda current: None)
    assert app.jobs.get(ME, job.id)[1] == before


def test_a_change_of_another_revision_is_refused(app: App) -> None:
    job = running_job(app)
    _, revision = app.jobs.get(ME, job.id)
    with pytest.raises(PreconditionFailed):
        records_of(app).update(ME, job.id, lambda current: current, if_revision=revision + 1)


def test_the_bell_rings_for_who_listens_and_no_longer() -> None:
    bell, heard = JobBell(), list[str]()
    forget = bell.listen(heard.append)
    bell.ring("a")
    forget()
    bell.ring("b")
    assert heard == ["a"]


def test_a_webhook_that_was_never_queued_is_queued_when_looked_for(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.domain.errors import StorageFull
    from shared.domain.webhook import WebhookStatus

    job = running_job(app, webhook=WebhookStatus(url="https://example.com/", is_signed=False))
    real = app.tasks.enqueue

    def full(tasks: Any) -> int:
        raise StorageFull("No space.")

    monkeypatch.setattr(app.tasks, "enqueue", full)
    app.jobs.cancel(ME, job.id)  # the job ends all the same
    monkeypatch.setattr(app.tasks, "enqueue", real)
    assert app.tasks.find(f"webhook-{job.id}-a1") is None
    assert app.advance.resume(timedelta(hours=1)) == 0
    assert app.advance.resume(timedelta(0)) == 1
    assert app.tasks.find(f"webhook-{job.id}-a1")
    assert app.advance.resume(timedelta(0)) == 0  # it is known there


def test_the_end_and_its_events_are_one_write(app: App) -> None:
    """Whoever sees the job ended sees the event of it, and the other way round."""
    job = running_job(app)
    seen: list[tuple[bool, bool]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():

            def both(transaction: Any) -> tuple[bool, bool]:
                document = transaction.get("jobs", job.id)
                event = transaction.get("job_events", f"{job.id}.00000002")
                return Job.model_validate(document.data).status.is_final, event is not None

            seen.append(app.documents.transaction(both))

    thread = threading.Thread(target=look)
    thread.start()
    app.jobs.cancel(ME, job.id)
    done.set()
    thread.join()
    assert all(ended == told for ended, told in seen)
    assert app.documents.count("job_events", [Where("owner", "==", ME)]) == 2
