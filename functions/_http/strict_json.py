"""JSON as RFC 8259 means it, and nothing that two readers could understand differently."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from shared.domain.errors import MalformedRequest
from shared.domain.faults import excerpt

MAX_DEPTH = 64
_MAX_INTEGER_CHARS = 20  # what a signed 64-bit number needs


def read_json(data: bytes) -> Any:
    """Parse UTF-8 JSON. Raises MalformedRequest with the line and column where a place is known.

    Refused as well: duplicate keys, NaN and infinities, numbers beyond 64 bits, unpaired surrogates, and nesting over
    64 levels.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except UnicodeDecodeError as exc:
        raise MalformedRequest(f"The body must be UTF-8; byte {exc.start} is not. Encode it as UTF-8.") from exc
    except json.JSONDecodeError as exc:
        raise MalformedRequest(f"The body is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}.") from exc
    except RecursionError as exc:
        raise _too_deep() from exc
    _check_tree(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedRequest(f"The key {_quoted(twice)} stands twice in one object. Keep one of them.")
    return made


def _no_constant(name: str) -> NoReturn:
    raise MalformedRequest(f"{name} is not JSON. Send a number, or null.")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MalformedRequest(f"The number {excerpt(digits, 24)} is beyond a 64-bit float. Send a smaller one.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_CHARS or not -(2**63) <= int(digits) < 2**63:
        raise MalformedRequest(f"The number {excerpt(digits, 24)} is beyond 64 bits. Send a smaller one, or a string.")
    return int(digits)


def _check_tree(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        for text in _texts(level):
            if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
                raise MalformedRequest("A string holds half of a surrogate pair. Send both halves, or the character.")
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _too_deep()


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def _texts(level: list[Any]) -> Iterator[str]:
    for node in level:
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from node


def _quoted(key: str) -> str:
    return json.dumps(excerpt(key, 40))


def _too_deep() -> MalformedRequest:
    return MalformedRequest(f"The body nests deeper than {MAX_DEPTH} levels. Flatten it.")
