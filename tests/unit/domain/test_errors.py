"""The tree that is drawn is the tree that is built."""

from __future__ import annotations

import inspect
import json
import pickle
import re

import pytest

from shared.domain import errors
from shared.domain.errors import Fault, ReelprintError, every_error

LINE = re.compile(
    r"^ {4}(?P<lines>[ |`-]*?)(?P<name>[A-Z]\w+) +(?P<status>\d{3}) (?P<type>[a-z-]+) +(?P<words>.*?)(?P<retryable>\(retryable\))?$"
)
OWN = [error for error in every_error() if error.__module__ == errors.__name__]


def drawn() -> list[tuple[str, str | None, int, str, bool]]:
    """Name, parent, status, type and retryable of each line of the drawing."""
    found: list[tuple[str, str | None, int, str, bool]] = []
    above: list[str] = []  # the path from the root to the line before
    for line in (errors.__doc__ or "").splitlines():
        if match := LINE.match(line):
            depth = len(match["lines"]) // 3
            above[depth:] = [match["name"]]
            parent = above[depth - 1] if depth else None
            found.append((match["name"], parent, int(match["status"]), match["type"], bool(match["retryable"])))
    return found


def test_the_drawing_is_read_whole() -> None:
    assert len(drawn()) == len(OWN) > 20


def test_the_drawing_shows_every_class_with_its_parent_status_type_and_retry() -> None:
    built = {(e.__name__, parent_of(e), e.status, e.type, e.retryable) for e in OWN}
    assert set(drawn()) == built


def parent_of(error: type[ReelprintError]) -> str | None:
    return None if error is ReelprintError else error.__bases__[0].__name__


def test_the_drawing_is_in_the_order_of_the_classes() -> None:
    source = inspect.getsource(errors)
    names = [name for name, *_ in drawn()]
    assert sorted(names, key=lambda name: source.index(f"class {name}(")) == names


def test_every_line_says_what_it_means() -> None:
    for line in (errors.__doc__ or "").splitlines():
        if match := LINE.match(line):
            assert match["words"].strip(), line


def test_every_type_and_title_is_unique() -> None:
    assert len({error.type for error in OWN}) == len(OWN)
    assert len({error.title for error in OWN}) == len(OWN)


@pytest.mark.parametrize("error", OWN)
def test_a_type_is_a_stable_word_and_a_status_an_error(error: type[ReelprintError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.type)
    assert 400 <= error.status <= 599
    assert error.title[0].isupper() and not error.title.endswith(".")


def test_parents_come_before_their_children() -> None:
    found = every_error()
    assert found[0] is ReelprintError and len(set(found)) == len(found)
    for error in found[1:]:
        assert found.index(error.__bases__[0]) < found.index(error)


@pytest.mark.parametrize("error", OWN)
def test_an_error_is_recorded_whole(error: type[ReelprintError]) -> None:
    fault = Fault(pointer="/a~1b/0", code="too-long", detail="at most 3", found="5", fix="Shorten it.")
    raised = error("It was looked for.", faults=[fault])
    assert str(raised) == raised.detail == "It was looked for."
    assert json.loads(json.dumps(raised.as_record())) == {
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": "It was looked for.",
        "retryable": error.retryable,
        "errors": [
            {"pointer": "/a~1b/0", "code": "too-long", "detail": "at most 3", "found": "5", "fix": "Shorten it."}
        ],
    }


def test_faults_are_kept_as_they_were_given() -> None:
    given = [Fault(pointer="", code="a", detail="b")]
    raised = ReelprintError("x", faults=given)
    given.clear()
    assert len(raised.faults) == 1
    assert ReelprintError("x").faults == ()


@pytest.mark.parametrize("error", OWN)
def test_an_error_survives_the_way_between_processes(error: type[ReelprintError]) -> None:
    raised = error("x", faults=[Fault(pointer="", code="a", detail="b")])
    copy = pickle.loads(pickle.dumps(raised))  # noqa: S301 - our own bytes
    assert type(copy) is error and copy.as_record() == raised.as_record()
