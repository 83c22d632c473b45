"""Webhooks over HTTP: the settings' door, the queue's door, and one message from a job that was really worked off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.config import read_settings
from shared.ports.tasks import QueueKind
from shared.wiring import App
from shared.wiring.queues import queue_policies
from tests.support.framework import door_client
from tests.support.jobs import ME, quiet_app, records_of, running_job, served
from tests.support.studio import ended, running_studio
from tests.support.task_door import Answer, TaskDoor, eventually

API = "/api/v1"
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ASK = {"type": "translation", "input": {"text": "Good morning.", "source_language": "en", "target_language": "es"}}
ELSE = {"X-Test-User": "somebody-else"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path / "studio", webhook_allow_private="true", webhook_attempts="3") as made, served(made):
        yield made


@pytest.fixture
def client(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "functions.jobs", "jobs")


@pytest.fixture
def queue(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "functions.on_webhook_task", "on_webhook_task")


def test_a_setting_is_put_read_and_removed_and_its_secret_never_shown(client: FlaskClient) -> None:
    assert client.get(f"{API}/webhook").status_code == 404
    put = client.put(f"{API}/webhook", json={"url": "https://example.com/hook", "secret": SECRET})
    assert put.status_code == 200
    shown = client.get(f"{API}/webhook")
    assert shown.get_json() == put.get_json()
    assert (shown.get_json()["url"], shown.get_json()["is_signed"]) == ("https://example.com/hook", True)
    assert SECRET not in put.text + shown.text
    assert client.get(f"{API}/webhook", headers=ELSE).status_code == 404
    assert client.delete(f"{API}/webhook").status_code == 204
    assert client.get(f"{API}/webhook").status_code == 404


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "x" * 2049}, "/url"),
        ({"url": "https://example.com/", "secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"secret": SECRET}, "/url"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(client: FlaskClient, said: dict[str, Any], pointer: str) -> None:
    answer = client.put(f"{API}/webhook", json=said)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert "c2hvcnQ" not in answer.text and SECRET not in answer.text


@pytest.mark.media
def test_a_jobs_webhook_is_on_its_record_without_its_secret(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"webhook": {"url": "https://example.com/hook", "secret": SECRET}}
    made = client.post(f"{API}/jobs", json=ASK | said, headers={"Idempotency-Key": "one"})
    expected = {"url": "https://example.com/hook", "is_signed": True, "state": "waiting", "attempts": []}
    assert made.get_json()["webhook"] == expected
    listed = client.get(f"{API}/jobs")
    said_by_all = capsys.readouterr()
    assert SECRET not in made.text + listed.text + said_by_all.out + said_by_all.err


def deliver(queue: FlaskClient, app: App, job_id: str, retries: int, token: str = "") -> int:
    headers = {
        "Authorization": f"Bearer {token or app.task_token}",
        "X-CloudTasks-TaskRetryCount": str(retries),
    }
    payload = {"kind": "webhook", "owner": ME, "job_id": job_id, "attempt": 1}
    return queue.post("/", json=payload, headers=headers).status_code


def test_the_queues_door_asks_for_another_try_until_the_last(queue: FlaskClient, app: App) -> None:
    from shared.domain.webhook import Webhook, WebhookStatus

    with TaskDoor(lambda _: Answer(500)) as receiver:
        job = running_job(app, webhook=WebhookStatus(url=receiver.url, is_signed=False))
        webhook = Webhook(id=job.id, owner=ME, created_at=job.created_at, updated_at=job.created_at, url=receiver.url)
        app.documents.create("job_webhooks", job.id, webhook.model_dump(mode="json"))
        app.jobs.cancel(ME, job.id)
        assert deliver(queue, app, job.id, 0, token="x" * 40) == 401
        assert [deliver(queue, app, job.id, retries) for retries in range(4)] == [503, 503, 204, 204]
        assert len(receiver.received) == 3
    ended_job = records_of(app).get(ME, job.id)
    assert ended_job.webhook and ended_job.webhook.state.value == "failed"
    assert [attempt.status for attempt in ended_job.webhook.attempts] == [500] * 3


def test_the_queue_tries_for_longer_than_a_servers_restart() -> None:
    policy = queue_policies(read_settings({}))[QueueKind.WEBHOOK]
    pauses = [min(policy.max_backoff_s, policy.min_backoff_s * 2**n) for n in range(policy.max_attempts - 1)]
    assert sum(pauses) > 30 * 60
    assert policy.deadline_s > 10  # more than one message is given


@pytest.mark.media
def test_a_job_worked_off_by_the_real_queue_is_told_signed(tmp_path: Path) -> None:
    settings = {"accounts": "open", "webhook_allow_private": "true"}
    with TaskDoor(lambda _: Answer(200)) as receiver, running_studio(tmp_path, **settings) as (_, client):
        said = {"webhook": {"url": f"{receiver.url}/done", "secret": SECRET}}
        job = client.post("/jobs", json=ASK | said).json()
        assert ended(client, job["id"])["status"] == "completed"
        (received,) = receiver.wait_for(1)
        eventually(lambda: client.get(f"/jobs/{job['id']}").json()["webhook"]["state"] == "delivered")
        (attempt,) = client.get(f"/jobs/{job['id']}").json()["webhook"]["attempts"]
    assert attempt["status"] == 200
    assert (received.path, received.payload["type"], received.payload["data"]["id"]) == (
        "/done",
        "job.completed",
        job["id"],
    )
    body = json.dumps(received.payload, ensure_ascii=False, separators=(",", ":"))
    signed = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.{body}"
    expected = base64.b64encode(hmac.new(KEY, signed.encode(), hashlib.sha256).digest()).decode()
    assert received.headers["webhook-signature"] == f"v1,{expected}"
