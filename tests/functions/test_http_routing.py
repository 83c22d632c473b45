"""Which handler a request reaches, and what it is told when there is none."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel

from functions._http import Answer, Call, Door, Policy, find_door
from tests.support import kit_door
from tests.support.kit_door import TASK_TOKEN, KitApp

BEARER = {"Authorization": f"Bearer {TASK_TOKEN}"}


@pytest.mark.parametrize("path", ["/api/v1/books/42", "/api/books/42", "/api/v1/books/42/", "/api/books/42/"])
def test_a_route_answers_with_and_without_its_version_and_a_slash_at_the_end(books: FlaskClient, path: str) -> None:
    assert books.get(path).get_json() == {"id": "42", "name": "Emma"}


def test_a_fixed_word_wins_over_a_named_part(books: FlaskClient) -> None:
    assert books.get("/api/v1/books/newest").get_json()["id"] == "7"
    assert books.get("/api/v1/books/newer").get_json()["id"] == "newer"


@pytest.mark.parametrize(
    "path", ["/", "/books/42", "/api", "/api/v1", "/api/v2/books", "/api/v1/books/42/nothing", "/x"]
)
def test_an_unknown_path_is_a_404(books: FlaskClient, path: str) -> None:
    answer = books.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["type"] == "urn:reelprint:problem:not-found"


@pytest.mark.parametrize("part", ["..", ".", "a b", "a%00", "é", "x" * 129, "%3Cscript%3E", "a%2Fb"])
def test_a_part_that_is_no_identifier_is_a_404(books: FlaskClient, part: str) -> None:
    assert books.get(f"/api/v1/books/{part}").status_code == 404


@pytest.mark.parametrize("part", ["x" * 128, "a.b-c_d~e", "flite:slt", "me@home", "a=b+c"])
def test_a_part_of_safe_characters_reaches_the_handler(books: FlaskClient, part: str) -> None:
    assert books.get(f"/api/v1/books/{part}").get_json()["id"] == part


def test_another_verb_is_a_405_that_names_the_verbs(books: FlaskClient) -> None:
    answer = books.post("/api/v1/books/42")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"


def test_options_names_the_verbs(books: FlaskClient) -> None:
    answer = books.options("/api/books")
    assert (answer.status_code, answer.headers["Allow"], answer.data) == (204, "GET, HEAD, OPTIONS, POST", b"")
    assert books.options("/api/nothing").status_code == 404


def test_head_is_get_without_the_body(books: FlaskClient) -> None:
    whole, head = books.get("/api/v1/books/42"), books.head("/api/v1/books/42")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert head.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize("path", ["/", "/on_book_task", "/on_book_task/", "/?__GCP_CloudEventsMode=CUSTOM"])
def test_an_event_door_answers_at_its_name_and_at_the_root(book_task: FlaskClient, kit_app: KitApp, path: str) -> None:
    answer = book_task.post(path, json={"book": "Emma", "added_later": 1}, headers=BEARER)
    assert (answer.status_code, answer.data) == (204, b"")
    assert kit_app.done == [("queue", "Emma")]


def test_an_event_door_is_no_api_path(book_task: FlaskClient) -> None:
    assert book_task.post("/api/v1/on_book_task", json={"book": "Emma"}, headers=BEARER).status_code == 404
    assert book_task.get("/").headers["Allow"] == "OPTIONS, POST"


def test_a_local_server_finds_the_door() -> None:
    doors = [kit_door.on_book_task, kit_door.books]
    assert find_door(doors, "GET", "/api/books/42") is kit_door.books
    assert find_door(doors, "HEAD", "/api/v1/books") is kit_door.books
    assert find_door(doors, "POST", "/on_book_task") is kit_door.on_book_task
    assert find_door(doors, "PATCH", "/api/v1/books") is kit_door.books, "it knows which verbs are served"
    assert find_door(doors, "POST", "/") is None, "the root is every event door's own"
    assert find_door(doors, "GET", "/api/v1/nothing") is None


def test_the_door_that_serves_the_verb_is_preferred() -> None:
    first, second = Door("first"), Door("second")

    @first.get("/things", policy=Policy.PUBLIC)
    def read(call: Call) -> Answer:
        return Answer()

    @second.post("/things", policy=Policy.USER)
    def write(call: Call) -> Answer:
        return Answer()

    assert find_door([first, second], "POST", "/api/things") is second
    assert find_door([second, first], "GET", "/api/things") is first


class Loose(BaseModel):
    name: str = ""


def plain(call: Call) -> Answer:
    return Answer()


def with_body(call: Call, body: Loose) -> Answer:
    return Answer()


def test_a_route_without_a_policy_cannot_be_registered() -> None:
    with pytest.raises(TypeError, match="policy"):
        Door("x").get("/things")(plain)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="policy"):
        Door("x").get("/things", policy="public")(plain)  # type: ignore[arg-type]


def test_a_route_that_could_not_be_served_cannot_be_registered() -> None:
    with pytest.raises(TypeError, match="the handler takes"):
        Door("x").get("/things/{thing_id}", policy=Policy.USER)(plain)
    with pytest.raises(TypeError, match="the handler takes"):
        Door("x").get("/things", policy=Policy.USER, query=Loose)(plain)
    with pytest.raises(TypeError, match="misspelt"):
        Door("x").post("/things", policy=Policy.USER, body=Loose)(with_body)
    with pytest.raises(TypeError, match="idempotency"):
        Door("x").post("/things", policy=Policy.PUBLIC, idempotent=True)(plain)
    with pytest.raises(TypeError, match="idempotency"):
        Door("x").put("/things", policy=Policy.USER, idempotent=True)(plain)
    with pytest.raises(TypeError, match="idempotency"):
        Door("x").post("/things", policy=Policy.USER, body="multipart/form-data", idempotent=True)(plain)
    for template in ("things", "/things/", "/things//x", "/{Thing}", "/a b"):
        with pytest.raises(ValueError, match="path template"):
            Door("x").get(template, policy=Policy.USER)


def test_a_path_is_registered_once() -> None:
    door = Door("x")
    door.get("/things/{a}", policy=Policy.USER)(lambda call, a: Answer())
    door.delete("/things/{a}", policy=Policy.USER)(lambda call, a: Answer())
    with pytest.raises(ValueError, match="registered twice"):
        door.get("/things/{b}", policy=Policy.USER)(lambda call, b: Answer())
