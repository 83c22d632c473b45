"""One item inside one block's window: where it is read, how loud it is, and how that changes. Pure: nothing is read.

An item's own fades are linear in amplitude. In a transition a dissolve crosses over at equal power, a fade goes out and then
in through silence; where an item fades on the side of a transition, it does both, as pictures do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.blueprint.model import Clip, Output, Track, Transition, TransitionType

LINEAR, EQUAL_POWER = "tri", "qsin"  # ffmpeg's names: a straight line, and a quarter of a sine
STEP = 256  # samples in which ducking moves; it divides an AAC frame, so that two blocks step at the same moments
RETIMED_HEADROOM = 4  # retimed sound is kept this many times softer: whole numbers would clip what lies over full scale


@dataclass(frozen=True)
class Ramp:
    """One stretch in which a track is lowered, in samples from the window's start; it may begin before the window."""

    start: int
    end: int
    attack: int
    release: int
    amount_db: float


@dataclass(frozen=True)
class Fade:
    """A way up from silence, or down to it, over `length` samples; beyond it there is silence.

    `first` counts from the start of the item, or of the piece of it that a block holds, before which it may lie.
    """

    first: int
    length: int
    rises: bool
    curve: str


@dataclass(frozen=True)
class Retiming:
    """A whole item at another speed: `length` samples of its source from `start` on become `span`, kept at `key`."""

    start: int
    length: int
    speed: Fraction
    span: int
    key: ArtifactKey


@dataclass(frozen=True)
class Sound:
    """One piece of one item inside a block's window. All positions in output samples.

    `offset` is where it sounds in the window, `source` where it is read in the asset, or in the retimed item.
    """

    asset: str
    identity: str
    offset: int
    source: int
    length: int
    gain_db: float
    fades: tuple[Fade, ...]
    ducks: tuple[Ramp, ...]
    retiming: Retiming | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        """All that shapes the sound but the name its asset happens to have in this blueprint."""
        found: dict[str, Any] = {
            "identity": self.identity,
            "offset": self.offset,
            "source": self.source,
            "length": self.length,
            "gain_db": self.gain_db,
            "fade_in": 0,  # where fades once stood: a sound without any keeps the address it has always had
            "fade_out": 0,
            "ducks": [vars(ramp) for ramp in self.ducks],
        }
        if self.fades:
            found["fades"] = [vars(fade) for fade in self.fades]
        if self.ducks:
            found["step"] = STEP
        if self.retiming:
            found["retimed"] = self.retiming.key.digest
        return found


@dataclass(frozen=True)
class Window:
    """The stretch of the timeline that one block is made from."""

    begin: int
    end: int


def piece(track: Track, item: Clip, identity: str, retiming: Retiming | None, window: Window) -> Sound | None:
    """The part of an item that a window holds, without ducking; None where it holds nothing of it."""
    first, last = max(item.timeline_start, window.begin), min(item.timeline_start + item.span, window.end)
    if first >= last:
        return None
    played = first - item.timeline_start
    return Sound(
        asset=item.asset,
        identity=identity,
        offset=first - window.begin,
        source=played if retiming else item.source_range.start + played,
        length=last - first,
        gain_db=item.gain_db + track.gain_db,
        fades=tuple(_heard_fades(item, track.transitions, played, last - first)),
        ducks=(),
        retiming=retiming,
    )


def retiming_of(item: Clip, identity: str, output: Output, encoder: str) -> Retiming | None:
    """How an item comes to another speed; None where it is played at its own."""
    speed = item.speed.fraction
    if speed == 1:
        return None
    inputs = {
        "encoder": encoder,
        "identity": identity,
        "range": [item.source_range.start, item.source_range.duration],
        "speed": [speed.numerator, speed.denominator],
        "rate": output.sample_rate,
        "channels": output.channels,
        "headroom": RETIMED_HEADROOM,
    }
    key = artifact_key(Kind.RETIMED, ".flac", inputs)
    return Retiming(item.source_range.start, item.source_range.duration, speed, item.span, key)


def _heard_fades(item: Clip, joins: Sequence[Transition], played: int, length: int) -> Iterator[Fade]:
    """The fades that a piece is touched by, counted from its own start: the others change nothing of it."""
    for fade in _fades(item, joins):
        first = fade.first - played
        if (first + fade.length > 0) if fade.rises else (first < length):
            yield Fade(first, fade.length, fade.rises, fade.curve)


def _fades(item: Clip, joins: Sequence[Transition]) -> Iterator[Fade]:
    if item.fade_in:
        yield Fade(0, item.fade_in, True, LINEAR)
    if item.fade_out:
        yield Fade(item.span - item.fade_out, item.fade_out, False, LINEAR)
    for join in joins:
        if item.id in (join.from_item, join.to_item) and join.type is not TransitionType.CUT:
            yield _passage(join, item.span, rises=item.id == join.to_item)


def _passage(join: Transition, span: int, *, rises: bool) -> Fade:
    """One item's side of a transition."""
    if join.type is TransitionType.DISSOLVE:
        return Fade(0 if rises else span - join.duration, join.duration, rises, EQUAL_POWER)
    half = (join.duration + 1) // 2  # as pictures have it: the first half is one item's, the rest the other's
    if rises:
        return Fade(half, max(1, join.duration - half), True, LINEAR)
    return Fade(span - join.duration, half, False, LINEAR)
