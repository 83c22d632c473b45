"""Indexed collections answer as others do, and each list of jobs and assets is read by an index however far into it."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.cursor import unseal
from shared.adapters.documents.sqlite import SqliteDocuments, _scope
from shared.adapters.documents.sqlite_indexes import INDEXES
from shared.adapters.documents.sqlite_query import QuerySql
from shared.domain.job import JobStatus, JobType, Priority
from shared.ports.documents import Order, Where
from shared.services.keep_jobs import JobFilter, JobSort, _conditions, _order
from tests.support.clock import HeldClock

MINE = Where("owner", "==", "me")
FILTERS: list[list[Where]] = [
    [],
    [Where("type", "==", "narration")],
    [Where("status", "==", "failed")],
    [Where("priority", "==", "high")],
    [Where("status", "==", "failed"), Where("type", "==", "narration")],
    [Where("created_at", ">=", "b"), Where("created_at", "<", "d")],
    [Where("created_at", ">", "b"), Where("status", "==", "failed")],
]
SORTS = [
    [Order(field, falls) for field in fields]
    for fields in (("created_at",), ("updated_at",), ("urgency", "created_at"))
    for falls in (False, True)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "documents.sqlite3"


@pytest.fixture
def documents(path: Path) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(path, HeldClock())) as made:
        chance = random.Random(7)
        for n in range(80):
            data = odd_job(chance)
            made.put("jobs", f"{n:03d}", data)
            made.put("plain", f"{n:03d}", data)
        yield made


def odd_job(chance: random.Random) -> dict[str, Any]:
    """Few values, so that many are equal, and now and then one of another type, or none."""
    times = ["a", "b", "bb", "c", "d", "é", 3, 2.5, None, True]
    data = {
        "owner": chance.choice(["me", "me", "me", "you"]),
        "type": chance.choice(["narration", "translation"]),
        "status": chance.choice(["failed", "completed", None]),
        "priority": chance.choice(["low", "high"]),
        "urgency": chance.choice([0, 1, 2.0, 3]),
        "created_at": chance.choice(times),
        "updated_at": chance.choice(times),
    }
    return {name: value for name, value in data.items() if chance.random() < 0.95}


def walk(documents: SqliteDocuments, collection: str, where: list[Where], order: list[Order], limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = documents.query(collection, where, order, limit=limit, cursor=cursor)
        found += [document.id for document in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(("where", "order"), list(itertools.product(FILTERS, SORTS)))
def test_an_indexed_collection_answers_as_any_other(
    documents: SqliteDocuments, where: list[Where], order: list[Order]
) -> None:
    expected = walk(documents, "plain", [MINE, *where], order, 1000)
    for limit in (1, 7):
        assert walk(documents, "jobs", [MINE, *where], order, limit) == expected
    assert documents.count("jobs", [MINE, *where]) == documents.count("plain", [MINE, *where])


WANTED = [
    JobFilter(),
    JobFilter(type=JobType.NARRATION),
    JobFilter(status=JobStatus.FAILED),
    JobFilter(priority=Priority.HIGH),
]
LISTS = [(_conditions(wanted), _order(sort, wanted)) for wanted in WANTED for sort in JobSort]  # as the door asks


@pytest.mark.parametrize(("where", "order"), LISTS)
def test_a_page_is_read_by_an_index_wherever_it_is(
    documents: SqliteDocuments, path: Path, where: list[Where], order: list[Order]
) -> None:
    """Each statement seeks to its place: by owner and filter, and past the first page by the position too."""
    asked = [MINE, *where]
    cursor = documents.query("jobs", asked, order, limit=3).cursor
    assert cursor
    sql = QuerySql("jobs", asked, order)
    statements = [(text, len(asked)) for text in sql.pages(3, None)]
    after = unseal(_scope("jobs", asked, order), cursor)
    further = sql.pages(3, after)
    assert len(further) == 2 * len(order) + 1
    statements += [(text, len(asked) + 1) for text in further]
    with closing(sqlite3.connect(path)) as connection:
        for text, places in statements:
            steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, sql.values)]
            assert steps[0].startswith("SEARCH documents USING INDEX jobs_owner"), steps
            assert steps[0].count("<expr>") >= places, steps
            is_all_equal = text == further[0]  # then the id alone is sorted, among few
            assert is_all_equal or "USE TEMP B-TREE FOR ORDER BY" not in steps, steps


def test_two_bounds_are_read_between_from_wherever_a_page_begins(documents: SqliteDocuments, path: Path) -> None:
    where, order = [MINE, *FILTERS[5]], [Order("created_at", True)]
    cursor = documents.query("jobs", where, order, limit=3).cursor
    assert cursor
    sql = QuerySql("jobs", where, order)
    statements = sql.pages(3, unseal(_scope("jobs", where, order), cursor))
    with closing(sqlite3.connect(path)) as connection:
        for text in statements:
            (first, *_) = connection.execute("EXPLAIN QUERY PLAN " + text, sql.values).fetchall()
            assert first[3].startswith("SEARCH documents USING INDEX jobs_owner"), first
    past = statements[-1]
    assert past.count("key0 <") == 1  # the position's, and no other that SQLite could seek to instead
    assert " < " not in past.replace("key0 <", "")


def test_what_is_read_all_the_time_is_indexed(documents: SqliteDocuments, path: Path) -> None:
    asked = [
        ("jobs", [Where("status", "==", "pending")], []),
        ("jobs", [Where("webhook.state", "==", "pending")], []),
        ("jobs", [MINE], []),
        ("job_events", [Where("job_id", "==", "x"), Where("seq", ">", 5)], [Order("seq")]),
        ("job_events", [MINE], []),
        ("assets", [MINE], []),
        ("blueprints", [MINE, Where("sources", "array_contains", "x")], []),
        ("idempotency_keys", [Where("expires_at", "<=", 1.5)], []),
    ]
    with closing(sqlite3.connect(path)) as connection:
        for collection, where, order in asked:
            sql = QuerySql(collection, where, order)
            steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql.pages(3, None)[0], sql.values)]
            assert steps[0].startswith(f"SEARCH documents USING INDEX {collection}_"), steps


LATE = [Where("status", "==", "pending"), Where("upload_expires_at", "<=", "b")]
PREFIX = [Where("name", ">=", "a"), Where("name", "<=", "a\U0010ffff")]
NEWEST, BY_NAME = [Order("created_at", True)], [Order("name")]
ASSET_LISTS: list[tuple[list[Where], list[Order]]] = [  # as Assets asks
    ([], NEWEST),
    ([Where("type", "==", "song")], NEWEST),
    ([Where("status", "==", "ready")], NEWEST),
    ([Where("type", "==", "song"), Where("status", "==", "ready")], NEWEST),
    (PREFIX, BY_NAME),
    ([Where("type", "==", "song"), *PREFIX], BY_NAME),
    (LATE, []),
]


@pytest.mark.parametrize(("where", "order"), ASSET_LISTS)
def test_a_page_of_assets_is_read_by_an_index_wherever_it_is(
    documents: SqliteDocuments, path: Path, where: list[Where], order: list[Order]
) -> None:
    for n in range(9):
        data = {"owner": "me", "type": "song", "name": f"a{n}", "created_at": f"b{n}"}
        documents.put(
            "assets", f"{n:03d}", {**data, "status": "pending" if where is LATE else "ready", "upload_expires_at": "a"}
        )
    asked = [MINE, *where]
    cursor = documents.query("assets", asked, order, limit=3).cursor
    assert cursor
    sql = QuerySql("assets", asked, order)
    statements = [*sql.pages(3, None), *sql.pages(3, unseal(_scope("assets", asked, order), cursor))]
    with closing(sqlite3.connect(path)) as connection:
        for n, text in enumerate(statements):
            steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, sql.values)]
            assert steps[0].startswith("SEARCH documents USING INDEX assets_owner"), steps
            assert n == 1 or not order or "USE TEMP B-TREE FOR ORDER BY" not in steps, steps  # n is 1: all equal


def test_no_two_indexes_share_a_name() -> None:
    names = [index.name for index in INDEXES]
    assert len(set(names)) == len(names)
