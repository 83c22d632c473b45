"""What every documents backend promises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.domain.errors import AlreadyExists, InvalidInput, RevisionConflict, TooLarge
from shared.ports.documents import MAX_DOCUMENT_BYTES, Documents, Operator, Order, Transaction, Where
from tests.support.clock import HeldClock


def ids(documents: Documents, where: Sequence[Where] = (), order: Sequence[Order] = ()) -> list[str]:
    return [document.id for document in documents.query("things", where, order).items]


def pages(
    documents: Documents, limit: int, where: Sequence[Where] = (), order: Sequence[Order] = ()
) -> list[list[str]]:
    found: list[list[str]] = []
    cursor = None
    while (not found or cursor is not None) and len(found) < 100:
        page = documents.query("things", where, order, limit=limit, cursor=cursor)
        found.append([document.id for document in page.items])
        cursor = page.cursor
    return found


def fill(documents: Documents, **values: Any) -> None:
    for doc_id, value in values.items():
        documents.create("things", doc_id, {"v": value})


def test_a_created_document_reads_back_with_revision_one(documents: Documents, clock: HeldClock) -> None:
    data = {"title": "Ação ¿qué? 🎬", "n": 1, "x": 1.5, "ok": True, "none": None, "deep": {"list": [1, {"a": []}]}}
    made = documents.create("things", "one", data)
    assert (made.collection, made.id, made.data, made.revision, made.updated_at) == (
        "things",
        "one",
        data,
        1,
        clock.now(),
    )
    assert documents.get("things", "one") == made


def test_what_is_not_there_reads_as_none(documents: Documents) -> None:
    assert documents.get("things", "one") is None


def test_a_stored_document_shares_nothing_with_what_was_given(documents: Documents) -> None:
    data: dict[str, Any] = {"list": [1]}
    made = documents.create("things", "one", data)
    data["list"].append(2)
    made.data["list"].append(3)
    found = documents.get("things", "one")
    assert found is not None and found.data == {"list": [1]}


def test_create_refuses_to_write_over(documents: Documents) -> None:
    documents.create("things", "one", {"v": 1})
    with pytest.raises(AlreadyExists):
        documents.create("things", "one", {"v": 2})
    found = documents.get("things", "one")
    assert found is not None and found.data == {"v": 1} and found.revision == 1


def test_put_replaces_the_whole_document_and_counts_revisions(documents: Documents, clock: HeldClock) -> None:
    assert documents.put("things", "one", {"a": 1, "b": 2}).revision == 1
    clock.advance(5)
    second = documents.put("things", "one", {"a": 3})
    assert (second.revision, second.data, second.updated_at) == (2, {"a": 3}, clock.now())
    assert documents.get("things", "one") == second


def test_put_over_a_named_revision(documents: Documents) -> None:
    documents.create("things", "one", {"v": 1})
    assert documents.put("things", "one", {"v": 2}, if_revision=1).revision == 2
    with pytest.raises(RevisionConflict):
        documents.put("things", "one", {"v": 3}, if_revision=1)
    with pytest.raises(RevisionConflict):
        documents.put("things", "absent", {"v": 3}, if_revision=1)
    found = documents.get("things", "one")
    assert found is not None and found.data == {"v": 2}
    assert documents.get("things", "absent") is None


def test_delete(documents: Documents) -> None:
    documents.create("things", "one", {"v": 1})
    with pytest.raises(RevisionConflict):
        documents.delete("things", "one", if_revision=2)
    documents.delete("things", "one", if_revision=1)
    assert documents.get("things", "one") is None
    documents.delete("things", "one")
    with pytest.raises(RevisionConflict):
        documents.delete("things", "one", if_revision=1)


def test_collections_are_apart(documents: Documents) -> None:
    documents.create("things", "one", {"v": 1})
    documents.create("others", "one", {"v": 2})
    documents.delete("others", "one")
    assert ids(documents) == ["one"]
    assert documents.count("others") == 0


@pytest.mark.parametrize(
    "value",
    [math.nan, -math.inf, 2**63, {1: "a"}, b"bytes", {1, 2}, object(), "\ud800", [{"deep": [math.nan]}], {"\udfff": 1}],
    ids=lambda value: type(value).__name__,
)
def test_values_json_cannot_hold_are_refused(documents: Documents, value: Any) -> None:
    with pytest.raises(InvalidInput):
        documents.create("things", "one", {"v": value})
    with pytest.raises(InvalidInput):
        documents.put("things", "one", {"v": value})
    assert documents.get("things", "one") is None


def test_every_bad_value_is_named_at_once(documents: Documents) -> None:
    with pytest.raises(InvalidInput) as caught:
        documents.create("things", "one", {"a": math.nan, "b/c": [1, {2}], "ok": 1})
    assert [fault.pointer for fault in caught.value.faults] == ["/a", "/b~1c/1"]


def test_integers_of_64_bits_survive(documents: Documents) -> None:
    documents.create("things", "one", {"low": -(2**63), "high": 2**63 - 1})
    found = documents.get("things", "one")
    assert found is not None and found.data == {"low": -(2**63), "high": 2**63 - 1}


def test_a_document_of_a_mebibyte_fits_and_one_byte_more_does_not(documents: Documents) -> None:
    text = "é" * ((MAX_DOCUMENT_BYTES - len('{"v":""}')) // 2)
    documents.create("things", "one", {"v": text})
    with pytest.raises(TooLarge):
        documents.put("things", "one", {"v": text + "x"})
    found = documents.get("things", "one")
    assert found is not None and found.data == {"v": text}


def test_nesting_ends_at_twenty_levels(documents: Documents) -> None:
    data: dict[str, Any] = {"v": 1}
    for _ in range(19):
        data = {"v": data}
    documents.create("things", "one", data)
    endless: list[Any] = []
    endless.append(endless)
    for deeper in ({"v": data}, {"v": endless}):
        with pytest.raises(InvalidInput):
            documents.put("things", "one", deeper)
    found = documents.get("things", "one")
    assert found is not None and found.data == data


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "__mine__", "a\0b", "é" * 751, "\ud800"], ids=ascii)
def test_names_no_backend_takes_are_refused(documents: Documents, name: str) -> None:
    for collection, doc_id in (("things", name), (name, "one")):
        with pytest.raises(InvalidInput):
            documents.create(collection, doc_id, {})
        with pytest.raises(InvalidInput):
            documents.get(collection, doc_id)
        with pytest.raises(InvalidInput):
            documents.delete(collection, doc_id)
    with pytest.raises(InvalidInput):
        documents.query(name)


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE documents; --", "a b", "naïve 🎬", 'quo"te', "%_*?", "a\\b", "x" * 1500]
)
def test_odd_names_are_only_names(documents: Documents, name: str) -> None:
    documents.create(name, name, {name: name})
    found = documents.get(name, name)
    assert found is not None and found.data == {name: name}
    assert [document.id for document in documents.query(name).items] == [name]


MIXED: dict[str, Any] = {
    "null": None,
    "no": False,
    "yes": True,
    "zero": 0,
    "one": 1,
    "real": 1.0,
    "half": 1.5,
    "text": "1",
    "word": "b",
    "empty": "",
    "list": [1, "a", None, True, 2.5, "1"],
    "map": {"a": 1, "b": [True]},
}


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("==", 1, {"one", "real"}),
        ("==", 1.0, {"one", "real"}),
        ("==", "1", {"text"}),
        ("==", True, {"yes"}),
        ("==", False, {"no"}),
        ("==", None, {"null"}),
        ("==", "", {"empty"}),
        ("==", {"b": [True], "a": 1}, {"map"}),
        ("==", [1, "a", None, True, 2.5, "1"], {"list"}),
        ("==", [1], set()),
        ("!=", 1, set(MIXED) - {"null", "one", "real"}),
        ("!=", "b", set(MIXED) - {"null", "word"}),
        ("!=", None, set(MIXED) - {"null"}),
        ("<", 1, {"zero"}),
        ("<=", 1, {"zero", "one", "real"}),
        (">", 0.5, {"one", "real", "half"}),
        (">=", "1", {"text", "word"}),
        ("<", "b", {"text", "empty"}),
        (">", False, {"yes"}),
        ("in", [1, "b", True], {"one", "real", "word", "yes"}),
        ("in", [], set()),
        ("in", [[1], {"a": 1, "b": [True]}], {"map"}),
        ("array_contains", 1, {"list"}),
        ("array_contains", "1", {"list"}),
        ("array_contains", 2.5, {"list"}),
        ("array_contains", True, {"list"}),
        ("array_contains", None, {"list"}),
        ("array_contains", False, set()),
        ("array_contains", "b", set()),
    ],
)
def test_conditions_compare_within_one_type(documents: Documents, op: Operator, value: Any, expected: set[str]) -> None:
    fill(documents, **MIXED)
    documents.create("things", "lacking", {"w": value})
    assert set(ids(documents, [Where("v", op, value)])) == expected
    assert documents.count("things", [Where("v", op, value)]) == len(expected)


def test_an_array_is_asked_for_whole_elements(documents: Documents) -> None:
    fill(documents, pairs=[{"a": 1, "b": 2}, [3]], flat=[3], flags=[True], texts=["3", "[3]"])
    assert ids(documents, [Where("v", "array_contains", {"b": 2, "a": 1})]) == ["pairs"]
    assert ids(documents, [Where("v", "array_contains", 3)]) == ["flat"]
    assert ids(documents, [Where("v", "array_contains", [3])]) == ["pairs"]
    assert ids(documents, [Where("v", "array_contains", 1)]) == []
    assert ids(documents, [Where("v", "array_contains", True)]) == ["flags"]


def test_dotted_fields_reach_inside(documents: Documents) -> None:
    documents.create("things", "done", {"steps": {"voice": {"done": True, "tries": 2}}})
    documents.create("things", "open", {"steps": {"voice": {"done": False, "tries": 3}}})
    documents.create("things", "flat", {"steps.voice.done": True, "steps": "voice"})
    assert ids(documents, [Where("steps.voice.done", "==", True)]) == ["done"]
    assert ids(documents, [Where("steps.voice.done", "!=", True)]) == ["open"]
    assert ids(documents, [], [Order("steps.voice.tries", descending=True)]) == ["open", "done"]


def test_all_conditions_hold_together(documents: Documents) -> None:
    for i in range(10):
        documents.create("things", f"d{i}", {"n": i, "even": i % 2 == 0})
    where = [Where("n", ">", 2), Where("n", "<=", 8), Where("even", "==", True)]
    assert ids(documents, where) == ["d4", "d6", "d8"]
    assert documents.count("things", where) == 3


@pytest.mark.parametrize("field", ["a b", "naïve", "$", "a-b", "it's", "0", "') OR 1=1 --", "🎬", "[0]", "a[0]", "#-1"])
def test_odd_fields_are_only_names(documents: Documents, field: str) -> None:
    documents.create("things", "hit", {field: "yes"})
    documents.create("things", "miss", {field: "no", "v": "yes"})
    documents.create("things", "list", {"a": ["yes"], "v": ["yes"]})
    assert ids(documents, [Where(field, "==", "yes")]) == ["hit"]
    assert ids(documents, [], [Order(field, descending=True)]) == ["hit", "miss"]


@pytest.mark.parametrize("field", ["", ".", "a.", "a..b", 'a"b', "a\\b", "a\nb", "a\0b", "\ud800"], ids=ascii)
def test_fields_no_backend_can_ask_for_are_refused(documents: Documents, field: str) -> None:
    with pytest.raises(InvalidInput):
        documents.query("things", [Where(field, "==", 1)])
    with pytest.raises(InvalidInput):
        documents.query("things", [], [Order(field)])
    with pytest.raises(InvalidInput):
        documents.count("things", [Where(field, "==", 1)])


@pytest.mark.parametrize(
    "condition",
    [
        Where("v", "<", None),
        Where("v", ">=", [1]),
        Where("v", "<", {"a": 1}),
        Where("v", "==", math.nan),
        Where("v", "in", "abc"),
        Where("v", "in", list(range(31))),
        Where("v", "in", [math.nan]),
        Where("v", "==", "\ud800"),
        Where("v", "LIKE", "%"),  # type: ignore[arg-type]  # what an unchecked caller may send
    ],
    ids=ascii,
)
def test_conditions_no_backend_can_answer_are_refused(documents: Documents, condition: Where) -> None:
    with pytest.raises(InvalidInput):
        documents.query("things", [condition])


def test_all_that_is_wrong_with_a_query_is_named_at_once(documents: Documents) -> None:
    with pytest.raises(InvalidInput) as caught:
        documents.query("things", [Where("ok", "==", 1), Where("", "<", None)], [Order("a..b")], limit=0)
    pointers = [fault.pointer for fault in caught.value.faults]
    assert pointers == ["/where/1/field", "/where/1/value", "/order/0/field", "/limit"]


def test_mixed_types_sort_by_type_and_then_by_value(documents: Documents) -> None:
    fill(documents, **MIXED)
    documents.create("things", "lacking", {"w": 1})
    ascending = ["null", "no", "yes", "zero", "one", "real", "half", "empty", "text", "word", "list", "map"]
    assert ids(documents, [], [Order("v")]) == ascending
    descending = [*reversed(ascending)]
    descending[descending.index("real") : descending.index("one") + 1] = ["one", "real"]  # equal: still by id
    assert ids(documents, [], [Order("v", descending=True)]) == descending


def test_text_sorts_by_its_bytes(documents: Documents) -> None:
    fill(documents, a="z", b="É", c="Z", d="é", e="zz", f="🎬", g="\uffee")
    assert ids(documents, [], [Order("v")]) == ["c", "a", "e", "b", "d", "g", "f"]


def test_further_orders_decide_among_equals_and_the_id_last(documents: Documents) -> None:
    for doc_id, a, b in [("e", 1, 1), ("d", 1, 2), ("c", 2, 1), ("b", 1, 1), ("a", 2, 2)]:
        documents.create("things", doc_id, {"a": a, "b": b})
    assert ids(documents, [], [Order("a"), Order("b", descending=True)]) == ["d", "b", "e", "a", "c"]
    assert ids(documents) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_join_to_the_whole(documents: Documents, descending: bool) -> None:
    fill(documents, **MIXED)
    order = [Order("v", descending)]
    whole = ids(documents, [], order)
    for limit in (1, 5, len(whole)):
        found = pages(documents, limit, [], order)
        assert [doc_id for page in found for doc_id in page] == whole
        assert all(len(page) == limit for page in found[:-1]) and found[-1]


def test_the_last_page_has_no_cursor(documents: Documents) -> None:
    assert documents.query("things").cursor is None
    fill(documents, a=1, b=2)
    assert documents.query("things", limit=2).cursor is None
    assert documents.query("things", limit=1).cursor is not None


def test_paging_is_steady_while_documents_come_and_go(documents: Documents) -> None:
    fill(documents, b=1, d=2, f=3, h=4)
    first = documents.query("things", [], [Order("v")], limit=2)
    assert [document.id for document in first.items] == ["b", "d"]
    fill(documents, a=0, e=2.5)  # before the position, and after it
    documents.delete("things", "d")  # the position itself
    rest = documents.query("things", [], [Order("v")], limit=9, cursor=first.cursor)
    assert [document.id for document in rest.items] == ["e", "f", "h"]


def test_a_cursor_belongs_to_its_query(documents: Documents) -> None:
    fill(documents, a=1, b=2, c=3)
    cursor = documents.query("things", [Where("v", ">", 0)], [Order("v")], limit=1).cursor
    assert cursor is not None
    strangers: list[tuple[str, list[Where], list[Order]]] = [
        ("others", [Where("v", ">", 0)], [Order("v")]),
        ("things", [Where("v", ">", 1)], [Order("v")]),
        ("things", [Where("v", ">=", 0)], [Order("v")]),
        ("things", [], [Order("v")]),
        ("things", [Where("v", ">", 0)], [Order("v", descending=True)]),
        ("things", [Where("v", ">", 0)], []),
    ]
    for collection, where, order in strangers:
        with pytest.raises(InvalidInput):
            documents.query(collection, where, order, cursor=cursor)
    assert len(documents.query("things", [Where("v", ">", 0)], [Order("v")], limit=7, cursor=cursor).items) == 2


def test_a_damaged_cursor_is_refused(documents: Documents) -> None:
    fill(documents, a=1, b=2)
    cursor = documents.query("things", limit=1).cursor
    assert cursor is not None
    swapped = "A" if cursor[-1] != "A" else "B"
    for damaged in ["", "x", "é", cursor[:-1], cursor + "A", cursor[:-1] + swapped, cursor[1:], "!" * 40]:
        with pytest.raises(InvalidInput):
            documents.query("things", limit=1, cursor=damaged)


def test_a_transaction_reads_and_writes_together(documents: Documents, clock: HeldClock) -> None:
    fill(documents, a=5, b=1)

    def move(tx: Transaction) -> str:
        a, b = tx.get("things", "a"), tx.get("things", "b")
        assert a is not None and b is not None and tx.get("things", "c") is None
        tx.put("things", "a", {"v": a.data["v"] - 2})
        tx.put("things", "b", {"v": b.data["v"] + 2})
        tx.create("things", "c", {"v": 0})
        return "moved"

    clock.advance(1)
    assert documents.transaction(move) == "moved"
    found = {document.id: document for document in documents.query("things").items}
    assert {doc_id: (document.data["v"], document.revision) for doc_id, document in found.items()} == {
        "a": (3, 2),
        "b": (3, 2),
        "c": (0, 1),
    }
    assert all(document.updated_at == clock.now() for document in found.values())


def test_a_transaction_that_raises_writes_nothing(documents: Documents) -> None:
    fill(documents, a=1)

    def fail(tx: Transaction) -> None:
        tx.put("things", "a", {"v": 2})
        tx.delete("things", "a")
        raise KeyError("changed its mind")

    with pytest.raises(KeyError):
        documents.transaction(fail)
    found = documents.get("things", "a")
    assert found is not None and found.data == {"v": 1} and found.revision == 1


def test_one_refused_write_takes_the_others_with_it(documents: Documents) -> None:
    fill(documents, a=1)

    def collide(tx: Transaction) -> None:
        tx.put("things", "b", {"v": 2})
        tx.create("things", "a", {"v": 3})

    with pytest.raises(AlreadyExists):
        documents.transaction(collide)
    assert ids(documents) == ["a"]


def test_a_transaction_deletes(documents: Documents) -> None:
    fill(documents, a=1, b=2)
    documents.transaction(lambda tx: tx.delete("things", "a"))
    assert ids(documents) == ["b"]


def test_a_transaction_refuses_to_read_after_it_wrote(documents: Documents) -> None:
    def late(tx: Transaction) -> None:
        tx.put("things", "a", {"v": 1})
        tx.get("things", "a")

    with pytest.raises(ValueError, match="reads before it writes"):
        documents.transaction(late)
    assert documents.get("things", "a") is None


def test_a_transaction_checks_what_it_is_given(documents: Documents) -> None:
    with pytest.raises(InvalidInput):
        documents.transaction(lambda tx: tx.put("things", "a", {"v": math.inf}))
    with pytest.raises(TooLarge):
        documents.transaction(lambda tx: tx.create("things", "a", {"v": "x" * MAX_DOCUMENT_BYTES}))
    with pytest.raises(InvalidInput):
        documents.transaction(lambda tx: tx.delete("things", "a/b"))


def test_no_increment_is_lost_among_threads(documents: Documents) -> None:
    fill(documents, counter=0)

    def increment(tx: Transaction) -> None:
        found = tx.get("things", "counter")
        assert found is not None
        tx.put("things", "counter", {"v": found.data["v"] + 1})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(documents.transaction, increment) for _ in range(40)]:
            done.result()
    found = documents.get("things", "counter")
    assert found is not None and found.data == {"v": 40} and found.revision == 41


def test_one_of_many_creates_wins(documents: Documents) -> None:
    def create(n: int) -> bool:
        try:
            documents.create("things", "one", {"v": n})
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(create, range(12))) == 1
