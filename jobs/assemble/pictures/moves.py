"""Ken Burns: a picture seen through a view that moves, smooth to a fraction of a pixel and the same however it is cut.

ffmpeg's own zoompan goes from pixel to pixel, which shows as a tremble. Here it makes only the first of two steps: per
frame it scales a rectangle of whole pixels around the view to about the output's size, free of aliases. What is left of
the way, less than a pixel and a scale close to one, `perspective` goes with cubic interpolation, in 256ths of a pixel.
Both compute the rectangle by the same expression, from the frame's number within the item alone.
"""

from __future__ import annotations

from typing import Any

import ffmpeg

from jobs.assemble.pictures.views import Size, Stage, ViewTerms, stage_of
from shared.domain.blueprint.model import Fit, KenBurns, Output

TO_BT709 = {"flags": "lanczos+accurate_rnd+full_chroma_int", "out_color_matrix": "bt709", "out_range": "tv"}


def picture_through_view(
    stream: Any,
    size: Size,
    output: Output,
    ken_burns: KenBurns,
    fit: Fit,
    *,
    offset: int,
    span: int,
    still: int | None = None,
) -> Any:
    """A picture of `size` pixels seen through a moving view; the stream's frame n is the item's frame offset + n of `span`.

    views.view_at says what shows when. The result has the output's size, yuv420p in BT.709, and as many frames as the
    stream, whose times count from 0. `still`: the stream is a still, held here for so many frames, and what is the same
    for all of them is done once.
    """
    stage = stage_of(size, output, ken_burns, fit)
    terms = ViewTerms(stage, size, output, ken_burns, fit, offset, span)
    if fit is not Fit.CONTAIN_BLUR or not stage.is_padded:
        canvas = _held(_canvas(stream, stage, size), still, output)
        return finished(_moved(canvas, stage, output, terms, "yuv420p"))
    parts = stream.filter_multi_output("split")
    canvas = _held(_clear_canvas(parts[0], stage, size), still, output)
    ground = _held(_blurred(parts[1], output), still, output)
    return finished(ffmpeg.overlay(ground, _moved(canvas, stage, output, terms, "yuva420p")))


def hold(picture: Any, frames: int, output: Output) -> Any:
    """The stream's first picture, for a number of frames."""
    rate = output.frame_rate
    held = picture.filter("trim", end_frame=1).filter("loop", loop=frames, size=1)
    held = held.filter("setpts", f"N*{rate.den}/({rate.num}*TB)")
    return held.filter("fps", f"{rate.num}/{rate.den}").filter("trim", end_frame=frames)


def placed_exactly(stream: Any, across: tuple[str, str], down: tuple[str, str]) -> Any:
    """What lies between two edges across and two down, stretched to the stream's own size, to 256ths of a pixel.

    The edges are expressions in perspective's counter `on`, which begins at 1.
    """
    (left, right), (top, bottom) = across, down
    corners = {"x0": left, "x1": right, "x2": left, "x3": right, "y0": top, "y1": top, "y2": bottom, "y3": bottom}
    return stream.filter("perspective", **corners, interpolation="cubic", eval="frame")


def finished(stream: Any) -> Any:
    """The output's own pixels, said to be what they are: some filters forget."""
    stream = stream.filter("format", "yuv420p").filter("setparams", range="tv", colorspace="bt709")
    return stream.filter("setsar", 1)


def _held(picture: Any, still: int | None, output: Output) -> Any:
    return picture if still is None else hold(picture, still, output)


def _canvas(stream: Any, stage: Stage, size: Size) -> Any:
    """What is ever seen, in yuv444p: there every whole pixel is a place to cut at."""
    canvas = _part(stream, stage, size).filter("format", "yuv444p")
    return _padded(canvas, stage, "black") if stage.is_padded else canvas


def _clear_canvas(stream: Any, stage: Stage, size: Size) -> Any:
    """The same with nothing around the picture, in yuva444p.

    There the picture's edge goes on unseen: black would be drawn into its last line of pixels.
    """
    parts = _part(stream, stage, size).filter_multi_output("split")
    left, top, width, height = stage.inner
    right, bottom = stage.width - left - width, stage.height - top - height
    drawn = _padded(parts[0].filter("format", "yuv444p"), stage, "black")
    drawn = drawn.filter("fillborders", left, right, top, bottom, mode="smear")
    shape = _padded(parts[1].filter("format", "yuva444p"), stage, "black@0").filter("alphaextract")
    return ffmpeg.filter([drawn, shape], "alphamerge").filter("format", "yuva444p")


def _part(stream: Any, stage: Stage, size: Size) -> Any:
    x, y, width, height = stage.part
    if (x, y, width, height) != (0, 0, *size):
        across, down = f"iw/{size[0]}", f"ih/{size[1]}"  # the stream's own pixels need not be square
        places = ((width, across), (height, down), (x, across), (y, down))
        stream = stream.filter("crop", *(f"round({place}*{by})" for place, by in places), exact=1)
    return stream.filter("scale", *stage.inner[2:], **TO_BT709)


def _padded(stream: Any, stage: Stage, colour: str) -> Any:
    return stream.filter("pad", stage.width, stage.height, *stage.inner[:2], color=colour)


def _blurred(stream: Any, output: Output) -> Any:
    """A blurred cover of the picture, as contain_blur has it under every picture."""
    width, height = output.width, output.height
    cover = stream.filter("scale", width, height, force_original_aspect_ratio="increase", **TO_BT709)
    return cover.filter("crop", width, height).filter("gblur", sigma=max(4, height // 24)).filter("format", "yuv420p")


def _moved(canvas: Any, stage: Stage, output: Output, terms: ViewTerms, pixels: str) -> Any:
    rate, (width, height) = output.frame_rate, stage.first
    window = canvas.filter("crop", *stage.window, *terms.window("n"), exact=1)
    size = {"s": f"{width}x{height}", "fps": f"{rate.num}/{rate.den}"}
    near = window.filter("zoompan", **terms.rectangle("on"), d=1, **size).filter("format", pixels)
    exact = placed_exactly(near, terms.edges(0, "(on-1)"), terms.edges(1, "(on-1)"))
    return exact.filter("crop", output.width, output.height, 0, 0)
