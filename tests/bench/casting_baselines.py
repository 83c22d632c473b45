"""What the casting is measured against: the nearest mention, and the rules the planner had before."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.casting.character import Character
from shared.domain.casting.discovery import discover
from shared.domain.casting.mentions import Kind, mentions_in
from shared.domain.casting.resolution import resolve
from shared.domain.casting.roster import NOBODY, Roster, roster_of
from shared.domain.casting.turns import TagKind, turns_in
from shared.domain.language_rules import rules_for
from shared.domain.plan import NARRATOR
from tests.bench.casting_previous import attribute_speakers as previous_rules

ENGLISH = rules_for("en")
Said = tuple[int, int, str]  # code points of a quotation, and who speaks, "" for nobody


def nearest_mention(text: str, cast: Sequence[Character] | None) -> list[Said]:
    """Whoever was named or described last before each quotation, outside quotations."""
    turns = list(turns_in(text, ENGLISH))
    quotes = [quote for turn in turns for quote in turn.quotes]
    mentions = mentions_in(text, quotes, ENGLISH)
    forms = [turn.form for turn in turns if turn.kind is TagKind.NAMED]
    roster = discover(mentions, forms) if cast is None else roster_of(cast)
    named = [seen for seen in resolve(mentions, roster) if seen.kind in (Kind.NAME, Kind.NOMINAL) and not seen.quoted]
    said: list[Said] = []
    at, who = 0, NOBODY
    for quote in quotes:
        while at < len(named) and named[at].start < quote.start:
            who = named[at].who if named[at].who != NOBODY else who
            at += 1
        said.append((quote.start, quote.end, roster.members[who].name if who != NOBODY else ""))
    return said


def previous(text: str, cast: Sequence[Character] | None) -> list[Said]:
    """The planner's rules before the casting: tags, the same paragraph, and otherwise the narrator."""
    roster = Roster() if cast is None else roster_of(cast)
    spans = [(span.start, span.end, span.speaker) for span in previous_rules(text)]
    said: list[Said] = []
    for turn in turns_in(text, ENGLISH):
        for quote in turn.quotes:
            speaker = max(spans, key=lambda span: min(span[1], quote.end) - max(span[0], quote.start))[2]
            who = roster.who(speaker) if cast is not None else ()
            name = roster.members[who[0]].name if who else speaker
            said.append((quote.start, quote.end, "" if name == NARRATOR else name))
    return said
