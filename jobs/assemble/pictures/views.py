"""Moving views of a picture: where they lie, and the expressions by which ffmpeg computes the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from shared.domain.blueprint.model import Fit, KenBurns, Output

MARGIN = 8  # more pixels in the first step's picture than in the output's: the second interpolates up to every edge
_DETAIL = 1.5  # pixels kept of the picture for each of the output's, at the narrowest view; more is not seen
_MOST_PIXELS = 12_000_000  # of a canvas: 36 MB, whatever the picture's size
_MOST_ZOOM = 10  # zoompan's own limit; perspective enlarges what is left

Size = tuple[int, int]


@dataclass(frozen=True)
class Rect:
    """A part of a picture, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def joined(self, other: Rect) -> Rect:
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Rect(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)

    def grown(self, by: float) -> Rect:
        return Rect(self.left - by, self.top - by, self.width + 2 * by, self.height + 2 * by)


def view_at(ken_burns: KenBurns, size: Size, output: Output, fit: Fit, frame: int, span: int) -> Rect:
    """What of a picture of `size` shows at `frame` of an item `span` frames long, in pixels of the picture.

    The view goes evenly from `start`, on frame 0, to `end`, on the last; its height follows from the output's shape, or
    with fill from the picture's. With cover and fill, a view that would leave the picture is moved inside, and narrowed
    where it is too high; contain and contain_blur look past the edge.
    """
    width, height = size
    share = frame / max(1, span - 1)
    start, end = ken_burns.start, ken_burns.end
    x, y, wide = (a + (b - a) * share for a, b in ((start.x, end.x), (start.y, end.y), (start.width, end.width)))
    shape = _shape(size, output, fit)
    seen = wide * width
    if _looks_past(fit):
        return Rect(x * width - seen / 2, y * height - seen * shape / 2, seen, seen * shape)
    seen = min(seen, width, height / shape)
    left = max(0.0, min(x * width - seen / 2, width - seen))
    top = max(0.0, min(y * height - seen * shape / 2, height - seen * shape))
    return Rect(left, top, seen, seen * shape)


def _looks_past(fit: Fit) -> bool:
    return fit in (Fit.CONTAIN, Fit.CONTAIN_BLUR)


def _shape(size: Size, output: Output, fit: Fit) -> float:
    """A view's height by its width, in pixels of the picture."""
    width, height = size if fit is Fit.FILL else (output.width, output.height)
    return height / width


@dataclass(frozen=True)
class Stage:
    """What a move is made on. All in the canvas's pixels but `part`, which is in the picture's.

    part             what of the picture is ever seen: x, y, width, height
    inner            what `part` is scaled to: x, y, width, height; around it, where a view looks past the picture, is nothing
    width, height    the canvas
    window           width and height of the largest rectangle that the first step takes from it
    first            width and height of what the first step makes of every rectangle
    """

    part: tuple[int, int, int, int]
    inner: tuple[int, int, int, int]
    width: int
    height: int
    window: Size
    first: Size

    @property
    def is_padded(self) -> bool:
        return self.inner != (0, 0, self.width, self.height)

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the canvas in one of the picture's, across and down."""
        return self.inner[2] / self.part[2], self.inner[3] / self.part[3]


def stage_of(size: Size, output: Output, ken_burns: KenBurns, fit: Fit) -> Stage:
    """A canvas fine enough for the narrowest view and no larger than it must be: the same for every shot of an item."""
    ends = [view_at(ken_burns, size, output, fit, frame, 2) for frame in (0, 1)]
    seen = ends[0].joined(ends[1])
    pixels = max(max(end.width / output.width, end.height / output.height) for end in ends)  # in one of the output's
    around = seen.grown(MARGIN * pixels + 2)
    left, right = _within(around.left, around.right, size[0])
    top, bottom = _within(around.top, around.bottom, size[1])
    past = _looks_past(fit) and (min(seen.left, seen.top, size[0] - seen.right, size[1] - seen.bottom) < -1e-6)
    extent = around.width * around.height if past else (right - left) * (bottom - top)
    needed = _DETAIL * max(max(output.width / end.width, output.height / end.height) for end in ends)
    most = max(_MOST_PIXELS, 2 * output.width * output.height)
    scale = min(1.0, needed, (most / extent) ** 0.5)
    wide, high = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    before = (ceil((left - around.left) * scale), ceil((top - around.top) * scale)) if past else (0, 0)
    after = (ceil((around.right - right) * scale), ceil((around.bottom - bottom) * scale)) if past else (0, 0)
    x, y = (max(0, pad) for pad in before)
    width, height = x + wide + max(0, after[0]), y + high + max(0, after[1])
    first = (output.width + MARGIN, output.height + MARGIN)
    # The first step's rectangle: a view, the margin, and what whole pixels take.
    widest, highest = (max(end.width for end in ends) * scale, max(end.height for end in ends) * scale)
    window = (
        min(width, ceil(widest * first[0] / output.width) + 4),
        min(height, ceil(highest * first[1] / output.height) + 4),
    )
    return Stage((left, top, right - left, bottom - top), (x, y, wide, high), width, height, window, first)


def _within(first: float, last: float, size: int) -> Size:
    """The picture's pixels between two places, from an even one to an even one or its edge: 4:2:0 has no others."""
    begin = min(max(0, floor(first / 2) * 2), (size - 1) // 2 * 2)
    return begin, min(size, max(begin + 1, ceil(last / 2) * 2))


class ViewTerms:
    """The numbers of a moving view, as expressions in a counter of frames that begins at 0. Registers of ffmpeg's ld():

    9     the item's frame                        0, 1  the view's width and height
    2, 3  the view's left and top edge            4     zoompan's zoom; from it follow, in whole pixels of the canvas,
    5, 6  width and height of the rectangle around the view, and
    7, 8  its left and top edge
    """

    def __init__(
        self, stage: Stage, size: Size, output: Output, ken_burns: KenBurns, fit: Fit, offset: int, span: int
    ) -> None:
        self._stage, self._output = stage, output
        self._offset, self._last = offset, max(1, span - 1)
        self._steps = [*self._view(size, ken_burns, fit), *self._rectangle()]

    def _view(self, size: Size, ken_burns: KenBurns, fit: Fit) -> list[str]:
        stage, start, end = self._stage, ken_burns.start, ken_burns.end
        across, down = size[0] * stage.scale[0], size[1] * stage.scale[1]  # the whole picture
        shape = _shape(size, self._output, fit) * stage.scale[1] / stage.scale[0]
        wide = self._line(start.width * across, end.width * across)
        left = f"{self._line(start.x * across, end.x * across)}-ld(0)/2"
        top = f"{self._line(start.y * down, end.y * down)}-ld(1)/2"
        if not _looks_past(fit):
            wide = f"min({wide},{min(across, down / shape)!r})"
            left, top = (f"max(0,min({left},{across!r}-ld(0)))", f"max(0,min({top},{down!r}-ld(1)))")
        x, y = (stage.inner[n] - stage.part[n] * stage.scale[n] for n in (0, 1))  # the picture's corner
        return [wide, f"ld(0)*{shape!r}", f"{left}+{x!r}", f"{top}+{y!r}"]

    def _rectangle(self) -> list[str]:
        stage = self._stage
        across, down = (
            f"(ld({n})*{stage.first[n] / side!r}+2)/{stage.window[n]}"
            for n, side in enumerate((self._output.width, self._output.height))
        )
        return [
            f"clip(1/max({across},{down}),1,{_MOST_ZOOM})",
            f"floor({stage.window[0]}*(1/ld(4)))",
            f"floor({stage.window[1]}*(1/ld(4)))",
            f"clip(floor(ld(2)-(ld(5)-ld(0))/2),0,{stage.width}-ld(5))",
            f"clip(floor(ld(3)-(ld(6)-ld(1))/2),0,{stage.height}-ld(6))",
        ]

    def _line(self, first: float, last: float) -> str:
        return f"({first!r}+{last - first!r}*ld(9)/{self._last})" if first != last else repr(first)

    def _expression(self, counter: str, result: str) -> str:
        steps = (f"st({n},{step})" for n, step in enumerate(self._steps))
        return ";".join([f"st(9,{counter}+{self._offset})", *steps, result])

    def window(self, counter: str) -> tuple[str, str]:
        """Left and top edge of the window, in which the rectangle lies."""
        lasts = (self._stage.width - self._stage.window[0], self._stage.height - self._stage.window[1])
        x, y = (self._expression(counter, f"min(ld({n}),{last})") for n, last in zip((7, 8), lasts, strict=True))
        return x, y

    def rectangle(self, counter: str) -> dict[str, str]:
        """zoompan's options for taking the rectangle out of the window."""
        lasts = (self._stage.width - self._stage.window[0], self._stage.height - self._stage.window[1])
        x, y = (self._expression(counter, f"max(0,ld({n})-{last})") for n, last in zip((7, 8), lasts, strict=True))
        return {"z": self._expression(counter, "ld(4)"), "x": x, "y": y}

    def edges(self, axis: int, counter: str) -> tuple[str, str]:
        """Where in what the first step made the second begins and ends, across (0) or down (1).

        perspective counts from pixel centre to pixel centre: hence half a pixel of each side.
        """
        side = self._output.height if axis else self._output.width
        first = self._stage.first[axis]
        made = f"{first}/ld({5 + axis})"  # of the first step's pixels, in one of the canvas's
        step = f"ld({axis})/{side}*{made}"  # in one of the output's
        begin = f"(ld({2 + axis})-ld({7 + axis}))*{made}+({step}-1)/2"
        return self._expression(counter, begin), self._expression(counter, f"{begin}+{first}*{step}")
