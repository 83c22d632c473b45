"""Clips, read back frame by frame: which source frame stands at each output frame, whatever the speed and wherever entered."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.jobs.conftest import FOREIGN_FRAMES, HOUSE_FRAMES, Sources
from tests.support.assembly import Raw, Studio, clip, colour, production
from tests.support.media import decode_grey, ffmpeg, numbered_frames, read_numbers, write_clip

pytestmark = pytest.mark.media


def film(studio: Studio, document: Raw) -> Path:
    assert studio.render(document).code == 0
    return studio.fetch(document["output"]["uri"].partition("://")[2], "film.mp4")


@pytest.mark.parametrize(
    "speed", [Fraction(2), Fraction(1, 2), Fraction(3, 2), Fraction(53, 50), Fraction(7, 3)], ids=str
)
def test_a_clip_at_another_speed_shows_every_frame_when_it_is_due(
    studio: Studio, sources: Sources, speed: Fraction
) -> None:
    assets = {"foreign": studio.put(sources.foreign, "video/x-matroska")}
    item = clip("c", "foreign", 5, 7, 50, speed={"num": speed.numerator, "den": speed.denominator})
    frames = decode_grey(film(studio, production([colour("a", 0, 5, "#000000"), item], assets)))
    length = int(50 / speed)
    assert read_numbers(frames[5:]) == [FOREIGN_FRAMES[7 + int(n * speed)] for n in range(length)]


def test_a_sped_clip_that_is_made_in_two_shots_goes_on_where_it_was(studio: Studio, sources: Sources) -> None:
    assets = {"house": studio.put(sources.house, "video/mp4")}
    speed = Fraction(5, 3)
    item = clip("c", "house", 0, 3, 50, speed={"num": 5, "den": 3}, fade_out=9)  # parted at frame 21
    frames = decode_grey(film(studio, production([item], assets)))
    assert read_numbers(frames[:24]) == [HOUSE_FRAMES[3 + int(n * speed)] for n in range(24)]


LONG = range(1, 451)  # 15 seconds
FORMATS = {
    "mkv": ("long.mkv", "video/x-matroska", ["-c:v", "libx264", "-bf", "3", "-g", "100", "-x264-params", "open-gop=1"]),
    "mp4": ("long.mp4", "video/mp4", ["-c:v", "libx264", "-bf", "3", "-g", "250", "-x264-params", "b-pyramid=normal"]),
    "webm": (
        "long.webm",
        "video/webm",
        ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_long_source_is_entered_anywhere_and_shows_the_frames_asked_for(
    studio: Studio, tmp_path: Path, name: str
) -> None:
    """Shots begin past the place from which sources are entered by seeking; open GOPs and reordered frames included."""
    file, media_type, options = FORMATS[name]
    path = write_clip(tmp_path / file, numbered_frames(LONG), "30", *options)
    assets = {"long": studio.put(path, media_type)}
    pieces = [(100, 5), (137, 4), (249, 3), (301, 120), (447, 3)]
    items, position = [], 0
    for first, length in pieces:
        items.append(clip(f"c{first}", "long", position, first, length))
        position += length
    frames = decode_grey(film(studio, production(items, assets)))
    assert read_numbers(frames) == [LONG[first + n] for first, length in pieces for n in range(length)]


def test_a_faster_source_is_shown_alike_whether_entered_by_seeking_or_from_its_start(
    studio: Studio, tmp_path: Path
) -> None:
    """At twice the rate every frame lies half-way between two output frames: the tie must fall the same way everywhere."""
    path = write_clip(
        tmp_path / "fast.mp4", numbered_frames(range(1, 481)), "60", "-c:v", "libx264", "-bf", "2", "-g", "90"
    )
    assets = {"fast": studio.put(path, "video/mp4")}
    whole = production([clip("c", "fast", 0, 0, 240)], assets, output={"uri": "media://films/whole.mp4"})
    shown = read_numbers(decode_grey(film(studio, whole)))
    parts = production([clip("c", "fast", 0, 130, 20), clip("d", "fast", 20, 233, 7)], assets)
    assert read_numbers(decode_grey(film(studio, parts))) == [*shown[130:150], *shown[233:240]]


def test_pixels_that_are_not_square_are_made_square(studio: Studio, tmp_path: Path) -> None:
    """Half as wide as it is shown: fitted by its shape, the barcode fills the frame again."""
    squeeze = ["-vf", "scale=80:90,setsar=2", "-c:v", "libx264", "-qp", "0"]
    path = write_clip(tmp_path / "narrow.mp4", numbered_frames(range(1, 21)), "30", *squeeze)
    assets = {"narrow": studio.put(path, "video/mp4")}
    frames = decode_grey(film(studio, production([clip("c", "narrow", 0, 0, 20, fit="contain")], assets)))
    assert read_numbers(frames) == list(range(1, 21))


def test_hundreds_of_keyframes_are_drawn(studio: Studio, sources: Sources) -> None:
    """Their expressions are longer than one argument of a program may be."""
    path = [{"frame": n, "x": 0.5 + 0.001 * (n % 7), "y": 0.5 - 0.001 * (n % 5), "scale": 0.5} for n in range(290)]
    item = {"type": "still", "id": "s", "asset": "png", "timeline_start": 0, "duration": 300}
    over = {"id": "over", "kind": "overlay", "items": [{**item, "transform": {"keyframes": path}}]}
    document = production([colour("c", 0, 300)], {"png": studio.put(sources.png, "image/png")}, over)
    assert studio.render(document).report["frames"] == 300


@pytest.mark.parametrize("rate", [1, 2])
def test_the_slowest_frame_rates_are_rendered(studio: Studio, rate: int) -> None:
    document = production(
        [{**colour("c", 0, 4), "fade_in": 3}, colour("d", 4, 3)], output={"frame_rate": {"num": rate, "den": 1}}
    )
    assert studio.render(document).report["frames"] == 7


def test_a_held_picture_does_not_change_from_frame_to_frame(studio: Studio, tmp_path: Path) -> None:
    """Over more than one GOP: every frame is the first one, to the last bit, at the keyframes too."""
    photo = tmp_path / "photo.png"
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=160x90,noise=alls=10", "-frames:v", "1", photo)
    item = {"type": "still", "id": "s", "asset": "photo", "timeline_start": 0, "duration": 320}
    shown = film(studio, production([item], {"photo": studio.put(photo, "image/png")}, output={"profile": "standard"}))
    frames = decode_grey(shown)
    assert len(frames) == 320
    assert (frames == frames[0]).all()
