"""Whatever is sent, the answer is one of ours, and never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from shared.adapters.documents.sqlite import SqliteDocuments
from tests.support import kit_door
from tests.support.clock import HeldClock
from tests.support.framework import door_client
from tests.support.kit_door import KitApp

FEW = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder, clock = tmp_path_factory.mktemp("fuzz"), HeldClock()
    with closing(SqliteDocuments(folder / "d.sqlite3", clock)) as documents, pytest.MonkeyPatch.context() as patch:
        kit_app = KitApp(documents, clock)
        patch.setattr(kit_door, "_current", [kit_app])
        yield door_client(Path(folder), patch, "tests.support.kit_door", "serve_books")


def check(answer: TestResponse) -> None:
    assert answer.status_code < 500, answer.data
    assert answer.headers["X-Request-Id"]
    if answer.status_code >= 400:
        problem = answer.get_json()
        assert problem["status"] == answer.status_code
        assert problem["type"].startswith("urn:reelprint:problem:")


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["name", "chapters", "form", "notes", "password", "title", "pages", "kind", "prose"])
BOOKISH = st.dictionaries(KEYS, JSON_VALUES | st.dictionaries(KEYS, JSON_VALUES, max_size=3), max_size=5)


@FEW
@given(document=JSON_VALUES | BOOKISH)
def test_any_json_body(fuzzed: FlaskClient, document: Any) -> None:
    check(fuzzed.post("/api/v1/books", data=json.dumps(document), content_type="application/json"))


@FEW
@given(document=BOOKISH)
def test_every_pointer_leads_into_what_was_sent(fuzzed: FlaskClient, document: dict[str, Any]) -> None:
    answer = fuzzed.post("/api/v1/books", data=json.dumps(document), content_type="application/json")
    for fault in answer.get_json().get("errors", []):
        node: Any = document
        steps = fault["pointer"].split("/")[1:]
        for step in steps[: len(steps) - (fault["code"] == "missing")]:
            key = step.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]


@FEW
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "audio/wav", "multipart/form-data; boundary=x", "é"]),
)
def test_any_bytes(fuzzed: FlaskClient, body: bytes, kind: str) -> None:
    for path in ("books", "books/1/reading", "books/1/cover"):
        check(fuzzed.post(f"/api/v1/{path}", data=body, headers={"Content-Type": kind}))


PARTS = st.sampled_from(["api", "v1", "books", "health", "..", ".", "%2F", "%00", "%ff", "{book_id}"]) | st.text(
    max_size=9
)


@FEW
@given(
    parts=st.lists(PARTS, max_size=6), method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "X"])
)
def test_any_path(fuzzed: FlaskClient, parts: list[str], method: str) -> None:
    path = "/" + "/".join(parts)  # as a server hands it over: UTF-8 bytes, one character each
    answer = fuzzed.open(method=method, environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    assert answer.status_code < 500, answer.data


@FEW
@given(
    query=st.dictionaries(
        st.sampled_from(["page_size", "page_token", "language", "newest"]) | st.text(max_size=9), st.text(max_size=9)
    )
)
def test_any_query(fuzzed: FlaskClient, query: dict[str, str]) -> None:
    check(fuzzed.get("/api/v1/books", query_string=query))


HEADERS = [
    "Range",
    "If-Range",
    "If-None-Match",
    "If-Match",
    "Idempotency-Key",
    "Content-Type",
    "Content-Encoding",
    "X-Request-Id",
]
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=30) | st.from_regex(
    r"bytes=\d*-\d*", fullmatch=True
)


@FEW
@given(headers=st.dictionaries(st.sampled_from([*HEADERS, "traceparent", "Authorization"]), VALUES, max_size=4))
def test_any_headers(fuzzed: FlaskClient, headers: dict[str, str]) -> None:
    answer = fuzzed.get("/api/v1/books/1/scan", headers=headers)
    if answer.status_code >= 400:
        assert answer.status_code == 416
    answer.close()
    check(fuzzed.put("/api/v1/books/1", data=b'{"name": "Emma"}', headers=headers))
    check(fuzzed.post("/api/v1/books", data=b'{"name": "Emma"}', headers=headers))
