"""What every documents backend accepts: names, fields and data that are the same everywhere.

The limits are Firestore's, held on a laptop too, so that nothing is refused for the first time in the cloud.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from shared.domain.errors import Fault, InvalidInput, TooLarge
from shared.ports.documents import MAX_DOCUMENT_BYTES, Operator, Order, Where

MAX_NAME_BYTES = 1500
MAX_DEPTH = 20
MAX_IN_VALUES = 30
_INT64 = range(-(2**63), 2**63)
_RESERVED_NAME = re.compile(r"\.{1,2}|__.*__")
# A quoted label of a JSON path knows no escapes, so these cannot be asked for; they can still be stored.
_UNASKABLE = re.compile(r'["\\\x00-\x1f\x7f]')


def check_name(kind: str, name: str) -> None:
    """Raise InvalidInput unless `name` can name a collection or a document; `kind` says which in the message."""
    size = _utf8_size(name)
    if not 1 <= size <= MAX_NAME_BYTES or "/" in name or "\0" in name or _RESERVED_NAME.fullmatch(name):
        raise InvalidInput(
            f"{kind} must be 1-{MAX_NAME_BYTES} bytes of UTF-8 without '/' or NUL, and not '.', '..' or '__name__'; "
            f"found {_excerpt(name)}."
        )


def check_query(where: Sequence[Where], order: Sequence[Order], limit: int) -> None:
    """Raise InvalidInput, with all faults at once, unless every backend can answer this query."""
    faults = [fault for i, condition in enumerate(where) for fault in _condition_faults(condition, f"/where/{i}")]
    faults += [fault for i, by in enumerate(order) for fault in _field_faults(by.field, f"/order/{i}/field")]
    if limit < 1:
        faults.append(Fault(pointer="/limit", code="out-of-range", detail="A page holds one document at least."))
    if faults:
        raise InvalidInput("The query cannot be asked: " + " ".join(f.detail for f in faults), faults=faults)


def encode(data: Mapping[str, Any]) -> str:
    """Canonical JSON of a document: keys sorted, no spaces, so that equal values are equal text.

    Raises InvalidInput, with all faults at once, for anything JSON or a 64-bit integer cannot hold, nesting beyond 20
    levels and text that is not UTF-8; TooLarge beyond MAX_DOCUMENT_BYTES.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(f"A document is a JSON object; found {type(data).__name__}.")
    text = encode_value(dict(data))
    if (size := len(text.encode())) > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"A document may have {MAX_DOCUMENT_BYTES} bytes of JSON, this one has {size}; split it up.")
    return text


def encode_value(value: Any) -> str:
    """Canonical JSON of any one value, by the same rules as `encode`, without the limit of size."""
    faults = list(_value_faults(value, "", 0))
    if faults:
        raise InvalidInput(f"{len(faults)} value(s) of the document cannot be stored as JSON.", faults=faults)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _condition_faults(condition: Where, pointer: str) -> Iterator[Fault]:
    yield from _field_faults(condition.field, f"{pointer}/field")
    op, value = condition.op, condition.value
    if op not in get_args(Operator):
        yield Fault(pointer=f"{pointer}/op", code="unknown-operator", detail=f"Unknown operator {_excerpt(op)}.")
    elif op in ("<", "<=", ">", ">=") and not isinstance(value, str | int | float):
        detail = f"{op} compares with a string, a number or a boolean."
        yield Fault(pointer=f"{pointer}/value", code="not-ordered", detail=detail, found=type(value).__name__)
    elif op == "in" and not (isinstance(value, list | tuple) and len(value) <= MAX_IN_VALUES):
        detail = f"`in` takes a list of at most {MAX_IN_VALUES} values."
        yield Fault(pointer=f"{pointer}/value", code="not-a-list", detail=detail, found=type(value).__name__)
    else:
        yield from _value_faults(value, f"{pointer}/value", 0)


def _field_faults(field: str, pointer: str) -> Iterator[Fault]:
    if not all(field.split(".")) or _UNASKABLE.search(field) or _utf8_size(field) < 0:
        detail = "A field is names joined by dots, without quotation marks, backslashes or control characters."
        yield Fault(pointer=pointer, code="bad-field", detail=detail, found=_excerpt(field))


def _value_faults(value: Any, pointer: str, depth: int) -> Iterator[Fault]:
    if depth > MAX_DEPTH:
        yield Fault(pointer=pointer, code="too-deep", detail=f"Nested deeper than {MAX_DEPTH} levels.")
    elif isinstance(value, dict):
        yield from _dict_faults(value, pointer, depth)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _value_faults(item, f"{pointer}/{index}", depth + 1)
    else:
        yield from _scalar_faults(value, pointer)


def _scalar_faults(value: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(value, str):
        if _utf8_size(value) < 0:
            yield Fault(pointer=pointer, code="not-unicode", detail="Text with a lone surrogate is not Unicode.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Fault(pointer=pointer, code="not-finite", detail="JSON has no NaN or infinity.", found=str(value))
    elif isinstance(value, int):
        if value not in _INT64:
            yield Fault(pointer=pointer, code="out-of-range", detail="An integer has 64 bits at most.")
    elif value is not None:
        yield Fault(pointer=pointer, code="not-json", detail="Not a JSON value.", found=type(value).__name__)


def _dict_faults(value: dict[Any, Any], pointer: str, depth: int) -> Iterator[Fault]:
    for key, item in value.items():
        if isinstance(key, str) and _utf8_size(key) >= 0:
            escaped = key.replace("~", "~0").replace("/", "~1")
            yield from _value_faults(item, f"{pointer}/{escaped}", depth + 1)
        else:
            detail = "A key must be text, and valid Unicode."
            yield Fault(pointer=pointer, code="not-json", detail=detail, found=type(key).__name__)


def _utf8_size(text: str) -> int:
    """Bytes of UTF-8, or -1 when a lone surrogate keeps it from being any."""
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        return -1


def _excerpt(text: object) -> str:
    return ascii(str(text)[:40])
