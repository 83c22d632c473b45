"""Bytes in, one JSON object out, or every reason why it is none that two readers would understand alike."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from shared.domain.errors import Fault, InvalidInput, TooLarge
from shared.domain.faults import excerpt, pointer

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
_MAX_DIGITS = 640  # Python reads integers of this length under any of its settings
_MOST_FAULTS = 1000

Place = tuple[str | int, ...]
Raw = dict[str, Any]
Twice = dict[int, tuple[Raw, str]]  # by identity, which holds while it is kept here: an object and a key it has twice


def read_document(document: bytes | str | Raw) -> Raw:
    """The document as JSON objects, lists, text, 64-bit integers and finite floats, at most 64 levels deep.

    Raises TooLarge above 32 MiB, and InvalidInput for all else, duplicate keys and unpaired surrogates included.
    """
    twice: Twice = {}
    value = document if isinstance(document, dict) else _decode(document, twice)
    if not isinstance(value, dict):
        raise _unreadable("its top level is not an object", excerpt(value))
    faults = list(islice(_foreign(value, (), twice), _MOST_FAULTS))
    if faults:
        raise InvalidInput(
            f"The blueprint cannot be read: {len(faults)} place(s) in it are not JSON as RFC 8259 means it.",
            faults=faults,
        )
    return value


def _decode(document: bytes | str, twice: Twice) -> Any:
    def keep(pairs: list[tuple[str, Any]]) -> Raw:
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice[id(found)] = (found, next(name for name, count in counts.items() if count > 1))
        return found

    data = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    if len(data) > MAX_BYTES:
        raise TooLarge(f"The blueprint has {len(data):,} bytes; at most {MAX_BYTES:,} are read. Split the production.")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=keep, parse_int=_integer)
    except UnicodeDecodeError as exc:
        raise _unreadable(f"it is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except json.JSONDecodeError as exc:
        raise _unreadable(f"it is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}") from exc
    except RecursionError as exc:
        raise _unreadable(f"it is nested deeper than {MAX_DEPTH} levels") from exc


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


def _foreign(value: Any, place: Place, twice: Twice) -> Iterator[Fault]:
    """Every value that JSON or its common readers do not hold."""
    if isinstance(value, dict | list):
        yield from _container(value, place, twice)
    elif isinstance(value, str):
        if not _is_unicode(value):
            yield _fault(
                place, "not-unicode", "a string holds half of a surrogate pair", ascii(value), "Send both halves."
            )
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield _fault(
                place,
                "not-finite",
                "a number is finite and fits 64 bits",
                value,
                "Send a number, or leave the field out.",
            )
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield _fault(place, "too-long", "a whole number has at most 64 bits", value, "Send a smaller number.")
    elif value is not None:
        yield _fault(place, "not-json", "JSON has no such value", type(value).__name__, "Send JSON values only.")


def _container(value: Raw | list[Any], place: Place, twice: Twice) -> Iterator[Fault]:
    if len(place) >= MAX_DEPTH:
        yield _fault(place, "too-deep", f"at most {MAX_DEPTH} levels are read", value, "Flatten the document.")
        return
    if id(value) in twice:
        fix = "Keep one of the two."
        yield _fault(place, "duplicate-key", "an object has each key once", ascii(twice[id(value)][1]), fix)
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(value, dict) and not (isinstance(key, str) and _is_unicode(key)):
            shown = ascii(key) if isinstance(key, str) else type(key).__name__
            yield _fault(place, "not-a-key", "keys are Unicode text", shown, "Rename the key.")
        else:
            yield from _foreign(child, (*place, key), twice)


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _fault(place: Place, code: str, detail: str, found: Any, fix: str) -> Fault:
    return Fault(pointer=pointer(place), code=code, detail=detail, found=excerpt(found), fix=fix)


def _unreadable(reason: str, found: str = "") -> InvalidInput:
    fault = Fault(pointer="", code="unreadable", detail=reason, found=found, fix="Send one JSON object in UTF-8.")
    return InvalidInput(f"The blueprint cannot be read: {reason}.", faults=[fault])
