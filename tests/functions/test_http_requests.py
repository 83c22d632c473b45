"""Bodies and queries: what is read, what is refused, and with which words."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from functions._http.strict_json import read_json
from shared.domain.errors import MalformedRequest
from tests.support.kit_door import BookQuery, KitApp

JSON = "application/json"


def post(books: FlaskClient, body: bytes, content_type: str = JSON, **headers: str) -> TestResponse:
    return books.post("/api/v1/books", data=body, content_type=content_type, headers=headers)


def faults(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 422, answer.data
    return {fault["pointer"]: fault["code"] for fault in answer.get_json()["errors"]}


def test_every_fault_of_a_body_is_told_at_once(books: FlaskClient) -> None:
    document = {
        "chapters": [{"title": "", "pages": 0}, {"title": "x"}],
        "form": {"kind": "prose", "lines": 3},
        "notes": {"a/b~c": "many"},
        "extra": 1,
    }
    assert faults(books.post("/api/v1/books", json=document)) == {
        "/name": "missing",
        "/chapters/0/title": "string-too-short",
        "/chapters/0/pages": "greater-than",
        "/chapters/1/pages": "missing",
        "/form/words": "missing",
        "/form/lines": "extra-forbidden",
        "/notes/a~1b~0c": "int-type",
        "/extra": "extra-forbidden",
    }


@pytest.mark.parametrize("sent", [True, False, "3", 3.5, "three", None, [3]])
def test_what_is_no_number_is_not_taken_for_one(books: FlaskClient, kit_app: KitApp, sent: object) -> None:
    document = {"name": "Emma", "chapters": [{"title": "One", "pages": sent}]}
    assert faults(books.post("/api/v1/books", json=document)) == {"/chapters/0/pages": "int-type"}
    assert kit_app.done == []


def test_what_is_no_text_is_not_taken_for_it(books: FlaskClient) -> None:
    for sent in (3, True, None, ["Emma"]):
        assert faults(books.post("/api/v1/books", json={"name": sent})) == {"/name": "string-type"}


def test_a_fault_says_what_was_found_and_what_to_do(books: FlaskClient) -> None:
    (fault,) = books.post("/api/v1/books", json={"name": 3}).get_json()["errors"]
    assert fault["found"] == "3"
    assert fault["fix"] and fault["detail"]


def test_a_secret_is_not_sent_back(books: FlaskClient) -> None:
    answer = books.post("/api/v1/books", json={"name": "Emma", "password": "hunter2"})
    assert faults(answer) == {"/password": "string-too-short"}
    assert b"hunter2" not in answer.data


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_a_body_of_another_kind_is_a_fault_of_the_whole(books: FlaskClient, body: bytes) -> None:
    assert faults(post(books, body)) == {"": "model-type"}


def test_no_body_is_an_empty_object(books: FlaskClient) -> None:
    assert faults(books.post("/api/v1/books")) == {"/name": "missing"}


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"name": "Emma",\n  "pages" 3}', "line 2, column 11"),
        (b'{"name": "Emma"', "line 1, column 16"),
        (b'{"name": 1} {}', "line 1, column 13"),
        (b'{"a": {"name": 1, "name": 2}}', '"name" stands twice'),
        (b'{"name": NaN}', "NaN is not JSON"),
        (b'{"name": -Infinity}', "-Infinity is not JSON"),
        (b'{"name": 1e999}', "beyond a 64-bit float"),
        (b'{"name": 9223372036854775808}', "beyond 64 bits"),
        (b'{"name": ' + b"9" * 4000 + b"}", "beyond 64 bits"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b"\xff\xfe", "byte 0 is not"),
        (b'\xef\xbb\xbf{"name": "Emma"}', "BOM"),
        (deep(66), "deeper than 64"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "deeper than 64"),
        (deep(2000), "deeper than 64"),
        (b"[" * 4000, ""),
    ],
)
def test_a_body_two_readers_could_read_differently_is_refused(books: FlaskClient, body: bytes, words: str) -> None:
    answer = post(books, body)
    assert (answer.status_code, answer.get_json()["type"]) == (400, "urn:reelprint:problem:malformed-request")
    assert words in answer.get_json()["detail"]


def test_an_endless_number_is_refused_before_it_is_computed() -> None:
    with pytest.raises(MalformedRequest, match="beyond 64 bits"):
        read_json(b"9" * 10_000)


@pytest.mark.parametrize("body", [deep(65), b'{"name": "\\ud83d\\ude00 \xc3\xa9", "name2": -9223372036854775808}'])
def test_what_is_just_within_the_rules_is_read(books: FlaskClient, body: bytes) -> None:
    assert post(books, body).status_code == 422


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "application/cloudevents+json"]
)
def test_json_types_are_read(books: FlaskClient, content_type: str) -> None:
    assert post(books, b'{"name": "Emma"}', content_type).status_code == 201


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_another_type_is_a_415_that_says_which(books: FlaskClient, content_type: str) -> None:
    answer = post(books, b'{"name": "Emma"}', content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["detail"]


def test_a_compressed_body_is_a_415(books: FlaskClient) -> None:
    assert post(books, b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status_code == 415


def padded(size: int) -> bytes:
    body = b'{"name": "Emma"}'
    return body + b" " * (size - len(body))


def test_the_doors_limit_is_exact(books: FlaskClient, kit_app: KitApp) -> None:
    assert post(books, padded(4096)).status_code == 201
    answer = post(books, padded(4097))
    assert answer.status_code == 413
    assert "4096" in answer.get_json()["detail"] and "4097" in answer.get_json()["detail"]
    assert kit_app.done == ["Emma"]


@pytest.mark.parametrize(("size", "status"), [(4096, 201), (4097, 413), (200_000, 413)])
def test_the_limit_holds_for_a_body_without_a_length(books: FlaskClient, size: int, status: int) -> None:
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    stream = BytesIO(padded(size))
    answer = books.post("/api/v1/books", input_stream=stream, content_type=JSON, environ_overrides=chunked)
    assert answer.status_code == status


class BadChunk(Exception):
    """What a server raises for chunks it cannot read is no OSError everywhere."""


@pytest.mark.parametrize("failure", [OSError, BadChunk])
@pytest.mark.parametrize("path", ["/api/v1/books", "/nothing"])
def test_a_body_that_breaks_off_is_the_senders_failure(books: FlaskClient, failure: type[Exception], path: str) -> None:
    class Broken(BytesIO):
        def readinto(self, buffer: object, /) -> int:
            raise failure

        def read(self, size: int | None = -1, /) -> bytes:
            raise failure

    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = books.post(path, input_stream=Broken(), content_type=JSON, environ_overrides=chunked)
    assert answer.status_code == (404 if path == "/nothing" else 400)


def test_a_body_shorter_than_its_length_is_a_400(books: FlaskClient) -> None:
    answer = books.post(
        "/api/v1/books", input_stream=BytesIO(b"{"), content_type=JSON, headers={"Content-Length": "50"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/books", "/api/v1/books/1/open"])
def test_what_nobody_reads_is_read_away_and_not_kept(books: FlaskClient, path: str) -> None:
    stream = BytesIO(b"x" * 1_000_000)
    books.post(path, input_stream=stream, headers={"Content-Length": "1000000", "Content-Type": JSON})
    assert stream.tell() == 1_000_000


def test_an_endless_body_is_not_read_to_its_end(books: FlaskClient) -> None:
    taken = 0

    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal taken
            assert size is not None and size > 0, "the framework must not read the rest in one piece"
            taken += size
            return b"x" * size

    answer = books.post("/nothing", input_stream=Endless(), environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 404
    assert taken == 32 * 1024 * 1024


def test_a_route_may_have_a_limit_and_a_type_of_its_own(books: FlaskClient) -> None:
    path = "/api/v1/books/1/reading"
    assert books.post(path, data=b"x" * 10_000, content_type="audio/wav").get_json()["name"] == "10000"
    assert books.post(path, data=b"x" * 10_001, content_type="audio/wav").status_code == 413
    assert books.post(path, data=b"x", content_type="video/mp4").status_code == 415


def test_a_form_is_held_to_the_limit(books: FlaskClient) -> None:
    path = "/api/v1/books/1/cover"
    small = books.post(path, data={"file": (BytesIO(b"x" * 3000), "cover.png")})
    assert small.get_json() == {"id": "1", "name": "3000"}
    assert books.post(path, data={"file": (BytesIO(b"x" * 5000), "cover.png")}).status_code == 413


def query(books: FlaskClient, kit_app: KitApp, text: str) -> dict[str, Any]:
    answer = books.get(f"/api/v1/books?{text}")
    assert answer.status_code == 200, answer.data
    found = kit_app.done[-1]
    assert isinstance(found, BookQuery)
    return found.model_dump()


def test_a_query_becomes_its_model(books: FlaskClient, kit_app: KitApp) -> None:
    assert query(books, kit_app, "") == {"page_size": 50, "page_token": "", "language": [], "newest": False}
    assert query(books, kit_app, "page_size=200&page_token=abc&language=en&language=es&newest=true") == {
        "page_size": 200,
        "page_token": "abc",
        "language": ["en", "es"],
        "newest": True,
    }


def test_every_fault_of_a_query_is_told_at_once(books: FlaskClient) -> None:
    answer = books.get("/api/v1/books?page_size=201&newest=perhaps&page_token=a&page_token=b&limit=3&a/b=1")
    assert faults(answer) == {
        "/query/limit": "unknown-parameter",
        "/query/a~1b": "unknown-parameter",
        "/query/page_token": "repeated-parameter",
        "/query/page_size": "less-than-equal",
        "/query/newest": "bool-parsing",
    }
    assert "page_size" in answer.get_json()["errors"][0]["fix"]


@pytest.mark.parametrize("size", ["0", "-1", "201", "x", ""])
def test_a_page_has_1_to_200_items(books: FlaskClient, size: str) -> None:
    assert set(faults(books.get(f"/api/v1/books?page_size={size}"))) == {"/query/page_size"}


def test_a_route_without_a_query_takes_none(books: FlaskClient) -> None:
    assert faults(books.get("/api/v1/books/42?pretty=1")) == {"/query/pretty": "unknown-parameter"}


def test_an_answer_is_a_page(books: FlaskClient) -> None:
    answer = json.loads(books.get("/api/v1/books?page_token=abc").data)
    assert answer == {"items": [{"id": "1", "name": "Emma"}], "next_page_token": "abc"}
    assert json.loads(books.get("/api/v1/books").data)["next_page_token"] is None
