"""What a failing request is told, what it is not told, and what the log keeps."""

from __future__ import annotations

import json
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from functions._http import TaskTokenGuard
from functions._http.guard import NOBODY
from tests.support import kit_door
from tests.support.kit_door import TASK_TOKEN, KitApp


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_problem_says_all_that_rfc_9457_asks(books: FlaskClient) -> None:
    answer = books.post("/api/v1/failures/conflict", headers={"X-Request-Id": "my-request-1"})
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.get_json() == {
        "type": "urn:reelprint:problem:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "The shelf is full.",
        "instance": "/api/v1/failures/conflict",
        "request_id": "my-request-1",
        "retryable": False,
        "errors": [],
    }
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"), [("revision", 409, "1"), ("busy", 429, "5"), ("full", 507, "60")]
)
def test_a_retryable_problem_says_when(books: FlaskClient, kind: str, status: int, retry_after: str) -> None:
    answer = books.post(f"/api/v1/failures/{kind}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, retry_after)
    assert answer.get_json()["retryable"] is True


@pytest.mark.parametrize("kind", ["key", "type", "redirect"])
def test_an_unexpected_failure_tells_nothing_but_the_request_id(books: FlaskClient, kind: str) -> None:
    answer = books.post(f"/api/v1/failures/{kind}")
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (500, "urn:reelprint:problem:internal")
    assert problem["request_id"] in problem["detail"]
    assert b"secret words" not in answer.data and b"Error" not in answer.data


def test_an_application_that_cannot_be_built_is_a_problem_too(books: FlaskClient) -> None:
    kit_door._current.clear()
    answer = books.get("/api/v1/health")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")


def test_werkzeugs_own_errors_are_problems_too(books: FlaskClient) -> None:
    problem = books.post("/api/v1/failures/timeout").get_json()
    assert (problem["status"], problem["type"]) == (408, "urn:reelprint:problem:request-timeout")
    form = books.post("/api/v1/books/1/cover", data={"other": "x"}, content_type="multipart/form-data")
    assert (form.status_code, form.get_json()["type"]) == (400, "urn:reelprint:problem:malformed-request")


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/books/42", "/nothing", "/api/v1/books?x=1"])
def test_every_answer_carries_the_house_headers(books: FlaskClient, path: str) -> None:
    headers = books.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert len(headers["X-Request-Id"]) == 32


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "abc-DEF_1.2", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "abc-DEF_1.2"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"X-Cloud-Trace-Context": f"{TRACE}/123;o=1"}, TRACE),
        ({"X-Cloud-Trace-Context": TRACE.upper()}, TRACE),
    ],
)
def test_a_request_keeps_the_id_it_came_with(books: FlaskClient, headers: dict[str, str], expected: str) -> None:
    assert books.get("/api/v1/health", headers=headers).headers["X-Request-Id"] == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Request-Id": "short"},
        {"X-Request-Id": "x" * 129},
        {"X-Request-Id": "with a space"},
        {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"},
        {"X-Cloud-Trace-Context": "not-a-trace/1"},
    ],
)
def test_an_ill_formed_id_is_replaced(books: FlaskClient, headers: dict[str, str]) -> None:
    made = books.get("/api/v1/health", headers=headers).headers["X-Request-Id"]
    assert len(made) == 32 and not any(made in value for value in headers.values())


def test_a_request_leaves_one_line_in_cloud_loggings_shape(
    books: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    books.get("/api/v1/books?page_size=3", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    (line,) = lines(capsys)
    latency = line["httpRequest"].pop("latency")
    assert float(latency.removesuffix("s")) >= 0
    assert line == {
        "severity": "INFO",
        "message": "GET /api/v1/books 200",
        "request_id": TRACE,
        "logging.googleapis.com/trace": TRACE,
        "httpRequest": {"requestMethod": "GET", "requestUrl": "/api/v1/books", "status": 200},
        "door": "books",
    }


def test_the_log_keeps_no_body_no_query_and_no_credentials(
    books: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"Authorization": "Bearer private", "Idempotency-Key": "private"}
    books.post("/api/v1/books?private=1", json={"private": "private"}, headers=headers)
    books.post("/api/v1/books", json={"name": 3, "password": "private"}, headers=headers)
    books.post("/api/v1/failures/key")
    written = capsys.readouterr().err
    assert "private" not in written and "secret words" not in written


def test_a_failure_of_ours_leaves_its_frames(books: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    books.post("/api/v1/failures/key")
    books.post("/api/v1/failures/conflict")
    broken, refused = lines(capsys)
    assert broken["severity"] == "ERROR" and broken["error"] == "KeyError"
    assert "kit_door.py" in broken["stack_trace"] and broken["stack_trace"].endswith("KeyError")
    assert (refused["severity"], refused["error"]) == ("WARNING", "conflict")
    assert "stack_trace" not in refused


def test_public_routes_know_nobody_and_user_routes_the_guards_principal(books: FlaskClient, kit_app: KitApp) -> None:
    assert books.get("/api/v1/health").get_json() == {"uid": NOBODY.uid}
    kit_app.guard = TaskTokenGuard(TASK_TOKEN)
    assert books.get("/api/v1/health").status_code == 200
    answer = books.get("/api/v1/books/42")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert books.get("/api/v1/books/42", headers={"Authorization": f"bearer {TASK_TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", f"Bearer {TASK_TOKEN}x", f"Basic {TASK_TOKEN}", TASK_TOKEN, "Bearer é"]
)
def test_an_event_door_opens_for_the_queue_only(book_task: FlaskClient, kit_app: KitApp, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    assert book_task.post("/", json={"book": "Emma"}, headers=headers).status_code == 401
    assert kit_app.done == []


@pytest.mark.parametrize("token", ["", "short", "x" * 31, "x" * 31 + " ", "é" * 32])
def test_a_weak_task_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        TaskTokenGuard(token)
    assert not token or token not in str(caught.value)


def test_nothing_is_read_before_the_caller_is_known(books: FlaskClient, kit_app: KitApp) -> None:
    kit_app.guard = TaskTokenGuard(TASK_TOKEN)
    assert books.post("/api/v1/books", data=b"{", content_type="application/json").status_code == 401


def test_the_framework_hands_over_flasks_request(books: FlaskClient) -> None:
    assert isinstance(books.application, flask.Flask)
