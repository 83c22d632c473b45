"""Evidence: what speaks for one member as the speaker of a turn, as named features of a linear score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

from shared.domain.casting.kin import TITLES_OF_KIN
from shared.domain.casting.mentions import Kind
from shared.domain.casting.resolution import Seen
from shared.domain.casting.roster import NOBODY, Roster
from shared.domain.casting.scene import Scene
from shared.domain.casting.turns import TagKind, Turn

Feature = tuple[str, float]
NEAREST: Final = "nearest"
GROUPS: Final = {  # what features are about, by their first word; all others are about who was mentioned last
    "open": "paragraph",
    **dict.fromkeys(("before", "after"), "beat"),
    **dict.fromkeys(("called", "address"), "vocative"),
    **dict.fromkeys(("same", "back", "new"), "alternation"),
    **dict.fromkeys(("fame", "talk", "first"), "prominence"),
}
_LATE = 4  # from this rank on, everybody was mentioned equally long ago


@dataclass(frozen=True)
class Fame:
    """How much a member is mentioned and tagged, from 0 to 1 of who is most."""

    mentions: Sequence[float]
    tags: Sequence[float]
    counts: Sequence[int]  # mentions by name or description, as they are

    def of(self, who: int) -> tuple[float, float]:
        """The shares of a member; none of one that a correction brought in."""
        return (self.mentions[who], self.tags[who]) if who < len(self.counts) else (0.0, 0.0)


def fame_of(seen: Sequence[Seen], tagged: Sequence[int]) -> Fame:
    """`tagged` is how many turns are tagged with each member's name."""
    counts = [0] * len(tagged)
    for one in seen:
        if one.who != NOBODY and one.kind in (Kind.NAME, Kind.NOMINAL):
            counts[one.who] += 1
    return Fame(_shares(counts), _shares(tagged), counts)


def _shares(counts: Sequence[int]) -> list[float]:
    most = log1p(max(counts, default=0)) or 1.0
    return [log1p(count) / most for count in counts]


def features(scenes: Sequence[Scene], number: int, who: int, roster: Roster, fame: Fame) -> Iterator[Feature]:
    """All that speaks for or against `who` in turn `number`, whoever speaks around it."""
    scene = scenes[number]
    gender = roster.members[who].gender
    if scene.turn.gender:
        yield ("gender_fits" if gender == scene.turn.gender else "gender_open" if not gender else "gender_clash"), 1.0
    yield from _seen(scene, who)
    if who in scene.called:
        yield "called", 1.0
    if who in scene.spoken_of:
        yield "spoken_of", 1.0
    mentioned, tagged = fame.of(who)
    yield "fame", mentioned
    yield "talk", tagged
    if who == roster.first_person:
        yield "first_person", 1.0
    titles = TITLES_OF_KIN.get(scene.turn.noun, frozenset())
    if any(name.title in titles for name in roster.members[who].names):
        yield "kin", 1.0
    yield from _addressed(scenes, number, who, gender)


def _seen(scene: Scene, who: int) -> Iterator[Feature]:
    for name, found in (
        ("before", scene.before),
        ("after", scene.after),
        ("led", scene.led),
        ("near", scene.near),
        ("follows", scene.follows),
    ):
        if found == who:
            yield name, 1.0
    rank = scene.recent.get(who, _LATE + 1)
    yield ("rank_unseen" if who not in scene.recent else f"rank_{min(rank, _LATE)}"), 1.0


def _addressed(scenes: Sequence[Scene], number: int, who: int, gender: str) -> Iterator[Feature]:
    for name, other in (("last", number - 1), ("next", number + 1)):
        if not 0 <= other < len(scenes) or not are_neighbours(scenes[other].turn, scenes[number].turn):
            continue
        if who in scenes[other].called:
            yield f"called_{name}", 1.0
        if scenes[other].address and gender:
            yield (f"address_{name}" if scenes[other].address == gender else f"address_clash_{name}"), 1.0


def are_neighbours(one: Turn, other: Turn) -> bool:
    return abs(one.paragraph - other.paragraph) <= 1


def gap_between(last: Turn, turn: Turn) -> str:
    """How a turn follows the one before.

    "adjacent": nothing parts them but a line's end; "beside": the narration of either paragraph does; "line": narration
    follows the one before, and no paragraph shows whether the turn belongs to it; "inner": both are in one paragraph;
    "near" and "far": paragraphs of narration stand between.
    """
    paragraphs = turn.paragraph - last.paragraph
    if paragraphs == 0:
        return "inner" if turn.start - last.end > _TOUCHING else "adjacent"
    if paragraphs > 1:
        return "near" if paragraphs <= _NEAR else "far"
    if last.told or turn.is_led:
        return "line" if last.lines else "beside"
    return "adjacent"


_TOUCHING = 2  # characters between two quotations of one line that nothing parts
_NEAR = 3  # paragraphs from one turn to the next within one conversation


def flow(last: Turn | None, turn: Turn, back: str, who: int, speakers: tuple[int, int]) -> Iterator[Feature]:
    """What speaks for `who` after `speakers` (the last, and the one before); `back` is the gap between those two."""
    if last is None:
        return
    gap = gap_between(last, turn)
    if turn.paragraph - last.paragraph == 1 and not last.quotes[-1].closed and turn.quotes[0].start - turn.floor <= 1:
        yield ("open_same" if who == speakers[0] else "open_other"), 1.0
        return
    if who == speakers[0]:
        yield f"same_{gap}", 1.0
    elif who == speakers[1]:
        yield f"back_{gap}_{back}", 1.0
    else:
        yield f"new_{gap}", 1.0


def kind_of(turn: Turn) -> str:
    """Which weights judge a turn: those for pronoun tags, or those for turns without a tag."""
    return "pronoun" if turn.kind is TagKind.PRONOUN or turn.gender else "none"
