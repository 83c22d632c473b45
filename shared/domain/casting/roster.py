"""The roster: who is in a text, under which forms, and whom a form may mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.domain.casting.character import Character
from shared.domain.casting.mentions import Kind, Mention
from shared.domain.casting.name_words import FEMALE, MALE, OFFICES, SAME_TITLE, UNKNOWN
from shared.domain.casting.names import Name, agree, exclude, read_name, search_words

NOBODY = -1
_GENDERS = {"male": MALE, "m": MALE, "female": FEMALE, "f": FEMALE}  # as casts spell them
_MOST_NAMESAKES = 64  # looked at under one word, so that a text of nothing but Smiths costs no more


@dataclass
class Member:
    """One character: the name shown, every form with how often it was met, and the gender where it is known."""

    name: str
    gender: str = UNKNOWN
    forms: Counter[str] = field(default_factory=Counter)
    names: list[Name] = field(default_factory=list)

    def add(self, form: str, count: int = 0) -> None:
        name = read_name(form)
        self.forms[form] += count
        self.gender = self.gender or name.gender
        if name not in self.names:
            self.names.append(name)

    def may_be(self, name: Name) -> bool:
        """Whether one of its names agrees with `name`, and none speaks against it."""
        if name.gender and self.gender and name.gender != self.gender:
            return False
        return any(agree(own, name) for own in self.names) and not any(exclude(own, name) for own in self.names)

    @property
    def is_named(self) -> bool:
        return any(not name.noun for name in self.names)


class Roster:
    """Members by number, and the numbers that a form may mean."""

    def __init__(self, members: Iterable[Member] = (), *, given: bool = False) -> None:
        self.given = given  # by the caller
        self.members: list[Member] = []
        self.first_person = NOBODY  # the number of who tells the story as "I"
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._known: dict[str, tuple[int, ...]] = {}
        for member in members:
            self.take(member)

    def take(self, member: Member) -> int:
        self.members.append(member)
        number = len(self.members) - 1
        for form in member.forms:
            self._enter(number, form)
        return number

    def join(self, number: int, form: str, count: int) -> None:
        """One more form of a member."""
        self.members[number].add(form, count)
        self._enter(number, form)

    def _enter(self, number: int, form: str) -> None:
        self._known.clear()
        if number not in self._exact[_key(form)]:
            self._exact[_key(form)].append(number)
        name = read_name(form)
        for word in {*search_words(name), name.title} - {""}:
            if number not in self._by_word[word]:
                self._by_word[word].append(number)

    def who(self, form: str) -> tuple[int, ...]:
        """The members that `form` may mean: those with that very form, or else those whose names agree with it."""
        key = _key(form)
        if key not in self._known:
            self._known[key] = tuple(self._exact.get(key, ())) or self.near(read_name(form))
        return self._known[key]

    def near(self, name: Name) -> tuple[int, ...]:
        """The members whose names agree with `name`."""
        found = dict.fromkeys(n for word in search_words(name) for n in self._by_word.get(word, [])[:_MOST_NAMESAKES])
        return tuple(sorted(number for number in found if self.members[number].may_be(name)))

    def holders(self, noun: str) -> list[int]:
        """Named members with the title `noun` ("captain")."""
        if noun not in OFFICES:
            return []
        title = SAME_TITLE.get(noun, noun)
        near = self._by_word.get(title, [])[:_MOST_NAMESAKES]
        return [n for n in near if any(name.title == title for name in self.members[n].names)]


def _key(form: str) -> str:
    return " ".join(form.lower().replace(".", " ").split())


def roster_of(cast: Sequence[Character]) -> Roster:
    """The roster of a cast that is given: its names and aliases, and genders where they say or imply one."""
    members = []
    for character in cast:
        member = Member(character.name, _GENDERS.get(character.gender.lower(), UNKNOWN))
        for form in (character.name, *character.aliases):
            member.add(form)
        members.append(member)
    return Roster(members, given=True)


def learn_full_names(roster: Roster, mentions: Iterable[Mention]) -> None:
    """Give members the full names the text has for them ("Basil" is "Basil Hallward"), where only one can be meant."""
    for form in dict.fromkeys(mention.form for mention in mentions if mention.kind is Kind.NAME):
        name = read_name(form)
        if name.surname:
            who = roster.who(form)
            if len(who) == 1:
                roster.join(who[0], form, 0)
