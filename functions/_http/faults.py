"""What pydantic finds in a request, as faults whose pointers lead into what was really sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import Fault
from shared.domain.faults import faults_of, pointer

_SECRET = re.compile("password|secret|token|api_?key", re.IGNORECASE)


def request_faults(error: ValidationError, document: Any, prefix: str = "") -> list[Fault]:
    """Every finding in `document`, pointers led by `prefix`; what a secret field held is not shown."""
    entries = error.errors(include_url=False, include_context=False)
    return [_placed(fault, entry, document, prefix) for fault, entry in zip(faults_of(error), entries, strict=True)]


def _placed(fault: Fault, entry: Any, document: Any, prefix: str) -> Fault:
    places = _places(document, entry["loc"], is_missing=entry["type"] == "missing")
    hidden = any(_SECRET.search(str(place)) for place in places)
    return fault.model_copy(
        update={
            "pointer": prefix + pointer(places),
            "found": "" if hidden or entry["type"] == "missing" else fault.found,
        }
    )


def _places(document: Any, location: Sequence[str | int], *, is_missing: bool) -> list[str | int]:
    """The steps of pydantic's location that exist in the document: it also names union branches and validators."""
    places: list[str | int] = []
    for step in location:
        if isinstance(document, dict) and str(step) in document:
            document = document[str(step)]
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        elif not (is_missing and step is location[-1]):
            continue
        places.append(step)
    return places
