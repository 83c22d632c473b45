"""Whatever comes in: a blueprint or a refusal; and the published schema takes whatever the parser takes."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shared.domain.blueprint import Blueprint, parse_blueprint
from shared.domain.blueprint.raw import video_end
from shared.domain.blueprint.reference import json_schema
from shared.domain.errors import InvalidInput, TooLarge
from shared.domain.faults import excerpt
from tests.unit.domain.blueprint_documents import GOLDEN, changed, clip, golden, small, transition

SCHEMA = Draft202012Validator(json_schema())
NAMES = ("0.9-choreography", "1.0-everything", "1.0-narration")
FILES = [(GOLDEN / f"blueprint-{name}.json").read_bytes() for name in NAMES]
DOCUMENTS = [*(golden(name) for name in NAMES), small()]

# What is likely to be taken for something else, beside whatever hypothesis thinks of.
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**31,
        2**40,
        2**40 + 1,
        2**63 - 1,
        -(2**63),
        0.5,
        1.0,
        29.97,
        1e308,
        "",
        "0",
        "1.0",
        "a",
    ),
    *(
        [],
        {},
        [[]],
        [{}],
        {"": {}},
        {"start": 0},
        {"num": 1, "den": 0},
        {"num": 30},
        "media://a",
        "../a",
        "\x00",
        "é",
        "~/",
    ),
    *("clip", "gap", "still", "generator", "video", "audio", "en", "cut", "title_card", "colour", {"type": "clip"}),
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


def words(value: Any) -> set[str]:
    """Every key and text of the golden documents: random documents made of these get far into the checks."""
    if isinstance(value, dict):
        return set(value) | {word for child in value.values() for word in words(child)}
    if isinstance(value, list):
        return {word for child in value for word in words(child)}
    return {value} if isinstance(value, str) else set()


KEYS = st.sampled_from(sorted(words(DOCUMENTS)))
JSON = st.recursive(
    SCALARS | KEYS | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def outcome(document: bytes | str | dict[str, Any]) -> Blueprint | None:
    """The blueprint, or None where it is refused as it should be."""
    try:
        blueprint = parse_blueprint(document)
    except InvalidInput as error:
        assert error.faults and all(fault.code and fault.detail and fault.fix for fault in error.faults)
        json.dumps(error.as_record(), ensure_ascii=False).encode()  # it can be answered
        return None
    except TooLarge:
        return None
    return blueprint


def assert_taken_by_the_schema(blueprint: Blueprint, document: Any) -> None:
    written = blueprint.model_dump(mode="json", by_alias=True)
    assert parse_blueprint(written) == blueprint
    for one in (written, document):
        if one.get("schema_version") == "1.0":
            assert [error.message for error in SCHEMA.iter_errors(one)] == []
            assert video_end(one) == blueprint.duration


def places(value: Any, way: str = "") -> list[str]:
    """JSON Pointers to everything in a document but the whole."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        place
        for key, child in pairs
        for here in [f"{way}/{str(key).replace('~', '~0').replace('/', '~1')}"]
        for place in [here, *places(child, here)]
    ]


@settings(max_examples=150)
@given(st.binary(max_size=60) | st.text(max_size=60))
@example(b'{"schema_version": "1.0", "tracks": [{"items": [{"id": []}, {"id": "b"}]}]}')
def test_whatever_the_bytes(document: bytes | str) -> None:
    assert outcome(document) is None


@settings(max_examples=120)
@given(JSON)
def test_whatever_the_json(value: Any) -> None:
    assert outcome(json.dumps(value)) is None


@settings(max_examples=60)
@given(st.sampled_from(DOCUMENTS), st.dictionaries(KEYS, JSON, max_size=4))
def test_whatever_stands_at_the_top_of_a_golden_document(document: Any, values: dict[str, Any]) -> None:
    outcome(document | values)


@settings(max_examples=120)
@given(st.integers(0, len(DOCUMENTS) - 1), st.integers(0, 2**32), st.lists(JSON, min_size=1, max_size=3))
def test_whatever_is_put_into_a_golden_document(which: int, seed: int, values: list[Any]) -> None:
    mutant = DOCUMENTS[which]
    chosen = random.Random(seed)
    for value in values:
        mutant = changed(mutant, (chosen.choice(places(mutant) or ["/a"]), value))
    blueprint = outcome(mutant)
    if blueprint:
        assert_taken_by_the_schema(blueprint, mutant)


@settings(max_examples=150)
@given(st.sampled_from(FILES), st.data())
def test_whatever_happens_to_the_bytes_of_a_golden_file(file: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(file)))
    end = data.draw(st.integers(start, min(len(file), start + 40)))
    outcome(file[:start] + data.draw(st.binary(max_size=6)) + file[end:])


def test_every_place_of_every_golden_document_bears_every_odd_value() -> None:
    """One odd value at each place, taken in turn: all places and all values, if not all pairs."""
    taken = 0
    for document in DOCUMENTS:
        for n, place in enumerate(places(document)):
            mutant = changed(document, (place, ODD[n % len(ODD)]))
            blueprint = outcome(mutant)
            if blueprint:
                taken += 1
                assert_taken_by_the_schema(blueprint, mutant)
    assert taken > 20  # else nothing was learnt of the schema


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(2, 200), min_size=1, max_size=6),
    joins=st.lists(st.integers(-3, 100), min_size=6, max_size=6),
    rate=st.sampled_from([(25, 1), (30_000, 1001), (60, 1)]),
    speed=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_rows_built_by_the_rules_are_taken(
    lengths: list[int], joins: list[int], rate: tuple[int, int], speed: tuple[int, int]
) -> None:
    document = changed(small(), ("/tracks", [built(lengths, joins, speed)]))
    document = changed(document, ("/output/frame_rate", {"num": rate[0], "den": rate[1]}))
    blueprint = parse_blueprint(document)
    assert_taken_by_the_schema(blueprint, document)


def built(lengths: list[int], joins: list[int], speed: tuple[int, int]) -> Any:
    """A video track: below zero a join is a gap, above it a transition as long as both neighbours allow."""
    items: list[Any] = []
    transitions: list[Any] = []
    end, free = 0, 0  # where the row ends, and what of its last item no transition has taken
    for n, (wanted, join) in enumerate(zip(lengths, joins, strict=False)):
        length = max(1, wanted * speed[1] // speed[0])
        overlap = min(join, free, length - 1)
        if overlap > 0:
            transitions.append(transition(f"i{n - 1}", f"i{n}", overlap))
        start = end - overlap
        items.append(clip(f"i{n}", start, wanted) | {"speed": {"num": speed[0], "den": speed[1]}})
        end, free = start + length, length - max(0, overlap)
    return {"id": "v", "kind": "video", "items": items, "transitions": transitions}


TIMES = st.floats(0, 5) | st.integers(0, 5) | st.sampled_from([1 / 30, 0.1, 0.016, 0.017, 0.05])


@settings(max_examples=80)
@given(st.lists(st.tuples(TIMES, st.floats(-0.04, 0.1)), min_size=1, max_size=5))
def test_a_flat_document_is_refused_in_its_own_fields_or_becomes_right(steps: list[tuple[float, float]]) -> None:
    """Nothing of version 1.0, which its writer does not know, is ever blamed."""
    moves: list[dict[str, Any]] = []
    start = 0.0
    for length, pause in steps:
        moves.append({"move_id": "m", "video_path": "a.mp4", "start": start, "end": start + length})
        start = max(0.0, start + length + pause)
    document = {"task_id": "t", "song": {"audio_path": "s.mp3"}, "moves_used": moves, "video_output": {"path": "o.mp4"}}
    try:
        blueprint = parse_blueprint(document)
    except InvalidInput as error:
        assert all(fault.pointer.startswith("/moves_used/") for fault in error.faults)
        assert all(excerpt(resolve(document, fault.pointer)) == fault.found for fault in error.faults)
        return
    assert_taken_by_the_schema(blueprint, document)
    ends = [item.timeline_start + item.span for item in blueprint.tracks[0].items]
    assert all(abs(end / 30 - move["end"]) <= 1.5 / 30 + 1e-9 for end, move in zip(ends, moves, strict=True))


def resolve(value: Any, place: str) -> Any:
    for step in place.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value
