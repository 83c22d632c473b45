"""What is seen at a moment: stretches of items, one passing over into the next, one track above another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from shared.domain.blueprint.model import (
    Clip,
    Gap,
    Generator,
    Item,
    SolidColour,
    Still,
    Track,
    TrackKind,
    Transition,
    TransitionType,
)

BLACK = SolidColour(kind="colour", colour="#000000")
Visible = Clip | Still | Generator


@dataclass(frozen=True)
class Stretch:
    """An item from its own frame `offset` on, for as long as its shot lasts."""

    item: Item
    offset: int = 0

    @property
    def source_frame(self) -> int:
        """The source's frame, at the output's rate, that is shown first; a held picture has but one."""
        item = self.item
        return item.source_range.start + int(self.offset * item.speed.fraction) if isinstance(item, Clip) else 0

    def moves(self, frames: int) -> bool:
        """Whether the picture may change within `frames` frames: it plays, travels or fades."""
        item = self.item
        if isinstance(item, Gap):
            return False
        if isinstance(item, Clip) or item.ken_burns:
            return True
        return bool(fades(item, self.offset, frames)) or self.offset < _last_keyframe(item)


@dataclass(frozen=True)
class Scene:
    """What one track shows in a shot: a stretch and, in a transition, the one that takes over from it.

    Within a transition both stretches are told as they are at its first frame; `passed` frames of it lie before the shot.
    """

    stretch: Stretch
    into: Stretch | None = None
    transition: Transition | None = None
    passed: int = 0

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        return (self.stretch, self.into) if self.into else (self.stretch,)

    def moves(self, frames: int) -> bool:
        return self.transition is not None or self.stretch.moves(frames)

    def later(self, frames: int) -> Scene:
        """The same, `frames` frames on."""
        if self.transition:
            return replace(self, passed=self.passed + frames)
        return Scene(replace(self.stretch, offset=self.stretch.offset + frames))

    def rests(self) -> Iterator[int]:
        """Frames, counted from the scene's first, at which something begins or ends to move."""
        item = self.stretch.item
        if self.transition or isinstance(item, Gap):
            return
        for edge in (item.fade_in, item.span - item.fade_out, _last_keyframe(item)):
            yield edge - self.stretch.offset


@dataclass(frozen=True)
class Span:
    """A scene's place on the timeline, in frames."""

    start: int
    end: int
    scene: Scene


def spans(track: Track) -> list[Span]:
    """A track's scenes in time order: bodies and transitions. A video track's holes are black, an overlay's nothing."""
    joins = {(t.from_item, t.to_item): t for t in track.transitions if t.type is not TransitionType.CUT}
    found: list[Span] = []
    position = lead = 0
    for item, after in zip_longest(track.items, track.items[1:]):
        join = joins.get((item.id, after.id)) if after else None
        tail = join.duration if join else 0
        start, end = item.timeline_start, item.timeline_start + item.span
        if start > position:
            found.append(Span(position, start, _hole(position, start - position)))
        if item.span > lead + tail:
            found.append(Span(start + lead, end - tail, Scene(Stretch(item, lead))))
        if join and after:
            scene = Scene(Stretch(item, item.span - tail), Stretch(after), join)
            found.append(Span(after.timeline_start, end, scene))
        position, lead = end, tail
    if track.kind is TrackKind.OVERLAY:
        return [span for span in found if not (span.scene.into is None and isinstance(span.scene.stretch.item, Gap))]
    return found


def fades(item: Item, offset: int, frames: int) -> list[tuple[int, int, int]]:
    """Fades that touch [offset, offset + frames) of an item: (1 up or -1 down, first frame in the shot, its length).

    One that began before the shot has a first frame below zero.
    """
    if isinstance(item, Gap):
        return []
    found = [(1, -offset, item.fade_in)] if item.fade_in and offset < item.fade_in else []
    begins = item.span - item.fade_out - offset
    return found + ([(-1, begins, item.fade_out)] if item.fade_out and begins < frames else [])


def _last_keyframe(item: Visible) -> int:
    """The frame of the item from which on its transform stays as it is."""
    keyframes = item.transform.keyframes if item.transform else []
    return keyframes[-1].frame if keyframes else 0


def _hole(start: int, length: int) -> Scene:
    return Scene(Stretch(Gap(type="gap", id=f"hole-{start}", timeline_start=start, duration=length)))
