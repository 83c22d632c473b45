"""A text read for its dialogue: turns, mentions, the roster and the scene around each turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.casting.character import Character
from shared.domain.casting.discovery import discover
from shared.domain.casting.evidence import Fame, fame_of
from shared.domain.casting.genders import settle_genders
from shared.domain.casting.mentions import mentions_in
from shared.domain.casting.names import read_name
from shared.domain.casting.narrator import find_narrator
from shared.domain.casting.resolution import resolve
from shared.domain.casting.roster import NOBODY, Member, Roster, learn_full_names, roster_of
from shared.domain.casting.scene import Scene, scenes_of
from shared.domain.casting.turns import TagKind, Turn, turns_in
from shared.domain.language_rules import LanguageRules

_LEADS = 6
_SHORT = 300  # turns up to which a text costs little, so that more may be leads


@dataclass(frozen=True)
class Reading:
    """Everything the choice of speakers rests on. `tagged[n]` is whom the tag of turn n may name, none where it names nobody."""

    turns: Sequence[Turn]
    roster: Roster
    scenes: Sequence[Scene]
    fame: Fame
    tagged: Sequence[tuple[int, ...]]
    absent: frozenset[int]  # whom only quotations name, in a cast that was not given: spoken of, and never there
    leads: Sequence[int]  # who may speak anywhere: the teller, and those who are mentioned and tagged most


def read(text: str, cast: Sequence[Character] | None, rules: LanguageRules) -> Reading:
    """Read `text` with the cast that is given, or with the one it shows itself."""
    turns = list(turns_in(text, rules))
    mentions = mentions_in(text, [quote for turn in turns for quote in turn.quotes], rules)
    forms = [turn.form for turn in turns if turn.kind is TagKind.NAMED]
    roster = discover(mentions, forms) if cast is None else roster_of(cast)
    if cast is not None:
        learn_full_names(roster, mentions)
    settle_genders(mentions, roster)
    is_self = any(turn.kind is TagKind.SELF for turn in turns)
    find_narrator(mentions, roster, given=cast is not None, tagged=is_self)
    seen = resolve(mentions, roster)
    scenes = scenes_of(turns, seen)
    tagged = list(_tagged(turns, scenes, roster))
    counts = [0] * len(roster.members)
    for who in tagged:
        if len(who) == 1:
            counts[who[0]] += 1
    fame = fame_of(seen, counts)
    there = {one.who for one in seen if not one.quoted}.union(*tagged)
    absent = frozenset(range(len(roster.members))) - there if cast is None else frozenset[int]()
    return Reading(turns, roster, scenes, fame, tagged, absent, _leads(roster, fame, len(turns), absent))


def _leads(roster: Roster, fame: Fame, turns: int, absent: frozenset[int]) -> list[int]:
    members = (number for number in range(len(roster.members)) if number not in absent)
    most = _LEADS if turns > _SHORT else 3 * _LEADS
    ranked = sorted(members, key=lambda n: (-fame.mentions[n] - fame.tags[n], n))[:most]
    return [roster.first_person, *ranked] if roster.first_person != NOBODY else ranked


def _tagged(turns: Sequence[Turn], scenes: Sequence[Scene], roster: Roster) -> Iterator[tuple[int, ...]]:
    for turn, scene in zip(turns, scenes, strict=True):
        if turn.kind is TagKind.SELF:
            yield (roster.first_person,)
        elif turn.kind is TagKind.NAMED:
            yield _named(turn, scene, roster)
        else:
            yield ()


def _named(turn: Turn, scene: Scene, roster: Roster) -> tuple[int, ...]:
    """Whom a tag's form means; somebody outside the cast joins the roster under a name, but not under a description."""
    name = read_name(turn.form)
    if name.noun and scene.tag != NOBODY:
        return (scene.tag,)
    who = roster.who(turn.form)
    if who:
        return who
    if name.noun:
        turn.gender, turn.noun = name.gender, name.noun
        return ()
    member = Member(turn.form)
    member.add(turn.form)
    return (roster.take(member),)
