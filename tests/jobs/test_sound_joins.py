"""Fades and transitions of sound, looked at sample by sample: each item's level is what its place in time says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jobs.assemble.sound.sound_pieces import EQUAL_POWER, LINEAR, Fade
from jobs.assemble.sound.sound_plan import AudioBlock, plan_blocks
from shared.domain.blueprint import parse_blueprint
from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.media import RATE, Samples, decode_sound, level_of, tone, write_wav

AAC_FRAME = 1024
LENGTH = 2 * RATE  # of a transition
LOW, HIGH = 500.0, 3000.0
PLAIN = {"uri": "media://a.wav", "media_type": "audio/wav"}


def joined(kind: str, first: Raw, second: Raw, length: int = LENGTH) -> Raw:
    join = {"from": first["id"], "to": second["id"], "type": kind, "duration": length}
    return sound_track("t", "music", [first, second], transitions=[join])


def pair(kind: str, length: int = LENGTH, **more: Any) -> Raw:
    """Six seconds of one sound, four to ten of another."""
    first, second = clip("a", "low", 0, 0, 6 * RATE), clip("b", "high", 6 * RATE - length, 0, 6 * RATE)
    return joined(kind, first | more.get("a", {}), second | more.get("b", {}), length)


# Planning


def blocks_of(track: Raw, seconds: int) -> list[AudioBlock]:
    document = production([colour("c", 0, seconds * 30)], {"low": PLAIN, "high": PLAIN}, track)
    frames = -(-seconds * RATE // AAC_FRAME)
    return plan_blocks(parse_blueprint(document), {"low": "l", "high": "h"}, frames, "encoder 1")


@pytest.mark.parametrize(
    ("kind", "going", "coming"),
    [
        ("dissolve", Fade(4 * RATE, LENGTH, False, EQUAL_POWER), Fade(0, LENGTH, True, EQUAL_POWER)),
        ("fade", Fade(4 * RATE, RATE, False, LINEAR), Fade(RATE, RATE, True, LINEAR)),
    ],
)
def test_a_transition_is_a_way_down_and_a_way_up(kind: str, going: Fade, coming: Fade) -> None:
    (block,) = blocks_of(pair(kind), 10)
    assert [sound.fades for sound in block.sounds] == [(going,), (coming,)]


def test_fades_of_an_item_stay_under_a_transition() -> None:
    (block,) = blocks_of(pair("dissolve", a={"fade_out": RATE}, b={"fade_in": 100}), 10)
    assert [[fade.length for fade in sound.fades] for sound in block.sounds] == [[RATE, LENGTH], [100, LENGTH]]


def test_a_cut_changes_nothing() -> None:
    first, second = clip("a", "low", 0, 0, 6 * RATE), clip("b", "high", 6 * RATE, 0, RATE)
    plain = sound_track("t", "music", [first, second])
    (one,), (other,) = blocks_of(joined("cut", first, second), 10), blocks_of(plain, 10)
    assert one.loudness_key == other.loudness_key


@pytest.mark.parametrize("duration", [1, 2, 3])
def test_a_fade_of_a_few_samples_has_both_halves(duration: int) -> None:
    (block,) = blocks_of(pair("fade", duration), 12)
    going, coming = (sound.fades[0] for sound in block.sounds)
    assert (going.length, coming.first, coming.length) == (
        (duration + 1) // 2,
        (duration + 1) // 2,
        max(1, duration // 2),
    )


def test_only_blocks_that_are_touched_by_a_fade_are_addressed_by_it() -> None:
    """A song that fades at its end is, up to there, one that does not."""
    plain, faded = (
        blocks_of(sound_track("t", "music", [clip("a", "low", 0, 0, 99 * RATE, **more)]), 100)
        for more in ({}, {"fade_out": 5 * RATE, "fade_in": RATE})
    )
    same = [one.loudness_key == other.loudness_key for one, other in zip(plain, faded, strict=True)]
    assert (same[0], same[-1], all(same[1:-1]), len(same)) == (False, False, True, 5)


# Rendering


def heard(studio: Studio, seconds: int, *tracks: Raw, name: str = "film") -> Samples:
    sounds = {"low": tone(LOW, 60, -9), "high": tone(HIGH, 60, -9)}
    assets = {
        key: studio.put(write_wav(studio.root / f"{key}.wav", sound), "audio/wav") for key, sound in sounds.items()
    }
    uri = f"media://films/{name}.mp4"
    document = production([colour("c", 0, seconds * 30)], assets, *tracks, output={"uri": uri})
    ended = studio.render(document)
    assert ended.code == 0, ended.log
    return decode_sound(studio.fetch(f"films/{name}.mp4", f"{name}.mp4"))


def amplitudes(sound: Samples, frequency: float, *seconds: float) -> list[float]:
    """How strong a tone is around these moments, 1 being as it was put in."""
    half = RATE // 50
    return [
        float(10 ** ((level_of(sound[round(at * RATE) - half : round(at * RATE) + half], frequency) + 9) / 20))
        for at in seconds
    ]


@pytest.mark.media
def test_a_dissolve_crosses_over_at_equal_power(studio: Studio) -> None:
    sound = heard(studio, 10, pair("dissolve"))
    moments = np.array([3.9, 4.25, 4.5, 5.0, 5.5, 5.75, 6.1])
    turn = np.clip((moments - 4) / 2, 0, 1) * np.pi / 2
    assert amplitudes(sound, LOW, *moments) == pytest.approx(np.cos(turn), abs=0.02)
    assert amplitudes(sound, HIGH, *moments) == pytest.approx(np.sin(turn), abs=0.02)


@pytest.mark.media
def test_a_fade_goes_out_and_then_in_through_silence(studio: Studio) -> None:
    sound = heard(studio, 10, pair("fade"))
    assert amplitudes(sound, LOW, 3.9, 4.25, 4.5, 4.75, 5.1, 5.5) == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0], abs=0.02)
    assert amplitudes(sound, HIGH, 4.5, 4.9, 5.25, 5.5, 5.75, 6.1) == pytest.approx(
        [0, 0, 0.25, 0.5, 0.75, 1], abs=0.02
    )
    middle = 5 * RATE
    assert np.abs(sound[middle - 240 : middle + 240]).max() < 0.01


@pytest.mark.media
def test_fades_and_transitions_at_one_end_multiply(studio: Studio) -> None:
    """As with pictures: the item fades by itself, and what is left of it passes over."""
    sound = heard(studio, 10, pair("dissolve", a={"fade_out": 4 * RATE}))
    moments = np.array([2.5, 3.5, 4.5, 5.5])
    own, turn = np.clip((6 - moments) / 4, 0, 1), np.clip((moments - 4) / 2, 0, 1) * np.pi / 2
    assert amplitudes(sound, LOW, *moments) == pytest.approx(own * np.cos(turn), abs=0.02)


@pytest.mark.media
def test_a_crossfade_goes_on_over_a_seam(studio: Studio) -> None:
    """A block ends at 20 s, in the midst of the transition: the result is what one long mix of it would be."""
    length = 10 * RATE
    first, second = clip("a", "low", 0, 0, 24 * RATE), clip("b", "high", 14 * RATE, 0, 30 * RATE)
    track = joined("dissolve", first, second, length)
    seams = [block.start * AAC_FRAME for block in blocks_of(track, 44)[1:]]
    assert len(seams) == 1 and 14 * RATE < seams[0] < 24 * RATE
    sound = heard(studio, 44, track)
    time = np.arange(44 * RATE)
    turn = np.clip((time - 14 * RATE) / length, 0, 1) * np.pi / 2
    low, high = (np.resize(tone(frequency, 44, -9), 44 * RATE) for frequency in (LOW, HIGH))
    later = np.roll(high, 14 * RATE)  # it begins then, and a whole second is a whole number of its waves
    wanted = low * np.cos(turn) + later * np.sin(turn)
    error = np.abs(sound[: len(wanted)] - wanted)
    elsewhere = [error[at * RATE : at * RATE + 4096].max() for at in range(15, 24) if abs(at * RATE - seams[0]) > RATE]
    assert error[seams[0] - 2048 : seams[0] + 2048].max() < 1.5 * max(elsewhere)


@pytest.mark.media
def test_a_fade_is_as_many_samples_long_as_it_says(studio: Studio) -> None:
    """A hundred samples are 2 ms: no step of a meter's or of an envelope's clock is as fine."""
    item = clip("a", "low", RATE, 0, RATE, fade_in=4800, fade_out=100)
    sound = heard(studio, 3, sound_track("t", "music", [item]))
    wanted = np.zeros(3 * RATE)
    wanted[RATE : 2 * RATE] = tone(LOW, 1, -9)
    wanted[RATE : RATE + 4800] *= np.arange(4800) / 4800
    wanted[2 * RATE - 100 : 2 * RATE] *= np.arange(100, 0, -1) / 100
    error = np.abs(sound[: 3 * RATE] - wanted)
    assert error[RATE - 480 : RATE + 5280].max() < 0.01
    assert np.sqrt(np.mean(error[2 * RATE - 300 : 2 * RATE + 300] ** 2)) < 0.01


@pytest.mark.media
def test_music_is_lowered_alike_on_both_sides_of_a_seam(studio: Studio) -> None:
    """A rise of 40 dB in 100 ms lies across the seam at 20 s: its steps fall on the same samples in both blocks."""
    songs = clip("a", "low", 0, 0, 44 * RATE)
    seam = blocks_of(sound_track("m", "music", [songs]), 44)[1].start * AAC_FRAME
    end, release = seam - 4000, 4800
    voice = sound_track("v", "effects", [clip("b", "high", 10 * RATE, 0, end - 10 * RATE, gain_db=-96.0)])
    ducking = {"trigger_track": "v", "amount_db": 40.0, "attack_ms": 50, "release_ms": 100}
    sound = heard(studio, 44, sound_track("m", "music", [songs], ducking=ducking), voice)
    time = np.arange(seam - RATE, seam + RATE)
    step = time // 256 * 256
    level = 40 * np.clip((end + release - step) / release, 0, 1)
    wanted = tone(LOW, 44, -9)[time] * 10 ** (-level / 20)
    error = np.abs(sound[time] - wanted)
    assert error.max() < 0.03  # what coding makes of the steps
