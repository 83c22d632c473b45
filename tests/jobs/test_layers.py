"""Layers over a ground, looked at pixel by pixel: where they lie, how they move and fade, and what they leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.assemble.pictures.layers import fit_layer, lay_over, opacity_at, pose_at
from jobs.assemble.pictures.moves import hold
from shared.domain.blueprint.model import Fit, Keyframe, Output, Transform
from tests.support.media import ffmpeg
from tests.support.pixels import (
    GREY,
    Film,
    dot,
    frame_of,
    moving_ground,
    picture,
    place_of_dot,
    plain_ground,
    shown,
)

pytestmark = pytest.mark.media

WIDE = frame_of(320, 180)
NTSC = frame_of(160, 90, 30000, 1001)
TALL = frame_of(90, 160)
TINY = frame_of(16, 16)
FRAMES = 12


def key(frame: int, **values: float) -> Keyframe:
    return Keyframe(frame=frame, **values)


def travelling(*keyframes: Keyframe, **own: Any) -> Transform:
    return Transform(keyframes=list(keyframes), **own)


ALONG = travelling(
    key(2, x=0.3, scale=0.15), key(9, x=0.5, y=0.6), key(17, opacity=0.4), key(23, x=0.42, scale=0.5), y=0.45
)


def solid(width: int, height: int, colour: tuple[int, int, int], alpha: int = 255) -> NDArray[np.uint8]:
    return np.full((height, width, 4), (*colour, alpha), np.uint8)


def film(
    layer: Any,
    output: Output,
    folder: Path,
    transform: Transform | None = None,
    *,
    ground: Any = None,
    frames: int = FRAMES,
    offset: int = 0,
    span: int = FRAMES,
    fades: tuple[int, int] = (0, 0),
    still: bool = True,
) -> Film:
    under = plain_ground(output, frames, "black") if ground is None else ground
    layer = layer if still else hold(layer, frames, output)
    drawn = lay_over(
        under,
        layer,
        output,
        transform=transform,
        fade_in=fades[0],
        fade_out=fades[1],
        offset=offset,
        span=span,
        frames=frames,
        still=still,
    )
    made = shown(drawn, output, folder)
    assert len(made) == frames
    return made


def levels(made: Film) -> list[float]:
    return [float(luma.mean()) for luma in made.luma]


# Values


def test_a_value_is_its_own_until_the_first_keyframe_that_has_it_and_straight_from_there() -> None:
    transform = travelling(key(10, x=0.2), key(15, y=0.9), key(20, x=0.4, scale=2.0), x=0.5, y=0.1)
    assert pose_at(transform, 9) == pytest.approx((0.5, 0.1, 1.0, 1.0))
    assert pose_at(transform, 10) == pytest.approx((0.2, 0.1, 1.0, 1.0))
    assert pose_at(transform, 15) == pytest.approx((0.3, 0.9, 1.0, 1.0))
    assert pose_at(transform, 99) == pytest.approx((0.4, 0.9, 2.0, 1.0))
    assert pose_at(None, 5) == pytest.approx((0.5, 0.5, 1.0, 1.0))


def test_a_fade_takes_from_the_layers_own_opacity() -> None:
    found = [opacity_at(Transform(opacity=0.5), 4, 2, 10, frame) for frame in range(10)]
    assert found == pytest.approx([0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25])


# Fits


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize(
    ("size", "fit", "found"),
    [
        ((400, 100), Fit.CONTAIN, (320, 80)),
        ((21, 45), Fit.CONTAIN, (84, 180)),
        ((3000, 1), Fit.CONTAIN, (320, 2)),
        ((400, 100), Fit.COVER, (320, 180)),
        ((21, 45), Fit.FILL, (320, 180)),
        ((21, 45), Fit.CONTAIN_BLUR, (320, 180)),
    ],
)
def test_a_layer_takes_the_size_its_fit_says(
    size: tuple[int, int], fit: Fit, found: tuple[int, int], opaque: bool, tmp_path: Path
) -> None:
    source = picture(tmp_path / "layer.png", solid(*size, (90, 90, 90)))
    stream = fit_layer(source, WIDE, fit, opaque=opaque).output("-", format="framemd5").get_args()
    assert f"#dimensions 0: {found[0]}x{found[1]}" in ffmpeg(*stream).decode()


@pytest.mark.parametrize(
    ("fit", "transform"), [(Fit.CONTAIN, None), (Fit.COVER, Transform(scale=0.37)), (Fit.FILL, ALONG)]
)
def test_clear_pixels_leave_no_fringe_whatever_their_colour(
    fit: Fit, transform: Transform | None, tmp_path: Path
) -> None:
    """A white disc on clear black, then on clear red, over white: nothing but white is seen."""
    disc = np.zeros((200, 200, 4), np.uint8)
    disc[..., 3] = np.clip(dot(200, 200, 100, 100, 50) * 900 - 300, 0, 255)
    disc[disc[..., 3] > 0, :3] = 255
    for clear in ((0, 0, 0), (255, 0, 0)):
        disc[disc[..., 3] == 0, :3] = clear
        layer = fit_layer(picture(tmp_path / "disc.png", disc), WIDE, fit)
        made = film(layer, WIDE, tmp_path, transform, ground=plain_ground(WIDE, 3, "white"), frames=3)
        assert made.luma.min() >= 232
        assert abs(made.chroma.astype(int) - 128).max() <= 3


def test_half_a_layer_is_half_ground_and_half_layer(tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "half.png", solid(64, 36, (255, 255, 255), 128)), WIDE, Fit.CONTAIN)
    made = film(layer, WIDE, tmp_path, frames=1)
    assert made.luma == pytest.approx(126, abs=2)
    assert made.chroma == pytest.approx(128, abs=1)


# Places


def test_a_whole_layer_is_shown_as_it_is(tmp_path: Path) -> None:
    clip = moving_ground(WIDE, FRAMES, "testsrc")
    own = shown(clip, WIDE, tmp_path)
    drawn = lay_over(
        moving_ground(WIDE, FRAMES), clip, WIDE, transform=None, fade_in=0, fade_out=0, offset=0, span=12, frames=12
    )
    made = shown(drawn, WIDE, tmp_path)
    assert np.array_equal(made.luma, own.luma)
    assert abs(made.chroma.astype(int) - own.chroma).mean() < 2  # through yuv444p and back: a little softer


@pytest.mark.parametrize("output", [WIDE, NTSC, TALL, TINY])
def test_a_resting_layer_lies_where_it_is_put_at_its_size(output: Output, tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "white.png", solid(77, 77, (255, 255, 255))), output, Fit.FILL)
    made = film(layer, output, tmp_path, Transform(x=0.25, y=0.75, scale=0.5), frames=2)
    lit = np.clip((made.luma[1].astype(float) - 16) / 219, 0, 1)
    assert lit.sum() == pytest.approx(output.width * output.height / 4, rel=0.03, abs=8)
    rows, columns = np.mgrid[0 : output.height, 0 : output.width]
    assert (lit * (columns + 0.5)).sum() / lit.sum() == pytest.approx(output.width / 4, abs=0.6)
    assert (lit * (rows + 0.5)).sum() / lit.sum() == pytest.approx(output.height * 3 / 4, abs=0.6)


@pytest.mark.parametrize(
    "transform",
    [Transform(x=0.8, y=0.2, scale=0.2), travelling(key(0, x=0.7), key(11, x=0.8), y=0.2, scale=0.2)],
    ids=["resting", "moving"],
)
@pytest.mark.parametrize("fades", [(0, 0), (6, 6)])
def test_the_ground_beside_a_layer_stays_as_it_is(transform: Transform, fades: tuple[int, int], tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "red.png", solid(50, 50, (255, 0, 0), 200)), WIDE, Fit.CONTAIN)
    made = film(layer, WIDE, tmp_path, transform, ground=moving_ground(WIDE, FRAMES), fades=fades)
    own = shown(moving_ground(WIDE, FRAMES), WIDE, tmp_path)
    assert np.array_equal(made.luma[:, 60:], own.luma[:, 60:])
    assert np.array_equal(made.luma[:, :, :200], own.luma[:, :, :200])
    assert np.array_equal(made.chroma[:, :, 30:], own.chroma[:, :, 30:])
    assert np.array_equal(made.chroma[..., :100], own.chroma[..., :100])
    assert not np.array_equal(made.luma[6], own.luma[6])


@pytest.mark.parametrize(("x", "scale"), [(-1.0, 1.0), (1e300, 1.0), (0.5 + 2**25 / 160, 2.0)])
@pytest.mark.parametrize("moving", [False, True])
def test_a_layer_wholly_outside_changes_nothing(x: float, scale: float, moving: bool, tmp_path: Path) -> None:
    """The last place is one at which 32 bits, in 256ths of a pixel, come round to the frame's middle again."""
    layer = fit_layer(picture(tmp_path / "red.png", solid(50, 50, (255, 0, 0))), NTSC, Fit.FILL)
    ways = [key(0, y=0.1), key(11, y=0.9)] if moving else []
    transform = Transform(x=x, scale=scale, keyframes=ways)
    made = film(layer, NTSC, tmp_path, transform, ground=moving_ground(NTSC, FRAMES))
    assert made.same(shown(moving_ground(NTSC, FRAMES), NTSC, tmp_path))


@pytest.mark.parametrize("moving", [False, True])
def test_a_layer_half_outside_shows_its_other_half(moving: bool, tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "white.png", solid(50, 50, (255, 255, 255))), WIDE, Fit.FILL)
    transform = travelling(key(0, y=0.49), key(11, y=0.51), x=0.0) if moving else Transform(x=0.0)
    made = film(layer, WIDE, tmp_path, transform)
    assert made.luma[6, 10:-10, :158].min() == 235
    assert made.luma[6, :, 162:].max() == 16


@pytest.mark.parametrize("moving", [False, True])
def test_sixteen_times_its_size_in_4k_costs_no_more_than_the_frame(moving: bool, tmp_path: Path) -> None:
    output = frame_of(3840, 2160)
    quarters = np.zeros((90, 160, 3), np.uint8)
    quarters[:, 80:] = 255
    layer = fit_layer(picture(tmp_path / "quarters.png", quarters), output, Fit.CONTAIN)
    plain = shown(plain_ground(output, 2, "gray"), output, tmp_path)
    transform = travelling(key(0, scale=0.5), key(1, scale=16)) if moving else Transform(scale=16)
    made = film(layer, output, tmp_path, transform, ground=plain_ground(output, 2, "gray"), frames=2, span=2)
    assert made.luma[1, :, :1600].max() <= 17 and made.luma[1, :, 2240:].min() >= 234
    assert made.peak_mb - plain.peak_mb < 450  # a 4K frame with its transparency is 33 MB


# Motion

PATHS = {
    "along": (WIDE, travelling(key(0, x=0.4, y=0.5), key(29, x=0.5, y=0.47), scale=0.4)),
    "growing": (WIDE, travelling(key(0, scale=0.08), key(29, scale=0.9), x=0.503)),
    "through its own size": (WIDE, travelling(key(0, scale=0.5, x=0.45), key(29, scale=1.6, x=0.52))),
    "at its own size": (NTSC, travelling(key(0, x=0.48), key(29, x=0.53, y=0.51))),
    "enlarged": (NTSC, travelling(key(0, scale=1.2), key(29, scale=2.0), x=0.49)),
    "portrait": (TALL, travelling(key(0, y=0.4), key(10, y=0.41), key(29, y=0.6), scale=0.5)),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_layer_moves_evenly_to_a_tenth_of_a_pixel(name: str, tmp_path: Path) -> None:
    output, transform = PATHS[name]
    size = min(output.width, output.height)
    pixels = np.full((size, size, 4), 255, np.uint8)
    pixels[..., 3] = 255 * dot(size, size, size / 2, size / 2, size / 10)
    layer = fit_layer(picture(tmp_path / "dot.png", pixels), output, Fit.CONTAIN)
    grey = plain_ground(output, 30, f"0x{2 * (GREY - 16):02x}{2 * (GREY - 16):02x}{2 * (GREY - 16):02x}")
    made = film(layer, output, tmp_path, transform, ground=grey, frames=30, span=30)
    for frame, luma in enumerate(made.luma):
        x, y, scale, _ = pose_at(transform, frame)
        place = (x * output.width, y * output.height)
        assert place_of_dot(luma, *place, size * scale / 4 + 3) == pytest.approx(place, abs=0.1), frame


@pytest.mark.parametrize(("output", "still"), [(NTSC, True), (TALL, False), (TINY, True)])
def test_frames_are_the_same_whichever_way_an_item_is_cut(output: Output, still: bool, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (31, 47, 4))
    layer = fit_layer(picture(tmp_path / "noise.png", noise), output, Fit.CONTAIN)
    whole = film(layer, output, tmp_path, ALONG, frames=30, span=30, fades=(5, 7), still=still)
    for offset, frames in ((4, 9), (13, 17)):
        cut = film(layer, output, tmp_path, ALONG, frames=frames, offset=offset, span=30, fades=(5, 7), still=still)
        assert np.array_equal(cut.luma, whole.luma[offset : offset + frames])
        assert np.array_equal(cut.chroma, whole.chroma[offset : offset + frames])


@pytest.mark.parametrize("transform", [Transform(x=0.4, scale=0.6), ALONG], ids=["resting", "moving"])
def test_a_still_is_what_the_same_picture_played_would_be(transform: Transform, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (31, 47, 4))
    layer = fit_layer(picture(tmp_path / "noise.png", noise), NTSC, Fit.CONTAIN)
    still = film(layer, NTSC, tmp_path, transform, fades=(3, 0))
    assert film(layer, NTSC, tmp_path, transform, fades=(3, 0), still=False).same(still)


@pytest.mark.parametrize("transform", [None, ALONG], ids=["resting", "moving"])
def test_a_clip_goes_on_playing_as_a_layer(transform: Transform | None, tmp_path: Path) -> None:
    clip = moving_ground(WIDE, FRAMES)
    steps = [clip.filter("trim", start_frame=n, end_frame=n + 1).filter("setpts", 0) for n in (0, 7)]
    made = shown(
        lay_over(
            plain_ground(WIDE, FRAMES, "black"),
            clip,
            WIDE,
            transform=transform,
            fade_in=0,
            fade_out=0,
            offset=0,
            span=FRAMES,
            frames=FRAMES,
        ),
        WIDE,
        tmp_path,
    )
    for n, step in zip((0, 7), steps, strict=True):
        alone = film(step, WIDE, tmp_path, transform, offset=n, frames=1)
        assert np.array_equal(alone.luma[0], made.luma[n])


def test_fine_lines_turn_grey_on_a_small_layer_that_moves(tmp_path: Path) -> None:
    lines = np.zeros((180, 320), np.uint8)
    lines[:, ::3] = 255
    layer = fit_layer(picture(tmp_path / "lines.png", lines), WIDE, Fit.FILL)
    moving = travelling(key(0, scale=0.28), key(11, scale=0.32))
    made = film(layer, WIDE, tmp_path, moving, ground=plain_ground(WIDE, FRAMES, "gray"))
    assert made.luma[:, 70:110, 120:200].std(axis=2).max() < 3


# Opacity


def test_a_layer_fades_in_and_out_evenly(tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "white.png", solid(16, 9, (255, 255, 255))), WIDE, Fit.FILL)
    found = levels(film(layer, WIDE, tmp_path, Transform(opacity=0.8), fades=(4, 5)))
    wanted = [16 + 219 * opacity_at(Transform(opacity=0.8), 4, 5, FRAMES, frame) for frame in range(FRAMES)]
    assert found == pytest.approx(wanted, abs=1.5)


def test_a_shot_that_no_fade_touches_is_the_same_as_without_fades(tmp_path: Path) -> None:
    layer = fit_layer(picture(tmp_path / "red.png", solid(16, 9, (200, 30, 90), 180)), NTSC, Fit.FILL)
    faded = film(layer, NTSC, tmp_path, offset=40, span=100, fades=(40, 40), frames=20)
    assert faded.same(film(layer, NTSC, tmp_path, offset=40, span=100, frames=20))


def test_a_keyframe_on_every_frame_of_ten_seconds_is_followed(tmp_path: Path) -> None:
    opacity = np.random.default_rng(5).random(900)
    transform = travelling(
        *(key(n, opacity=float(opacity[n]), x=0.5 + n % 7 / 100, scale=1.5 + n % 5 / 10) for n in range(900))
    )
    layer = fit_layer(picture(tmp_path / "white.png", solid(16, 16, (255, 255, 255))), TINY, Fit.FILL)
    made = film(layer, TINY, tmp_path, transform, offset=300, frames=300, span=900)
    assert levels(made) == pytest.approx(list(16 + 219 * opacity[300:600]), abs=1.5)


def test_a_shot_knows_only_the_keyframes_that_touch_it(tmp_path: Path) -> None:
    transform = travelling(*(key(n, x=n % 7 / 10, y=n % 5 / 10, scale=0.2 + n % 3 / 10) for n in range(3000)))
    layer = fit_layer(picture(tmp_path / "white.png", solid(16, 16, (255, 255, 255))), TINY, Fit.FILL)
    asked: dict[str, Any] = {"fade_in": 0, "fade_out": 0, "offset": 1500, "span": 3000}
    drawn = lay_over(plain_ground(TINY, 30, "black"), layer, TINY, transform=transform, frames=30, **asked)
    assert len(max(drawn.output("-").get_args(), key=len)) < 50_000
    assert pose_at(transform, 1500).x == pytest.approx(1500 % 7 / 10)
