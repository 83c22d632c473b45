"""Waveforms: the WAV format, what is measured, and silence trimmed to a constant pad."""

from __future__ import annotations

import math
import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import BadOutput
from shared.domain.waveform import (
    SILENCE_DBFS,
    Waveform,
    measure,
    read_wav,
    trim_measured,
    trim_silence,
    write_wav,
)

RATE = 16_000


def tone(ms: int, level: float = 0.5, hertz: float = 220.0) -> array[int]:
    count = RATE * ms // 1000
    return array("h", [round(32_767 * level * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(count)])


def silence(ms: int) -> array[int]:
    return array("h", bytes(2 * (RATE * ms // 1000)))


def samples(ms: int) -> int:
    return RATE * ms // 1000


def test_what_is_written_is_read_again_and_has_the_canonical_header() -> None:
    sound = Waveform(22_050, array("h", [0, 1, -1, 32_767, -32_768]))
    data = write_wav(sound)
    assert data[:44] == struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 46, b"WAVE", b"fmt ", 16, 1, 1, 22_050, 44_100, 2, 16, b"data", 10
    )
    assert data[44:] == b"\x00\x00\x01\x00\xff\xff\xff\x7f\x00\x80"
    assert read_wav(data) == sound


@pytest.mark.parametrize("size", [0x7FFF_F000, 0xFFFF_FFFF])
def test_a_header_written_while_streaming_is_read_to_the_end(size: int) -> None:
    sound = Waveform(RATE, array("h", [5, 6, 7]))
    data = bytearray(write_wav(sound))
    struct.pack_into("<I", data, 40, size)
    assert read_wav(bytes(data)) == sound


def test_other_chunks_are_passed_over() -> None:
    sound = Waveform(RATE, array("h", [5, 6, 7]))
    data = write_wav(sound)
    assert read_wav(data[:12] + b"LIST\x03\x00\x00\x00abc\x00" + data[12:] + b"junk") == sound


def test_a_file_cut_short_is_bad_output() -> None:
    with pytest.raises(BadOutput, match=r"200 bytes of sound.*found 190"):
        read_wav(write_wav(Waveform(RATE, array("h", range(100))))[:-10])


@pytest.mark.parametrize(
    ("offset", "form", "value"),
    [(20, "<H", 3), (22, "<H", 2), (34, "<H", 8), (24, "<I", 0), (0, "<4s", b"RIFX"), (36, "<4s", b"none")],
)
def test_another_kind_of_file_is_bad_output(offset: int, form: str, value: int | bytes) -> None:
    data = bytearray(write_wav(Waveform(RATE, array("h", [1, 2, 3]))))
    struct.pack_into(form, data, offset, value)
    with pytest.raises(BadOutput, match="expected"):
        read_wav(bytes(data))


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    for data in (tail, b"RIFF\0\0\0\0WAVE" + tail, b"RIFF\0\0\0\0WAVEfmt " + tail):
        try:
            read_wav(data)
        except BadOutput:
            continue


def test_levels_are_those_of_the_tone() -> None:
    found = measure(Waveform(RATE, silence(300) + tone(500) + silence(200)))
    assert found.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert found.voiced_rms_dbfs == pytest.approx(
        -9.03, abs=0.05
    )  # a sine is 3 dB under its peak; silence does not count
    assert found.clipped_share == 0


def test_silences_are_found_to_the_window() -> None:
    sound = silence(300) + tone(400) + silence(250) + tone(100) + silence(90) + tone(200) + silence(150)
    found = measure(Waveform(RATE, sound))
    assert found.duration == samples(1490)
    assert (found.leading_silence, found.trailing_silence) == (samples(300), samples(150))
    assert found.pauses == ((samples(700), samples(950)),)  # 90 ms are no pause
    assert found.speaking == samples(790)


def test_noise_far_below_the_speech_is_silence_and_a_weak_sound_is_not() -> None:
    sound = tone(200, 0.001) + tone(1000, 0.5) + tone(150, 0.02) + tone(200, 0.001)
    found = measure(Waveform(RATE, sound))
    assert (found.leading_silence, found.trailing_silence) == (samples(200), samples(200))


def test_pauses_do_not_depend_on_the_level() -> None:
    loud = tone(300, 0.9) + silence(200) + tone(300, 0.9)
    quiet = tone(300, 0.05) + silence(200) + tone(300, 0.05)
    assert measure(Waveform(RATE, loud)).pauses == measure(Waveform(RATE, quiet)).pauses != ()


def test_clipping_is_a_share_of_all_samples() -> None:
    clipped = array("h", [min(32_767, max(-32_768, sample * 3)) for sample in tone(100, 0.5)])
    share = measure(Waveform(RATE, clipped)).clipped_share
    assert share == sum(abs(sample) >= 32_767 for sample in clipped) / len(clipped) > 0.3


@pytest.mark.parametrize("sound", [array("h"), silence(5), silence(1000), array("h", [3, -3] * 4000)])
def test_what_holds_no_sound_is_silent(sound: array[int]) -> None:
    found = measure(Waveform(RATE, sound))
    assert found.is_silent
    assert found.leading_silence == found.duration == len(sound)
    assert (found.trailing_silence, found.speaking, found.pauses) == (0, 0, ())
    assert found.voiced_rms_dbfs == SILENCE_DBFS


@pytest.mark.parametrize(("before", "after"), [(500, 300), (0, 0), (10, 200), (200, 10)])
def test_trimming_leaves_the_same_pad_whatever_was_there(before: int, after: int) -> None:
    trimmed = trim_silence(Waveform(RATE, silence(before) + tone(400) + silence(after)), keep_ms=50)
    found = measure(trimmed)
    assert (found.leading_silence, found.trailing_silence) == (samples(50), samples(50))
    assert trimmed.samples[samples(50) : -samples(50)] == tone(400)
    assert trim_silence(trimmed, keep_ms=50) == trimmed


def test_trimming_silence_alone_leaves_the_two_pads() -> None:
    assert trim_silence(Waveform(RATE, silence(900)), keep_ms=20).samples == silence(40)


@given(st.lists(st.integers(-32_768, 32_767), max_size=2000), st.sampled_from([50, 8_000, 22_050]))
@settings(max_examples=150, deadline=None)
def test_any_samples_are_measured_consistently(values: list[int], rate: int) -> None:
    sound = Waveform(rate, array("h", values))
    found = measure(sound)
    assert 0 <= found.leading_silence + found.trailing_silence <= found.duration == len(values)
    assert 0 <= found.speaking <= found.duration
    assert SILENCE_DBFS <= found.voiced_rms_dbfs <= found.peak_dbfs + 1e-9 or found.is_silent
    assert 0 <= found.clipped_share <= 1
    assert len(trim_silence(sound).samples) == found.speaking + 2 * (rate * 20 // 1000) + sum(
        b - a for a, b in found.pauses
    )


@pytest.mark.parametrize(("before", "after"), [(300, 700), (0, 0), (10, 400)])
def test_what_is_left_after_trimming_is_known_without_measuring_it_again(before: int, after: int) -> None:
    whole = Waveform(RATE, silence(before) + tone(500) + silence(300) + tone(400) + silence(after))
    trimmed, known, moved = trim_measured(whole, measure(whole))
    again = measure(trimmed)
    window = samples(10)
    assert trimmed == trim_silence(whole)
    assert moved == samples(20) - samples(before)
    assert (known.duration, known.peak_dbfs) == (again.duration, again.peak_dbfs)
    assert known.leading_silence == known.trailing_silence == samples(20)
    assert known.speaking == pytest.approx(again.speaking, abs=2 * window)
    assert [end - start for start, end in known.pauses] == pytest.approx(
        [end - start for start, end in again.pauses], abs=2 * window
    )
    assert known.pauses[0][0] == pytest.approx(again.pauses[0][0], abs=window)


@given(st.lists(st.integers(-32_768, 32_767), max_size=300))
def test_the_peak_is_the_highest_of_all_samples(values: list[int]) -> None:
    peak = max(map(abs, values), default=0)
    found = measure(Waveform(RATE, array("h", values))).peak_dbfs
    assert found == pytest.approx(20 * math.log10(peak / 32_768) if peak else SILENCE_DBFS)
