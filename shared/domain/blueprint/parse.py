"""Bytes in, a blueprint or every fault out."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from shared.domain.blueprint.check import check_blueprint
from shared.domain.blueprint.model import Blueprint
from shared.domain.blueprint.upgrade import upgrade
from shared.domain.errors import Fault, InvalidInput, TooLarge
from shared.domain.faults import faults_of

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64


def parse_blueprint(document: bytes | str | dict[str, Any]) -> Blueprint:
    """Read a blueprint of any known version and bring it to the present one.

    Raises InvalidInput with every fault found, in document order by pointer, and TooLarge above 32 MiB. It never raises
    anything else, whatever the bytes.
    """
    raw = upgrade(_read(document))
    faults = check_blueprint(raw)
    try:
        blueprint = Blueprint.model_validate_json(json.dumps(raw))
    except ValidationError as exc:
        faults = _merge(faults_of(exc), faults)
    except (ValueError, RecursionError) as exc:
        raise _unreadable(f"the document cannot be represented: {exc}") from exc
    if faults:
        raise InvalidInput(
            f"The blueprint has {len(faults)} fault(s); each is listed with its JSON Pointer.", faults=faults
        )
    return blueprint


def _read(document: bytes | str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(document, dict):
        return document
    if len(document) > MAX_BYTES:
        raise TooLarge(f"The blueprint has {len(document):,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        value = json.loads(document, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except UnicodeDecodeError as exc:
        raise _unreadable(f"it is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except json.JSONDecodeError as exc:
        raise _unreadable(f"it is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}") from exc
    except (ValueError, RecursionError) as exc:
        raise _unreadable(str(exc) or "it is nested too deeply") from exc
    if not isinstance(value, dict):
        raise _unreadable(f"its top level is {type(value).__name__}, not an object")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} is given twice in one object")
    return found


def _no_constants(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _unreadable(reason: str) -> InvalidInput:
    fault = Fault(pointer="", code="unreadable", detail=reason, fix="Send one JSON object in UTF-8.")
    return InvalidInput(f"The blueprint cannot be read: {reason}.", faults=[fault])


def _merge(shape: list[Fault], meaning: list[Fault]) -> list[Fault]:
    """Both lists, without a second fault at a place whose shape is already wrong."""
    wrong = {fault.pointer for fault in shape}
    return [*shape, *(fault for fault in meaning if fault.pointer not in wrong)]
