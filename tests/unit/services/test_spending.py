"""Money: held before, charged once, settled by what was spoken, and never past the cap, however many ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from shared.adapters.documents.sqlite import SqliteDocuments
from shared.domain.errors import SpendingCapReached
from shared.domain.price import MICROS, Prices, as_amount, parse_prices, to_micros
from shared.services.spending import Spending
from tests.support.clock import HeldClock

PRICES = Prices(parse_prices("google=16,google/studio=160"), "EUR")


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def documents(tmp_path: Path, clock: HeldClock) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite3", clock)) as made:
        yield made


@pytest.fixture
def spending(documents: SqliteDocuments, clock: HeldClock) -> Spending:
    return Spending(documents, clock, PRICES, 10 * MICROS)


def test_a_price_for_a_million_is_one_in_millionths() -> None:
    assert PRICES.micros("google", "neural2", 1_000) == 16_000
    assert PRICES.micros("google", "studio", 1_000) == 160_000
    assert PRICES.micros("flite", "", 10**6) == 0
    assert Prices(parse_prices("a=0.333333"), "EUR").micros("a", "", 1) == 1  # rounded up, once
    assert (as_amount(16_000), as_amount(12_500_000), as_amount(0)) == ("0.016", "12.50", "0.00")
    assert to_micros(Decimal("0.0000001")) == 1


@pytest.mark.parametrize(
    "text", ["google", "google=-1", "google=1,google=2", "google=1;azure=2", "GOOGLE=1", "a/b/c=1"]
)
def test_prices_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a price is"):
        parse_prices(text)


def test_what_is_spoken_is_spent_and_the_rest_given_back(spending: Spending) -> None:
    spending.hold("me", "job-a1", "job", 3 * MICROS)
    assert (spending.view("me").held, spending.view("me").left) == ("3.00", "7.00")
    spending.charge("job-a1", "u1", "google", 100, MICROS)
    spending.settle("job-a1")
    view = spending.view("me")
    assert (view.spent, view.held, view.left, view.characters) == ("1.00", "0.00", "9.00", 100)
    assert view.by_engine == {"google": "1.00"}
    assert spending.view("somebody else").spent == "0.00"


def test_a_charge_is_made_once_and_a_settlement_too(spending: Spending) -> None:
    spending.hold("me", "job-a1", "job", 3 * MICROS)
    for _ in range(3):
        spending.charge("job-a1", "u1", "google", 100, MICROS)
    for _ in range(3):
        spending.settle("job-a1")
    assert spending.view("me").spent == "1.00"
    assert len(spending.charges("me", 10, None)[0]) == 1


def test_what_comes_after_the_settlement_is_still_spent(spending: Spending) -> None:
    spending.hold("me", "job-a1", "job", 3 * MICROS)
    spending.settle("job-a1")
    spending.charge("job-a1", "u1", "google", 100, MICROS)  # it was under way when the job was cancelled
    spending.settle("job-a1")
    assert (spending.view("me").spent, spending.view("me").held) == ("1.00", "0.00")


def test_a_settlement_that_died_half_way_is_finished_by_the_next(
    spending: Spending, documents: SqliteDocuments
) -> None:
    spending.hold("me", "job-a1", "job", 3 * MICROS)
    spending.charge("job-a1", "u1", "google", 100, MICROS)
    held = documents.get("reservations", "job-a1")
    assert held
    documents.put("reservations", "job-a1", held.data | {"state": "closing"})
    spending.charge("job-a1", "u2", "google", 100, MICROS)  # adds itself
    assert spending.view("me").spent == "1.00"
    spending.settle("job-a1")
    assert (spending.view("me").spent, spending.view("me").held) == ("2.00", "0.00")


def test_the_cap_holds_against_many_at_once(spending: Spending) -> None:
    def ask(number: int) -> bool:
        try:
            spending.hold("me", f"job{number}-a1", f"job{number}", 3 * MICROS)
        except SpendingCapReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(ask, range(12)))
    assert passed == 3
    assert spending.view("me").held == "9.00"


def test_the_refusal_says_what_is_left_and_holds_nothing(spending: Spending) -> None:
    spending.hold("me", "one-a1", "one", 8 * MICROS)
    with pytest.raises(SpendingCapReached, match=r"3.00 EUR.*cap of 10.00 EUR.*8.00 held.*2.00 left") as refused:
        spending.hold("me", "two-a1", "two", 3 * MICROS)
    assert refused.value.status == 403
    assert spending.view("me").held == "8.00"


def test_holding_again_holds_only_what_is_more(spending: Spending) -> None:
    spending.hold("me", "job-a1", "job", 4 * MICROS)
    spending.hold("me", "job-a1", "job", 2 * MICROS)
    spending.hold("me", "job-a1", "job", 9 * MICROS)
    assert spending.view("me").held == "9.00"
    with pytest.raises(SpendingCapReached):
        spending.more("job-a1", 2 * MICROS)
    assert spending.view("me").held == "9.00"


def test_an_admins_cap_goes_before_the_settings(spending: Spending) -> None:
    spending.set_cap("me", 0)
    with pytest.raises(SpendingCapReached):
        spending.hold("me", "job-a1", "job", 1)
    spending.set_cap("me", None)
    spending.hold("me", "job-a1", "job", 1)


def test_a_new_month_begins_with_the_whole_cap_and_settles_what_the_old_one_held(
    spending: Spending, clock: HeldClock
) -> None:
    spending.hold("me", "job-a1", "job", 10 * MICROS)
    clock.advance(20 * 86_400)
    assert (spending.view("me").month, spending.view("me").left) == ("2024-06", "10.00")
    spending.charge("job-a1", "u1", "google", 1, MICROS)
    spending.settle("job-a1")
    assert spending.view("me").spent == "0.00"  # it was let in, and counts, in May


def test_what_a_crash_left_held_is_given_back_when_it_is_needed(
    spending: Spending, documents: SqliteDocuments, clock: HeldClock
) -> None:
    documents.create("jobs", "ended", {"attempt": 1, "status": "failed"})
    documents.create("jobs", "open", {"attempt": 1, "status": "running"})
    spending.hold("me", "ended-a1", "ended", 5 * MICROS)
    spending.hold("me", "open-a1", "open", 2 * MICROS)
    spending.hold("me", "call-1", "", 3 * MICROS)
    clock.advance(3600)
    spending.hold("me", "next-a1", "next", 8 * MICROS)
    assert spending.view("me").held == "10.00"


def test_a_call_settles_itself_however_it_ends(spending: Spending) -> None:
    with pytest.raises(ZeroDivisionError), spending.held("me", "call-1", MICROS):
        spending.charge("call-1", "1", "google", 5, 1000)
        raise ZeroDivisionError
    assert (spending.view("me").spent, spending.view("me").held) == ("0.001", "0.00")
