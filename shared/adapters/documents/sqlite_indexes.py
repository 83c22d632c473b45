"""The collections that grow, and the indexes their lists are read by.

An index is on expressions over the JSON column, for one collection alone. SQLite uses it where a query spells the very
same expressions, so both are written here, and `QuerySql` spells them so for the fields listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Index:
    """Documents of `collection`, found by fields that are equal to something and read in the order of others.

    The order may be read both ways. Ids decide among equals.
    """

    collection: str
    equal: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "_".join([self.collection, *self.equal, "by", *self.order]).replace(".", "_")

    def statement(self) -> str:
        columns = [f"data -> '{json_path(field)}'" for field in self.equal]
        for field in self.order:
            path = f"'{json_path(field)}'"
            columns += [rank_sql(path), value_sql(path)]
        return f"CREATE INDEX {self.name} ON documents ({', '.join([*columns, 'id'])}) WHERE collection = '{self.collection}'"


def json_path(field: str) -> str:
    return "$" + "".join(f'."{part}"' for part in field.split("."))


def rank_sql(path: str) -> str:
    """Which type a field is of, in the order types sort in; NULL where it is not there."""
    return (
        f"CASE json_type(data, {path}) WHEN 'null' THEN 0 WHEN 'false' THEN 1 WHEN 'true' THEN 1 WHEN 'integer' THEN 2"
        " WHEN 'real' THEN 2 WHEN 'text' THEN 3 WHEN 'array' THEN 4 WHEN 'object' THEN 5 END"
    )


def value_sql(path: str) -> str:
    """A field's value within its type; 0 for null."""
    return f"coalesce(json_extract(data, {path}), 0)"


def _jobs() -> Iterator[Index]:
    """A user's jobs by any one filter in any sort; a second filter is sifted from the first one's."""
    for filters in ((), ("type",), ("status",), ("priority",)):
        for order in (("created_at",), ("updated_at",), ("urgency", "created_at")):
            if "priority" not in filters or "urgency" not in order:  # all alike: that is the order of creation
                yield Index("jobs", ("owner", *filters), order)
    yield Index("jobs", ("status",))  # what a restarted server looks for
    yield Index("jobs", ("webhook.state",))
    yield Index("jobs", ("owner",))  # all that goes with its user


def _assets() -> Iterator[Index]:
    """A user's assets by any one filter, newest first, or by how their names begin; and blueprints that may play them."""
    for filters in ((), ("type",), ("status",)):
        yield Index("assets", ("owner", *filters), ("created_at",))
    yield Index("assets", ("owner",), ("name",))
    yield Index("assets", ("owner", "status"))  # uploads that never came, looked for with each new one
    yield Index("assets", ("owner",))
    yield Index("blueprints", ("owner",))


# Each was given a schema version when it came: only ever append, and never change one that is there.
INDEXES = (
    *_jobs(),
    Index("job_events", ("job_id",), ("seq",)),
    Index("job_events", ("owner",)),
    Index("idempotency_keys", (), ("expires_at",)),
    Index("plan_history", ("chapter_id",), ("seq",)),
    Index("lexicon", ("owner", "project_id"), ("pattern",)),
    *_assets(),
    Index("glossary", ("owner", "project_id"), ("source",)),
    Index("cast_lines", ("owner", "project_id")),
)
INDEXED_FIELDS = {
    index.collection: frozenset(
        field for other in INDEXES if other.collection == index.collection for field in (*other.equal, *other.order)
    )
    for index in INDEXES
}
