"""An address is the same for the same inputs on every machine, and another for any other."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.artifact import ArtifactKey, Kind, artifact_key, canonical_json, digest_of

INPUTS: dict[str, Any] = {
    "text": "Un café",
    "voice": "slt",
    "version": [2, 2],
    "settings": {"rate": 1.0, "pitch": None, "is_draft": False},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [1, 2], "B": {}}, b'{"B":{},"a":[1,2],"b":1}'),
        ({"é": "ñ 名 👍"}, '{"é":"ñ 名 👍"}'.encode()),
        ({"\uffff": 1, "\U00010000": 2, "z": 3}, '{"z":3,"\uffff":1,"\U00010000":2}'.encode()),
        ('a"b\\c\n\x01', b'"a\\"b\\\\c\\n\\u0001"'),
        ([None, True, 0, -1.5, ""], b'[null,true,0,-1.5,""]'),
        ((1, (2,)), b"[1,[2]]"),
        (Kind.SHOT, b'"shot"'),
    ],
)
def test_json_has_one_canonical_form(value: Any, expected: bytes) -> None:
    assert canonical_json(value) == expected


def test_the_order_of_fields_is_no_input() -> None:
    found = {digest_of(dict(pairs)) for pairs in itertools.permutations(INPUTS.items())}
    assert len(found) == 1


def test_the_order_of_a_list_is_one() -> None:
    assert digest_of([1, 2]) != digest_of([2, 1])


def test_a_digest_is_the_sha256_of_the_canonical_form() -> None:
    assert digest_of({"a": "é"}) == hashlib.sha256('{"a":"é"}'.encode()).hexdigest()


def test_an_address_stays_what_it_was() -> None:
    """A change here makes every artifact ever made again: never change it without meaning to."""
    key = artifact_key(Kind.VOICE, ".wav", INPUTS)
    assert key.digest == "5f651e49266d8b0b38d7eb4e57c234f75810831096d6d09a97a2c973484d3f24"


def test_addresses_differ_where_anything_differs() -> None:
    other: list[dict[str, Any]] = [
        {**INPUTS, "text": "Un cafe"},
        {**INPUTS, "text": "Un cafe\u0301"},  # the same to the eye, other code points
        {**INPUTS, "text": "un café"},
        {**INPUTS, "voice": None},
        {**INPUTS, "version": [2, 3]},
        {**INPUTS, "version": [2]},
        {**INPUTS, "version": "22"},
        {**INPUTS, "settings": {}},
        {**INPUTS, "settings": {"rate": 1, "pitch": None, "is_draft": False}},
        {**INPUTS, "settings": {"rate": 1.0, "pitch": None, "is_draft": 0}},
        {**INPUTS, "settings": {"rate": 1.0, "pitch": "null", "is_draft": False}},
        {**INPUTS, "settings": {"rate": 1.0, "is_draft": False}},
        {**INPUTS, "more": None},
        {name: value for name, value in INPUTS.items() if name != "voice"},
    ]
    keys = [artifact_key(Kind.VOICE, ".wav", inputs) for inputs in (INPUTS, *other)]
    assert len({key.digest for key in keys}) == len(keys)


def test_addresses_of_other_kinds_differ_for_the_same_inputs() -> None:
    keys = [artifact_key(kind, ".bin", INPUTS) for kind in Kind]
    assert len({key.digest for key in keys}) == len({key.path for key in keys}) == len(Kind)


def test_equal_inputs_have_equal_keys() -> None:
    assert artifact_key(Kind.SHOT, ".h264", {"a": 1}) == artifact_key(Kind.SHOT, ".h264", {"a": 1})
    assert len({artifact_key(Kind.SHOT, ".h264", {"a": 1}) for _ in range(2)}) == 1


@pytest.mark.parametrize("kind", Kind)
def test_a_path_is_fanned_out_by_two_digits(kind: Kind) -> None:
    key = artifact_key(kind, ".ext", {"kind": "x"})
    assert re.fullmatch(r"artifacts/[a-z-]+/[0-9a-f]{2}/[0-9a-f]{64}\.ext", key.path)
    assert key.path == f"artifacts/{kind.value}/{key.digest[:2]}/{key.digest}.ext"


def test_a_key_does_not_change() -> None:
    key = artifact_key(Kind.SHOT, ".h264", {})
    with pytest.raises(ValidationError):
        setattr(key, "digest", "0" * 64)  # noqa: B010 - mypy already refuses the plain assignment
    assert ArtifactKey.model_validate_json(key.model_dump_json()) == key


@pytest.mark.parametrize(
    "value", [{1: "a"}, {None: 1}, {True: 1}, {"a": [{"b": {2.5: 1}}]}, ({1: 1},), {"a": {1, 2}}, {"a": b"x"}, object()]
)
def test_what_json_would_write_like_something_else_has_no_address(value: Any) -> None:
    with pytest.raises(TypeError):
        artifact_key(Kind.SHOT, ".h264", {"value": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800", {"\udfff": 1}])
def test_what_no_json_holds_has_no_address(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
        artifact_key(Kind.SHOT, ".h264", {"value": value})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(one=PLAIN, other=PLAIN)
def test_two_values_share_a_form_only_when_they_are_the_same(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (exact(one) == exact(other))


def exact(value: Any) -> Any:
    """A value with its types, which == would overlook; objects without their order."""
    if isinstance(value, dict):
        return {name: exact(child) for name, child in value.items()}
    if isinstance(value, list):
        return [exact(child) for child in value]
    return type(value), repr(value)
