"""Conditions and orders of a query as SQL over a JSON column.

Every value is a bound parameter, and so is every JSON path but those of the declared indexes, which SQLite finds only by
their literal text: nothing a caller gave becomes SQL. Values compare as in Firestore: within one type only, a document without the field never matches, and types sort null, booleans, numbers,
text (by UTF-8 bytes, up to a NUL), lists, maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.adapters.documents.checks import encode_value
from shared.adapters.documents.sqlite_indexes import INDEXED_FIELDS, json_path, rank_sql, value_sql
from shared.ports.documents import Order, Where

_Column = tuple[str, bool]  # its name, and whether it falls
_NUMBER = "('integer', 'real')"


@dataclass(frozen=True)
class _Bound:
    """One comparison; `direction` is < or >."""

    field: str
    direction: str
    sql: str


class QuerySql:
    """Builds one query's SQL; `values` are its bound parameters by name."""

    def __init__(self, collection: str, where: Sequence[Where], order: Sequence[Order]) -> None:
        self.values: dict[str, Any] = {}
        self._indexed = INDEXED_FIELDS.get(collection, frozenset())
        name = f"'{collection}'" if self._indexed else self._bind(collection)
        self._conditions = [f"collection = {name}"]
        self._bounds: list[_Bound] = []
        for condition in where:
            self._add(condition)
        self._order = order
        # Where values are compared their type is known, and an index is read best when it is not sorted by again.
        compared = {bound.field for bound in self._bounds}
        self._pinned = {f"type{i}" for i, by in enumerate(order) if by.field in compared}

    def count(self) -> str:
        conditions = [*self._conditions, *(bound.sql for bound in self._bounds)]
        return f"SELECT count(*) FROM documents WHERE {' AND '.join(conditions)}"  # noqa: S608 - bound values only

    def pages(self, limit: int, after: Sequence[Any] | None) -> list[str]:
        """Statements whose rows, one statement's after the other's, are the page; each gives `limit` rows at most.

        Rows are id, data, revision, updated_at and then the sort key; `after` is the sort key and id to go on from.
        """
        columns, names = ["id", "data", "revision", "updated_at"], []
        for i, by in enumerate(self._order):
            path = self._path(by.field)
            # Two columns a field: what type it is, and its value within that type. Neither is NULL where the field is.
            columns += [f"{rank_sql(path)} AS type{i}", f"{value_sql(path)} AS key{i}"]
            names += [(f"type{i}", by.descending), (f"key{i}", by.descending)]
        conditions = [*self._conditions, *(f"type{i} IS NOT NULL" for i in range(len(self._order)))]
        names.append(("id", False))
        end = f" LIMIT {self._bind(limit)}"
        return [
            f"SELECT {', '.join(columns)} FROM documents WHERE {' AND '.join([*conditions, *beyond])}"  # noqa: S608 - bound values only
            f" ORDER BY {', '.join(f'{name} DESC' if descending else name for name, descending in left)}{end}"
            for beyond, left in self._stretches(names, after)
        ]

    def _stretches(
        self, names: Sequence[_Column], after: Sequence[Any] | None
    ) -> list[tuple[list[str], list[_Column]]]:
        """Conditions of what lies past a position, nearest first, and the columns that still sort it.

        Rows equal in all sort columns but the last and past it there, then rows equal in one column less, and so on: an
        index can seek to each of these, and to their disjunction not. Without an index one pass over all is cheaper.
        """
        bounds = [bound.sql for bound in self._bounds]
        free = [column for column in names if column[0] not in self._pinned]
        if after is None:
            return [(bounds, free)]
        marks = {name: self._bind(value) for (name, _), value in zip(names, after, strict=True)}
        stretches = []
        for i in range(len(free) - 1, -1, -1):
            name, descending = free[i]
            equal = [f"{other} = {marks[other]}" for other, _ in free[:i]]
            beyond = f"{name} {'<' if descending else '>'} {marks[name]}"
            stretches.append(([*self._bounds_left(free[: i + 1]), *equal, beyond], free[i:]))
        if self._indexed:
            return stretches
        return [([*bounds, "(" + " OR ".join("(" + " AND ".join(cut) + ")" for cut, _ in stretches) + ")"], free)]

    def _bounds_left(self, placed: Sequence[_Column]) -> list[str]:
        """The bounds that a position within them leaves open: of two bounds of a column, SQLite may seek to the wider.

        `placed` columns are equal to the position's, but for the last, which lies past it.
        """
        at = {f"key{i}": by.field for i, by in enumerate(self._order)}
        equal = {at.get(name) for name, _ in placed[:-1]}
        name, descending = placed[-1]
        passed = (at.get(name), "<" if descending else ">")
        left = [bound for bound in self._bounds if bound.field not in equal]
        return [bound.sql for bound in left if (bound.field, bound.direction) != passed]

    def _add(self, condition: Where) -> None:
        if condition.op not in ("<", "<=", ">", ">="):
            self._conditions.append(self._condition(condition))
            return
        path, value = self._path(condition.field), condition.value
        rank = 1 if isinstance(value, bool) else 3 if isinstance(value, str) else 2
        self._conditions.append(f"{rank_sql(path)} = {rank}")
        sql = f"{value_sql(path)} {condition.op} {self._bind(value)}"
        self._bounds.append(_Bound(condition.field, condition.op[0], sql))

    def _condition(self, condition: Where) -> str:
        path, value = self._path(condition.field), condition.value
        match condition.op:
            case "==":
                return self._equals(path, value)
            case "!=":
                return f"(json_type(data, {path}) <> 'null' AND NOT ({self._equals(path, value)}))"
            case "in":
                return "(" + (" OR ".join(self._equals(path, item) for item in value) or "0") + ")"
            case _:  # array_contains: comparisons are bounds, and checks.check_query has seen to the rest
                return self._contains(path, value)

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

    def _path(self, field: str) -> str:
        """The JSON path of a dotted field; labels are quoted, so that any name but one with quotes in it is itself."""
        path = json_path(field)
        return f"'{path}'" if field in self._indexed else self._bind(path)

    def _bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"
