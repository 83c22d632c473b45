"""Pydantic's findings as faults whose JSON Pointers lead into the document that was really sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import Fault

_FIXES = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field, or correct its spelling.",
    "int_type": "Give a whole number, without quotes.",
    "int_from_float": "Give a whole number: time is counted in frames or samples.",
    "float_type": "Give a number, without quotes.",
    "string_type": "Give a string.",
    "list_type": "Give a list.",
    "dict_type": "Give an object.",
    "model_type": "Give an object.",
    "enum": "Give one of the values listed.",
    "literal_error": "Give one of the values listed.",
    "union_tag_invalid": "Give one of the values listed.",
    "unsafe_path": "Name the object by its whole key.",
}
_LONGEST_NUMBER = 256  # bits; what is longer is told by its length alone


def faults_of(error: ValidationError, document: Any = None, *, prefix: str = "") -> list[Fault]:
    """Every finding of a pydantic error, in its own order, pointers starting with `prefix`.

    `document` is what was validated, as JSON gave it; pointers are walked along it, for pydantic also names union
    branches and validators. Without it pydantic's locations are taken as they are, which is right for flat models.
    """
    return [_fault(entry, document, prefix) for entry in error.errors(include_url=False)]


def combined(shape: Sequence[Fault], meaning: Iterable[Fault], document: Any) -> list[Fault]:
    """Both in document order, without a second fault at a place whose shape is already wrong."""
    wrong = {fault.pointer for fault in shape}
    found = [*shape, *(fault for fault in meaning if fault.pointer not in wrong)]
    ranks: dict[int, dict[str, int]] = {}
    return sorted(found, key=lambda fault: list(_ranks(fault.pointer, document, ranks)))


def pointer(places: Iterable[str | int]) -> str:
    """An RFC 6901 JSON Pointer: each place escaped and led by a slash; "" is the whole document."""
    return "".join("/" + str(place).replace("~", "~0").replace("/", "~1") for place in places)


def excerpt(value: Any, limit: int = 80) -> str:
    """A short rendering of what was found; containers by their size, so that no document is echoed back."""
    if isinstance(value, dict):
        return f"an object of {len(value)} field(s)"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return f"a whole number of {value.bit_length()} bits"
    shown = repr(value) if not isinstance(value, str) else value
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _fault(entry: Any, document: Any, prefix: str) -> Fault:
    places, kind, detail, found = _places(entry, document), entry["type"], entry["msg"], entry.get("input")
    tag = _tag_field(entry)
    if tag:
        places.append(tag)
        found = found.get(tag) if isinstance(found, dict) else found
    if kind == "union_tag_not_found":
        kind, detail = "missing", "Field required"
    return Fault(
        pointer=prefix + pointer(places),
        code=kind.replace("_", "-"),
        detail=detail,
        found="" if kind == "missing" else excerpt(found),
        fix=_FIXES.get(kind, "Correct the value as the detail says."),
    )


def _tag_field(entry: Any) -> str:
    """The field that should have told the branch of a union, where that is what is wrong; else ""."""
    named = entry["ctx"]["discriminator"] if entry["type"] in ("union_tag_invalid", "union_tag_not_found") else ""
    return named.strip("'") if named.startswith("'") else ""


def _places(entry: Any, document: Any) -> list[str | int]:
    """The steps of an entry's location that lead into the document.

    A branch may be named like a field beside it; then the value that pydantic looked at tells which was meant.
    """
    steps = list(entry["loc"])
    if document is None:
        return [step for step in steps if step != "[key]"]
    last = [steps.pop()] if entry["type"] == "missing" and steps else []  # a missing field's value is its parent
    longest: list[str | int] = []
    for path, value in _paths(document, steps):
        if value == entry["input"]:
            return path + last
        longest = max(longest, path, key=len)
    return longest + last


def _paths(value: Any, steps: Sequence[str | int]) -> Iterator[tuple[list[str | int], Any]]:
    """Every way along `steps` through `value` and where it ends, those that take a step before those that leave it out."""
    if not steps:
        yield [], value
        return
    step, rest = steps[0], steps[1:]
    is_place = isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)
    if is_place or (isinstance(value, dict) and step in value):
        for path, end in _paths(value[step], rest):
            yield [step, *path], end
    if not is_place:
        yield from _paths(value, rest)


def _ranks(place: str, document: Any, ranks: dict[int, dict[str, int]]) -> Iterator[int]:
    """Where a pointer's steps stand in their objects and lists; what is not there comes last."""
    for step in (part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]):
        if isinstance(document, dict):
            order = ranks.setdefault(id(document), {})
            if not order:
                order.update((name, n) for n, name in enumerate(document))
            yield order.get(step, len(order))
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit():
            yield int(step)
            document = document[int(step)] if int(step) < len(document) else None
        else:
            yield 0
