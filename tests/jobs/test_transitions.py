"""Transitions, looked at frame by frame: each picture takes over as it is named, and its neighbours are not touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import FOREIGN_FRAMES, HOUSE_FRAMES, Sources
from tests.support.assembly import Raw, Studio, clip, colour, production
from tests.support.media import Pictures, decode_grey, ffmpeg, numbered_frames, psnr, read_numbers

pytestmark = pytest.mark.media
LENGTH = 10


def two(first: Raw, second: Raw, kind: str, assets: dict[str, Raw] | None = None, **more: str) -> Raw:
    document = production([first, second], assets or {})
    join = {"from": first["id"], "to": second["id"], "type": kind, "duration": LENGTH, **more}
    document["tracks"][0]["transitions"] = [join]
    return document


def film(studio: Studio, document: Raw) -> Path:
    ended = studio.render(document)
    assert ended.report["frames"] == 50
    return studio.fetch(document["output"]["uri"].partition("://")[2], "film.mp4")


def greys(studio: Studio, kind: str) -> Pictures:
    """Black, then white: frames 20-29 are the transition."""
    return decode_grey(film(studio, two(colour("a", 0, 30, "#000000"), colour("b", 20, 30, "#ffffff"), kind)))


def levels(frames: Pictures) -> list[float]:
    return [float(frame.mean()) for frame in frames]


@pytest.mark.parametrize("kind", ["dissolve", "fade", "dip_to_colour", "wipe_left", "wipe_down", "slide_right"])
def test_every_transition_lasts_what_it_says_and_leaves_its_neighbours_alone(studio: Studio, kind: str) -> None:
    found = levels(greys(studio, kind))
    assert max(found[:20]) < 3
    assert min(found[30:]) > 250


def test_a_dissolve_rises_evenly(studio: Studio) -> None:
    steps = np.diff(levels(greys(studio, "dissolve"))[20:30])
    assert (steps > 15).all() and (steps < 35).all()


def test_a_dip_goes_through_its_colour_and_a_fade_through_black(studio: Studio) -> None:
    document = two(colour("a", 0, 30, "#ffffff"), colour("b", 20, 30, "#ffffff"), "dip_to_colour", colour="#ff0000")
    dipped = film(studio, document)
    pixels = np.frombuffer(ffmpeg("-i", dipped, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"), dtype=np.uint8)
    red, green, blue = pixels.reshape(50, -1, 3).mean(axis=1)[25]
    assert red > 200 and green < 70 and blue < 70
    document["tracks"][0]["transitions"][0]["type"] = "fade"
    document["output"]["uri"] = "media://films/fade.mp4"
    assert min(levels(decode_grey(film(studio, document)))[23:27]) < 40


@pytest.mark.parametrize(
    ("kind", "first_side"),
    [
        ("wipe_left", "right"),
        ("wipe_right", "left"),
        ("wipe_up", "bottom"),
        ("wipe_down", "top"),
        ("slide_left", "right"),
    ],
)
def test_a_wipe_moves_the_way_it_is_named(studio: Studio, kind: str, first_side: str) -> None:
    """White comes in behind the edge: a wipe to the left uncovers it at the right."""
    middle = greys(studio, kind)[23]
    sides = {
        "left": middle[:, :8].mean(),
        "right": middle[:, -8:].mean(),
        "top": middle[:8].mean(),
        "bottom": middle[-8:].mean(),
    }
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[first_side]
    assert sides[first_side] > 200
    assert sides[opposite] < 50


def test_both_clips_go_on_through_a_dissolve_and_are_exact_beside_it(studio: Studio, sources: Sources) -> None:
    assets = {
        "house": studio.put(sources.house, "video/mp4"),
        "foreign": studio.put(sources.foreign, "video/x-matroska"),
    }
    document = two(clip("a", "house", 0, 0, 30), clip("b", "foreign", 20, 5, 30), "dissolve", assets)
    frames = decode_grey(film(studio, document))
    assert read_numbers(frames[:20]) == list(HOUSE_FRAMES)[:20]
    assert read_numbers(frames[30:]) == list(FOREIGN_FRAMES)[15:35]
    ahead = numbered_frames(list(HOUSE_FRAMES)[20:30]).astype(float)
    behind = numbered_frames(list(FOREIGN_FRAMES)[5:15]).astype(float)
    for n in range(LENGTH):
        share = min(
            ((frames[20 + n] - (1 - p) * ahead[n] - p * behind[n]) ** 2).mean() for p in (n / LENGTH, (n + 1) / LENGTH)
        )
        assert share < 60, n


def test_a_changed_transition_makes_its_overlap_alone(studio: Studio, sources: Sources) -> None:
    assets = {"house": studio.put(sources.house, "video/mp4")}
    document = two(clip("a", "house", 0, 0, 30), clip("b", "house", 20, 0, 30), "dissolve", assets)
    assert studio.render(document).report["shots"] == {"made": 2, "reused": 0, "copied": 2}
    document["tracks"][0]["transitions"][0]["type"] = "wipe_up"
    document["output"]["uri"] = "media://films/other.mp4"
    assert studio.render(document).report["shots"] == {"made": 1, "reused": 1, "copied": 2}


def test_copied_frames_beside_an_overlap_are_the_sources_own(studio: Studio, sources: Sources) -> None:
    assets = {"house": studio.put(sources.house, "video/mp4")}
    document = two(clip("a", "house", 0, 0, 30), clip("b", "house", 20, 0, 30), "slide_right", assets)
    frames, own = decode_grey(film(studio, document)), decode_grey(sources.house)
    assert psnr(frames[:20], own[:20]) == float("inf")
    assert psnr(frames[35:], own[15:30]) == float("inf")


def test_a_picture_comes_up_from_black_and_goes_down_to_it(studio: Studio) -> None:
    found = levels(
        decode_grey(film(studio, production([{**colour("a", 0, 50, "#ffffff"), "fade_in": 10, "fade_out": 20}])))
    )
    assert found[0] < 5
    assert (np.diff(found[:10]) > 10).all()
    assert min(found[11:30]) > 250
    assert (np.diff(found[31:50]) < -5).all()
    assert found[49] < 30


def test_a_faded_clip_shows_its_own_frames(studio: Studio, sources: Sources) -> None:
    assets = {"house": studio.put(sources.house, "video/mp4")}
    frames = decode_grey(film(studio, production([clip("c", "house", 0, 0, 50, fade_in=15, fade_out=5)], assets)))
    assert read_numbers(frames[15:45]) == list(HOUSE_FRAMES)[15:45]
    whole = numbered_frames(list(HOUSE_FRAMES)[45:50]).astype(float)
    assert all(frame.mean() < own.mean() for frame, own in zip(frames[46:], whole[1:], strict=True))
