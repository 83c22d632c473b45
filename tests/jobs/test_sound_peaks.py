"""True peaks: what lies between the samples stays under the ceiling too, after coding, and the report tells what came out.

The judge is a transform of the whole decoded sound, eight times oversampled: not the meter that the job itself uses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.media import RATE, Samples, decode_sound, loudness_by_ffmpeg, tone, write_wav

pytestmark = pytest.mark.media


def true_peak(sound: Samples) -> float:
    """dBTP of the whole, by a band-limited interpolation."""
    peaks = [_oversampled_peak(sound[at : at + 10 * RATE]) for at in range(0, len(sound), 10 * RATE)]
    return float(20 * np.log10(max(peaks)))


def _oversampled_peak(sound: Samples) -> float:
    length = len(sound)
    padded = np.concatenate([np.zeros(2048), sound, np.zeros(2048)])  # the transform goes round: its ends must be still
    spectrum = np.fft.rfft(padded)
    wide = np.fft.irfft(np.concatenate([spectrum, np.zeros(len(padded) // 2 * 7)]), len(padded) * 8) * 8
    return float(np.abs(wide[2048 * 8 : (2048 + length) * 8]).max())


def between_the_samples(seconds: float, dbfs: float) -> Samples:
    """A sine at a quarter of the rate, its samples 45 degrees off its peaks: 3.01 dB higher than any of them."""
    time = np.arange(round(seconds * RATE))
    ends = np.minimum(1, np.minimum(time, time[::-1]) / 2400)  # softly, for a burst rings by itself
    return np.asarray(10 ** (dbfs / 20) * np.sin(np.pi / 2 * time + np.pi / 4) * ends)


def render(studio: Studio, sound: Samples, asked: Raw | None, name: str = "film", **output: Any) -> tuple[Samples, Raw]:
    asset = studio.put(write_wav(studio.root / "sound.wav", sound), "audio/wav")
    seconds = -(-len(sound) // RATE)
    document = production(
        [colour("c", 0, seconds * 30)],
        {"sound": asset},
        sound_track("t", "music", [clip("s", "sound", 0, 0, len(sound))]),
        output={"loudness": asked, "uri": f"media://films/{name}.mp4", **output},
    )
    report = studio.render(document).report
    return decode_sound(studio.fetch(f"films/{name}.mp4", f"{name}.mp4"), output.get("channels", 1)), report


def asked(lufs: float, dbtp: float) -> Raw:
    return {"integrated_lufs": lufs, "true_peak_dbtp": dbtp}


def test_the_judge_sees_between_the_samples() -> None:
    sound = between_the_samples(1, -3)
    assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(-6.01, abs=0.02)
    assert true_peak(sound) == pytest.approx(-3, abs=0.02)


def test_a_peak_between_the_samples_is_held_under_the_ceiling(studio: Studio) -> None:
    """The gain brings its samples to one or two decibels under the ceiling, and the wave itself as far over it."""
    burst = between_the_samples(0.1, -7.2)
    sound = np.concatenate([tone(500, 9, -21), burst, tone(500, 5, -21)])
    made, report = render(studio, sound, asked(-16.0, -1.5))
    assert np.abs(burst).max() * 10 ** (report["gain_db"] / 20) < 10 ** (-1.5 / 20)
    assert -7.2 + report["gain_db"] > -1.5 + 0.5
    assert report["limited_blocks"] == 1
    assert true_peak(made) <= -1.5 + 0.1  # what another decoder and another filter may make of it
    assert true_peak(made) > -1.5 - 1  # and no more was taken than needed
    assert report["true_peak_dbtp"] <= -1.5
    assert report["true_peak_dbtp"] == pytest.approx(true_peak(made), abs=0.2)


@pytest.mark.parametrize(("channels", "ceiling"), [(1, -1.0), (2, -3.0)])
def test_the_ceiling_holds_after_coding_for_a_programme_driven_hard(
    studio: Studio, channels: int, ceiling: float
) -> None:
    """Syllables of noise and tone at the loudest target there is, limited all the time."""
    time = np.arange(25 * RATE) / RATE
    voice = np.sin(2 * np.pi * 150 * time) + 0.5 * np.sin(2 * np.pi * 2750 * time + 1)
    voice += 0.3 * np.random.default_rng(9).standard_normal(len(time))
    sound = 0.2 * voice * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * time))
    shaped = sound if channels == 1 else np.stack([sound, np.roll(sound, 40)], axis=1)
    made, report = render(studio, shaped, asked(-9.0, ceiling), channels=channels)
    assert report["limited_blocks"] == report["audio_blocks"]["made"] == 1
    assert max(true_peak(one) for one in made.reshape(len(made), -1).T) <= ceiling + 0.1
    assert report["loudness_lufs"] == pytest.approx(loudness_by_ffmpeg(studio.root / "film.mp4"), abs=0.2)
    said = [line for line in studio_log(studio, shaped, report) if "were asked for" in line]
    assert bool(said) == (abs(report["loudness_lufs"] + 9.0) > 0.5)


def studio_log(studio: Studio, sound: Samples, report: Raw) -> list[str]:
    """What a second run, which makes nothing, says of the same sound."""
    channels = 1 if sound.ndim == 1 else 2
    asset = studio.put(write_wav(studio.root / "sound.wav", sound), "audio/wav")
    document = production(
        [colour("c", 0, -(-len(sound) // RATE) * 30)],
        {"sound": asset},
        sound_track("t", "music", [clip("s", "sound", 0, 0, len(sound))]),
        output={
            "loudness": asked(-9.0, -1.0 if channels == 1 else -3.0),
            "uri": "media://films/again.mp4",
            "channels": channels,
        },
    )
    ended = studio.render(document)
    again = ended.report
    assert again["audio_blocks"] == {"made": 0, "reused": 1}
    assert {key: again[key] for key in ("loudness_lufs", "true_peak_dbtp", "limited_blocks")} == {
        key: report[key] for key in ("loudness_lufs", "true_peak_dbtp", "limited_blocks")
    }
    return [line["message"] for line in ended.log]


def test_speech_that_stays_under_the_ceiling_is_coded_as_if_there_were_none(studio: Studio) -> None:
    """Listened to, for it comes near, and let pass: the block that every other ceiling leads to, made once."""
    sound = np.tile(np.concatenate([tone(500, 0.98, -21), tone(500, 0.02, -11)]), 10)
    _, report = render(studio, sound, asked(-16.0, -1.5))
    assert (report["limited_blocks"], report["audio_blocks"]) == (0, {"made": 1, "reused": 0})
    assert -10 < report["true_peak_dbtp"] <= -1.5
    _, other = render(studio, sound, asked(-16.0, -2.5), "other")
    assert (other["limited_blocks"], other["audio_blocks"]) == (0, {"made": 0, "reused": 1})


def test_one_loud_block_does_not_have_the_others_limited(studio: Studio) -> None:
    sound = np.concatenate([tone(500, 30, -24), tone(500, 1, -5), tone(500, 30, -24)])
    _, report = render(studio, sound, asked(-16.0, -1.5))
    assert report["limited_blocks"] == 1
    assert report["audio_blocks"]["made"] == 3


def test_a_programme_is_as_loud_as_asked_for_after_limiting(studio: Studio) -> None:
    sound = np.concatenate([tone(500, 15, -24), tone(500, 0.02, -6), tone(500, 15, -24)])
    made, report = render(studio, sound, asked(-18.0, -2.0))
    assert report["limited_blocks"] >= 1
    assert report["loudness_lufs"] == pytest.approx(-18.0, abs=0.5)
    assert loudness_by_ffmpeg(studio.root / "film.mp4") == pytest.approx(-18.0, abs=0.5)
    assert true_peak(made) <= -2.0 + 0.1


def test_where_no_loudness_is_asked_for_nothing_is_listened_to(studio: Studio) -> None:
    made, report = render(studio, between_the_samples(3, -1), None)
    assert (report["limited_blocks"], report["true_peak_dbtp"], report["gain_db"]) == (0, None, 0)
    assert true_peak(made) == pytest.approx(-1, abs=0.3)
