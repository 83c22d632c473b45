"""Layers: pictures with transparency, laid over a ground at a place, a size and an opacity that may change by the frame.

On its way a layer's colours are multiplied by its opacity (premultiplied): only so may transparent pixels be mixed with
their neighbours without leaving a dark or coloured fringe. A layer is first put in the middle of a clear canvas of the
frame's size, so that every number here is known before ffmpeg runs.

A layer at rest is scaled and laid down. One that moves is scaled to whole pixels near its size, free of aliases, laid
into a clear buffer, and from there brought to its exact place and size by `perspective`, in 256ths of a pixel. What is
computed for a frame depends on its number within the item alone, never on the shot it is made in.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any, NamedTuple

import ffmpeg

from jobs.assemble.pictures.graph import fit_into
from jobs.assemble.pictures.moves import TO_BT709, finished, hold, picture_through_view, placed_exactly
from jobs.assemble.pictures.poses import Curve, Pose, opacity_at, pose_at
from shared.domain.blueprint.model import Fit, Output, Transform

__all__ = ["fit_layer", "lay_over", "opacity_at", "picture_through_view", "pose_at"]

_RIM = 8  # clear pixels around the canvas, since its edge goes on beyond it: halving the chroma carries colour four far
_SOFTLY = {"flags": "bicubic+accurate_rnd+full_chroma_int"}  # lanczos draws a faint second edge into what is clear


def fit_layer(stream: Any, output: Output, fit: Fit, *, opaque: bool = False) -> Any:
    """A picture brought to the frame as `fit` says, its transparency kept and nothing put around it.

    contain gives the largest size that fits inside the frame, the others the whole frame. The result has straight alpha.
    `opaque` says that the source has no transparency: that is cheaper.
    """
    if fit is Fit.CONTAIN_BLUR or (opaque and fit is not Fit.CONTAIN):
        return fit_into(stream, output, fit)
    if opaque:
        return _scaled(stream, output, fit, TO_BT709).filter("format", "yuv420p").filter("setsar", 1)
    # Converted at its own size, so that scaling meets premultiplied colours.
    stream = _premultiplied(stream.filter("scale", **TO_BT709).filter("format", "yuva444p"))
    return _premultiplied(_scaled(stream, output, fit, _SOFTLY), "unpremultiply").filter("setsar", 1)


def _scaled(stream: Any, output: Output, fit: Fit, how: dict[str, str]) -> Any:
    width, height = output.width, output.height
    if fit is Fit.CONTAIN:
        least = f"min({width}/iw,{height}/ih)"
        return stream.filter("scale", f"max(2,2*round(iw*{least}/2))", f"max(2,2*round(ih*{least}/2))", **how)
    if fit is Fit.FILL:
        return stream.filter("scale", width, height, **how)
    stream = stream.filter("scale", width, height, force_original_aspect_ratio="increase", **how)
    return stream.filter("crop", width, height)


def _premultiplied(stream: Any, how: str = "premultiply") -> Any:
    # By the range it is told the filter decides where black is. At 0, nothing is brought into what is clear.
    stream = stream.filter("setparams", range="pc").filter(how, inplace=1)
    return stream.filter("setparams", range="tv", colorspace="bt709")


def lay_over(
    ground: Any,
    layer: Any,
    output: Output,
    *,
    transform: Transform | None,
    fade_in: int,
    fade_out: int,
    offset: int,
    span: int,
    frames: int,
    still: bool = False,
) -> Any:
    """`ground` with `layer` drawn over it, where `transform` has it and as much as it and the fades let it show.

    The ground is `frames` pictures of the output's size in yuv420p, times counted from 0; frame n of it is the item's
    frame offset + n of `span`. The layer has as many, of at most that size, with straight alpha or none; `still` says
    that all of them are the same, so that what does not change is done once. What the layer does not touch stays as it is.
    """
    given = transform or Transform()
    held = frames if still else None
    shown = [opacity_at(given, fade_in, fade_out, span, frame) for frame in range(offset, offset + frames)]
    if min(shown, default=1.0) == 1:
        return _drawn(ground, layer, output, given, offset, frames, held)
    grounds = ground.filter_multi_output("split")
    bare, clock = grounds[1], grounds[2]
    drawn = _drawn(grounds[0], layer, output, given, offset, frames, held)
    up = f"*min(1,ld(9)/{fade_in})" if fade_in else ""
    down = f"*min(1,({span}-ld(9))/{fade_out})" if fade_out else ""
    hidden = f"st(9,N+{offset});round(255*(1-{Curve.of(given, 'opacity').expression(offset, frames)}{up}{down}))"
    # One small picture a frame, as grey as the layer is hidden: where it is black, what is drawn stays to the bit.
    mask = clock.filter("scale", 16, 16, flags="neighbor").filter("geq", lum=hidden, cb=hidden, cr=hidden)
    mask = mask.filter("scale", output.width, output.height, flags="neighbor")
    return finished(ffmpeg.filter([drawn, bare, mask], "maskedmerge"))


def _drawn(
    ground: Any, layer: Any, output: Output, transform: Transform, offset: int, frames: int, held: int | None
) -> Any:
    """The layer at its full opacity over the ground."""
    if _rests(transform):
        placed, x, y = _at_rest(layer, output, pose_at(transform, 0), held)
    else:
        placed, x, y = _on_its_way(layer, output, transform, offset, frames, held)
    return finished(ffmpeg.overlay(ground, placed, x=x, y=y, format="yuv420", alpha="premultiplied"))


def _rests(transform: Transform) -> bool:
    return all(len(set(Curve.of(transform, name).all_values)) == 1 for name in ("x", "y", "scale"))


def _canvas(layer: Any, output: Output, rim: int) -> Any:
    """The layer in the middle of a clear frame with a rim, premultiplied, in yuva444p."""
    size = (output.width + 2 * rim, output.height + 2 * rim)
    whole = layer.filter("format", "yuva444p").filter("pad", *size, "(ow-iw)/2", "(oh-ih)/2", color="black@0")
    return _premultiplied(whole)


def _ready(layer: Any) -> Any:
    """A premultiplied layer as ffmpeg 5.1's overlay takes it: it takes black, 16, off whatever it adds to the ground."""
    return layer.filter("format", "yuva420p").filter("lutyuv", y="val+16")


def _at_rest(layer: Any, output: Output, pose: Pose, held: int | None) -> tuple[Any, str, str]:
    """The layer at its size, with its place on the frame: what is seen of it and no more."""
    rim = _RIM + ceil(2 / max(pose.scale, 0.02))
    across = _cut(pose.x * output.width, output.width, pose.scale, rim)
    down = _cut(pose.y * output.height, output.height, pose.scale, rim)
    part = _canvas(layer, output, rim).filter("crop", across.length, down.length, across.first, down.first)
    scaled = _ready(part.filter("scale", across.size, down.size, **_SOFTLY))
    return (scaled if held is None else hold(scaled, held, output)), str(across.place), str(down.place)


class _Cut(NamedTuple):
    """Of one dimension of the canvas, `length` pixels from `first` on, which become `size` from `place` on."""

    first: int
    length: int
    size: int
    place: int


def _cut(centre: float, side: int, scale: float, rim: int) -> _Cut:
    """What is seen of a dimension. It begins where its place comes nearest to an even pixel: overlay knows no other."""
    canvas = side + 2 * rim
    reach = scale * canvas / 2 + 2 * _RIM  # from the centre to where nothing of it is seen
    begin = max(-reach, min(centre, side + reach)) - scale * canvas / 2
    seen = max(0, min(floor((-2 - begin) / scale), canvas - rim))
    last = max(seen + 2, min(canvas, ceil((side + 2 - begin) / scale)))
    most = max(rim - 1, seen) if seen < rim else seen
    starts = range(max(0, seen - rim), most + 1)

    def off_grid(first: int) -> float:
        place = begin + first * scale
        return abs(place - 2 * round(place / 2))

    first = min(reversed(starts), key=off_grid)
    length = max(2, last - first)
    return _Cut(first, length, max(2, round(length * scale)), 2 * round((begin + first * scale) / 2))


def _on_its_way(
    layer: Any, output: Output, transform: Transform, offset: int, frames: int, held: int | None
) -> tuple[Any, str, str]:
    """The layer in a buffer, exactly where it belongs, with the buffer's place on the frame at every moment."""
    terms = _Terms(output, transform, offset, frames)
    canvas = _canvas(layer, output, _RIM)
    scales = Curve.of(transform, "scale").all_values
    if min(scales) < 1:
        canvas = _shrunk(canvas, output, terms, held, len(set(scales)) > 1)
    elif held is not None:
        canvas = hold(canvas, held, output)
    counter = "(on-1)"  # perspective counts from one
    exact = placed_exactly(canvas.filter("format", "yuva420p"), terms.edges(0, counter), terms.edges(1, counter))
    rate = output.frame_rate
    clock = f"round(t*{rate.num}/{rate.den})"
    return _ready(exact), terms.place(0, clock), terms.place(1, clock)


def _shrunk(canvas: Any, output: Output, terms: _Terms, held: int | None, varies: bool) -> Any:
    """The canvas scaled to whole pixels near its size, in the middle of a clear buffer."""
    parts = canvas.filter_multi_output("split")
    clear = parts[1].filter("crop", *terms.buffer).filter("lutyuv", y=0, u=128, v=128, a=0)
    full = parts[0]
    if held is not None and varies:
        full, clear = hold(full, held, output), hold(clear, held, output)
    small = full.filter("scale", terms.shrunk(0, "n"), terms.shrunk(1, "n"), eval="frame", **_SOFTLY)
    laid = ffmpeg.overlay(clear, small, x="(W-w)/2", y="(H-h)/2", format="yuv444")
    return laid if held is None or varies else hold(laid, held, output)


class _Terms:
    """The numbers of a layer on its way, as ffmpeg computes them from a frame counter that begins at 0. Registers of ld():

    9  the item's frame        0  the layer's scale        1  the canvas's pixels after the first step
    2  the buffer's pixels in one of the frame's           3  the layer's centre on the frame        4  the buffer's place
    """

    def __init__(self, output: Output, transform: Transform, offset: int, frames: int) -> None:
        self._offset = offset
        self._sides = (output.width, output.height)
        self._canvas = tuple(side + 2 * _RIM for side in self._sides)
        scale = Curve.of(transform, "scale")
        self._largest = max(scale.all_values)
        self._scale = scale.expression(offset, frames)
        self._centre = tuple(Curve.of(transform, name).expression(offset, frames) for name in ("x", "y"))
        self.buffer = tuple(min(side, 2 * ceil(side * self._largest / 2) + 2 * _RIM) for side in self._canvas)

    def _frame(self, counter: str) -> str:
        return f"st(9,{counter}+{self._offset})"

    def _size(self, axis: int) -> list[str]:
        return [f"st(0,{self._scale})", f"st(1,max(2,2*round({self._canvas[axis]}*min(1,ld(0))/2)))"]

    def _places(self, axis: int) -> list[str]:
        side = self._sides[axis]
        reach = ceil(self._largest * self._canvas[axis] / 2) + 2 * _RIM  # beyond it nothing of the layer is seen
        centre = f"st(3,clip({side}*{self._centre[axis]},{-reach},{side + reach}))"
        # A buffer no larger than the frame goes with its layer; a larger one lies still, and the layer moves in it.
        return [centre, f"st(4,2*floor((ld(3)-{self.buffer[axis]}/2)/2))" if self._largest <= 1 else "st(4,0)"]

    def shrunk(self, axis: int, counter: str) -> str:
        """The whole canvas's size after the first step."""
        return ";".join([self._frame(counter), *self._size(axis), "ld(1)"])

    def place(self, axis: int, counter: str) -> str:
        """Where on the frame the buffer lies."""
        return ";".join([self._frame(counter), *self._places(axis), "ld(4)"]) if self._largest <= 1 else "0"

    def edges(self, axis: int, counter: str) -> tuple[str, str]:
        """Where in the buffer what is seen begins and ends, counted from pixel centre to pixel centre."""
        canvas, buffer = self._canvas[axis], self.buffer[axis]
        steps = [self._frame(counter), *self._size(axis), f"st(2,ld(1)/({canvas}*ld(0)))", *self._places(axis)]
        begin = f"{buffer}/2+(ld(4)+0.5-ld(3))*ld(2)-0.5"
        return ";".join([*steps, begin]), ";".join([*steps, f"{begin}+{buffer}*ld(2)"])
