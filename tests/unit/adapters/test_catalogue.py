"""A vendor's list: fetched once, kept while the vendor is down, and not asked for at once again after a failure."""

from __future__ import annotations

import pytest

from shared.adapters.speech.catalogue import FAILURE_KEPT_S, KEPT_S, Catalogue
from shared.domain.errors import EngineFailed, EngineUnavailable, ReelprintError


class Vendor:
    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.failure: ReelprintError | None = None
        self.catalogue = Catalogue(self.fetch, lambda: self.now)

    def fetch(self) -> str:
        self.asked += 1
        if self.failure:
            raise self.failure
        return f"list {self.asked}"


def test_it_is_fetched_once_a_day() -> None:
    vendor = Vendor()
    assert [vendor.catalogue() for _ in range(3)] == ["list 1"] * 3
    vendor.now = KEPT_S
    assert vendor.catalogue() == "list 2"


def test_a_failure_is_remembered_for_a_while() -> None:
    vendor = Vendor()
    vendor.failure = EngineFailed("down")
    for _ in range(3):
        with pytest.raises(EngineFailed):
            vendor.catalogue()
    assert vendor.asked == 1
    vendor.failure, vendor.now = None, FAILURE_KEPT_S
    assert vendor.catalogue() == "list 2"


def test_an_older_list_serves_while_the_vendor_is_down_but_not_with_a_wrong_key() -> None:
    vendor = Vendor()
    vendor.catalogue()
    vendor.now, vendor.failure = KEPT_S, EngineFailed("down")
    assert vendor.catalogue() == "list 1"
    vendor.now, vendor.failure = 2 * KEPT_S, EngineUnavailable("wrong key")
    with pytest.raises(EngineUnavailable):
        vendor.catalogue()
