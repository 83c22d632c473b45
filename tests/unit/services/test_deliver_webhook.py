"""Webhooks: who is told, what, how often, and what of it is on the job's record. The receivers are real."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import InvalidInput, NotFound, StorageFull, Unavailable
from shared.domain.job import Job, TaskRef
from shared.domain.new_job import NewJob
from shared.domain.webhook import ATTEMPTS_KEPT, NewWebhook, WebhookState, WebhookTask
from shared.wiring import App
from tests.support.jobs import ME, quiet_app
from tests.support.task_door import Answer, Received, TaskDoor

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
pytestmark = pytest.mark.media  # the job's engine is looked for
TRANSLATION = {"text": "Good morning.", "source_language": "en", "target_language": "es"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path, webhook_allow_private="true") as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[TaskDoor]:
    with TaskDoor(lambda _: Answer(200)) as door:
        yield door


def asked(app: App, owner: str = ME, **fields: Any) -> Job:
    return app.jobs.create(owner, NewJob.model_validate({"type": "translation", "input": TRANSLATION, **fields}))


def deliver(app: App, job: Job, *, is_last: bool = False) -> None:
    app.deliver_webhook.deliver(WebhookTask(owner=job.owner, job_id=job.id, attempt=job.attempt), is_last=is_last)


def told(app: App, job: Job) -> Any:
    return app.jobs.get(job.owner, job.id)[0].webhook


def is_signed_by(key: bytes, received: Received) -> bool:
    """As a receiver checks it, from the specification alone."""
    headers = {name.lower(): value for name, value in received.headers.items()}
    body = json.dumps(received.payload, ensure_ascii=False, separators=(",", ":"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


def test_the_end_of_a_job_is_told_signed_and_on_record(app: App, receiver: TaskDoor) -> None:
    job = asked(app, title="Letters", webhook={"url": f"{receiver.url}/hook", "secret": SECRET})
    assert job.webhook and (job.webhook.state, job.webhook.is_signed) == (WebhookState.WAITING, True)
    deliver(app, job)  # not before it has ended
    app.jobs.cancel(ME, job.id)
    assert told(app, job).state is WebhookState.PENDING
    task = app.tasks.find(f"webhook-{job.id}-a1")
    assert task and task.queue == "webhook-normal"
    deliver(app, job)
    (received,) = receiver.received
    assert received.path == "/hook" and is_signed_by(KEY, received)
    assert received.payload["type"] == "job.cancelled"
    expected = {"id": job.id, "status": "cancelled", "title": "Letters", "attempt": 1, "href": f"/api/v1/jobs/{job.id}"}
    assert received.payload["data"] | expected == received.payload["data"]
    assert told(app, job).state is WebhookState.DELIVERED
    assert [attempt.status for attempt in told(app, job).attempts] == [200]
    deliver(app, job)  # delivered twice by the queue
    assert len(receiver.received) == 1


def test_what_is_not_taken_is_tried_again_under_the_same_id(app: App, receiver: TaskDoor) -> None:
    answers = [Answer(500), Answer(302, {"Location": "/elsewhere"}), Answer(204)]
    receiver.answer = lambda _: answers.pop(0)
    job = asked(app, webhook={"url": receiver.url})
    app.jobs.cancel(ME, job.id)
    for _ in range(2):
        with pytest.raises(Unavailable):
            deliver(app, job)
    assert told(app, job).state is WebhookState.PENDING
    deliver(app, job)
    assert told(app, job).state is WebhookState.DELIVERED
    assert [attempt.status for attempt in told(app, job).attempts] == [500, 302, 204]
    assert "not followed" in told(app, job).attempts[1].error
    ids = {name: value for received in receiver.received for name, value in received.headers.items()}
    assert {received.headers["webhook-id"] for received in receiver.received} == {ids["webhook-id"]}
    assert "webhook-signature" not in ids  # there is no secret to sign with


@pytest.mark.parametrize(("status", "is_last"), [(500, True), (410, False)])
def test_the_last_try_and_a_receivers_never_again_end_it(
    app: App, receiver: TaskDoor, status: int, is_last: bool
) -> None:
    receiver.answer = lambda _: Answer(status)
    job = asked(app, webhook={"url": receiver.url})
    app.jobs.cancel(ME, job.id)
    deliver(app, job, is_last=is_last)
    assert told(app, job).state is WebhookState.FAILED
    deliver(app, job)
    assert len(receiver.received) == 1


def test_nobody_there_is_told_as_that(app: App) -> None:
    with TaskDoor() as gone:
        url = gone.url
    job = asked(app, webhook={"url": url})
    app.jobs.cancel(ME, job.id)
    with pytest.raises(Unavailable):
        deliver(app, job)
    (attempt,) = told(app, job).attempts
    assert attempt.status == 0 and "no answer" in attempt.error and url not in attempt.error


def test_an_address_that_turns_out_private_is_not_tried_twice(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with quiet_app(tmp_path / "public") as strict:
        job = asked(strict, webhook={"url": "https://hooks.example.com/"})
        strict.jobs.cancel(ME, job.id)
        inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)
        deliver(strict, job)
        assert told(strict, job).state is WebhookState.FAILED
        assert "not public" in told(strict, job).attempts[0].error


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://127.0.0.1/", "https://example.com:22/", "ftp://a.b/"])
def test_an_address_that_can_be_told_to_be_wrong_is_refused_with_the_job(tmp_path: Path, url: str) -> None:
    with quiet_app(tmp_path) as strict:
        with pytest.raises(InvalidInput) as refused:
            asked(strict, webhook={"url": url})
        assert [fault.pointer for fault in refused.value.faults] == ["/webhook/url"]
        assert strict.documents.count("jobs") == strict.documents.count("job_webhooks") == 0
        with pytest.raises(InvalidInput):
            strict.webhooks.set(ME, NewWebhook(url=url))


def test_a_users_setting_is_for_jobs_that_bring_none(app: App, receiver: TaskDoor) -> None:
    assert asked(app).webhook is None
    app.webhooks.set(ME, NewWebhook.model_validate({"url": f"{receiver.url}/mine", "secret": SECRET}))
    plain = asked(app)
    own = asked(app, webhook={"url": f"{receiver.url}/own"})
    others = asked(app, "somebody-else")
    assert others.webhook is None
    app.webhooks.remove(ME)
    for job in (plain, own):
        app.jobs.cancel(ME, job.id)
        deliver(app, job)
    assert [received.path for received in receiver.received] == ["/mine", "/own"]
    assert all(is_signed_by(KEY, received) for received in receiver.received)  # the user's secret signs for both
    assert asked(app).webhook is None
    with pytest.raises(NotFound):
        app.webhooks.get(ME)


def test_a_setting_keeps_its_beginning_and_takes_another_address(app: App) -> None:
    first = app.webhooks.set(ME, NewWebhook(url="https://example.com/a"))
    second = app.webhooks.set(ME, NewWebhook(url="https://example.com/b"))
    assert (second.created_at, second.url) == (first.created_at, "https://example.com/b")


def test_a_secret_is_in_no_record_but_its_own(app: App) -> None:
    job = asked(app, webhook={"url": "https://example.com/", "secret": SECRET})
    document = app.documents.get("jobs", job.id)
    assert document and SECRET not in json.dumps(document.data)
    task = asked(app, webhook={"url": "https://example.com/", "secret": SECRET})
    app.jobs.cancel(ME, task.id)
    with app.tasks.database.reading() as connection:
        payloads = [bytes(row[0]) for row in connection.execute("SELECT payload FROM tasks")]
    assert payloads and not any(SECRET.encode() in payload for payload in payloads)


def test_a_failed_job_says_why_and_a_retry_is_a_new_message(app: App, receiver: TaskDoor) -> None:
    job = asked(app, webhook={"url": receiver.url})
    app.advance.fail(TaskRef(owner=ME, job_id=job.id, attempt=1, step="translate"), StorageFull("No space is left."))
    deliver(app, job)
    again = app.jobs.retry(ME, job.id)
    assert (told(app, again).state, told(app, again).attempts) == (WebhookState.WAITING, [])
    app.jobs.cancel(ME, job.id)
    deliver(app, job)  # late news of the first attempt
    assert len(receiver.received) == 1
    deliver(app, again)
    first, second = receiver.received
    assert first.payload["data"]["error"]["type"] == "storage-full"
    assert (first.payload["type"], second.payload["type"]) == ("job.failed", "job.cancelled")
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_the_record_does_not_grow_without_end(app: App, receiver: TaskDoor) -> None:
    receiver.answer = lambda _: Answer(503)
    job = asked(app, webhook={"url": receiver.url})
    app.jobs.cancel(ME, job.id)
    for _ in range(ATTEMPTS_KEPT + 3):
        with pytest.raises(Unavailable):
            deliver(app, job)
    assert len(told(app, job).attempts) == ATTEMPTS_KEPT


def test_news_of_a_deleted_job_is_dropped(app: App, receiver: TaskDoor) -> None:
    job = asked(app, webhook={"url": receiver.url})
    app.jobs.cancel(ME, job.id)
    app.documents.delete("jobs", job.id)
    deliver(app, job)
    assert receiver.received == []
