"""Bytes in, a blueprint or every fault out."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from shared.domain.blueprint.check import check_blueprint
from shared.domain.blueprint.model import Blueprint
from shared.domain.blueprint.read import read_document
from shared.domain.blueprint.upgrade import upgrade
from shared.domain.errors import Fault, InvalidInput
from shared.domain.faults import combined, faults_of


def parse_blueprint(document: bytes | str | dict[str, Any]) -> Blueprint:
    """Read a blueprint of any known version and bring it to the present one.

    Raises InvalidInput with every fault found, in document order, and TooLarge above 32 MiB. It never raises anything
    else, whatever the document holds. What is not JSON is told first, alone; so is what is wrong in an earlier version.
    """
    raw = upgrade(read_document(document))
    meaning = check_blueprint(raw)
    try:
        # By alias only: the names that Python code may use for `from` and `to` are no part of the document.
        blueprint = Blueprint.model_validate_json(json.dumps(raw), by_alias=True, by_name=False)
    except ValidationError as exc:
        raise _refused(combined(faults_of(exc, raw), meaning, raw)) from exc
    if meaning:
        raise _refused(combined([], meaning, raw))
    return blueprint


def _refused(faults: list[Fault]) -> InvalidInput:
    return InvalidInput(
        f"The blueprint has {len(faults)} fault(s); each is listed with its JSON Pointer.", faults=faults
    )
