"""All faults at once, each with its JSON Pointer into the document, its code, what was found and what to do."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import Fault
from shared.domain.faults import combined, excerpt, faults_of, pointer
from tests.unit.domain.blueprint_documents import GONE, changed, golden, refused, small

ROW = "/tracks/0/items"

# In document order: the place, the value put there, and what is said of it.
TEN = [
    ("/task_id", "a b", "string-pattern-mismatch", "a b", "Correct the value as the detail says."),
    ("/metadata/note~0~1", 7, "string-type", "7", "Give a string."),
    ("/output/uri", "media://a/../b", "unsafe-path", "media://a/../b", "Name the object by its whole key."),
    ("/output/poster/frame", 9_999, "beyond-end", "9999", "Name a frame inside."),
    ("/assets/voice/uri", GONE, "missing", "", "Add this field."),
    (f"{ROW}/1/asset", "nobody", "unknown-asset", "nobody", "Declare it under assets, or correct the name."),
    (f"{ROW}/3/generator/kind", "card", "union-tag-invalid", "card", "Give one of the values listed."),
    (f"{ROW}/4/generator/title", "", "string-too-short", "", "Correct the value as the detail says."),
    (f"{ROW}/6/colour", "#000000", "extra-forbidden", "#000000", "Remove this field, or correct its spelling."),
    ("/tracks/0/transitions/3/duration", 9, "wrong-overlap", "9", "Let `to` start that much before `from` ends."),
    ("/tracks/1/items/0/transform/keyframes/1/x", "left", "float-type", "left", "Give a number, without quotes."),
    ("/tracks/3/ducking/trigger_track", "talc", "unknown-track", "talc", "Name an audio track's id."),
    ("/captions/burn_language", "de", "unknown-language", "de", "Set captions.burn_language to one of them."),
    ("/captions/languages/es-419/1/start", 74, "overlap", "74", "Sort the cues; end each before the next."),
    ("/markers/2/kind", "break", "enum", "break", "Give one of the values listed."),
]


def test_all_faults_of_shape_and_meaning_are_told_at_once_in_document_order() -> None:
    document = changed(golden("1.0-everything"), *((place, value) for place, value, *_ in TEN))
    assert [(fault.pointer, fault.code, fault.found, fault.fix) for fault in refused(document)] == [
        (place, code, found, fix) for place, _, code, found, fix in TEN
    ]


def test_the_message_counts_them() -> None:
    document = changed(small(), ("/task_id", 5), ("/kind", 5))
    with pytest.raises(Exception, match=r"has 2 fault\(s\)") as caught:
        parse_blueprint(document)
    assert [fault.pointer for fault in caught.value.faults] == ["/kind", "/task_id"]  # type: ignore[attr-defined]


def test_an_empty_object_is_told_all_that_is_missing() -> None:
    assert [(fault.pointer, fault.code) for fault in refused({})] == [
        (f"/{name}", "missing") for name in ("schema_version", "kind", "task_id", "output", "tracks")
    ]


def test_a_field_of_wrong_shape_does_not_hide_another_of_the_same_item() -> None:
    document = changed(small(), (f"{ROW}/0/asset", "nobody"), (f"{ROW}/0/gain_db", "loud"), (f"{ROW}/0/fit", 3))
    assert [fault.pointer for fault in refused(document)] == [f"{ROW}/0/asset", f"{ROW}/0/gain_db", f"{ROW}/0/fit"]


def test_a_place_is_told_of_once() -> None:
    document = changed(small(), ("/assets/move/uri", "../x"))
    (fault,) = refused(document)
    assert (fault.pointer, fault.code) == ("/assets/move/uri", "string-pattern-mismatch")


GENERATOR = {"type": "generator", "id": "g", "timeline_start": 0, "duration": 250}
CARD = {"kind": "title_card", "title": "x"}
FLAT = {"kind": "colour", "colour": "#000000"}


@pytest.mark.parametrize(
    ("item", "place"),
    [
        # A branch named like a field beside it: the field is not the branch.
        ({**GENERATOR, "duration": "x", "generator": FLAT}, "/duration"),
        ({**GENERATOR, "duration": 0, "generator": {**CARD, "title": "y" * 201}}, "/duration /generator/title"),
        ({"type": "generator", "id": "g", "timeline_start": 0, "generator": FLAT}, "/duration"),
        ({"type": "generator", "id": "g", "timeline_start": 0, "duration": 250}, "/generator"),
        ({**GENERATOR, "generator": 5}, "/generator"),
        ({**GENERATOR, "generator": {"kind": "colour"}}, "/generator/colour"),
        ({**GENERATOR, "generator": {"kind": "colour", "colour": 5}}, "/generator/colour"),
        ({**GENERATOR, "generator": {**FLAT, "title_card": 5}}, "/generator/title_card"),
        ({**GENERATOR, "generator": {"kind": "title_card", "title": 5}}, "/generator/title"),
        ({**GENERATOR, "generator": {"kind": "title_card"}}, "/generator/title"),
        # Fields that are called like branches, where the vocabulary has none.
        ({**GENERATOR, "generator": FLAT, "clip": 5}, "/clip"),
        ({"type": "gap", "id": "g", "timeline_start": 0, "duration": 5, "gap": 5}, "/gap"),
        ({"type": "still", "id": "g", "timeline_start": 0, "duration": 5, "asset": "photo", "still": {}}, "/still"),
        ({"type": "clip", "id": "g", "timeline_start": 0, "asset": "move", "clip": 0}, "/clip /source_range"),
    ],
)
def test_the_branch_of_a_union_is_no_part_of_a_pointer(item: Any, place: str) -> None:
    faults = refused(changed(small(), (ROW, [item])))
    assert sorted(fault.pointer for fault in faults) == [f"{ROW}/0{one}" for one in place.split()]


def test_pointers_lead_to_what_was_found() -> None:
    """Every present value that is blamed lies where its pointer says."""
    document = changed(golden("1.0-everything"), *((place, value) for place, value, *_ in TEN))
    for fault in refused(document):
        if fault.code != "missing":
            assert excerpt(resolve(document, fault.pointer)) == fault.found


def resolve(value: Any, place: str) -> Any:
    for step in (part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_faults_by_the_thousand_are_all_told_and_sorted() -> None:
    cues = [{"start": 2 * n, "duration": 0, "text": ""} for n in range(2000)]
    faults = refused(changed(small(), ("/captions", {"languages": {"en": cues}})))
    starts = [f"/captions/languages/en/{n}/start" for n in range(125, 2000)]
    assert [fault.pointer for fault in faults if fault.code == "beyond-end"] == starts
    assert len(faults) == 4000 + 1875
    numbers = [int(fault.pointer.split("/")[4]) for fault in faults]
    assert numbers == sorted(numbers)


# The pieces


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Home(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    either: int | list[int] = 0
    ages: dict[str, int] = {}
    by_year: dict[int, str] = {}


def home_faults(document: Any) -> list[tuple[str, str]]:
    try:
        Home.model_validate_json(json.dumps(document))
    except ValidationError as error:
        return [(fault.pointer, fault.code) for fault in faults_of(error, document)]
    raise AssertionError("it is right")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, [("/pet", "missing")]),
        ({"pet": {}}, [("/pet/kind", "missing")]),
        ({"pet": {"kind": "cow"}}, [("/pet/kind", "union-tag-invalid")]),
        ({"pet": {"kind": "cat"}}, [("/pet/lives", "missing")]),
        ({"pet": {"kind": "cat", "cat": 1}}, [("/pet/lives", "missing")]),
        ({"pet": {"kind": "cat", "cat": {"lives": "x"}, "lives": "many"}}, [("/pet/lives", "int-parsing")]),
        ({"pet": {"kind": "dog", "tricks": ["sit", 5]}}, [("/pet/tricks/1", "string-type")]),
        (
            {"pet": {"kind": "dog"}, "either": "x"},
            [("/either", "int-parsing"), ("/either", "list-type")],
        ),
        ({"pet": {"kind": "dog"}, "either": [0, "x"]}, [("/either", "int-type"), ("/either/1", "int-parsing")]),
        ({"pet": {"kind": "dog"}, "ages": {"a/b~c": "x"}}, [("/ages/a~1b~0c", "int-parsing")]),
        ({"pet": {"kind": "dog"}, "by_year": {"soon": "x"}}, [("/by_year/soon", "int-parsing")]),
        ([], [("", "model-type")]),
    ],
)
def test_locations_are_walked_along_the_document(document: Any, expected: list[tuple[str, str]]) -> None:
    assert home_faults(document) == expected


def test_a_key_that_looks_like_a_mark_of_pydantic_is_a_key() -> None:
    assert home_faults({"pet": {"kind": "dog"}, "ages": {"[key]": "x"}}) == [("/ages/[key]", "int-parsing")]


def test_without_a_document_locations_are_taken_as_they_are() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[int, list[int]]).validate_python({"a": [], "3": ["x"]})
    assert [fault.pointer for fault in faults_of(caught.value, prefix="/input")] == ["/input/a", "/input/3/0"]


def test_places_are_escaped() -> None:
    assert pointer(["a/b", 0, "~1", ""]) == "/a~1b/0/~01/"
    assert pointer([]) == ""


def fault(place: str, code: str = "x") -> Fault:
    return Fault(pointer=place, code=code, detail="")


def test_faults_are_put_in_document_order() -> None:
    document = {"b": [{"y": 1, "x~/": 2}] * 12, "a": 1}
    places = ["", "/b", "/b/2/y", "/b/2/x~0~1", "/b/2/gone", "/b/10/y", "/b/10/y/deeper", "/b/12/y", "/a", "/gone/3"]
    meaning = [fault(place) for place in reversed(places[1:])]
    assert [found.pointer for found in combined([fault("")], meaning, document)] == places


def test_of_two_faults_at_one_place_the_shape_is_told() -> None:
    found = combined([fault("/a", "shape")], [fault("/a", "meaning"), fault("/b", "meaning")], {"b": 1, "a": 2})
    assert [(one.pointer, one.code) for one in found] == [("/b", "meaning"), ("/a", "shape")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ({"secret": 1}, "an object of 1 field(s)"),
        (["secret"] * 3, "a list of 3"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (-3, "-3"),
        (0.5, "0.5"),
        (2**255, str(2**255)),
        (2**256, "a whole number of 257 bits"),
    ],
)
def test_an_excerpt_is_short_and_in_the_words_of_json(value: Any, expected: str) -> None:
    assert excerpt(value) == expected


def test_a_number_too_long_to_be_written_is_told_by_its_length() -> None:
    assert excerpt(10**9999) == "a whole number of 33216 bits"
