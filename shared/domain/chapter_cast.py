"""One chapter's quotations and a project's cast: who of it is there, what a user said of its lines, and what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.domain.cast import Cast, ChapterLines
from shared.domain.casting.attribution import Attribution
from shared.domain.casting.character import FIRST_PERSON, Character
from shared.domain.casting.quotation_key import quotation_keys
from shared.domain.casting.roster import roster_of
from shared.domain.casting.turns import turns_in
from shared.domain.language_rules import rules_for
from shared.domain.plan import NARRATOR, Segment


class Quotation(NamedTuple):
    """Where a quotation stands (code points, `end` exclusive), and its key."""

    start: int
    end: int
    key: str


def quotations_in(text: str, language: str) -> list[Quotation]:
    """The quotations that casting finds in `text`, under the keys it gives them."""
    quotes = [quote for turn in turns_in(text, rules_for(language)) for quote in turn.quotes]
    keys = quotation_keys(text[quote.start : quote.end] for quote in quotes)
    return [Quotation(quote.start, quote.end, key) for quote, key in zip(quotes, keys, strict=True)]


def members_in(cast: Cast, found: Sequence[Character]) -> list[Character]:
    """Who may speak in a chapter: those of the cast who are in it, and those it shows besides.

    `found` is the cast that the chapter shows by itself. Who is not in a chapter must not be weighed there: the fewer there
    are to choose from, the better the choice. The narrator is among them where the chapter is told as "I".
    """
    roster = roster_of([one.character for one in cast.members])
    there, others = set[int](), list[Character]()
    for character in found:
        if character.name == FIRST_PERSON:
            there.add(0)
            continue
        who = {number for form in (character.name, *character.aliases) for number in roster.who(form)}
        there |= who
        if not who and character.mentions and not cast.is_dismissed(character.name):
            others.append(character)
    return [*(one.character for number, one in enumerate(cast.members) if number in there), *others]


def said_by_hand(
    cast: Cast | None, lines: ChapterLines | None, segments: Sequence[Segment], language: str
) -> dict[str, str]:
    """What a user said about who speaks, by quotations' keys: of single lines, and by reassigning segments of the plan.

    What the plan says goes before. A segment that somebody only cut, and that is the narrator's, says nothing.
    """
    said = named(cast, lines.corrections) if lines else {}
    return said | dict(_reassigned(cast, segments, language))


def named(cast: Cast | None, speakers: Mapping[str, str]) -> dict[str, str]:
    """Ids of the cast as names; what is no id is somebody's name already, or that of one who is gone."""
    found = {}
    for key, speaker in speakers.items():
        one = cast.member(speaker) if cast else None
        name = one.name if one else cast.speaker(speaker) if cast else speaker
        if one or not speaker.startswith("chr_"):
            found[key] = name
    return found


def in_the_casts_names(cast: Cast, one: Attribution) -> Attribution:
    """The attribution with whoever is of the cast under the name they have there."""
    shares: dict[str, float] = {}
    for name, share in one.candidates:
        shares[cast.speaker(name)] = shares.get(cast.speaker(name), 0.0) + share
    speaker = cast.speaker(one.speaker) if one.speaker else ""
    return one._replace(speaker=speaker, candidates=tuple(shares.items()))


def counted(cast: Cast, attributions: Sequence[Attribution]) -> dict[str, int]:
    """How many quotations each of the cast has, by id."""
    told = (NARRATOR if one.speaker == FIRST_PERSON else one.speaker for one in attributions)
    holders = (cast.called(name) for name in told if name)
    return dict(Counter(one.id for one in holders if one))


def _reassigned(cast: Cast | None, segments: Sequence[Segment], language: str) -> Iterator[tuple[str, str]]:
    chosen = [one for one in segments if one.by_hand and one.speaker != NARRATOR]
    if not chosen:
        return
    text = "".join(segment.original_text for segment in segments)
    at = 0
    for quotation in quotations_in(text, language):
        while at < len(chosen) and chosen[at].end_idx <= quotation.start:
            at += 1
        if at < len(chosen) and chosen[at].start_idx <= quotation.start:
            speaker = chosen[at].speaker
            yield quotation.key, cast.speaker(speaker) if cast else speaker
