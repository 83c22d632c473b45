"""Whom each mention means: names by the roster, the ambiguous by recency, pronouns by gender, recency and subjecthood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.domain.casting.kin import OWNERS, kin_of
from shared.domain.casting.mentions import Kind, Mention
from shared.domain.casting.name_words import FEMALE, MALE, words_of
from shared.domain.casting.names import read_name
from shared.domain.casting.roster import NOBODY, Roster

_SUBJECT_LASTS = 900  # characters for which the last subject keeps its pronoun
_OTHER_LASTS = 400
_OFFICE_LASTS = 20_000  # characters after which "the captain" may be another than the one met
_INDEFINITE = words_of("a an another some one un una otro otra une ein eine uno um uma")
_SENTENCE = 60  # characters from "he" to a name in the same sentence


class Seen(NamedTuple):
    """A mention with the number of the member it means; NOBODY where that is not known."""

    start: int
    who: int
    kind: Kind
    subject: bool
    quoted: bool
    called: bool
    gender: str
    form: str


class _Focus:
    """The men and women last spoken of."""

    def __init__(self) -> None:
        self._subject: dict[str, tuple[int, int]] = {}
        self._other: dict[str, tuple[int, int]] = {}

    def see(self, who: int, gender: str, start: int, subject: bool) -> None:
        for one in (gender,) if gender else (MALE, FEMALE):
            (self._subject if subject else self._other)[one] = (start, who)

    def mean(self, gender: str, start: int) -> int:
        told_at, subject = self._subject.get(gender, (-_SUBJECT_LASTS, NOBODY))
        seen_at, other = self._other.get(gender, (-_OTHER_LASTS, NOBODY))
        if start - told_at < _SUBJECT_LASTS:
            return subject
        return other if start - seen_at < _OTHER_LASTS else NOBODY


def resolve(mentions: Sequence[Mention], roster: Roster) -> list[Seen]:
    """Every mention with whom it means, in one pass."""
    focus, latest = _Focus(), dict[int, int]()
    counts = [member.forms.total() for member in roster.members]
    found: list[Seen] = []
    for mention in mentions:
        who = NOBODY
        if mention.kind is Kind.NOMINAL and not mention.quoted:
            who = _described(mention, roster, focus, latest)
        if who == NOBODY and mention.kind in (Kind.NAME, Kind.NOMINAL):
            who = _likeliest(roster.who(mention.form), latest, counts)
        elif mention.kind is Kind.PRONOUN and not mention.quoted:
            who = focus.mean(mention.gender, mention.start)
        elif mention.kind is Kind.SELF and not mention.quoted:
            who = roster.first_person
        if found and mention.kind is Kind.NAME and not mention.quoted:
            _unsay(found, mention, who)
        if who != NOBODY:
            gender = roster.members[who].gender
            if not mention.quoted:
                latest[who] = mention.start
                if mention.kind is not Kind.SELF:
                    focus.see(who, mention.gender or gender, mention.start, mention.subject)
        found.append(
            Seen(
                mention.start,
                who,
                mention.kind,
                mention.subject,
                mention.quoted,
                mention.called,
                mention.gender,
                mention.form,
            )
        )
    return found


def _unsay(found: list[Seen], mention: Mention, who: int) -> None:
    """ "He turned to Mara": whoever he is, he is not Mara."""
    last = found[-1]
    is_object = not mention.subject and mention.start - last.start < _SENTENCE
    if last.kind is Kind.PRONOUN and last.subject and last.who == who and is_object:
        found[-1] = last._replace(who=NOBODY)


def _described(mention: Mention, roster: Roster, focus: _Focus, latest: Mapping[int, int]) -> int:
    """Whom "his wife" or "the captain" means by name: the one with that title and his surname, or the captain met last.

    What a given cast calls so itself goes before; NOBODY where no name is found.
    """
    if roster.given and roster.who(mention.form):
        return NOBODY
    owner, _, _ = mention.form.partition(" ")
    noun = read_name(mention.form).noun
    if owner in OWNERS:
        return kin_of(roster, noun, focus.mean(OWNERS[owner], mention.start))
    if owner in _INDEFINITE:
        return NOBODY
    met = [who for who in roster.holders(noun) if mention.start - latest.get(who, -_OFFICE_LASTS) < _OFFICE_LASTS]
    return max(met, key=lambda who: latest[who], default=NOBODY)


def _likeliest(who: Sequence[int], latest: dict[int, int], counts: Sequence[int]) -> int:
    """Of several namesakes the one met last, or else the one met most."""
    if not who:
        return NOBODY
    return max(who, key=lambda number: (latest.get(number, -1), counts[number], -number))
