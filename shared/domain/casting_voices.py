"""Which voice each character gets: distinct voices for distinct people, by gender and age, who says most first.

A gender that is known is kept to as long as any voice of it, or of none, is there: a man's voice for a woman is worse than two
women with one voice. Somebody of unknown gender takes from where most are left over, so that nobody else goes without.
When all suitable voices are given, one is given again where it is heard least by the same chapters. The narrator's is given
again only where there is no other. All of it follows from the input: no chance, and no order but that of lines and names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OfferedVoice:
    """A voice of the catalogue, in whose order the better of equals comes first. "" is an unknown gender or age."""

    id: str
    gender: str = ""
    age: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody to be cast; `chapters` are those they speak in, with how many lines."""

    id: str
    name: str
    gender: str = ""
    age: str = ""
    chapters: Mapping[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        return sum(self.chapters.values())


def cast_voices(
    people: Iterable[Person], voices: Sequence[OfferedVoice], narrator: str, kept: Mapping[str, str]
) -> dict[str, str]:
    """A voice for each of `people` by id. `kept` are voices some have already, which they keep whatever the catalogue has.

    With what was kept before, somebody new changes nobody else's voice. Without any voice in the catalogue nobody new gets one.
    """
    ranked = sorted(people, key=lambda one: (-one.lines, one.name, one.id))
    desk = _Desk(voices, narrator, [one for one in ranked if one.id not in kept])
    for one in ranked:
        if one.id in kept:
            desk.give(one, kept[one.id])
    found = {one.id: kept[one.id] for one in ranked if one.id in kept}
    for one in ranked:
        if one.id not in kept and voices:
            found[one.id] = desk.choose(one)
    return found


class _Desk:
    """What is left, what was given, and who still waits."""

    def __init__(self, voices: Sequence[OfferedVoice], narrator: str, waiting: Sequence[Person]) -> None:
        self._voices = [voice for voice in voices if voice.id != narrator] or list(voices)
        self._free = {voice.id: voice for voice in self._voices}
        self._heard: dict[str, Counter[str]] = defaultdict(Counter)  # voice to lines by chapter
        self._waiting = Counter(one.gender for one in waiting)

    def give(self, one: Person, voice: str) -> None:
        self._free.pop(voice, None)
        self._heard[voice].update(one.chapters)

    def choose(self, one: Person) -> str:
        self._waiting[one.gender] -= 1
        free = [voice for voice in self._free.values() if _suits(one, voice)]
        chosen = self._unused(one, free) if free else self._used(one)
        self.give(one, chosen)
        return chosen

    def _unused(self, one: Person, free: Sequence[OfferedVoice]) -> str:
        """Of their own gender before one of none; for who has none, of the gender that most are left over of."""
        left = Counter(voice.gender for voice in free)

        def rank(voice: OfferedVoice) -> tuple[int, int]:
            if one.gender:
                return int(not voice.gender), _years_off(one, voice)
            spare = left[voice.gender] - self._waiting[voice.gender] if voice.gender else 0
            return (-spare if spare > 0 else 0 if not voice.gender else 1), _years_off(one, voice)

        return min(free, key=rank).id  # the catalogue's first among equals

    def _used(self, one: Person) -> str:
        """What suits and is heard least in the chapters they speak in, then what is heard least at all."""
        suited = [voice for voice in self._voices if _suits(one, voice)] or self._voices

        def rank(voice: OfferedVoice) -> tuple[int, int, int]:
            heard = self._heard[voice.id]
            together = sum(min(lines, heard[chapter]) for chapter, lines in one.chapters.items())
            return together, heard.total(), _years_off(one, voice)

        return min(suited, key=rank).id


def _suits(one: Person, voice: OfferedVoice) -> bool:
    return not one.gender or not voice.gender or one.gender == voice.gender


def _years_off(one: Person, voice: OfferedVoice) -> int:
    """0 where the ages fit, 1 where one of them is unknown; somebody of unknown age is no child."""
    if one.age == voice.age:
        return 0
    return 1 if not voice.age or (not one.age and voice.age == "adult") else 2
