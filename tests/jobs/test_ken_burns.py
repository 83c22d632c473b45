"""Ken Burns, looked at pixel by pixel: where a view lies, how evenly it moves, and that a cut changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.assemble.pictures.graph import fit_into
from jobs.assemble.pictures.layers import picture_through_view
from jobs.assemble.pictures.moves import hold
from jobs.assemble.pictures.views import stage_of, view_at
from shared.domain.blueprint.model import Fit, KenBurns, Output, View
from tests.support.pixels import GREY, Film, dot, frame_of, moving_ground, picture, place_of_dot, shown

pytestmark = pytest.mark.media

WIDE = frame_of(320, 180)
NTSC = frame_of(160, 90, 30000, 1001)
TALL = frame_of(90, 160)
TINY = frame_of(16, 16)
View3 = tuple[float, float, float]


def move(start: View3, end: View3) -> KenBurns:
    first, last = (View(x=x, y=y, width=width) for x, y, width in (start, end))
    return KenBurns(start=first, end=last)


ZOOM = move((0.5, 0.5, 1.0), (0.52, 0.47, 0.7))


def film(
    source: Any, size: tuple[int, int], output: Output, ken_burns: KenBurns, fit: Fit, folder: Path, **more: int
) -> Film:
    asked = {"offset": 0, "span": more.get("still", 1), **more}
    return shown(picture_through_view(source, size, output, ken_burns, fit, **asked), output, folder)


# Where a view lies


def test_a_view_goes_evenly_from_its_start_to_its_end() -> None:
    asked = (move((0.4, 0.5, 0.2), (0.6, 0.5, 0.4)), (1600, 900), WIDE, Fit.COVER)
    first, middle, last = (view_at(*asked, frame, 101) for frame in (0, 50, 100))
    assert (first.left, first.top, first.width, first.height) == pytest.approx((480, 360, 320, 180))
    assert (middle.left, middle.width) == pytest.approx((560, 480))
    assert (last.left, last.width) == pytest.approx((640, 640))


def test_a_view_that_would_leave_the_picture_is_moved_inside_and_narrowed() -> None:
    corner = view_at(move((0, 1, 0.5), (0, 1, 0.5)), (1600, 900), WIDE, Fit.COVER, 0, 1)
    assert (corner.left, corner.bottom) == pytest.approx((0, 900))
    panorama = view_at(move((0.5, 0.5, 1), (0.5, 0.5, 1)), (1600, 300), WIDE, Fit.COVER, 0, 1)
    assert (panorama.top, panorama.height, panorama.width) == pytest.approx((0, 300, 300 * 16 / 9))


@pytest.mark.parametrize("fit", [Fit.CONTAIN, Fit.CONTAIN_BLUR])
def test_contain_looks_past_the_edge(fit: Fit) -> None:
    view = view_at(move((0, 0.5, 1), (0, 0.5, 1)), (1600, 300), WIDE, fit, 0, 1)
    assert (view.left, view.width, view.top, view.height) == pytest.approx((-800, 1600, -300, 900))


def test_fill_sees_as_much_of_the_height_as_of_the_width() -> None:
    view = view_at(move((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), (1000, 1000), WIDE, Fit.FILL, 0, 1)
    assert (view.width, view.height) == pytest.approx((500, 500))


# How it moves

MOVES = {
    "zoom": ((1280, 720), WIDE, ZOOM, Fit.COVER),
    "pan": ((1280, 720), WIDE, move((0.45, 0.5, 0.7), (0.53, 0.48, 0.7)), Fit.COVER),
    "portrait picture": ((300, 500), WIDE, move((0.5, 0.45, 1.0), (0.5, 0.55, 0.8)), Fit.COVER),
    "portrait output": ((701, 401), TALL, move((0.5, 0.5, 0.3), (0.52, 0.5, 0.25)), Fit.COVER),
    "enlarged": ((160, 120), WIDE, ZOOM, Fit.COVER),
    "far in": ((2000, 1500), WIDE, move((0.5, 0.5, 0.06), (0.5, 0.5, 0.05)), Fit.COVER),
    "from all to little": ((2400, 1350), WIDE, move((0.5, 0.5, 1.0), (0.5, 0.5, 0.07)), Fit.COVER),
    "odd, contained": ((501, 333), NTSC, move((0.5, 0.4, 1.0), (0.55, 0.55, 0.7)), Fit.CONTAIN),
    "odd, over blur": ((501, 333), NTSC, move((0.5, 0.4, 1.0), (0.55, 0.55, 0.7)), Fit.CONTAIN_BLUR),
    "odd, filled": ((333, 501), NTSC, move((0.5, 0.4, 1.0), (0.52, 0.5, 0.6)), Fit.FILL),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_even_to_a_tenth_of_a_pixel(name: str, tmp_path: Path) -> None:
    size, output, ken_burns, fit = MOVES[name]
    views = [view_at(ken_burns, size, output, fit, frame, 40) for frame in range(40)]
    middle = (size[0] * 0.5 + 0.3, size[1] * 0.5 - 0.4)
    radius = 0.05 * min(views[-1].width, views[0].width) + 2
    source = picture(tmp_path / "dot.png", GREY + 180 * dot(*size, *middle, radius))
    made = film(source, size, output, ken_burns, fit, tmp_path, still=40)
    assert len(made) == 40
    for luma, view in zip(made.luma, views, strict=True):
        x = (middle[0] - view.left) / view.width * output.width
        y = (middle[1] - view.top) / view.height * output.height
        reach = 3 * radius / view.width * output.width + 2
        assert place_of_dot(luma, x, y, reach) == pytest.approx((x, y), abs=0.1)


@pytest.mark.parametrize("fit", list(Fit))
def test_frames_are_the_same_whichever_way_an_item_is_cut(fit: Fit, tmp_path: Path) -> None:
    size = (333, 201)
    noise = np.random.default_rng(7).integers(0, 255, (201, 333, 3))
    source = picture(tmp_path / "noise.png", noise)
    ken_burns = move((0.4, 0.6, 1.0), (0.7, 0.4, 0.6))
    whole = film(source, size, NTSC, ken_burns, fit, tmp_path, still=24)
    for offset, frames in ((0, 1), (5, 9), (23, 1)):
        cut = film(source, size, NTSC, ken_burns, fit, tmp_path, still=frames, offset=offset, span=24)
        assert np.array_equal(cut.luma, whole.luma[offset : offset + frames])
        assert np.array_equal(cut.chroma, whole.chroma[offset : offset + frames])


@pytest.mark.parametrize("fit", list(Fit))
def test_a_still_is_what_the_same_picture_played_would_be(fit: Fit, tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (120, 90))
    source = picture(tmp_path / "noise.png", noise)
    still = film(source, (90, 120), NTSC, ZOOM, fit, tmp_path, still=6, span=6)
    assert film(hold(source, 6, NTSC), (90, 120), NTSC, ZOOM, fit, tmp_path, span=6).same(still)


def test_a_clip_goes_on_playing_under_the_view(tmp_path: Path) -> None:
    clip = moving_ground(WIDE, 12)
    rest = move((0.5, 0.5, 1.0), (0.5, 0.5, 1.0))
    made = film(clip, (320, 180), WIDE, rest, Fit.COVER, tmp_path, span=12)
    own = shown(fit_into(clip, WIDE, Fit.COVER), WIDE, tmp_path)
    errors = abs(made.luma.astype(int) - own.luma).mean(axis=(1, 2))
    others = abs(made.luma[1:].astype(int) - own.luma[:-1]).mean(axis=(1, 2))
    assert len(made) == 12
    assert errors.max() < 1.5
    assert (others > errors[1:]).all()


# What is seen


def test_fine_lines_turn_grey_when_seen_from_afar(tmp_path: Path) -> None:
    lines = np.zeros((1080, 1920), np.uint8)
    lines[:, ::3] = 255
    source = picture(tmp_path / "lines.png", lines)
    made = film(source, (1920, 1080), WIDE, move((0.5, 0.5, 1.0), (0.5, 0.5, 0.9)), Fit.COVER, tmp_path, still=5)
    assert made.luma[:, 10:-10, 10:-10].std(axis=2).max() < 2


def test_a_view_at_rest_on_the_whole_picture_is_the_picture_fitted(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:360, 0:640]
    soft = np.stack([columns * 255 / 640, rows * 255 / 360, 255 - columns * 255 / 640], axis=2)
    source = picture(tmp_path / "soft.png", soft)
    rest = move((0.5, 0.5, 1.0), (0.5, 0.5, 1.0))
    made = film(source, (640, 360), WIDE, rest, Fit.COVER, tmp_path, still=1)
    fitted = shown(fit_into(source, WIDE, Fit.COVER), WIDE, tmp_path)
    assert abs(made.luma.astype(int) - fitted.luma).max() <= 2
    assert abs(made.chroma.astype(int) - fitted.chroma).max() <= 2


def test_beyond_the_picture_contain_is_black_and_contain_blur_is_not(tmp_path: Path) -> None:
    source = picture(tmp_path / "plain.png", np.full((100, 400, 3), (200, 60, 60)))
    high = move((0.5, 0.5, 1.0), (0.5, 0.5, 0.8))
    black = film(source, (400, 100), WIDE, high, Fit.CONTAIN, tmp_path, still=3)
    blurred = film(source, (400, 100), WIDE, high, Fit.CONTAIN_BLUR, tmp_path, still=3)
    assert (black.luma[:, :20] == 16).all() and (black.chroma[:, :, :10] == 128).all()
    assert black.luma[:, 90].min() > 60
    # One colour over a blur of itself is one colour: no dark line runs along the edge.
    assert np.ptp(blurred.luma.astype(int)) <= 1
    assert np.ptp(blurred.chroma[:, 0].astype(int)) <= 2


def test_fill_shows_the_whole_picture_stretched(tmp_path: Path) -> None:
    quarters = np.kron(np.array([[40, 90], [150, 220]]), np.ones((80, 40)))
    source = picture(tmp_path / "quarters.png", quarters)
    made = film(source, (80, 160), WIDE, move((0.5, 0.5, 1.0), (0.5, 0.5, 1.0)), Fit.FILL, tmp_path, still=1).luma[0]
    found = [int(made[y, x]) for y, x in ((40, 70), (40, 250), (140, 70), (140, 250))]
    assert found == pytest.approx([16 + level * 219 / 255 for level in (40, 90, 150, 220)], abs=1.5)


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize(("size", "output"), [((1, 1), TINY), ((7, 5), TINY), ((5, 300), NTSC), ((900, 3), TINY)])
def test_any_picture_fits_any_frame(size: tuple[int, int], output: Output, fit: Fit, tmp_path: Path) -> None:
    source = picture(tmp_path / "small.png", np.full((size[1], size[0]), 128))
    made = film(source, size, output, move((0, 0, 1.0), (1, 1, 0.01)), fit, tmp_path, still=4)
    assert len(made) == 4
    if fit in (Fit.COVER, Fit.FILL):
        assert abs(made.luma.astype(int) - 126).max() <= 1


# What it costs


@pytest.mark.parametrize("size", [(3840, 2160), (12_000, 9_000), (30_000, 16), (16, 30_000), (1, 1)])
@pytest.mark.parametrize("fit", list(Fit))
def test_a_canvas_is_bounded_whatever_the_pictures_size(size: tuple[int, int], fit: Fit) -> None:
    for ken_burns in (ZOOM, move((0, 0, 0.01), (1, 1, 1)), move((0.1, 0.1, 0.05), (0.9, 0.9, 0.05))):
        for output in (TINY, WIDE, TALL, frame_of(1280, 720)):
            stage = stage_of(size, output, ken_burns, fit)
            assert stage.width * stage.height < 12.5e6
            assert stage.window[0] <= stage.width and stage.window[1] <= stage.height


def test_a_large_picture_costs_little_memory(tmp_path: Path) -> None:
    output = frame_of(1280, 720)
    source = picture(tmp_path / "large.png", np.zeros((2160, 3840), np.uint8))
    plain = shown(fit_into(source, output, Fit.COVER), output, tmp_path)
    moved = film(source, (3840, 2160), output, ZOOM, Fit.COVER, tmp_path, still=3)
    assert moved.peak_mb - plain.peak_mb < 120
