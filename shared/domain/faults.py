"""Pydantic's findings as faults with JSON Pointers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import Fault

_FIXES = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field, or correct its spelling.",
    "int_type": "Give a whole number, without quotes.",
    "int_from_float": "Give a whole number: time is counted in frames or samples.",
    "string_type": "Give a string.",
    "list_type": "Give a list.",
    "model_type": "Give an object.",
    "enum": "Give one of the values listed.",
    "literal_error": "Give one of the values listed.",
}


def faults_of(error: ValidationError, *, prefix: str = "") -> list[Fault]:
    """Every finding of a pydantic error, in its own order, pointers starting with `prefix`."""
    return [
        Fault(
            pointer=prefix + pointer(_places(entry["loc"])),
            code=entry["type"].replace("_", "-"),
            detail=entry["msg"],
            found=excerpt(entry.get("input")),
            fix=_FIXES.get(entry["type"], "Correct the value as the detail says."),
        )
        for entry in error.errors(include_url=False, include_context=False)
    ]


def pointer(places: Iterable[str | int]) -> str:
    """An RFC 6901 JSON Pointer: each place escaped and led by a slash; "" is the whole document."""
    return "".join("/" + str(place).replace("~", "~0").replace("/", "~1") for place in places)


def excerpt(value: Any, limit: int = 80) -> str:
    """A short rendering of what was found; containers by their size, so that no document is echoed back."""
    if isinstance(value, dict):
        return f"an object of {len(value)} field(s)"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    shown = repr(value) if not isinstance(value, str) else value
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


# A discriminated union puts the chosen branch into the location, which is no part of the document.
_BRANCHES = {"clip", "gap", "still", "generator", "title_card", "colour"}


def _places(location: tuple[int | str, ...]) -> list[int | str]:
    places: list[int | str] = []
    dropped = False  # a branch follows its place at once, and only once
    for place in location:
        at_item = len(places) >= 2 and places[-2] == "items" and isinstance(places[-1], int)
        at_generator = bool(places) and places[-1] == "generator"
        if place == "[key]" or (place in _BRANCHES and (at_item or at_generator) and not dropped):
            dropped = True
        else:
            places.append(place)
            dropped = False
    return places
