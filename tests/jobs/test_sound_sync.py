"""Half an hour of film: at its end, picture and sound are as much together as at its beginning."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.support.assembly import Studio, clip, colour, production, sound_track
from tests.support.media import RATE, ffmpeg, ffprobe, write_wav

pytestmark = pytest.mark.media

AAC_FRAME, SOURCE_RATE, MINUTES = 1024, 44_100, 30
FRAMES = 600  # of a minute, nearly: ten a second, as television counts


def click_track(path: Path, times: list[Fraction]) -> Path:
    """One source as long as the film, a burst at each of the times."""
    sound = np.zeros(MINUTES * 61 * SOURCE_RATE)
    burst = 0.7 * np.sin(2 * np.pi * 3000 / SOURCE_RATE * np.arange(220))
    for time in times:
        place = round(time * SOURCE_RATE)
        sound[place : place + len(burst)] = burst
    return write_wav(path, sound, SOURCE_RATE)


def changes(film: Path) -> list[Fraction]:
    """When the picture becomes another, as the file's own times have it."""
    said = ffmpeg("-i", film, "-map", "0:v", "-vf", "scale=16:16", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    lines = said.decode().splitlines()
    base = next(Fraction(line.split()[-1]) for line in lines if line.startswith("#tb 0:"))
    rows = [line.split(",") for line in lines if not line.startswith("#")]
    return [int(after[2]) * base for before, after in pairwise(rows) if before[-1].strip() != after[-1].strip()]


def loud_moments(film: Path) -> list[Fraction]:
    """When sound begins after a second of silence, from the time of the file's first sample on."""
    raw = ffmpeg("-i", film, "-map", "0:a", "-f", "s16le", "-c:a", "pcm_s16le", "-")
    loud = np.flatnonzero(np.abs(np.frombuffer(raw, "<i2")) > 3000)
    first = loud[np.flatnonzero(np.diff(loud, prepend=-2 * RATE) > RATE)]
    start = Fraction(
        ffprobe(film, "-select_streams", "a", "-show_entries", "stream=start_time", "-of", "csv=p=0").strip()
    )
    return [start + Fraction(int(sample), RATE) for sample in first]


def test_after_half_an_hour_a_click_still_falls_on_its_picture(studio: Studio) -> None:
    """The picture changes once a minute. Clicks are cut from deep inside one long source and laid on some of the changes."""
    frame_rate = Fraction(10_000, 1001)
    marks = [FRAMES * minute / frame_rate for minute in range(1, MINUTES)]
    chosen = [marks[n] for n in (0, 1, 13, 14, 27, 28)]
    song = studio.put(click_track(studio.root / "clicks.wav", chosen), "audio/wav")
    pieces = [round(time * RATE) - RATE // 2 for time in chosen]
    sounds = [clip(f"s{n}", "song", place, place, RATE) for n, place in enumerate(pieces)]
    pictures = [colour(f"c{n}", n * FRAMES, FRAMES, ("#101010", "#e0e0e0")[n % 2]) for n in range(MINUTES)]
    output = {"width": 32, "height": 32, "frame_rate": {"num": 10_000, "den": 1001}}
    ended = studio.render(production(pictures, {"song": song}, sound_track("t", "effects", sounds), output=output))
    assert ended.code == 0, ended.log
    film = studio.fetch("films/film.mp4", "film.mp4")
    seen, heard = changes(film), loud_moments(film)
    assert seen == pytest.approx(marks, abs=1e-6)
    assert len(heard) == len(chosen)
    for sound in heard:
        nearest = min(seen, key=lambda picture: abs(picture - sound))
        assert abs(sound - nearest) <= Fraction(AAC_FRAME, RATE)
    drifts = [float(sound - time) for sound, time in zip(heard, chosen, strict=True)]
    assert max(drifts) - min(drifts) < 0.001  # and none of it grows
