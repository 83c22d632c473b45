"""A breaker opens after failures in a row, lets one try after a while, and is known to every process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from shared.adapters.documents.sqlite import SqliteDocuments
from shared.domain.errors import EngineBusy, EngineFailed, InvalidInput
from shared.services.breaker import COOL, FAILURES, PROBE, Breaker, BreakerState
from tests.support.clock import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def documents(tmp_path: Path, clock: HeldClock) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite3", clock)) as made:
        yield made


@pytest.fixture
def breaker(documents: SqliteDocuments, clock: HeldClock) -> Breaker:
    return Breaker(documents, clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with suppress(EngineFailed), breaker.guard("far"):
            raise EngineFailed("far is down")


def succeed(breaker: Breaker) -> None:
    with breaker.guard("far"):
        pass


def test_it_opens_after_failures_in_a_row_and_asks_nobody(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    succeed(breaker)
    fail(breaker, FAILURES - 1)
    assert not breaker.is_open("far")
    fail(breaker)
    assert breaker.view("far").reason == "far is down"
    with pytest.raises(EngineBusy, match="far is down") as refused, breaker.guard("far"):
        pytest.fail("it was asked")
    assert refused.value.retry_after_s == COOL.total_seconds()
    succeed_other = breaker.guard("near")
    with succeed_other:
        pass


def test_what_is_an_answer_is_no_failure(breaker: Breaker) -> None:
    for error in [InvalidInput("no"), EngineBusy("wait", retry_after_s=5)] * FAILURES:
        with suppress(InvalidInput, EngineBusy), breaker.guard("far"):
            raise error
    assert not breaker.is_open("far")


def test_one_tries_when_it_has_cooled_and_closes_it(breaker: Breaker, clock: HeldClock) -> None:
    fail(breaker, FAILURES)
    clock.advance(COOL.total_seconds())
    with breaker.guard("far"):
        assert breaker.view("far").state is BreakerState.HALF_OPEN
        with pytest.raises(EngineBusy), breaker.guard("far"):
            pytest.fail("a second one tried")
    assert breaker.view("far").state is BreakerState.CLOSED
    succeed(breaker)


def test_a_failed_try_opens_it_again(breaker: Breaker, clock: HeldClock) -> None:
    fail(breaker, FAILURES)
    clock.advance(COOL.total_seconds())
    fail(breaker)
    assert breaker.view("far").state is BreakerState.OPEN


def test_a_try_that_never_ends_does_not_hold_it_for_ever(breaker: Breaker, clock: HeldClock) -> None:
    fail(breaker, FAILURES)
    clock.advance(COOL.total_seconds())
    guard = breaker.guard("far")
    guard.__enter__()  # and its process dies
    clock.advance(PROBE.total_seconds())
    succeed(breaker)
    assert not breaker.is_open("far")


def test_other_processes_know(breaker: Breaker, documents: SqliteDocuments, clock: HeldClock) -> None:
    other = Breaker(documents, clock)
    assert not other.is_open("far")
    fail(breaker, FAILURES)
    clock.advance(2)
    assert other.is_open("far")


def test_two_processes_do_not_both_try(documents: SqliteDocuments, breaker: Breaker, clock: HeldClock) -> None:
    fail(breaker, FAILURES)
    clock.advance(COOL.total_seconds())
    other = Breaker(documents, clock)
    assert other.view("far").state is BreakerState.OPEN  # what it knows for the next two seconds
    with breaker.guard("far"), pytest.raises(EngineBusy), other.guard("far"):
        pytest.fail("both tried")
