"""A POST with an Idempotency-Key is done once, however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from functions._http import OpenGuard
from functions._http.idempotency import COLLECTION
from shared.domain.errors import StorageFull
from shared.ports.documents import Document
from tests.support.clock import HeldClock
from tests.support.kit_door import KitApp

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def create(books: FlaskClient, name: str = "Emma", headers: Mapping[str, str] = KEY) -> TestResponse:
    return books.post("/api/v1/books", json={"name": name}, headers=dict(headers))


def test_the_same_request_again_gets_the_first_answer(books: FlaskClient, kit_app: KitApp) -> None:
    first, again = create(books), create(books)
    assert kit_app.done == ["Emma"]
    assert (again.status_code, again.data) == (201, first.data)
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replay"] == "true" and "Idempotent-Replay" not in first.headers
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert again.headers["Cache-Control"] == "no-store"


def test_the_same_json_written_otherwise_is_the_same_request(books: FlaskClient, kit_app: KitApp) -> None:
    books.post("/api/v1/books", json={"name": "Emma", "chapters": []}, headers=KEY)
    body = b'{ "chapters": [],\n"name": "Emm\\u0061" }'
    again = books.post("/api/books/", data=body, content_type="application/json", headers=KEY)
    assert (again.status_code, kit_app.done) == (201, ["Emma"])


def test_the_same_key_with_another_body_is_a_422(books: FlaskClient, kit_app: KitApp) -> None:
    create(books)
    answer = create(books, name="Persuasion")
    assert answer.status_code == 422
    (fault,) = answer.get_json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/headers/Idempotency-Key", "idempotency-key-reused")
    assert kit_app.done == ["Emma"]


def test_bytes_are_the_same_request_where_they_are_the_same(books: FlaskClient, kit_app: KitApp) -> None:
    def send(data: bytes) -> TestResponse:
        return books.post("/api/v1/books/1/reading", data=data, content_type="audio/wav", headers=KEY)

    first, again = send(b"RIFF"), send(b"RIFF")
    assert first.status_code == again.status_code == 200 and first.data == again.data
    assert again.headers["Idempotent-Replay"] == "true" and kit_app.done == ["1"]
    (fault,) = send(b"RIFX").get_json()["errors"]
    assert fault["code"] == "idempotency-key-reused" and kit_app.done == ["1"]


def test_the_same_key_for_another_thing_is_a_422(books: FlaskClient, kit_app: KitApp) -> None:
    assert books.post("/api/v1/books/1/open", headers=KEY).status_code == 200
    assert books.post("/api/v1/books/2/open", headers=KEY).status_code == 422
    assert books.post("/api/v1/books/1/open", headers=KEY).headers["Idempotent-Replay"] == "true"
    assert kit_app.done == ["1"]


def test_a_key_is_one_callers_on_one_route(books: FlaskClient, kit_app: KitApp) -> None:
    create(books)
    assert books.post("/api/v1/books/1/open", headers=KEY).status_code == 200
    kit_app.guard = OpenGuard(uid="somebody-else")
    assert create(books).status_code == 201
    assert kit_app.done == ["Emma", "1", "Emma"]


def test_without_a_key_nothing_is_kept(books: FlaskClient, kit_app: KitApp) -> None:
    create(books, headers={})
    create(books, headers={})
    assert kit_app.done == ["Emma", "Emma"]
    assert kit_app.documents.count(COLLECTION) == 0


def test_while_the_first_is_at_work_the_second_waits(books: FlaskClient, kit_app: KitApp) -> None:
    seen: list[TestResponse] = []

    def second() -> None:
        kit_app.hook = lambda: None
        seen.append(books.application.test_client().post("/api/v1/books", json={"name": "Emma"}, headers=KEY))

    kit_app.hook = second
    assert create(books).status_code == 201
    (waiting,) = seen
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (409, "1")
    problem = waiting.get_json()
    assert (problem["type"], problem["retryable"]) == ("urn:reelprint:problem:still-running", True)
    assert kit_app.done == ["Emma"]


def claim_and_die(books: FlaskClient, kit_app: KitApp) -> None:
    """Leave the claim of a process that was killed at work."""
    found: list[Document] = []
    kit_app.hook = lambda: found.extend(kit_app.documents.query(COLLECTION).items)
    create(books)
    kit_app.documents.put(COLLECTION, found[0].id, found[0].data)
    kit_app.hook = lambda: None
    kit_app.done.clear()


def test_a_dead_process_claim_is_taken_over_after_a_minute(
    books: FlaskClient, kit_app: KitApp, clock: HeldClock
) -> None:
    claim_and_die(books, kit_app)
    clock.advance(59)
    assert create(books).status_code == 409
    assert create(books, name="Persuasion").status_code == 422
    clock.advance(1)
    assert create(books).status_code == 201
    assert create(books).headers["Idempotent-Replay"] == "true"
    assert kit_app.done == ["Emma"]


def test_only_one_takes_a_claim_over(
    books: FlaskClient, kit_app: KitApp, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_and_die(books, kit_app)
    clock.advance(60)
    read = kit_app.documents.get

    def overtaken(collection: str, doc_id: str) -> Document | None:
        found = read(collection, doc_id)
        assert found is not None
        kit_app.documents.put(collection, doc_id, found.data)  # another process is a moment faster
        return found

    monkeypatch.setattr(kit_app.documents, "get", overtaken)
    assert create(books).status_code == 409
    assert kit_app.done == []


def test_who_was_overtaken_does_not_overwrite_the_answer(
    books: FlaskClient, kit_app: KitApp, clock: HeldClock, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow() -> None:
        kit_app.hook = lambda: None
        clock.advance(60)
        books.application.test_client().post("/api/v1/books", json={"name": "Emma"}, headers=KEY)

    kit_app.hook = slow
    assert create(books).get_json()["id"] == "2"
    assert create(books).get_json()["id"] == "2"
    assert kit_app.done == ["Emma", "Emma"]
    assert "an idempotent answer was not kept" in capsys.readouterr().err


def test_an_answer_is_forgotten_after_a_day(books: FlaskClient, kit_app: KitApp, clock: HeldClock) -> None:
    create(books)
    clock.advance(24 * 3600 - 1)
    assert create(books).headers["Idempotent-Replay"] == "true"
    clock.advance(1)
    assert "Idempotent-Replay" not in create(books, name="Persuasion").headers
    assert kit_app.done == ["Emma", "Persuasion"]


def test_expired_keys_are_swept_away(books: FlaskClient, kit_app: KitApp, clock: HeldClock) -> None:
    for number in range(3):
        create(books, headers={"Idempotency-Key": f"old-{number}"})
    clock.advance(24 * 3600)
    create(books)
    assert kit_app.documents.count(COLLECTION) == 1


@pytest.mark.parametrize("kind", ["full", "bad", "key", "revision", "busy", "timeout", "type", "sorry"])
def test_what_may_go_well_later_is_not_kept(books: FlaskClient, kit_app: KitApp, kind: str) -> None:
    path = f"/api/v1/failures/{kind}"
    statuses = {books.post(path, headers=KEY).status_code for _ in range(2)}
    assert len(statuses) == 1 and kit_app.done == [kind, kind]
    assert kit_app.documents.count(COLLECTION) == 0


def test_a_stream_cannot_be_kept(books: FlaskClient, kit_app: KitApp) -> None:
    assert books.post("/api/v1/failures/stream").data == b"one"
    assert books.post("/api/v1/failures/stream", headers=KEY).status_code == 500


def test_a_refusal_is_kept(books: FlaskClient, kit_app: KitApp) -> None:
    first, again = (books.post("/api/v1/failures/conflict", headers=KEY) for _ in range(2))
    assert (again.status_code, again.data) == (409, first.data)
    assert again.content_type == "application/problem+json"
    assert kit_app.done == ["conflict"]


def test_an_invalid_body_claims_nothing(books: FlaskClient, kit_app: KitApp) -> None:
    assert books.post("/api/v1/books", json={"name": 3}, headers=KEY).status_code == 422
    assert create(books).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "with space", "x" * 256, "tab\there", "é"])
def test_an_unusable_key_is_a_422(books: FlaskClient, kit_app: KitApp, key: str) -> None:
    answer = create(books, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "invalid-idempotency-key"
    assert kit_app.done == []


@pytest.mark.parametrize("key", ["!", "~", "x" * 255])
def test_a_key_of_visible_characters_is_taken(books: FlaskClient, key: str) -> None:
    assert create(books, headers={"Idempotency-Key": key}).status_code == 201


@dataclass
class Full:
    """A store that takes claims, and has no room left for answers."""

    inner: Any

    def put(self, *args: Any, **named: Any) -> Document:
        raise StorageFull("No room left.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(books: FlaskClient, kit_app: KitApp) -> None:
    kit_app.documents = Full(kit_app.documents)
    assert create(books).status_code == 201
    assert create(books).status_code == 409, "the claim stands until it runs out"
    assert kit_app.done == ["Emma"]


def test_a_failure_of_ours_under_a_key_leaves_its_frames_all_the_same(
    books: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert books.post("/api/v1/failures/bad", headers=KEY).status_code == 502
    assert "stack_trace" in capsys.readouterr().err
