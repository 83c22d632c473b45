"""What sound cannot do: pass over into its neighbour by a wipe, or be played at a speed at which nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from shared.domain.blueprint.raw import Raw, fault, items, objects, ratio, tracks
from shared.domain.errors import Fault

MAX_SOUND_SPEED = 16  # and its inverse: what keeps its pitch beyond that is noise
_TRANSITIONS = ("cut", "dissolve", "fade")


def _transitions(raw: Raw) -> Iterator[Fault]:
    for place, track in tracks(raw):
        for x, join in objects(track, "transitions") if track.get("kind") == "audio" else ():
            kind = join.get("type")
            if isinstance(kind, str) and kind not in _TRANSITIONS:
                detail = f"sounds pass over by {', '.join(_TRANSITIONS)}"
                fix = "Use dissolve (a crossfade), fade (out, then in, through silence), or cut."
                yield fault((*place, "transitions", x, "type"), "wrong-track", detail, kind, fix)


def _speeds(raw: Raw) -> Iterator[Fault]:
    for place, track, item in items(raw):
        speed = ratio(item, "speed") if track.get("kind") == "audio" else None
        if speed is not None and not Fraction(1, MAX_SOUND_SPEED) <= speed <= MAX_SOUND_SPEED:
            detail = f"sound is played at 1/{MAX_SOUND_SPEED} to {MAX_SOUND_SPEED} times its speed"
            found = f"{speed.numerator}/{speed.denominator}"
            yield fault((*place, "speed"), "out-of-range", detail, found, "Give a speed within that.")


SOUND_CHECKS: tuple[Callable[[Raw], Iterator[Fault]], ...] = (_transitions, _speeds)
