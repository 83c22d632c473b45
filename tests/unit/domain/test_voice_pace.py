"""A voice is held against its own pace once that is known."""

from __future__ import annotations

from shared.domain.voice_pace import ENOUGH, VoicePace

TEXT = "a text that is long enough to be judged by the pace of who says it " * 2


def learned(share: float = 1.0) -> VoicePace:
    pace = VoicePace()
    for _ in range(ENOUGH):
        pace.learn(TEXT, share)
    return pace


def test_nothing_is_judged_before_enough_is_known() -> None:
    pace = VoicePace()
    for _ in range(ENOUGH - 1):
        pace.learn(TEXT, 1.0)
    assert pace.check(TEXT, 0.1) == []


def test_half_and_twice_the_usual_time_are_found_out() -> None:
    assert [fault.code for fault in learned().check(TEXT, 0.5)] == ["speech-too-short"]
    assert [fault.code for fault in learned().check(TEXT, 2.0)] == ["speech-too-long"]
    assert learned().check(TEXT, 0.8) == [] == learned(1.3).check(TEXT, 1.6)


def test_short_texts_teach_and_are_told_nothing() -> None:
    assert learned().check("No.", 0.1) == []
    pace = VoicePace()
    for _ in range(ENOUGH):
        pace.learn("No.", 0.1)
    assert pace.check(TEXT, 1.0) == []
