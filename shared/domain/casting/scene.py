"""The scene around each turn: who is seen before it, beside it and after it, and who is spoken to in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.casting.mentions import Kind
from shared.domain.casting.resolution import Seen
from shared.domain.casting.roster import NOBODY
from shared.domain.casting.turns import Turn

_REMEMBERED = 10  # people a scene may hold


@dataclass
class Scene:
    """What is known around one turn. Members by number; `recent` begins with who was mentioned last."""

    turn: Turn
    recent: dict[int, int] = field(default_factory=dict)  # member: how many others were mentioned since
    before: int = NOBODY  # subject of the narration before the turn, in its own paragraph
    after: int = NOBODY  # subject of the narration after it, in its own paragraph
    led: int = NOBODY  # last subject of the narration between the turn before and this paragraph
    near: int = NOBODY  # whoever was mentioned last there
    follows: int = NOBODY  # first subject between this paragraph and the next turn
    called: frozenset[int] = frozenset()  # who is spoken to in it
    spoken_of: frozenset[int] = frozenset()
    tag: int = NOBODY  # whom the tag's own words were found to mean
    address: str = ""  # gender of whom it calls "sir" or "madam"


def scenes_of(turns: Sequence[Turn], seen: Sequence[Seen]) -> list[Scene]:
    """One scene a turn, in order, in time linear in turns and mentions."""
    starts = [one.start for one in seen]
    recent: dict[int, None] = {}
    scenes: list[Scene] = []
    position = 0
    for number, turn in enumerate(turns):
        here = bisect_left(starts, turn.start)
        for one in seen[position:here]:
            if one.who != NOBODY and not one.quoted:
                recent.pop(one.who, None)
                recent[one.who] = None
        position = here
        scene = Scene(turn, {who: rank for rank, who in enumerate(list(reversed(recent))[:_REMEMBERED])})
        while len(recent) > 4 * _REMEMBERED:
            del recent[next(iter(recent))]
        last_end = turns[number - 1].end if number else 0
        next_start = turns[number + 1].start if number + 1 < len(turns) else turn.ceiling + _FAR
        _look(scene, seen, starts, last_end, next_start)
        scenes.append(scene)
    return scenes


_BESIDE = 160  # characters from a quotation to the end of its tag
_FAR = 1_500  # characters of narration read before and after a turn


def _look(scene: Scene, seen: Sequence[Seen], starts: Sequence[int], last_end: int, next_start: int) -> None:
    turn = scene.turn
    floor = max(turn.floor, last_end)
    scene.before = _last(_told(seen, starts, floor, turn.start), subject=True)
    gap = _told(seen, starts, max(last_end, turn.floor - _FAR), floor)
    scene.led, scene.near = _last(gap, subject=True), _last(gap, subject=False)
    beside = _told(seen, starts, turn.start, min(turn.ceiling, next_start))
    scene.after = next((one.who for one in beside if one.subject), NOBODY)
    after = _told(seen, starts, min(turn.ceiling, next_start), min(next_start, turn.ceiling + _FAR))
    scene.follows = next((one.who for one in after if one.subject), NOBODY)
    if turn.form:
        close = _told(seen, starts, max(0, turn.start - _BESIDE), turn.end + _BESIDE)
        scene.tag = next((one.who for one in reversed(close) if one.form == turn.form), NOBODY)
    inside = _within(seen, starts, turn)
    scene.called = frozenset(one.who for one in inside if one.called and one.who != NOBODY)
    scene.spoken_of = frozenset(one.who for one in inside if one.who != NOBODY) - scene.called
    scene.address = next((one.gender for one in inside if one.kind is Kind.ADDRESS), "")


def _told(seen: Sequence[Seen], starts: Sequence[int], start: int, end: int) -> list[Seen]:
    part = seen[bisect_left(starts, start) : bisect_left(starts, end)] if start < end else []
    return [one for one in part if not one.quoted and one.who != NOBODY]


def _within(seen: Sequence[Seen], starts: Sequence[int], turn: Turn) -> list[Seen]:
    part = seen[bisect_left(starts, turn.start) : bisect_left(starts, turn.end)]
    return [one for one in part if one.quoted and one.kind in (Kind.NAME, Kind.ADDRESS, Kind.NOMINAL)]


def _last(seen: Sequence[Seen], *, subject: bool) -> int:
    return next((one.who for one in reversed(seen) if one.subject or not subject), NOBODY)
