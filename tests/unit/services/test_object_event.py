"""The finalize event: what a bucket sends, and what is read out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import InvalidInput
from shared.ports.storage import ObjectInfo
from shared.services.object_event import FinalizedObject, finalized_event, parse_finalized
from tests.support.clock import NOON

GOLDEN = Path(__file__).parents[2] / "events" / "object_finalized.json"
INFO = ObjectInfo(
    bucket="studio-uploads",
    key="uploads/ana/100% mañana.wav",
    size=9,
    generation=1715947200250000,
    crc32c="4waSgw==",
    content_type="audio/wav",
    created_at=NOON,
    metadata={"asset_id": "a-1"},
)


def golden() -> tuple[dict[str, str], dict[str, Any]]:
    event = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return event["headers"], event["body"]


def faults_of(headers: dict[str, str], body: Any) -> set[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_finalized(headers, body)
    return {fault.pointer for fault in caught.value.faults}


def test_the_event_is_the_golden_one() -> None:
    assert finalized_event(INFO) == golden()


def test_headers_are_plain_ascii_and_without_spaces() -> None:
    headers, _ = finalized_event(replace(INFO, key='a "b" 音楽🎬%'))
    assert headers["ce-subject"] == "objects/a%20%22b%22%20%E9%9F%B3%E6%A5%BD%F0%9F%8E%AC%25"


@pytest.mark.parametrize("key", ["a", "a b/c", "100%/%41", "音楽🎬", "a+b?c#d&e", "x" * 1024, "objects/a", "~/é\u0301"])
def test_what_was_written_is_what_is_read(key: str) -> None:
    info = replace(INFO, key=key, metadata={})
    headers, body = finalized_event(info)
    expected = FinalizedObject(info.bucket, key, info.generation, 9, "audio/wav", "4waSgw==", {})
    assert parse_finalized(headers, body) == expected
    assert (
        parse_finalized({name.title(): value for name, value in headers.items()}, json.dumps(body).encode()) == expected
    )


def test_the_id_follows_from_the_fact() -> None:
    def event_id(info: ObjectInfo) -> str:
        return finalized_event(info)[0]["ce-id"]

    again = replace(INFO, content_type="text/plain", metadata={})
    assert event_id(again) == event_id(INFO)
    others = [replace(INFO, generation=2), replace(INFO, key="b"), replace(INFO, bucket="other-bucket")]
    assert len({event_id(info) for info in (INFO, *others)}) == 4


def test_what_cloud_storage_adds_is_passed_over() -> None:
    headers, body = golden()
    body |= {"etag": "CNmv", "md5Hash": "x", "selfLink": "https://example.test", "retention": {"mode": "locked"}}
    found = parse_finalized(headers | {"traceparent": "00-1", "ce-bucket": "studio-uploads"}, body)
    assert (found.key, dict(found.metadata)) == (INFO.key, {"asset_id": "a-1"})


def test_a_subject_that_was_not_encoded_is_understood() -> None:
    headers, body = golden()
    assert parse_finalized(headers | {"ce-subject": f"objects/{INFO.key}"}, body).key == INFO.key


def test_an_object_without_content_type_or_time_is_taken() -> None:
    headers, body = golden()
    del headers["ce-time"], body["contentType"]
    assert parse_finalized(headers, body).content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce-id", ""),
        ("ce-specversion", "0.3"),
        ("ce-type", "google.cloud.storage.object.v1.deleted"),
        ("ce-source", "//storage.googleapis.com/projects/_/buckets/another"),
        ("ce-subject", "objects/another"),
        ("ce-subject", "uploads/ana/100% mañana.wav"),
        ("ce-time", "yesterday"),
        ("ce-time", "2024-05-17T12:00:00"),
        ("content-type", "text/html"),
        ("content-type", "application/cloudevents+json"),
    ],
)
def test_odd_headers_are_refused(name: str, value: str) -> None:
    headers, body = golden()
    assert faults_of(headers | {name: value}, body) == {f"/headers/{name}"}


@pytest.mark.parametrize("name", ["ce-id", "ce-source", "ce-specversion", "ce-type", "ce-subject", "content-type"])
def test_missing_headers_are_named(name: str) -> None:
    headers, body = golden()
    del headers[name]
    assert faults_of(headers, body) == {f"/headers/{name}"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "storage#bucket"),
        ("generation", "0"),
        ("generation", "-1"),
        ("generation", "1e3"),
        ("generation", " 1"),
        ("generation", "1\n"),
        ("generation", "٣"),
        ("generation", 1715947200250000),
        ("size", "-1"),
        ("size", 9),
        ("size", "9.0"),
        ("crc32c", "4waS"),
        ("crc32c", "????"),
        ("crc32c", "é"),
        ("contentType", ""),
        ("contentType", None),
        ("metadata", {"a": 1}),
        ("metadata", []),
    ],
)
def test_odd_bodies_are_refused(name: str, value: Any) -> None:
    headers, body = golden()
    found = faults_of(headers, body | {name: value})
    assert {pointer.split("/")[2] for pointer in found} == {name}


@pytest.mark.parametrize("name", ["kind", "bucket", "name", "generation", "size", "crc32c"])
def test_missing_members_are_named(name: str) -> None:
    headers, body = golden()
    del body[name]
    assert faults_of(headers, body) == {f"/body/{name}"}


def test_names_beyond_their_limits_are_refused() -> None:
    headers, body = golden()
    assert faults_of(headers, body | {"name": ""}) == {"/body/name"}
    assert faults_of(headers, body | {"name": "é" * 513}) == {"/body/name"}
    assert faults_of(headers, body | {"bucket": "ab"}) == {"/body/bucket"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", [], "text", None], ids=repr)
def test_what_is_no_json_object_is_refused(body: Any) -> None:
    headers, _ = golden()
    assert faults_of(headers, body) == {"/body"}


def test_all_that_is_wrong_comes_at_once() -> None:
    headers, body = golden()
    found = faults_of(headers | {"ce-type": "x", "ce-time": "y"}, body | {"size": "z", "metadata": {"a/b": 1}})
    assert found == {"/headers/ce-type", "/headers/ce-time", "/body/size", "/body/metadata/a~1b"}


def test_bytes_are_judged_like_parsed_json() -> None:
    headers, body = golden()
    assert faults_of(headers, json.dumps(body | {"size": 9}).encode()) == {"/body/size"}
