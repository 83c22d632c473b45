"""Attempts are counted before they are made, for anybody's account and any address, and waiting helps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from shared.adapters.audit import LogAudit
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.domain.errors import TooManyRequests
from shared.services.throttle import (
    ADDRESS_WINDOW_S,
    COLLECTION,
    FIRST_WAIT_S,
    FORGOTTEN_AFTER_S,
    FREE_ATTEMPTS,
    LONGEST_WAIT_S,
    MAIL_WINDOW_S,
    MAILS,
    Throttle,
    wait_after,
)
from tests.support.clock import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def documents(tmp_path: Path, clock: HeldClock) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite3", clock)) as made:
        yield made


@pytest.fixture
def throttle(documents: SqliteDocuments, clock: HeldClock) -> Throttle:
    return Throttle(documents, clock, LogAudit(clock), address_attempts=10)


def fail(throttle: Throttle, times: int, key: str = "anna") -> None:
    for _ in range(times):
        throttle.count_attempt(key)


def refused(throttle: Throttle, key: str = "anna") -> int:
    """Seconds to wait, as the refusal says."""
    with pytest.raises(TooManyRequests) as caught:
        throttle.count_attempt(key)
    assert caught.value.retry_after_s is not None
    return caught.value.retry_after_s


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(failures) for failures in range(FREE_ATTEMPTS - 1, FREE_ATTEMPTS + 7)]
    assert waits == [0, 30, 60, 120, 240, 480, 900, 900]
    assert wait_after(10**9) == LONGEST_WAIT_S


def test_an_account_is_locked_after_some_attempts_and_opens_again(throttle: Throttle, clock: HeldClock) -> None:
    fail(throttle, FREE_ATTEMPTS)
    assert refused(throttle) == FIRST_WAIT_S
    clock.advance(FIRST_WAIT_S - 1)
    assert refused(throttle) == 1
    clock.advance(1)
    fail(throttle, 1)
    assert refused(throttle) == 2 * FIRST_WAIT_S
    throttle.count_attempt("otto")


def test_what_is_turned_away_does_not_lengthen_the_wait(throttle: Throttle, clock: HeldClock) -> None:
    fail(throttle, FREE_ATTEMPTS)
    for _ in range(20):
        refused(throttle)
    clock.advance(FIRST_WAIT_S)
    throttle.count_attempt("anna")


def test_the_right_password_and_a_day_of_rest_forgive(throttle: Throttle, clock: HeldClock) -> None:
    fail(throttle, FREE_ATTEMPTS - 1)
    throttle.forgive("anna")
    fail(throttle, FREE_ATTEMPTS)
    clock.advance(FORGOTTEN_AFTER_S)
    fail(throttle, FREE_ATTEMPTS)


def test_a_hundred_at_once_are_a_hundred(throttle: Throttle) -> None:
    def attempt(_: int) -> bool:
        try:
            throttle.count_attempt("anna")
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        heard = sum(pool.map(attempt, range(100)))
    assert heard == FREE_ATTEMPTS


def test_an_address_may_try_so_often_in_a_window(throttle: Throttle, clock: HeldClock) -> None:
    for _ in range(10):
        throttle.count_address("sign-in", "192.0.2.1")
    with pytest.raises(TooManyRequests) as caught:
        throttle.count_address("sign-in", "192.0.2.1")
    assert caught.value.retry_after_s == ADDRESS_WINDOW_S
    throttle.count_address("register", "192.0.2.1")
    throttle.count_address("sign-in", "192.0.2.2")
    clock.advance(ADDRESS_WINDOW_S)
    throttle.count_address("sign-in", "192.0.2.1")


def test_a_mailbox_gets_so_many_letters_an_hour(throttle: Throttle, clock: HeldClock) -> None:
    assert [throttle.may_mail("anna") for _ in range(MAILS + 1)] == [True] * MAILS + [False]
    clock.advance(MAIL_WINDOW_S)
    assert throttle.may_mail("anna")


def test_what_has_ended_is_swept_away_and_no_id_tells_an_address(
    throttle: Throttle, documents: SqliteDocuments, clock: HeldClock
) -> None:
    for number in range(20):
        throttle.count_address("sign-in", f"192.0.2.{number}")
    assert documents.count(COLLECTION) == 20
    assert not any("192.0.2" in found.id + str(found.data) for found in documents.query(COLLECTION).items)
    clock.advance(ADDRESS_WINDOW_S + 60)
    throttle.count_address("sign-in", "192.0.2.99")
    assert documents.count(COLLECTION) == 1
