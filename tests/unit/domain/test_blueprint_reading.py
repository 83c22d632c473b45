"""Whatever the bytes: a blueprint, or InvalidInput that says where and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.domain.blueprint import parse_blueprint, read
from shared.domain.errors import TooLarge
from tests.unit.domain.blueprint_documents import codes, refused, small


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b'{"a": 1} {}', "Extra data"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": 01}', "line 1, column 8"),
        (b'{"a": "\x01"}', "control character"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8: invalid start byte at byte 0"),
        ("{}".encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-32-le"), "not JSON"),
        (b'{"a": "\xe9"}', "not UTF-8: invalid continuation byte at byte 7"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ('{"a": "\ud800"}', "not UTF-8"),
        (b"[" * 100_000, "deeper than 64"),
        (b'{"a":' * 100_000, "deeper than 64"),
    ],
)
def test_what_is_not_json_in_utf8_is_refused_as_a_whole(document: bytes | str, words: str) -> None:
    (fault,) = refused(document)
    assert (fault.pointer, fault.code) == ("", "unreadable")
    assert words in fault.detail and fault.fix


@pytest.mark.parametrize(
    ("document", "found"),
    [(b"[]", "a list of 0"), (b"null", "null"), (b"true", "true"), (b"3", "3"), (b'"x"', "x"), (b"NaN", "nan")],
)
def test_another_top_level_is_refused(document: bytes, found: str) -> None:
    (fault,) = refused(document)
    assert (fault.pointer, fault.code, fault.found) == ("", "unreadable", found)


@pytest.mark.parametrize(
    ("text", "pointer", "code", "found"),
    [
        ('{"output": {"a": [0, NaN]}}', "/output/a/1", "not-finite", "nan"),
        ('{"a": Infinity}', "/a", "not-finite", "inf"),
        ('{"a": -Infinity}', "/a", "not-finite", "-inf"),
        ('{"a": 1e999}', "/a", "not-finite", "inf"),
        ('{"a": 9223372036854775808}', "/a", "too-long", "9223372036854775808"),
        ('{"a": -9223372036854775809}', "/a", "too-long", "-9223372036854775809"),
        ('{"a": %s}' % ("9" * 600), "/a", "too-long", "a whole number of 1994 bits"),
        ('{"a": %s}' % ("9" * 640), "/a", "too-long", "a whole number of 2127 bits"),
        ('{"a": %s}' % ("9" * 641), "/a", "not-finite", "inf"),
        ('{"a": -%s}' % ("9" * 100_000), "/a", "not-finite", "-inf"),
        ('{"tracks": [{"id": 1, "kind": 2, "id": 3}]}', "/tracks/0", "duplicate-key", "'id'"),
        ('{"a": 1, "a": 1}', "", "duplicate-key", "'a'"),
        ('{"a": {"b": {}, "b": {}}, "c": {}}', "/a", "duplicate-key", "'b'"),
        ('{"a~/": "x\\ud800"}', "/a~0~1", "not-unicode", "'x\\ud800'"),
        ('{"b": {"\\udfff": 1}}', "/b", "not-a-key", "'\\udfff'"),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", "/a" + "/0" * 63, "too-deep", "a list of 0"),
    ],
)
def test_what_readers_would_read_differently_is_refused_at_its_place(
    text: str, pointer: str, code: str, found: str
) -> None:
    for document in (text, text.encode()):
        (fault,) = refused(document)
        assert (fault.pointer, fault.code, fault.found) == (pointer, code, found)
        assert fault.detail and fault.fix


def test_all_unreadable_places_are_told_at_once() -> None:
    text = '{"a": NaN, "b": [1e999, {"c": 1, "c": 2}], "d": "\\ud800", "e": 18446744073709551616}'
    assert codes(text) == {
        "/a": "not-finite",
        "/b/0": "not-finite",
        "/b/1": "duplicate-key",
        "/d": "not-unicode",
        "/e": "too-long",
    }


def test_a_key_given_twice_is_blamed_on_its_own_object_only() -> None:
    """The first value of a repeated key is dropped, and what is made later may take its place in memory."""
    text = '{"a": {"x": 1, "x": 2}, "a": 3, "b": [' + ", ".join(['{"y": 1}'] * 500) + "]}"
    assert codes(text) == {"": "duplicate-key"}


def test_what_is_just_within_the_limits_is_read() -> None:
    document = {"a": -(2**63), "b": 2**63 - 1, "c": 1.7e308, "d": json.loads("[" * 63 + "]" * 63), "é": "\U0001f44d"}
    assert read.read_document(json.dumps(document)) == read.read_document(document) == document


def cyclic() -> Any:
    found: dict[str, Any] = {}
    found["a"] = [found, found, found]
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"x": float("nan")}, {"/x": "not-finite"}),
        ({"x": 10**5000}, {"/x": "too-long"}),
        ({"x": {1, 2}}, {"/x": "not-json"}),
        ({"x": (1, 2)}, {"/x": "not-json"}),
        ({"x": b"1"}, {"/x": "not-json"}),
        ({"x": {1: 2}}, {"/x": "not-a-key"}),
        ({10**5000: 2}, {"": "not-a-key"}),
        ({None: 2, "y": object()}, {"": "not-a-key", "/y": "not-json"}),
    ],
)
def test_a_mapping_that_json_cannot_hold_is_refused_too(value: Any, expected: dict[str, str]) -> None:
    assert codes(value) == expected


def test_a_mapping_that_holds_itself_is_refused() -> None:
    faults = refused(cyclic())
    assert {fault.code for fault in faults} == {"too-deep"}
    assert len(faults) <= 1000


def test_bytes_text_and_mapping_lead_to_the_same_blueprint() -> None:
    text = json.dumps(small(), ensure_ascii=False)
    assert parse_blueprint(text) == parse_blueprint(text.encode()) == parse_blueprint(small())
    assert parse_blueprint(b"\xef\xbb\xbf" + text.encode()) == parse_blueprint(small())


def test_a_mapping_is_not_changed_by_being_read() -> None:
    document = small()
    parse_blueprint(document)
    assert document == small()


def test_a_document_beyond_the_limit_is_too_large_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(small() | {"metadata": {"title": "é"}}, ensure_ascii=False)
    monkeypatch.setattr(read, "MAX_BYTES", len(text.encode()))
    parse_blueprint(text)
    monkeypatch.setattr(read, "MAX_BYTES", len(text))
    for document in (text, text.encode()):
        with pytest.raises(TooLarge, match=f"{len(text.encode()):,} bytes; at most {len(text):,}"):
            parse_blueprint(document)


def test_the_limit_is_32_mebibytes() -> None:
    assert read.MAX_BYTES == 32 * 2**20
    with pytest.raises(TooLarge):
        parse_blueprint(b" " * (read.MAX_BYTES + 1))


def test_no_part_of_an_unreadable_document_is_echoed_at_length() -> None:
    (fault,) = refused(json.dumps("secret " * 1000))
    assert len(fault.found) == 80 and "secret" not in fault.detail
