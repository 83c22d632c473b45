"""Revisions, files in ranges, streams."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel, Field
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from functions._http import Answer, File, Policy
from functions._http.render import render
from functions._http.route import Route
from shared.domain.errors import StorageFailed
from tests.support.kit_door import FILE

SCAN = "/api/v1/books/1/scan"


def test_a_known_revision_is_not_sent_again(books: FlaskClient) -> None:
    first = books.get("/api/v1/books/42")
    assert first.headers["ETag"] == '"7"'
    for known in ('"7"', 'W/"7"', '"6", "7"', "*"):
        again = books.get("/api/v1/books/42", headers={"If-None-Match": known})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", '"7"')
        assert "Content-Type" not in again.headers
    assert books.get("/api/v1/books/42", headers={"If-None-Match": '"6"'}).status_code == 200
    assert books.head("/api/v1/books/42", headers={"If-None-Match": '"7"'}).status_code == 304


@pytest.mark.parametrize(("if_match", "status"), [('"7"', 200), ("*", 200), (None, 200), ('"6"', 412), ('W/"7"', 412)])
def test_a_write_is_held_to_the_revision_it_names(books: FlaskClient, if_match: str | None, status: int) -> None:
    headers = {} if if_match is None else {"If-Match": if_match}
    answer = books.put("/api/v1/books/42", json={"name": "Emma"}, headers=headers)
    assert answer.status_code == status
    if status == 412:
        assert '"7"' in answer.get_json()["detail"]


def test_if_none_match_does_not_swallow_a_writes_answer(books: FlaskClient) -> None:
    answer = books.put("/api/v1/books/42", json={"name": "Emma"}, headers={"If-None-Match": '"8"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"8"')


def test_done_without_content(books: FlaskClient) -> None:
    answer = books.delete("/api/v1/books/42")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_a_stream_is_passed_on(books: FlaskClient) -> None:
    answer = books.get("/api/v1/books/1/words")
    assert answer.data == b"data: one\n\ndata: two\n\n"
    assert answer.content_type == "text/event-stream"


def test_a_whole_file(books: FlaskClient) -> None:
    answer = books.get(SCAN)
    assert (answer.status_code, answer.data) == (200, FILE)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(FILE))
    assert answer.headers["Accept-Ranges"] == "bytes"
    disposition = "attachment; filename=\"D_j_ vu.pdf\"; filename*=UTF-8''D%C3%A9j%C3%A0%20vu.pdf"
    assert answer.headers["Content-Disposition"] == disposition
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


END = len(FILE) - 1


@pytest.mark.parametrize(
    ("asked", "start", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=70000-", 70_000, END),
        ("bytes=-10", END - 9, END),
        ("bytes=-999999999", 0, END),
        (f"bytes=10-{END + 500}", 10, END),
    ],
)
def test_a_range_of_a_file(books: FlaskClient, asked: str, start: int, last: int) -> None:
    answer = books.get(SCAN, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (206, FILE[start : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{len(FILE)}"
    assert answer.headers["Content-Length"] == str(last + 1 - start)


@pytest.mark.parametrize("asked", [f"bytes={END + 1}-", "bytes=-0", f"bytes={END + 1}-{END + 2}"])
def test_a_range_past_the_end_is_a_416(books: FlaskClient, asked: str) -> None:
    answer = books.get(SCAN, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(FILE)}")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 50 + "-"]
)
def test_what_is_no_single_range_gets_the_whole(books: FlaskClient, asked: str) -> None:
    answer = books.get(SCAN, headers={"Range": asked})
    assert (answer.status_code, len(answer.data)) == (200, len(FILE))


@pytest.mark.parametrize(
    ("condition", "status"), [('"scan-1"', 206), ('"scan-0"', 200), ("Fri, 17 May 2024 12:00:00 GMT", 200)]
)
def test_a_range_of_another_revision_gets_the_whole(books: FlaskClient, condition: str, status: int) -> None:
    assert books.get(SCAN, headers={"Range": "bytes=0-9", "If-Range": condition}).status_code == status


def test_a_known_file_is_not_sent_again(books: FlaskClient) -> None:
    assert books.get(SCAN, headers={"If-None-Match": '"scan-1"'}).status_code == 304
    head = books.head(SCAN, headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(FILE)))


def request(**headers: str) -> Request:
    return Request(EnvironBuilder(headers=list(headers.items())).get_environ())


def handler(call: object) -> Answer:
    return Answer()


ROUTE = Route("GET", ("api", "v1", "x"), handler, Policy.PUBLIC, max_body_bytes=1)


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=1-2"}, {"If-None-Match": '"1"'}])
def test_a_files_stream_is_closed_whether_it_was_read_or_not(headers: dict[str, str]) -> None:
    stream = BytesIO(b"abcd")
    response = render(Answer(File(stream, 4, "audio/wav"), revision=1), request(**headers), ROUTE)
    response.close()
    assert stream.closed


def test_a_file_without_a_name_may_be_shown_in_place() -> None:
    response = render(Answer(File(BytesIO(b"abcd"), 4, "audio/wav", inline=True)), request(), ROUTE)
    assert response.headers["Content-Disposition"] == "inline"
    response.close()


def test_a_file_shorter_than_promised_breaks_off_instead_of_ending() -> None:
    response = render(Answer(File(BytesIO(b"abc"), 4, "audio/wav")), request(), ROUTE)
    with pytest.raises(StorageFailed, match="1 byte"):
        b"".join(response.iter_encoded())
    response.close()


class Measured(BaseModel):
    peak_db: float = Field(serialization_alias="peakDb")


def test_json_is_written_by_alias_and_knows_no_nan() -> None:
    response = render(Answer({"one": Measured(peak_db=float("-inf")), "two": float("nan")}), request(), ROUTE)
    assert response.get_data() == b'{"one":{"peakDb":null},"two":null}'


def test_a_doors_own_headers_and_status_win() -> None:
    answer = Answer({}, status=202, headers={"Cache-Control": "max-age=60"}, media_type="application/geo+json")
    response = render(answer, request(), ROUTE)
    assert response.status_code == 202
    assert response.headers["Cache-Control"] == "max-age=60"
    assert response.content_type == "application/geo+json"
