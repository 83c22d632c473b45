"""Sound, rendered: seams that cannot be heard, music that makes room for a voice, fades, and the loudness asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.assemble.pictures.shots import Source
from jobs.assemble.plan import plan_render
from shared.domain.blueprint import parse_blueprint
from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.media import (
    RATE,
    Samples,
    decode_sound,
    ffmpeg,
    level_of,
    loudness_by_ffmpeg,
    tone,
    write_wav,
)

pytestmark = pytest.mark.media

AAC_FRAME = 1024


def put(studio: Studio, name: str, sound: Samples, rate: int = RATE) -> Raw:
    return studio.put(write_wav(studio.root / f"{name}.wav", sound, rate), "audio/wav")


def heard(studio: Studio, seconds: int, assets: dict[str, Raw], *tracks: Raw, **output: object) -> Samples:
    document = production([colour("c", 0, seconds * 30)], assets, *tracks, output=output)
    ended = studio.render(document)
    assert ended.code == 0, ended.log
    return decode_sound(studio.fetch("films/film.mp4", "film.mp4"), document["output"]["channels"])


def music(item: Raw, **more: object) -> Raw:
    return sound_track("music", "music", [item], **more)


# Seams


@pytest.fixture(scope="module")
def chord() -> Samples:
    """Sixty-two seconds without a pause: whatever happens at a seam, happens in the midst of sound."""
    low, high = tone(220, 62, -14), tone(1234.5, 62, -20)
    return np.asarray(low * (0.75 + 0.25 * np.sin(np.arange(len(low)) / RATE * 3)) + high)


def aac_at_once(sound: Samples, folder: Path) -> Samples:
    """The same sound through the same encoder, in one piece."""
    path = folder / "at-once.m4a"
    ffmpeg("-i", write_wav(folder / "whole.wav", sound), "-c:a", "aac", "-b:a", "96k", path)
    return decode_sound(path)[: len(sound)]


def loudest(error: Samples, centre: int, reach: int = 2 * AAC_FRAME) -> float:
    return float(np.abs(error[max(0, centre - reach) : centre + reach]).max())


def test_blocks_join_as_if_the_sound_had_been_encoded_at_once(studio: Studio, chord: Samples, tmp_path: Path) -> None:
    assets = {"chord": put(studio, "chord", chord)}
    track = music(clip("item", "chord", 0, 0, len(chord)))
    blueprint = parse_blueprint(production([colour("c", 0, 62 * 30)], assets, track))
    blocks = plan_render(blueprint, {"chord": Source("sha256:chord")}, "encoder 1").blocks
    seams = [block.start * AAC_FRAME for block in blocks[1:]]
    assert len(seams) == 2
    made = heard(studio, 62, assets, track)[: len(chord)]
    at_once = aac_at_once(chord, tmp_path)
    elsewhere = [
        loudest(made - chord, at)
        for at in range(5 * RATE, 57 * RATE, RATE)
        if min(abs(at - s) for s in seams) > RATE // 2
    ]
    for seam in seams:
        assert loudest(made - chord, seam) < 1.5 * max(elsewhere)
        assert loudest(made - at_once, seam) < 10 ** (-50 / 20)
        near = slice(seam - 4 * AAC_FRAME, seam + 4 * AAC_FRAME)
        assert np.corrcoef(made[near], chord[near])[0, 1] > 0.9999


# Levels


MUSIC, VOICE = 440.0, 3000.0


@pytest.mark.parametrize("channels", [1, 2])
def test_music_makes_room_for_a_voice_and_comes_back(studio: Studio, channels: int) -> None:
    assets = {"song": put(studio, "song", tone(MUSIC, 12, -12)), "voice": put(studio, "voice", tone(VOICE, 3, -12))}
    said = sound_track("voices", "narration", [clip("v", "voice", 4 * RATE, 0, 3 * RATE)])
    ducking = {"trigger_track": "voices", "amount_db": 15.0, "attack_ms": 200, "release_ms": 800}
    sound = heard(
        studio,
        12,
        assets,
        said,
        music(clip("m", "song", 0, 0, 12 * RATE), gain_db=-6.0, ducking=ducking),
        channels=channels,
    )
    spread = -3.01 * (channels - 1)  # one channel on two speakers: as loud together as it was alone
    for one in sound.reshape(len(sound), -1).T:

        def level(begin: float, end: float, frequency: float = MUSIC, one: Samples = one) -> float:
            return level_of(one[round(begin * RATE) : round(end * RATE)], frequency) - spread

        assert level(1.0, 3.5) == pytest.approx(-18, abs=0.5)  # before it
        assert level(4.2, 6.8) == pytest.approx(-33, abs=0.5)  # under it
        assert level(8.0, 11.0) == pytest.approx(-18, abs=0.5)  # after it
        assert level(3.875, 3.925) == pytest.approx(-18 - 7.5, abs=1.5)  # half-way down, ahead of the first word
        assert level(7.375, 7.425) == pytest.approx(-18 - 7.5, abs=1.5)  # half-way up
        assert level(4.5, 6.5, VOICE) == pytest.approx(-12, abs=0.5)


def test_ducking_and_fades_go_on_over_a_seam(studio: Studio) -> None:
    """A block ends at 20 s. Under a voice from 15 to 30 s the music stays as low behind it as ahead of it; a fade of
    thirty seconds rises through it, linear in amplitude.
    """
    rising = 2000.0
    assets = {
        "song": put(studio, "song", tone(MUSIC, 42, -12)),
        "voice": put(studio, "voice", tone(VOICE, 15, -30)),
        "rising": put(studio, "rising", tone(rising, 42, -14)),
    }
    said = sound_track("voices", "effects", [clip("v", "voice", 15 * RATE, 0, 15 * RATE)])
    ducked = music(clip("m", "song", 0, 0, 42 * RATE), ducking={"trigger_track": "voices", "amount_db": 10.0})
    faded = sound_track("rise", "effects", [clip("r", "rising", 0, 0, 42 * RATE, fade_in=30 * RATE)])
    sound = heard(studio, 42, assets, said, ducked, faded)
    levels = [level_of(sound[at * RATE // 10 : at * RATE // 10 + RATE // 2], MUSIC) for at in range(160, 290, 5)]
    assert max(levels) - min(levels) < 0.2
    assert levels[0] == pytest.approx(-22, abs=0.3)
    for second in (5, 10, 15, 19, 21, 25, 29):
        at = level_of(sound[second * RATE : second * RATE + RATE // 10], rising)
        assert 10 ** (at / 20) == pytest.approx(10 ** (-14 / 20) * (second + 0.05) / 30, rel=0.03)


def test_an_item_fades_in_and_out_over_its_own_length(studio: Studio) -> None:
    item = clip("m", "song", RATE, 0, 8 * RATE, fade_in=2 * RATE, fade_out=4 * RATE)
    sound = heard(studio, 10, {"song": put(studio, "song", tone(MUSIC, 8, -6))}, music(item))
    half = -6 - 6.02
    assert np.abs(sound[: RATE - 2 * AAC_FRAME]).max() < 0.001
    assert level_of(sound[2 * RATE - 2400 : 2 * RATE + 2400], MUSIC) == pytest.approx(half, abs=0.5)
    assert level_of(sound[3 * RATE + 2400 : 5 * RATE - 2400], MUSIC) == pytest.approx(-6, abs=0.3)
    assert level_of(sound[7 * RATE - 2400 : 7 * RATE + 2400], MUSIC) == pytest.approx(half, abs=0.5)
    assert np.abs(sound[9 * RATE + 2 * AAC_FRAME :]).max() < 0.001


@pytest.mark.parametrize(("source_rate", "sample_rate"), [(22_050, 48_000), (16_000, 44_100)])
def test_sounds_of_other_rates_keep_pitch_and_place(studio: Studio, source_rate: int, sample_rate: int) -> None:
    assets = {"voice": put(studio, "voice", tone(1000, 2, -10, source_rate), source_rate)}
    document = production(
        [colour("c", 0, 120)],
        assets,
        music(clip("m", "voice", sample_rate, 0, 2 * sample_rate)),
        output={"sample_rate": sample_rate},
    )
    assert studio.render(document).code == 0
    sound = decode_sound(studio.fetch("films/film.mp4", "film.mp4"), 1, sample_rate)
    assert level_of(sound[round(1.2 * sample_rate) : round(2.8 * sample_rate)], 1000, sample_rate) == pytest.approx(
        -10, abs=0.3
    )
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert loud[0] == pytest.approx(sample_rate, abs=60)
    assert loud[-1] == pytest.approx(3 * sample_rate, abs=60)


# Loudness


@pytest.mark.parametrize(("channels", "target"), [(1, -19.0), (2, -16.0)])
def test_the_programme_is_as_loud_as_asked_for(studio: Studio, channels: int, target: float) -> None:
    quiet = np.concatenate([tone(300 + 100 * n, 1.0, -38 + 3 * (n % 4)) for n in range(12)])
    assets = {"voice": put(studio, "voice", quiet)}
    said = sound_track("voices", "narration", [clip("v", "voice", 0, 0, len(quiet))])
    loudness = {"integrated_lufs": target, "true_peak_dbtp": -1.5}
    heard(studio, 12, assets, said, channels=channels, loudness=loudness)
    assert loudness_by_ffmpeg(studio.root / "film.mp4") == pytest.approx(target, abs=1.0)
    record = studio.record()
    assert record is not None
    assert record["report"]["loudness_lufs"] == pytest.approx(loudness_by_ffmpeg(studio.root / "film.mp4"), abs=0.3)


def test_peaks_stay_under_the_ceiling(studio: Studio) -> None:
    """A quiet programme with one loud second, which the gain alone would push over full scale."""
    sound = np.concatenate([tone(500, 10, -20), tone(500, 1, -11), tone(500, 9, -20)])
    assets = {"voice": put(studio, "voice", sound)}
    loudness = {"integrated_lufs": -10.0, "true_peak_dbtp": -3.0}
    made = heard(studio, 20, assets, music(clip("v", "voice", 0, 0, len(sound))), loudness=loudness)
    record = studio.record()
    assert record is not None
    assert record["report"]["gain_db"] >= 10  # to -1 dBFS at least, without a limiter
    assert np.abs(made).max() <= 10 ** ((-3.0 + 0.3) / 20)  # and what the codec adds


def test_a_programme_far_from_the_ceiling_is_left_alone_by_the_limiter(studio: Studio) -> None:
    """The level comes out as it went in, to a tenth of a decibel: nothing was taken off."""
    made = heard(studio, 3, {"song": put(studio, "song", tone(997, 3, -3.0))}, music(clip("m", "song", 0, 0, 3 * RATE)))
    assert level_of(made[RATE : 2 * RATE], 997) == pytest.approx(-3.0, abs=0.1)


def test_silence_stays_silence(studio: Studio) -> None:
    loudness = {"integrated_lufs": -16.0, "true_peak_dbtp": -1.5}
    made = heard(
        studio,
        2,
        {"none": put(studio, "none", np.zeros(RATE))},
        music(clip("m", "none", 0, 0, RATE)),
        loudness=loudness,
    )
    assert np.abs(made).max() == 0
    record = studio.record()
    assert record is not None
    assert (record["report"]["loudness_lufs"], record["report"]["gain_db"]) == (None, 0)


def test_one_sound_played_twice_at_once_adds_up(studio: Studio) -> None:
    assets = {"song": put(studio, "song", tone(MUSIC, 2, -20))}
    twice = [sound_track(f"t{n}", "effects", [clip(f"i{n}", "song", 0, 0, 2 * RATE)]) for n in range(2)]
    made = heard(studio, 2, assets, *twice)
    assert level_of(made[RATE // 2 : 3 * RATE // 2], MUSIC) == pytest.approx(-20 + 6.02, abs=0.2)
