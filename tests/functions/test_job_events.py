"""Server-sent events of a job: over a real server where they stream, through the asynchronous framework where they end."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import functions_framework
import httpx
import pytest

from functions import events
from functions.studio import studio, use_studio
from shared.domain.errors import NotAuthenticated
from shared.domain.job import Job, JobStatus
from shared.services.event_tickets import LIFETIME, EventTickets
from shared.wiring import App
from tests.support.clock import HeldClock
from tests.support.jobs import ME, progressed, quiet_app, running_job, served
from tests.support.studio import running_studio
from tests.support.task_door import eventually

API = "/api/v1"
LIFETIME_S, HEARTBEAT_S = events.LIFETIME_S, events.HEARTBEAT_S
ELSE = {"X-Test-User": "somebody-else"}


@pytest.fixture(autouse=True)
def _no_stream_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails here fails soon."""
    monkeypatch.setattr(events, "LIFETIME_S", 20.0)
    monkeypatch.setattr(events, "HEARTBEAT_S", 5.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio"), accounts="open") as (running, client):
        yield running.app, client


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path / "studio") as made, served(made):
        yield made


class Framework:
    """The function as the framework serves it, for streams that end by themselves."""

    def __init__(self, asgi: Any) -> None:
        self._asgi = asgi

    def request(
        self, path: str, method: str = "GET", headers: Mapping[str, str | bytes] | None = None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
                return await client.request(method, path, headers=[*(headers or {}).items()])  # type: ignore[arg-type]

        return asyncio.run(ask())


@pytest.fixture
def framework(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Framework:
    """The one-line main.py that is deployed; the framework finds by itself that the function is asynchronous."""
    monkeypatch.setitem(sys.modules, "main", ModuleType("main"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("FUNCTION_SIGNATURE_TYPE", "http")
    source = tmp_path / "main.py"
    source.write_text("from functions.events import events\n")
    return Framework(functions_framework.create_app("events", str(source)))  # type: ignore[no-untyped-call]


def read(text: str) -> list[dict[str, str]]:
    """The events of a stream, as the HTML standard reads them; comments and `retry` apart."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append(fields)
    return found


class Stream:
    """A stream, read event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self) -> dict[str, str]:
        """The next block: an event, a comment (":"), or the end ({})."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            fields[name or ":"] = value
        return fields


@contextmanager
def followed(
    client: httpx.Client, job: Job, headers: dict[str, str] | None = None, query: str = ""
) -> Iterator[Stream]:
    with client.stream("GET", f"/jobs/{job.id}/events{query}", headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        yield Stream(answer)


# Streams


def test_a_stream_tells_all_there_was_then_what_happens_and_then_ends(server: tuple[App, httpx.Client]) -> None:
    app, client = server
    job = progressed(app, running_job(app), 4)
    with followed(client, job) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert stream.answer.headers["X-Request-Id"]
        assert stream.next() == {"retry": "2000"}
        seen = [stream.next(), stream.next()]
        assert [(event["id"], event["event"]) for event in seen] == [("1", "status"), ("2", "progress")]
        told = json.loads(seen[1]["data"])
        assert told["job_id"] == job.id and told["step"]["done"] == 4 and told["seq"] == 2
        progressed(app, job, 5)
        assert stream.next()["id"] == "3"
        client.post(f"/jobs/{job.id}/cancel")
        last = stream.next()
        assert (last["id"], last["event"], json.loads(last["data"])["status"]) == ("4", "status", "cancelled")
        assert stream.next() == {"event": "end", "data": '{"status":"cancelled"}'}
        assert stream.next() == {}  # closed


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"Last-Event-ID": "2"}, ""), ({}, "?last_event_id=2"), ({"Last-Event-ID": "2"}, "?last_event_id=1")],
)
def test_a_stream_goes_on_after_the_last_event_seen(
    server: tuple[App, httpx.Client], headers: dict[str, str], query: str
) -> None:
    app, client = server
    job = running_job(app)
    for done in (2, 3, 4):
        progressed(app, job, done)
    app.jobs.cancel(ME, job.id)
    answer = client.get(f"/jobs/{job.id}/events{query}", headers=headers)
    assert [event.get("id") for event in read(answer.text)] == ["3", "4", "5", None]


def test_while_nothing_happens_a_comment_keeps_the_line_open(
    server: tuple[App, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client = server
    assert HEARTBEAT_S == 15
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    with followed(client, running_job(app)) as stream:
        stream.next(), stream.next()
        assert [list(stream.next()) for _ in range(3)] == [[":"]] * 3


def test_a_stream_does_not_outlive_an_access_token(
    server: tuple[App, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client = server
    assert LIFETIME_S == 15 * 60
    monkeypatch.setattr(events, "LIFETIME_S", 0.05)
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    answer = client.get(f"/jobs/{running_job(app).id}/events")  # it ends without an event of its own: go on
    assert "event: end" not in answer.text


def test_a_client_that_goes_away_leaves_nothing_behind(server: tuple[App, httpx.Client]) -> None:
    app, client = server
    job = running_job(app)
    url = client.base_url
    opened = []
    for _ in range(20):
        connection = socket.create_connection((url.host, url.port or 80))
        connection.sendall(f"GET {API}/jobs/{job.id}/events HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
        opened.append(connection)
    eventually(lambda: events._open.by_owner[ME] == 20)
    feed = next(feed for known, feed in events._feeds.values() if known is app)
    assert feed.followers == 20
    for connection in opened:
        connection.close()
    eventually(lambda: events._open.by_owner.total() == 0 and feed.followers == 0)


def test_a_stream_that_is_retried_into_goes_on_behind_its_first_end(server: tuple[App, httpx.Client]) -> None:
    app, client = server
    job = running_job(app)
    app.jobs.cancel(ME, job.id)
    retried = app.jobs.retry(ME, job.id)
    app.jobs.cancel(ME, job.id)
    answer = client.get(f"/jobs/{job.id}/events")
    statuses = [json.loads(event["data"])["status"] for event in read(answer.text)]
    assert statuses == ["running", "cancelled", "pending", "cancelled", "cancelled"]  # the last is the end's own
    assert retried.attempt == 2


def test_too_many_streams_are_a_429_and_the_rest_stays_open(
    server: tuple[App, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client = server
    job = running_job(app)
    monkeypatch.setattr(events, "MAX_STREAMS_OF_ONE_USER", 1)
    with followed(client, job) as stream:
        stream.next(), stream.next()
        refused = client.get(f"/jobs/{job.id}/events")
        assert refused.status_code == 429 and refused.headers["Retry-After"]
        progressed(app, job, 5)
        assert stream.next()["id"] == "2"


def test_other_sites_and_other_verbs_stay_outside(server: tuple[App, httpx.Client]) -> None:
    app, client = server
    path = f"/jobs/{running_job(app).id}/events"
    assert client.get(path, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert client.get(path, headers={"Host": "rebound.example"}).status_code == 403
    assert client.post(path).status_code == 405
    assert "GET" in client.options(path).headers["Allow"]
    assert client.head(path).headers["Content-Type"] == "text/event-stream"


def test_a_server_that_stops_lets_its_streams_go(tmp_path: Path) -> None:
    with running_studio(tmp_path, accounts="open") as (running, client):
        job = running_job(running.app)
        with followed(client, job) as stream:
            stream.next(), stream.next()
            events.end_streams(running.app)
            assert stream.next() == {}


# Through the framework


def test_an_ended_job_is_told_whole_and_then_no_more(framework: Framework, app: App) -> None:
    job = running_job(app)
    app.jobs.cancel(ME, job.id)
    answer = framework.request(f"{API}/jobs/{job.id}/events")
    assert answer.status_code == 200
    assert [event.get("id") for event in read(answer.text)] == ["1", "2", None]
    assert answer.headers["X-Accel-Buffering"] == "no"
    again = framework.request(f"{API}/jobs/{job.id}/events", headers={"Last-Event-ID": "2"})
    assert (again.status_code, again.content) == (204, b"")  # an EventSource stops asking


@pytest.mark.parametrize("seen", ["3", "-1", "1.0", "one", "9" * 30, "²"])
def test_an_event_that_never_was_is_refused(framework: Framework, app: App, seen: str) -> None:
    job = running_job(app)
    answer = framework.request(f"{API}/jobs/{job.id}/events", headers={"Last-Event-ID": seen.encode()})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/headers/Last-Event-ID"]


def test_what_is_not_there_and_what_is_not_yours_are_alike(framework: Framework, app: App) -> None:
    job = running_job(app)
    for path, headers in ((f"/jobs/{job.id}/events", ELSE), ("/jobs/job_nothing/events", {})):
        answer = framework.request(API + path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:reelprint:problem:not-found")
    assert framework.request(f"{API}/jobs/{job.id}/events?tail=1").status_code == 422
    assert framework.request(f"{API}/jobs/{job.id}/events", "DELETE").status_code == 405
    assert framework.request("/api/v1/nothing").status_code == 404


class Closed:
    """A guard that lets nobody in: only a ticket helps."""

    def authenticate(self, headers: Any) -> Any:
        raise NotAuthenticated("No token came along.")


@pytest.fixture
def closed(framework: Framework) -> Iterator[Framework]:
    before = use_studio(replace(studio(), guard=Closed()))
    try:
        yield framework
    finally:
        use_studio(before)


def ended(app: App, owner: str = ME) -> Job:
    return app.jobs.cancel(owner, running_job(app, owner).id)


def test_a_ticket_lets_in_once_to_its_own_job(closed: Framework, app: App) -> None:
    job, other = ended(app), ended(app)
    path = f"{API}/jobs/{job.id}/events"
    assert closed.request(path).status_code == 401
    ticket = app.event_tickets.issue(ME, job.id, "").ticket
    assert closed.request(f"{API}/jobs/{other.id}/events?ticket={ticket}").status_code == 401
    assert closed.request(f"{path}?ticket={ticket}").status_code == 200
    used = closed.request(f"{path}?ticket={ticket}")
    assert used.status_code == 401 and "WWW-Authenticate" in used.headers
    assert ticket not in used.text
    assert closed.request(f"{path}?ticket=guessed").status_code == 401


def test_a_ticket_is_its_owners_and_of_a_session_that_lasts(closed: Framework, app: App) -> None:
    job = ended(app)
    path = f"{API}/jobs/{job.id}/events?ticket="
    assert closed.request(path + app.event_tickets.issue("somebody-else", job.id, "").ticket).status_code == 404
    assert closed.request(path + app.event_tickets.issue(ME, job.id, "ended-session").ticket).status_code == 401


def test_a_ticket_is_kept_as_its_hash_alone_and_for_a_minute(app: App) -> None:
    clock = HeldClock()
    tickets = EventTickets(app.documents, clock)
    assert LIFETIME.total_seconds() == 60
    made = tickets.issue(ME, "job_1", "")
    stored = app.documents.query("event_tickets").items
    assert made.ticket not in json.dumps([[document.id, document.data] for document in stored])
    clock.advance(59)
    assert tickets.redeem(made.ticket, "job_1") == (ME, "")
    late = tickets.issue(ME, "job_1", "")
    clock.advance(61)
    with pytest.raises(NotAuthenticated):
        tickets.redeem(late.ticket, "job_1")


def test_a_stream_ends_with_its_sign_in(server: tuple[App, httpx.Client], monkeypatch: pytest.MonkeyPatch) -> None:
    app, client = server
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    signed_in = [True, True, False]
    monkeypatch.setattr(events, "_is_signed_in", lambda *_: signed_in.pop(0))
    answer = client.get(f"/jobs/{running_job(app).id}/events")
    assert signed_in == [] and "event: end" not in answer.text


def test_a_failed_job_tells_why_as_it_ends(framework: Framework, app: App) -> None:
    from shared.domain.errors import StorageFull
    from shared.domain.job import TaskRef

    job = running_job(app)
    app.advance.fail(TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice"), StorageFull("No space is left."))
    last = json.loads(read(framework.request(f"{API}/jobs/{job.id}/events").text)[-2]["data"])
    assert (last["status"], last["error"]["type"]) == (JobStatus.FAILED.value, "storage-full")
