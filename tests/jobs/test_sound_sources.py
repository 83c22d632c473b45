"""Sounds as people have them: of any width and rate, of one channel or six, in films; and those that hold nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Ended, Raw, Studio, clip, colour, production, sound_track
from tests.support.media import RATE, Samples, clicks, decode_sound, ffmpeg, level_of, tone, write_wav

pytestmark = pytest.mark.media

SECONDS = 3


def rendered(studio: Studio, asset: Raw, *, speed: Raw | None = None, seconds: int = SECONDS, **output: Any) -> Ended:
    item = clip("s", "sound", 0, 0, seconds * RATE, **({"speed": speed} if speed else {}))
    document = production(
        [colour("c", 0, seconds * 30)], {"sound": asset}, sound_track("t", "music", [item]), output=output
    )
    return studio.render(document)


def heard(studio: Studio, asset: Raw, channels: int = 1) -> Samples:
    ended = rendered(studio, asset, channels=channels)
    assert ended.code == 0, ended.log
    return decode_sound(studio.fetch("films/film.mp4", "film.mp4"), channels)


@pytest.mark.parametrize(
    ("codec", "rate"), [("pcm_u8", 11_025), ("pcm_s24le", 44_100), ("pcm_s32le", 96_000), ("pcm_f32le", 8_000)]
)
def test_a_wav_of_any_width_and_rate_keeps_its_level_and_place(studio: Studio, codec: str, rate: int) -> None:
    path = studio.root / "sound.wav"
    sound = np.concatenate([np.zeros(RATE), tone(1000, SECONDS - 1, -10)])
    ffmpeg("-i", write_wav(studio.root / "48.wav", sound), "-ar", str(rate), "-c:a", codec, path)
    made = heard(studio, studio.put(path, "audio/wav"))
    assert level_of(made[RATE + 4800 :], 1000) == pytest.approx(-10, abs=0.2)
    assert np.flatnonzero(np.abs(made) > 0.05)[0] == pytest.approx(RATE, abs=60)
    assert len(made) >= SECONDS * RATE


def test_five_speakers_become_two_and_the_voice_in_the_middle_is_on_both(studio: Studio) -> None:
    """Front, centre, woofer and back, each with a tone of its own; ffmpeg's own matrix, which nothing can overdrive."""
    tones = [tone(frequency, SECONDS, -8) for frequency in (400, 600, 900, 60, 1400, 2100)]  # FL FR FC LFE BL BR
    path = write_wav(studio.root / "51.wav", np.stack(tones, axis=1))
    ffmpeg("-i", path, "-af", "channelmap=channel_layout=5.1", "-c:a", "flac", studio.root / "51.flac")
    made = heard(studio, studio.put(studio.root / "51.flac", "audio/flac"), channels=2)
    left, right = made[RATE : 2 * RATE].T
    front, centre = level_of(left, 400), level_of(left, 900)
    assert level_of(right, 900) == pytest.approx(centre, abs=0.2)
    assert centre == pytest.approx(front - 3.01, abs=0.2)
    assert level_of(right, 600) == pytest.approx(front, abs=0.2)
    assert (level_of(left, 600), level_of(right, 400)) < (-60, -60)
    assert level_of(left, 1400) == pytest.approx(front - 3.01, abs=0.2)
    assert np.abs(made).max() < 1


def test_two_channels_become_one_that_is_as_loud_as_both_were(studio: Studio) -> None:
    """BS.1770 reads the power of all channels together: it stays, as it does where one channel becomes two."""
    path = write_wav(studio.root / "two.wav", np.stack([tone(500, SECONDS, -6), tone(1500, SECONDS, -6)], axis=1))
    made = heard(studio, studio.put(path, "audio/wav"))
    assert level_of(made[RATE : 2 * RATE], 500) == pytest.approx(-6 - 3.01, abs=0.2)
    assert level_of(made[RATE : 2 * RATE], 1500) == pytest.approx(-6 - 3.01, abs=0.2)


@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "film.mkv", "film.mov"])
def test_the_sound_of_a_film_is_played_and_lies_where_it_lies_in_the_film(studio: Studio, name: str) -> None:
    types = {"mp4": "video/mp4", "webm": "video/webm", "mkv": "video/x-matroska", "mov": "video/quicktime"}
    places = [RATE // 2, 2 * RATE + 4321]
    path = write_wav(studio.root / "clicks.wav", clicks(places, SECONDS * RATE))
    webm = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]
    codec = {"webm": webm, "mkv": ["-c:a", "flac"]}.get(name.rpartition(".")[2], ["-c:a", "aac"])
    picture = ["-f", "lavfi", "-i", f"testsrc=s=64x64:r=15:d={SECONDS}"]
    ffmpeg(*picture, "-i", path, *codec, studio.root / name)
    made = heard(studio, studio.put(studio.root / name, types[name.rpartition(".")[2]]))
    match = np.correlate(made, clicks([0], 400), "valid")
    found = [place - 1000 + int(np.argmax(match[place - 1000 : place + 1000])) for place in places]
    assert found == pytest.approx(places, abs=8 if name.endswith(("mkv", "webm")) else 1)


# Nothing to be heard


def refused(ended: Ended) -> str:
    assert (ended.code, ended.error["type"]) == (4, "corrupt-asset"), ended.log
    return str(ended.error["detail"])


@pytest.mark.parametrize("speed", [None, {"num": 2}])
def test_a_film_without_sound_is_named_as_such(studio: Studio, sources: Sources, speed: Raw | None) -> None:
    detail = refused(rendered(studio, stored(studio, sources)["house"], speed=speed))
    assert "holds no sound" in detail and "house.mp4" in detail and "Leave it out" in detail


def test_a_film_whose_sound_has_no_length_is_named_as_such(studio: Studio) -> None:
    path = studio.root / "none.mp4"
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "0", path)
    assert "holds no sound" in refused(rendered(studio, studio.put(path, "audio/mp4")))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_sound_of_no_length_is_silence(studio: Studio, suffix: str) -> None:
    """As what is shorter than its range goes on in silence, so does what ends before it begins."""
    path = studio.root / f"none.{suffix}"
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "0", path)
    made = heard(studio, studio.put(path, f"audio/{suffix}"))
    assert np.abs(made).max() == 0
    assert len(made) >= SECONDS * RATE


def test_silence_is_sound(studio: Studio) -> None:
    made = heard(studio, studio.put(write_wav(studio.root / "still.wav", np.zeros(SECONDS * RATE)), "audio/wav"))
    assert np.abs(made).max() == 0
    assert len(made) >= SECONDS * RATE


def test_a_sound_shorter_than_its_range_goes_on_in_silence(studio: Studio) -> None:
    made = heard(studio, studio.put(write_wav(studio.root / "short.wav", tone(500, 1, -6)), "audio/wav"))
    assert level_of(made[4800 : RATE - 4800], 500) == pytest.approx(-6, abs=0.2)
    assert np.abs(made[RATE + 2048 :]).max() < 0.001


def test_a_song_cut_off_is_named(studio: Studio, tmp_path: Path) -> None:
    path = studio.root / "half.m4a"
    whole = ffmpeg("-i", write_wav(tmp_path / "w.wav", tone(500, 9, -6)), "-c:a", "aac", "-f", "adts", "-")
    path.write_bytes(whole[: len(whole) // 2])
    assert "Upload it again" in refused(rendered(studio, studio.put(path, "audio/mp4")))
