"""Plan options and caps: bounds, all errors at once, and R4.3's arithmetic to the byte."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import InvalidInput
from shared.ports.speech import Caps
from shared.services.plan_options import AZURE_CAPS, PlanOptions, fits, read_plan_options

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time


def test_the_defaults_are_the_azure_profile() -> None:
    assert PlanOptions().caps() == AZURE_CAPS
    assert read_plan_options({}) == PlanOptions()


def test_options_become_caps() -> None:
    options = read_plan_options({"max_kb": 2, "hard_cap_min": 3, "wpm": 120, "overhead": 0.5, "soft_length": 200})
    assert options.caps() == Caps(max_bytes=2048, max_minutes=3.0, words_per_minute=120, overhead=0.5)
    assert options.soft_length == 200


def test_every_fault_is_reported_at_once() -> None:
    wrong = {
        "max_kb": "48",
        "hard_cap_min": math.nan,
        "wpm": 0,
        "overhead": -0.1,
        "soft_length": True,
        "max_mb": 1,
    }
    with pytest.raises(InvalidInput) as caught:
        read_plan_options(wrong)
    assert {fault.pointer for fault in caught.value.faults} == {f"/{name}" for name in wrong}
    assert all(fault.fix for fault in caught.value.faults)


@STEADY
@given(characters=st.integers(1, 60_000), wide=st.booleans())
def test_bytes_are_judged_as_r4_3_says(characters: int, wide: bool) -> None:
    text = ("é" if wide else "e") * characters
    kb = math.ceil(len(text.encode()) * 115 / 100 / 1024)
    assert fits(text, [Caps(max_bytes=48 * 1024, overhead=0.15)]) == (kb <= 48)


@pytest.mark.parametrize(("wpm", "most"), [(165, 1320), (100, 800), (80, 640), (10, 640)])
def test_minutes_are_words_over_at_least_80_a_minute(wpm: int, most: int) -> None:
    cap = Caps(max_minutes=8.0, words_per_minute=wpm)
    assert fits("word " * most, [cap])
    assert not fits("word " * (most + 1), [cap])


def test_every_cap_counts() -> None:
    assert fits("abcd", [Caps(), Caps(max_characters=4)])
    assert not fits("abcde", [Caps(), Caps(max_characters=4)])
