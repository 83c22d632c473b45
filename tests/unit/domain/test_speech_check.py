"""What is flagged of a spoken segment, and what must never be."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain.speech_check import check_speech, expected_ms
from shared.domain.waveform import SpeechMeasure

RATE = 16_000
TEXT = "The lighthouse stood on the point, and nobody had been up there since the storm."


def spoken(ms: float, *, pause_ms: int = 0, level: float = -20.0, clipped: float = 0.0) -> SpeechMeasure:
    speaking, pause = round(ms * RATE / 1000), pause_ms * RATE // 1000
    return SpeechMeasure(
        duration=speaking + pause,
        peak_dbfs=-3.0,
        clipped_share=clipped,
        voiced_rms_dbfs=level,
        leading_silence=0,
        trailing_silence=0,
        pauses=((0, pause),) if pause else (),
    )


def codes(measure: SpeechMeasure, text: str = TEXT, speed: float = 1.0) -> list[str]:
    return [fault.code for fault in check_speech(measure, text, RATE, speed=speed)]


def letters(text: str) -> int:
    return sum(char.isalpha() for char in text)


@pytest.mark.parametrize("ms_per_letter", [49, 65, 91])
def test_the_pace_of_every_measured_voice_passes(ms_per_letter: int) -> None:
    assert codes(spoken(ms_per_letter * letters(TEXT))) == []


def test_half_a_text_is_too_short_and_three_times_as_much_too_long() -> None:
    assert codes(spoken(65 * letters(TEXT) / 2)) == ["speech-too-short"]
    assert codes(spoken(65 * letters(TEXT) * 3)) == ["speech-too-long"]


def test_pauses_make_no_text_too_long_and_hide_no_missing_words() -> None:
    assert codes(spoken(65 * letters(TEXT), pause_ms=20_000)) == []
    assert codes(spoken(65 * letters(TEXT) / 2, pause_ms=20_000)) == ["speech-too-short"]


def test_the_speed_that_was_asked_for_is_taken_into_account() -> None:
    at_double = spoken(65 * letters(TEXT) / 2)
    assert codes(at_double, speed=2.0) == []
    assert codes(at_double, speed=1.0) == ["speech-too-short"]


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [("No.", 150, 400), ("I.", 120, 420), ("Hm.", 200, 730), ("A", 100, 300), ("IV", 300, 720), ("Queue", 240, 400)],
)
def test_very_short_texts_are_not_flagged(text: str, shortest: int, longest: int) -> None:
    assert codes(spoken(shortest), text) == codes(spoken(longest), text) == []


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1,234,567", 4_300),
        ("12:30", 720),
        ("http://a.com/b", 3_200),
        ("灯塔站在岬角上，没有人去过那里。", 5_500),
        ("등대는 곶 위에 서 있었다.", 2_000),
        ("كانت المنارة قائمة على الرأس.", 2_600),
        ("Маяк стоял на мысе, и никто там не был.", 2_130),
    ],
)
def test_digits_signs_and_other_scripts_have_their_own_pace(text: str, ms: int) -> None:
    assert codes(spoken(ms), text) == []


def test_silence_is_one_fault_alone() -> None:
    silent = dataclasses.replace(spoken(0), duration=RATE, leading_silence=RATE, voiced_rms_dbfs=-96.0)
    assert codes(silent) == ["silent-speech"]
    assert codes(spoken(65 * letters(TEXT), level=-60.0)) == ["silent-speech"]


def test_clipping_is_flagged_beside_the_length() -> None:
    assert codes(spoken(65 * letters(TEXT), clipped=0.0005)) == []
    assert codes(spoken(65 * letters(TEXT), clipped=0.01)) == ["clipped-speech"]
    assert codes(spoken(100, clipped=0.01)) == ["clipped-speech", "speech-too-short"]


def test_a_fault_tells_what_was_found_and_expected_without_the_text() -> None:
    fault = check_speech(spoken(500), TEXT, RATE)[0]
    assert fault.found == "0.5 s of speech for 80 characters, expected 2.4-9.4 s"
    assert "lighthouse" not in str(fault)


def test_composed_and_decomposed_accents_expect_the_same() -> None:
    assert expected_ms("café") == expected_ms("cafe\u0301")
