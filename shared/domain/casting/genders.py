"""Genders by the pronouns a text uses: "Mara sat. She ..." speaks for a woman."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from shared.domain.casting.mentions import Kind, Mention
from shared.domain.casting.name_words import FEMALE, MALE, UNKNOWN
from shared.domain.casting.roster import Member, Roster

_REACH = 250  # characters from a name to the pronoun that may take it up
_SENTENCE = 60  # characters from "he" to a name in the same sentence
_FEWEST_VOTES = 3
_CLEAR = 0.65  # share of the votes that settles a gender


def settle_genders(mentions: Sequence[Mention], roster: Roster) -> None:
    """Give members the gender most of their pronouns have, unless a title, a noun or the cast already told it.

    A first name alone (a woman called George) is overruled where the text is clear.
    """
    votes = _votes(mentions, roster)
    for number, member in enumerate(roster.members):
        counted = votes.get(number, Counter[str]())
        told = _told(member)
        total = counted.total()
        if told or total == 0:
            continue
        gender, most = counted.most_common(1)[0]
        if most >= _CLEAR * total and (total >= _FEWEST_VOTES or not member.gender):
            member.gender = gender


def _told(member: Member) -> bool:
    """Whether more than a first name tells the gender."""
    if member.gender and not any(name.gender for name in member.names):
        return True  # the cast says so
    return any(name.told_gender for name in member.names)


def _votes(mentions: Sequence[Mention], roster: Roster) -> dict[int, Counter[str]]:
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    ballot = _Ballot(roster)
    for mention in mentions:
        if mention.quoted:
            continue
        if mention.kind in (Kind.NAME, Kind.NOMINAL) and roster.who(mention.form):
            ballot.name(mention, votes)
        elif mention.kind is Kind.PRONOUN:
            ballot.vote(mention, votes)
    return votes


class _Ballot:
    """Whom the next pronoun may take up: the last subject, unless others were named since."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._subject: Mention | None = None
        self._rivals: set[str] = set()  # genders of the others named since
        self._voted: tuple[int, str, int] | None = None  # by the last subject pronoun: member, gender, place

    def name(self, mention: Mention, votes: dict[int, Counter[str]]) -> None:
        if mention.subject:
            self._subject, self._rivals = mention, set()
        elif self._subject and self._subject.form == mention.form:
            self._take_back(mention, votes)
        else:
            self._rivals.update(self._roster.members[who].gender for who in self._roster.who(mention.form))
        self._voted = None

    def _take_back(self, mention: Mention, votes: dict[int, Counter[str]]) -> None:
        """ "He turned to Mara": he was not Mara."""
        if self._voted and mention.start - self._voted[2] < _SENTENCE:
            votes[self._voted[0]][self._voted[1]] -= 1
            self._subject = None

    def vote(self, mention: Mention, votes: dict[int, Counter[str]]) -> None:
        subject = self._subject
        rivals = {UNKNOWN, mention.gender} & self._rivals
        if subject is None or rivals or mention.start - subject.start > _REACH:
            return
        who = self._roster.who(subject.form)
        if len(who) == 1 and mention.gender in (MALE, FEMALE):
            votes[who[0]][mention.gender] += 1
            self._voted = (who[0], mention.gender, mention.start) if mention.subject else None
