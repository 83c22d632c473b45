"""Earlier versions of the document, each brought one step forward. The document outlives the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.domain.blueprint.flat import upgrade_flat
from shared.domain.blueprint.model import SCHEMA_VERSION
from shared.domain.errors import Fault, InvalidInput
from shared.domain.faults import excerpt

Raw = dict[str, Any]
_FLAT_FIELDS = ("song", "moves_used", "video_output")
_STEPS: dict[str, Callable[[Raw], Raw]] = {"0.9": upgrade_flat}  # from each version to the next


def upgrade(raw: Raw) -> Raw:
    """The document as version 1.0. Raises InvalidInput for a version this program does not know, or a bad 0.9 document."""
    while (version := _version(raw)) != SCHEMA_VERSION:
        step = _STEPS.get(version)
        if step is None:
            raise _unknown(raw["schema_version"])
        raw = step(raw)
    return raw


def _version(raw: Raw) -> str:
    """The version a document says it is of; where it does not say, its fields tell whether it is flat."""
    if "schema_version" in raw:
        return str(raw["schema_version"])
    return "0.9" if any(name in raw for name in _FLAT_FIELDS) else SCHEMA_VERSION


def _unknown(found: Any) -> InvalidInput:
    fault = Fault(
        pointer="/schema_version",
        code="unknown-version",
        detail=f"this program reads versions {', '.join([*_STEPS, SCHEMA_VERSION])}",
        found=excerpt(found),
        fix="Write one of these versions, or update the program.",
    )
    return InvalidInput("The blueprint is of a version that is not known here.", faults=[fault])
