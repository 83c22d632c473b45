"""What SQLite adds to the documents contract: many threads and processes on one file, crashes, full disks, versions."""

from __future__ import annotations

import gc
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.documents.sqlite_file import SqliteFile
from shared.domain.errors import AlreadyExists, ReelprintError, StorageFailed, StorageFull, Unavailable
from shared.ports.documents import Order, Transaction, Where
from tests.support.clock import HeldClock

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "documents.sqlite3"


@pytest.fixture
def documents(path: Path) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(path, HeldClock(), busy_timeout_s=5)) as made:
        yield made


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process running `script`; its first line of imports is the same for all."""
    imports = "import os, sys\nfrom pathlib import Path\nfrom shared.adapters.clock import SystemClock\n"
    imports += "from shared.adapters.documents.sqlite import SqliteDocuments\nfrom shared.domain.errors import *\n"
    command = [sys.executable, "-c", imports + script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def value(documents: SqliteDocuments, doc_id: str) -> Any:
    found = documents.get("things", doc_id)
    return None if found is None else found.data["v"]


def write_all(writes: dict[str, dict[str, Any]]) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for doc_id, data in writes.items():
            tx.put("things", doc_id, data)

    return work


INCREMENT = """
documents = SqliteDocuments(Path(sys.argv[1]), SystemClock())
def increment(tx):
    found = tx.get("things", "counter")
    tx.put("things", "counter", {"v": found.data["v"] + 1 if found else 1})
for n in range(50):
    documents.transaction(increment)
    documents.create("log", f"{os.getpid()}-{n}", {})
"""


def test_processes_share_one_file_from_its_creation_on(path: Path) -> None:
    processes = [child(INCREMENT, path) for _ in range(3)]
    assert [process.communicate()[0] or process.returncode for process in processes] == [0, 0, 0]
    with closing(SqliteDocuments(path, HeldClock())) as documents:
        assert value(documents, "counter") == 150
        assert documents.count("log") == 150


PAIRS = """
documents = SqliteDocuments(Path(sys.argv[1]), SystemClock())
def work(n):
    def both(tx):
        tx.put("things", "left", {"v": n, "filler": "x" * 5000})
        tx.put("things", "right", {"v": n, "filler": "y" * 5000})
    return both
for n in range(100_000):
    documents.transaction(work(n))
    print(n, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_was_told_is_written(path: Path) -> None:
    process = child(PAIRS, path)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 40:
            process.send_signal(signal.SIGKILL)
            break
    told = 40 + len(process.stdout.readlines())
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    with closing(SqliteDocuments(path, HeldClock())) as documents:
        assert value(documents, "left") == value(documents, "right") in (told, told + 1)
        documents.put("things", "left", {"v": 0})
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_database_says_so_and_stays_whole(documents: SqliteDocuments) -> None:
    documents.create("things", "a", {"v": 1})
    with documents._file.reading() as connection:  # the connection that is idle now, and used next
        connection.execute("PRAGMA max_page_count=16")
    with pytest.raises(StorageFull):
        documents.create("things", "b", {"v": "x" * 500_000})
    assert value(documents, "a") == 1 and value(documents, "b") is None
    documents.put("things", "b", {"v": 2})
    assert documents.count("things") == 2


FSIZE = """
import resource
documents = SqliteDocuments(Path(sys.argv[1]), SystemClock())
documents.create("things", "a", {"v": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    documents.create("things", "b", {"v": "x" * 500_000})
except StorageFailed as exc:
    print(type(exc).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(documents.get("things", "a").data, documents.get("things", "b"))
documents.put("things", "b", {"v": 2})
print(documents.count("things"))
"""


def test_a_file_size_limit_is_a_storage_failure_and_passes(path: Path) -> None:
    assert child(FSIZE, path).communicate()[0].split("\n") == ["StorageFailed", "{'v': 1} None", "2", ""]


def test_a_writer_that_holds_on_makes_others_unavailable(path: Path) -> None:
    with (
        closing(SqliteDocuments(path, HeldClock(), busy_timeout_s=0.05)) as documents,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        documents.create("things", "a", {"v": 1})
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            documents.put("things", "a", {"v": 2})
        with pytest.raises(Unavailable):
            documents.transaction(lambda tx: tx.put("things", "a", {"v": 2}))
        assert value(documents, "a") == 1  # readers do not wait for writers
        other.execute("ROLLBACK")
        assert documents.put("things", "a", {"v": 3}).revision == 2


def test_a_transaction_runs_again_when_it_was_overtaken(documents: SqliteDocuments) -> None:
    documents.create("things", "a", {"v": 1})
    seen: list[int] = []

    def add_ten(tx: Transaction) -> None:
        found = tx.get("things", "a")
        assert found is not None
        seen.append(found.data["v"])
        if len(seen) == 1:
            documents.put("things", "a", {"v": 5})
        tx.put("things", "a", {"v": found.data["v"] + 10})

    documents.transaction(add_ten)
    assert seen == [1, 5] and value(documents, "a") == 15


@pytest.mark.parametrize("start", [None, 1])
def test_a_document_that_came_or_went_is_noticed(documents: SqliteDocuments, start: int | None) -> None:
    if start is not None:
        documents.create("things", "a", {"v": start})
    runs = 0

    def toggle(tx: Transaction) -> bool:
        nonlocal runs
        runs += 1
        found = tx.get("things", "a")
        if runs == 1:
            if found is None:
                documents.create("things", "a", {"v": 2})
            else:  # gone and made again: the same revision, another document
                documents.delete("things", "a")
                documents.create("things", "a", {"v": 2})
        tx.put("things", "b", {"v": found.data["v"] if found else None})
        return True

    assert documents.transaction(toggle)
    assert runs == 2 and value(documents, "b") == 2


def test_a_transaction_sees_one_moment(documents: SqliteDocuments) -> None:
    documents.create("things", "a", {"v": 1})
    documents.create("things", "b", {"v": 1})
    seen: list[tuple[int, int]] = []

    def read_both(tx: Transaction) -> None:
        a = tx.get("things", "a")
        if not seen:
            documents.transaction(write_all({"a": {"v": 2}, "b": {"v": 2}}))
        b = tx.get("things", "b")
        assert a is not None and b is not None
        seen.append((a.data["v"], b.data["v"]))

    documents.transaction(read_both)
    assert seen == [(1, 1)]  # and nothing to run again for: it wrote nothing


def can_write(path: Path) -> bool:
    """Whether another connection could write at this moment."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def test_a_write_holds_the_lock_from_its_first_read_on(documents: SqliteDocuments, path: Path) -> None:
    """Taken later, it could not be had any more once another had written in between."""
    assert can_write(path)
    with documents._file.writing():
        assert not can_write(path)
    with documents._file.reading() as connection:
        connection.execute("SELECT count(*) FROM documents").fetchone()
        assert can_write(path)


def test_a_busy_document_does_not_starve_a_transaction(documents: SqliteDocuments, path: Path) -> None:
    """Overtaken again and again, it takes the write lock in the end, and cannot be overtaken any more."""
    documents.create("things", "a", {"v": 0})
    runs = 0

    def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        found = tx.get("things", "a")
        assert found is not None
        if runs <= 5:
            documents.put("things", "a", {"v": found.data["v"] + 1})
        else:
            assert not can_write(path)
        tx.put("things", "a", {"v": found.data["v"] + 100})

    documents.transaction(work)
    assert (runs, value(documents, "a")) == (6, 105)


def test_errors_of_the_work_itself_pass_untouched(documents: SqliteDocuments) -> None:
    def work(tx: Transaction) -> None:
        raise OSError("not the database's")

    with pytest.raises(OSError, match="not the database's"):
        documents.transaction(work)


def test_nobody_else_on_the_machine_may_read_the_file(path: Path) -> None:
    """Password hashes lie in it, and what was written last lies in the files beside it."""
    with closing(SqliteDocuments(path, HeldClock())) as documents:
        documents.put("things", "one", {})
        assert {file.stat().st_mode & 0o777 for file in path.parent.glob(f"{path.name}*")} == {0o600}


def test_text_with_a_nul_is_equal_to_itself_only(documents: SqliteDocuments) -> None:
    documents.create("things", "nul", {"v": "a\0b"})
    documents.create("things", "plain", {"v": "a"})
    for text, expected in [("a\0b", "nul"), ("a", "plain")]:
        assert [document.id for document in documents.query("things", [Where("v", "==", text)]).items] == [expected]


def test_ended_threads_leave_no_connections_behind(documents: SqliteDocuments) -> None:
    gate = threading.Barrier(24)

    def work(tx: Transaction) -> None:
        gate.wait(20)  # so that all of them hold a connection at once
        tx.get("things", "a")

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(lambda _: documents.transaction(work), range(24)))
    assert len(documents._file._idle) <= 16
    documents.close()
    assert not documents._file._idle
    assert documents.get("things", "a") is None


def test_a_forgotten_database_closes_its_connections(path: Path) -> None:
    documents = SqliteDocuments(path, HeldClock())
    idle = documents._file._idle
    assert idle
    del documents
    gc.collect()
    assert not idle


def test_an_older_file_is_brought_to_the_newest_schema(path: Path) -> None:
    with closing(SqliteFile(path, ["CREATE TABLE a (x)"])) as first, first.writing() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    second = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7", "CREATE TABLE b (z)"]
    for _ in range(2):  # the second time there is nothing left to do
        with closing(SqliteFile(path, second)) as file, file.reading() as connection:
            assert connection.execute("SELECT x, y FROM a").fetchall() == [(1, 7)]
            assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    with pytest.raises(StorageFailed):
        SqliteFile(path, ["CREATE TABLE a (x)", "CREATE TABLE a (y)"])
    with closing(SqliteFile(path, ["CREATE TABLE a (z)"])) as file, file.reading() as connection:
        assert connection.execute("SELECT name FROM pragma_table_info('a')").fetchall() == [("z",)]


def test_a_newer_file_is_refused(path: Path) -> None:
    SqliteDocuments(path, HeldClock()).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(ReelprintError, match=r"version 99.*newer release") as caught:
        SqliteDocuments(path, HeldClock())
    assert not caught.value.retryable


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("by no means a database " * 100)
    with pytest.raises(StorageFailed, match="SQLITE_NOTADB"):
        SqliteDocuments(tmp_path / "text", HeldClock())
    with pytest.raises(StorageFailed):
        SqliteDocuments(tmp_path / "text" / "below", HeldClock())
    with pytest.raises(StorageFailed):
        SqliteDocuments(tmp_path, HeldClock())


# Against a plain dictionary. Values are few and alike, so that comparisons meet equals and neighbours often.
IDS = st.sampled_from("abcde")
SCALARS = st.sampled_from([None, False, True, -1, 0, 1, 1.0, 1.5, "", "a", "b", "é"])
INNER = SCALARS.filter(lambda scalar: not isinstance(scalar, float))  # inside a list or map, 1 and 1.0 are not equal
VALUES = st.one_of(SCALARS, st.lists(INNER, max_size=2), st.fixed_dictionaries({"w": INNER}))
DATA = st.dictionaries(st.sampled_from(["v", "w"]), VALUES)
FIELDS = st.sampled_from(["v", "w", "v.w"])
COMPARED = st.sampled_from([True, 0, 1, 1.5, "", "a"])
CONDITIONS = st.one_of(
    st.builds(Where, FIELDS, st.sampled_from(["==", "!=", "array_contains"]), VALUES),
    st.builds(Where, FIELDS, st.sampled_from(["<", "<=", ">", ">="]), COMPARED),
    st.builds(Where, FIELDS, st.just("in"), st.lists(VALUES, max_size=3)),
)
ORDERS = st.lists(st.builds(Order, FIELDS, st.booleans()), max_size=2)
MISSING = object()


def field_of(data: Any, field: str) -> Any:
    for part in field.split("."):
        data = data.get(part, MISSING) if isinstance(data, dict) else MISSING
    return data


def rank(found: Any) -> tuple[int, Any]:
    """How a value sorts: by type, then within it. Equal ranks are equal values, 1 and 1.0 but not 1 and True."""
    if found is None:
        return 0, 0
    for index, kind in enumerate([bool, int | float, str], start=1):
        if isinstance(found, kind):
            return index, found
    if isinstance(found, list):
        return 4, tuple(rank(item) for item in found)
    return 5, tuple(sorted((key, rank(item)) for key, item in found.items()))


def matches(data: dict[str, Any], condition: Where) -> bool:
    found, op, wanted = field_of(data, condition.field), condition.op, condition.value
    if found is MISSING:
        return False
    if op == "in":
        return any(rank(found) == rank(item) for item in wanted)
    if op == "array_contains":
        return isinstance(found, list) and any(rank(item) == rank(wanted) for item in found)
    if op in ("==", "!="):
        return (op == "==") == (rank(found) == rank(wanted)) and (op == "==" or found is not None)
    mine, other = rank(found), rank(wanted)
    within = {"<": mine < other, "<=": mine <= other, ">": mine > other, ">=": mine >= other}[op]
    return mine[0] == other[0] and within


def arranged(found: dict[str, dict[str, Any]], order: list[Order]) -> list[str]:
    ids = sorted(doc_id for doc_id, data in found.items() if all(field_of(data, o.field) is not MISSING for o in order))
    for by in reversed(order):
        ids.sort(key=lambda doc_id: rank(field_of(found[doc_id], by.field)), reverse=by.descending)
    return ids


class AgainstADictionary(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.documents = SqliteDocuments(Path(self.folder.name) / "d", HeldClock())
        self.model: dict[str, dict[str, Any]] = {}

    def teardown(self) -> None:
        self.documents.close()
        self.folder.cleanup()

    @rule(doc_id=IDS, data=DATA)
    def put(self, doc_id: str, data: dict[str, Any]) -> None:
        self.documents.put("things", doc_id, data)
        self.model[doc_id] = data

    @rule(doc_id=IDS, data=DATA)
    def create(self, doc_id: str, data: dict[str, Any]) -> None:
        try:
            self.documents.create("things", doc_id, data)
        except AlreadyExists:
            assert doc_id in self.model
        else:
            assert doc_id not in self.model
            self.model[doc_id] = data

    @rule(doc_id=IDS)
    def delete(self, doc_id: str) -> None:
        self.documents.delete("things", doc_id)
        self.model.pop(doc_id, None)

    @rule(writes=st.dictionaries(IDS, DATA, max_size=3))
    def swap_in(self, writes: dict[str, dict[str, Any]]) -> None:
        self.documents.transaction(write_all(writes))
        self.model |= writes

    @rule(where=st.lists(CONDITIONS, max_size=2), order=ORDERS, limit=st.integers(1, 3))
    def query(self, where: list[Where], order: list[Order], limit: int) -> None:
        hits = {doc_id: data for doc_id, data in self.model.items() if all(matches(data, c) for c in where)}
        assert self.documents.count("things", where) == len(hits)
        page = self.documents.query("things", where, order, limit=limit)
        found = {document.id: document.data for document in page.items}
        while page.cursor is not None:
            page = self.documents.query("things", where, order, limit=limit, cursor=page.cursor)
            found |= {document.id: document.data for document in page.items}
        # Lists and maps sort by their JSON text, which the model need not know: there, any order of them will do.
        plain = all(rank(field_of(data, o.field))[0] < 4 for data in found.values() for o in order)
        expected = arranged(hits, order)
        assert (list(found) if plain else sorted(found)) == (expected if plain else sorted(expected))
        assert all(rank(found[doc_id]) == rank(hits[doc_id]) for doc_id in found)


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
