"""Where a layer is at a frame of its item, in Python and as an expression for ffmpeg; both come from one curve. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.blueprint.model import Transform

_FARTHEST = 1e6  # frames away from the middle: beyond it numbers are no longer exact, and nothing is seen


class Pose(NamedTuple):
    """Where a layer is, as Transform has it."""

    x: float
    y: float
    scale: float
    opacity: float


@dataclass(frozen=True)
class Curve:
    """One value over an item: `before` until the first keyframe that has it, the last one's after it, straight between."""

    before: float
    frames: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    @staticmethod
    def of(transform: Transform, name: str) -> Curve:
        found = {key.frame: getattr(key, name) for key in transform.keyframes if getattr(key, name) is not None}
        frames = tuple(sorted(found))
        return Curve(_near(getattr(transform, name)), frames, tuple(_near(found[frame]) for frame in frames))

    @property
    def all_values(self) -> list[float]:
        """Every value that lies at an end of a straight piece."""
        return [*([] if 0 in self.frames else [self.before]), *self.values]

    def at(self, frame: int) -> float:
        value, slope, first = self._piece(bisect_right(self.frames, frame))
        return value + slope * (frame - first)

    def expression(self, offset: int, frames: int) -> str:
        """For ffmpeg, the value at frame ld(9), which is one of `frames` from `offset` on."""
        first = bisect_right(self.frames, offset)
        last = bisect_right(self.frames, offset + max(frames, 1) - 1)
        return f"({self._chosen(first, last)})"

    def _chosen(self, first: int, last: int) -> str:
        # Halved again and again: ffmpeg allows some hundred brackets in brackets.
        if first == last:
            value, slope, begin = self._piece(first)
            return f"{value!r}+{slope!r}*(ld(9)-{begin})" if slope else repr(value)
        half = (first + last) // 2
        return f"if(lt(ld(9),{self.frames[half]}),{self._chosen(first, half)},{self._chosen(half + 1, last)})"

    def _piece(self, number: int) -> tuple[float, float, int]:
        """(value, slope, frame where it has the value) before keyframe `number`, the slope to seven digits."""
        if number == 0:
            return self.before, 0.0, 0
        value, begin = self.values[number - 1], self.frames[number - 1]
        if number == len(self.frames):
            return value, 0.0, begin
        return value, _short((self.values[number] - value) / (self.frames[number] - begin)), begin


def _near(value: float) -> float:
    return _short(max(-_FARTHEST, min(value, _FARTHEST)))


def _short(value: float) -> float:
    """Seven digits keep a thousandth of a pixel, and a graph of many keyframes short."""
    return float(f"{value:.7g}")


def pose_at(transform: Transform | None, frame: int) -> Pose:
    """A transform's values at a frame of its item."""
    given = transform or Transform()
    return Pose(*(Curve.of(given, name).at(frame) for name in Pose._fields))


def opacity_at(transform: Transform | None, fade_in: int, fade_out: int, span: int, frame: int) -> float:
    """How much of a layer shows at a frame of its item: its own opacity, less by a fade at either end.

    A fade in of n frames shows 0, 1/n, 2/n ... of it from the item's first frame on; a fade out ends with 1/n.
    """
    up = min(1.0, frame / fade_in) if fade_in else 1.0
    down = min(1.0, (span - frame) / fade_out) if fade_out else 1.0
    return max(0.0, Curve.of(transform or Transform(), "opacity").at(frame) * up * down)
