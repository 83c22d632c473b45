"""Voices are brought to one level when they are put together, by what each line measures alone."""

from __future__ import annotations

import pytest

from shared.domain.plan import Delimiter, Segment
from shared.services.compose_narration import HIGHEST_PEAK, MOST_GAIN_DB, Line, _gain, _voice
from shared.services.voice_segment import HOUSE_LEVEL, Spoken


def gain(level: float, peak: float) -> float:
    spoken = Spoken("media://one.wav", "0" * 64, 48_000, 48_000, (), level=level, peak=peak)
    return _gain(spoken).get("gain_db", 0.0)


def test_loud_and_soft_voices_meet() -> None:
    assert gain(-26.0, -12.0) == 6.0
    assert gain(-14.0, -2.0) == -6.0
    assert gain(HOUSE_LEVEL, -6.0) == 0.0


def test_no_sample_is_lifted_to_full_scale() -> None:
    assert gain(-26.0, -3.0) == 2.0
    assert -3.0 + gain(-26.0, -3.0) <= HIGHEST_PEAK


@pytest.mark.parametrize(("level", "most"), [(-60.0, MOST_GAIN_DB), (0.0, -MOST_GAIN_DB)])
def test_what_is_far_off_is_not_moved_for_ever(level: float, most: float) -> None:
    assert gain(level, -40.0) == most


def test_each_line_of_a_narration_carries_its_gain() -> None:
    segment = Segment(segment_id="s", start_idx=0, end_idx=1, delimiter=Delimiter.END, text="A", original_text="A")
    loud, right = (Spoken("media://one.wav", "0" * 64, 9, 9, (), level=level, peak=-9.0) for level in (-15.0, -20.0))
    items = _voice([Line(segment, loud, {}), Line(segment, right, {})], [0, 1024])["items"]
    assert [item.get("gain_db") for item in items] == [-5.0, None]
