"""Who speaks each quotation of a text, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from shared.domain.casting.character import Character
from shared.domain.casting.conversation import Choice, Conversation
from shared.domain.casting.quotation_key import quotation_keys
from shared.domain.casting.reading import Reading, read
from shared.domain.casting.roster import NOBODY, Member, Roster
from shared.domain.casting.turns import TagKind, Turn
from shared.domain.language_rules import LanguageRules, rules_for

_TAGGED, _SAME_PARAGRAPH = 0.97, 0.9  # what a tag proves for its own quotation, and for the paragraph's others
_UNTAGGED = 0.88  # the most that all else proves
_OPEN_GENDER = 0.6  # and that "he" proves for somebody who may be a woman
_DIGITS = 3


class Evidence(StrEnum):
    """What decided a speaker most."""

    CORRECTION = "correction"  # the user said so
    TAG = "tag"  # "said Mara"
    FIRST_PERSON = "first_person"  # "said I"
    DESCRIPTION = "description"  # a tag whose words may mean several people, or nobody known
    PRONOUN = "pronoun"  # "she said"
    PARAGRAPH = "paragraph"  # the same paragraph's tag, or a speech left open in the one before
    BEAT = "beat"  # who acts beside the quotation in its paragraph
    VOCATIVE = "vocative"  # who is spoken to just before or after
    ALTERNATION = "alternation"  # taking turns
    NEAREST = "nearest"  # who was mentioned near by
    PROMINENCE = "prominence"  # who speaks most
    NONE = "none"  # nobody is known to be there


class Attribution(NamedTuple):
    """One quotation: code points of the text, marks included, `end` exclusive.

    `speaker` is a name of the cast ("" where nobody is known to be there), `confidence` from 0 to 1, `evidence` what
    decided it, `key` a name for the quotation that edits elsewhere do not change, `candidates` the likeliest speakers with
    their shares of the likelihood, best first.
    """

    start: int
    end: int
    speaker: str
    confidence: float
    evidence: Evidence
    key: str
    candidates: tuple[tuple[str, float], ...] = ()


def attribute(
    text: str, cast: Sequence[Character] | None, language: str, corrections: Mapping[str, str]
) -> list[Attribution]:
    """Every quotation with its speaker, in order, in time linear in the text."""
    reading = read(text, cast, rules_for(language))
    keys = list(quotation_keys(text[quote.start : quote.end] for turn in reading.turns for quote in turn.quotes))
    certain = _certain(reading, keys, corrections)
    choices = Conversation(reading, certain).choices()
    found = _attributions(text, reading, choices, certain)
    return [_corrected(one._replace(key=key), corrections) for one, key in zip(found, keys, strict=True)]


def cast_of(text: str, language: str) -> list[Character]:
    """The cast that `text` shows by itself, who is mentioned most first."""
    rules: LanguageRules = rules_for(language)
    reading = read(text, None, rules)
    members = [
        Character(member.name, tuple(sorted(set(member.forms) - {member.name})), member.gender, count)
        for member, count in zip(reading.roster.members, reading.fame.counts, strict=True)
    ]
    return sorted(members, key=lambda character: (-character.mentions, character.name))


def _certain(reading: Reading, keys: Sequence[str], corrections: Mapping[str, str]) -> dict[int, int]:
    """Turns whose speaker the user gave, by the first quotation of theirs that was corrected."""
    certain: dict[int, int] = {}
    at = 0
    for number, turn in enumerate(reading.turns):
        given = [corrections[key] for key in keys[at : at + len(turn.quotes)] if key in corrections]
        at += len(turn.quotes)
        if given:
            certain[number] = _member(reading.roster, given[0])
    return certain


def _member(roster: Roster, speaker: str) -> int:
    who = roster.who(speaker)
    if who:
        return who[0]
    member = Member(speaker)
    member.add(speaker)
    return roster.take(member)


def _corrected(one: Attribution, corrections: Mapping[str, str]) -> Attribution:
    if one.key not in corrections:
        return one
    speaker = corrections[one.key]
    return one._replace(speaker=speaker, confidence=1.0, evidence=Evidence.CORRECTION, candidates=((speaker, 1.0),))


def _attributions(
    text: str, reading: Reading, choices: Sequence[Choice], certain: Mapping[int, int]
) -> Iterator[Attribution]:
    names = [member.name for member in reading.roster.members]
    before = 0.0
    for number, (turn, choice) in enumerate(zip(reading.turns, choices, strict=True)):
        candidates = tuple((names[who], round(share, _DIGITS)) for who, share in choice.candidates)
        for index, quote in enumerate(turn.quotes):
            evidence = _evidence(turn, index, choice, reading.tagged[number], number in certain)
            before = round(_confidence(evidence, choice, reading, number, before, number in certain), _DIGITS)
            end = quote.start + len(text[quote.start : quote.end].rstrip())
            speaker = names[choice.who] if choice.who != NOBODY else ""
            yield Attribution(quote.start, end, speaker, before, evidence, "", candidates)


def _evidence(turn: Turn, index: int, choice: Choice, tagged: Sequence[int], is_certain: bool) -> Evidence:
    if choice.who == NOBODY:
        return Evidence.NONE
    if is_certain:
        return Evidence.PARAGRAPH
    if turn.kind in (TagKind.NAMED, TagKind.SELF) and len(tagged) == 1:
        if index != turn.named_by:
            return Evidence.PARAGRAPH
        return Evidence.FIRST_PERSON if turn.kind is TagKind.SELF else Evidence.TAG
    if turn.kind is TagKind.NAMED:
        return Evidence.DESCRIPTION
    if turn.kind is TagKind.PRONOUN:
        return Evidence.PRONOUN
    return Evidence(choice.group)


def _confidence(
    evidence: Evidence, choice: Choice, reading: Reading, number: int, before: float, is_certain: bool
) -> float:
    """How sure the speaker of a quotation of turn `number` is; `before` is how sure the quotation before it was."""
    if evidence in (Evidence.TAG, Evidence.FIRST_PERSON):
        return _TAGGED
    if is_certain or len(reading.tagged[number]) == 1:
        return _SAME_PARAGRAPH
    if evidence is Evidence.PARAGRAPH:  # a speech goes on that the paragraph before left open
        return min(before, _SAME_PARAGRAPH)
    is_open = reading.turns[number].gender and choice.who != NOBODY and not reading.roster.members[choice.who].gender
    return min(choice.confidence, _OPEN_GENDER if is_open else _UNTAGGED)
