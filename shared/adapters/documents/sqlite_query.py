"""Conditions and orders of a query as SQL over a JSON column.

Every value and every JSON path is a bound parameter: nothing a caller gave becomes SQL text. Values compare as in
Firestore: within one type only, a document without the field never matches, and types sort null, booleans, numbers,
text (by UTF-8 bytes, up to a NUL), lists, maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.adapters.documents.checks import encode_value
from shared.ports.documents import Order, Where

_NUMBER = "('integer', 'real')"
_TYPE_RANK = (
    "CASE json_type(data, {path}) WHEN 'null' THEN 0 WHEN 'false' THEN 1 WHEN 'true' THEN 1 WHEN 'integer' THEN 2"
    " WHEN 'real' THEN 2 WHEN 'text' THEN 3 WHEN 'array' THEN 4 WHEN 'object' THEN 5 END"
)


class QuerySql:
    """Builds one query's SQL; `values` are its bound parameters by name."""

    def __init__(self, collection: str, where: Sequence[Where], order: Sequence[Order]) -> None:
        self.values: dict[str, Any] = {"collection": collection}
        self._conditions = ["collection = :collection", *(self._condition(condition) for condition in where)]
        self._order = order

    def count(self) -> str:
        return f"SELECT count(*) FROM documents WHERE {' AND '.join(self._conditions)}"  # noqa: S608 - bound values only

    def page(self, limit: int, after: Sequence[Any] | None) -> str:
        """Rows of id, data, revision, updated_at and then the sort key; `after` is the sort key and id to go on from."""
        columns, names = ["id", "data", "revision", "updated_at"], []
        for i, by in enumerate(self._order):
            path = self._bind(_path(by.field))
            # Two columns a field: what type it is, and its value within that type. Neither is NULL where the field is.
            columns += [
                f"{_TYPE_RANK.format(path=path)} AS type{i}",
                f"coalesce(json_extract(data, {path}), 0) AS key{i}",
            ]
            names += [(f"type{i}", by.descending), (f"key{i}", by.descending)]
        conditions = [*self._conditions, *(f"type{i} IS NOT NULL" for i in range(len(self._order)))]
        names.append(("id", False))
        if after is not None:
            conditions.append(self._beyond(names, after))
        ordering = ", ".join(f"{name} DESC" if descending else name for name, descending in names)
        return (
            f"SELECT {', '.join(columns)} FROM documents WHERE {' AND '.join(conditions)}"  # noqa: S608 - bound values only
            f" ORDER BY {ordering} LIMIT {self._bind(limit)}"
        )

    def _beyond(self, names: Sequence[tuple[str, bool]], after: Sequence[Any]) -> str:
        """Keyset condition: equal in the first columns, and past the position in the next one."""
        marks = [self._bind(value) for value in after]
        alternatives = []
        for i, (name, descending) in enumerate(names):
            equal = [f"{names[j][0]} = {marks[j]}" for j in range(i)]
            alternatives.append(" AND ".join([*equal, f"{name} {'<' if descending else '>'} {marks[i]}"]))
        return "(" + " OR ".join(f"({alternative})" for alternative in alternatives) + ")"

    def _condition(self, condition: Where) -> str:
        path, value = self._bind(_path(condition.field)), condition.value
        match condition.op:
            case "==":
                return self._equals(path, value)
            case "!=":
                return f"(json_type(data, {path}) <> 'null' AND NOT ({self._equals(path, value)}))"
            case "in":
                return "(" + (" OR ".join(self._equals(path, item) for item in value) or "0") + ")"
            case "array_contains":
                return self._contains(path, value)
            case operator:  # one of < <= > >=, as checks.check_query has seen to
                types = (
                    "('true', 'false')"
                    if isinstance(value, bool)
                    else "('text')"
                    if isinstance(value, str)
                    else _NUMBER
                )
                return f"(json_type(data, {path}) IN {types} AND json_extract(data, {path}) {operator} {self._bind(value)})"

    def _equals(self, path: str, value: Any) -> str:
        """Stored JSON is canonical, so equal values are equal text; only numbers have several spellings (1 and 1.0)."""
        same = f"data -> {path} = {self._bind(encode_value(value))}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"({same})"
        number = f"json_type(data, {path}) IN {_NUMBER} AND json_extract(data, {path}) = {self._bind(value)}"
        return f"({same} OR ({number}))"

    def _contains(self, path: str, value: Any) -> str:
        elements = f"SELECT 1 FROM json_each(data, {path}) AS element WHERE {self._element(value)}"  # noqa: S608
        return f"(json_type(data, {path}) = 'array' AND EXISTS ({elements}))"

    def _element(self, value: Any) -> str:
        """Whether one row of json_each is `value`: of its type, and the same within it."""
        if value is None or isinstance(value, bool):
            return f"element.type = {self._bind(encode_value(value))}"
        if isinstance(value, int | float):
            return f"(element.type IN {_NUMBER} AND element.value = {self._bind(value)})"
        if isinstance(value, str):
            return f"(element.type = 'text' AND element.value = {self._bind(value)})"
        return f"(element.type IN ('array', 'object') AND element.value = {self._bind(encode_value(value))})"

    def _bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _path(field: str) -> str:
    """The JSON path of a dotted field; labels are quoted, so that any name but one with quotes in it is itself."""
    return "$" + "".join(f'."{part}"' for part in field.split("."))
