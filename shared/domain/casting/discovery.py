"""Finding the cast of a text by itself: which names are people's, and which names are one person's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.casting.mentions import Kind, Mention
from shared.domain.casting.name_words import ANYBODY, FEMALE_NAMES, MALE_NAMES, MARRIED, NICKNAMES, NO_PERSON
from shared.domain.casting.names import Name, read_name
from shared.domain.casting.roster import Member, Roster

_TAG_WEIGHT = 1_000  # a form that speaks is shown before any that does not
_PLACE_SHARE = 0.4
_FEWEST_SUBJECTS = 2

_NOTHING = Name()


@dataclass
class _Form:
    """How often one form was met, and how."""

    text: str
    count: int = 0
    tagged: int = 0
    called: int = 0
    subjects: int = 0
    places: int = 0
    inner: int = 0  # not at a sentence's beginning
    name: Name = _NOTHING

    @property
    def is_person(self) -> bool:
        if self.name.noun:
            return self.name.noun not in ANYBODY and (bool(self.tagged) or self.subjects >= _FEWEST_SUBJECTS)
        if self.tagged or self.name.title:
            return True
        if self.places > max(1, _PLACE_SHARE * self.count):
            return False
        acts = self.called > 0 or self.subjects >= _FEWEST_SUBJECTS
        return self._has_first_name or (acts and self.inner > 0)

    @property
    def _has_first_name(self) -> bool:
        first = self.name.given or self.name.single
        return first in NICKNAMES or first in MALE_NAMES or first in FEMALE_NAMES


def discover(mentions: Sequence[Mention], tagged: Iterable[str]) -> Roster:
    """The roster of a text from its mentions and from the speakers that its tags name."""
    forms = sorted(_forms(mentions, tagged), key=_by_fullness)
    roster = Roster()
    for form in forms:
        if form.is_person:
            _place(roster, form)
    for form in forms:
        if not form.is_person and not form.name.noun and roster.near(form.name):
            _place(roster, form)
    for member in roster.members:
        member.name = max(member.forms.items(), key=lambda item: (item[1], len(item[0])))[0]
    return roster


def _forms(mentions: Sequence[Mention], tagged: Iterable[str]) -> list[_Form]:
    forms: dict[str, _Form] = {}
    for mention in mentions:
        if mention.kind in (Kind.NAME, Kind.NOMINAL) and (not mention.quoted or mention.kind is Kind.NAME):
            form = forms.setdefault(mention.form, _Form(mention.form))
            form.count += 1
            form.called += mention.called
            form.subjects += mention.subject and not mention.quoted
            form.places += mention.place
            form.inner += not mention.opens
    for text in tagged:
        forms.setdefault(text, _Form(text)).tagged += 1
    for form in forms.values():
        form.name = read_name(form.text)
    return [form for form in forms.values() if form.name != _NOTHING and form.text.lower() not in NO_PERSON]


def _by_fullness(form: _Form) -> tuple[int, int, str]:
    """Full names first, then with a title, then single ones, descriptions last; the more frequent before the rare."""
    name = form.name
    fullness = 3 if name.noun else 0 if name.surname else 1 if name.title else 2
    return fullness, -(form.count + _TAG_WEIGHT * form.tagged), form.text


def _place(roster: Roster, form: _Form) -> None:
    """Give a form to the one member it agrees with, to several where it is anybody's, or to a new one."""
    weight = form.count + _TAG_WEIGHT * form.tagged
    near = [number for number in roster.near(form.name) if _may_join(roster.members[number], form.name)]
    if len(near) > 1 and not form.name.noun:
        near = _narrowed(roster, near, form.name)
    if len(near) == 1:
        roster.join(near[0], form.text, weight)
    elif not near:
        member = Member(form.text)
        member.add(form.text, weight)
        roster.take(member)


def _may_join(member: Member, name: Name) -> bool:
    """A wife's name ("Mrs. Bennet") joins no daughter's or sister's that was never called so, and a description joins no
    name: which captain "the captain" is depends on the place."""
    if name.noun:
        return not member.is_named
    if name.title in MARRIED and name.single:
        return any(own.title in MARRIED for own in member.names)
    return True


def _narrowed(roster: Roster, near: list[int], name: Name) -> list[int]:
    """Of several members, those with the very title; of those whom a first name fits, the one met most."""
    if name.title:
        titled = [n for n in near if any(own.title == name.title for own in roster.members[n].names)]
        if titled:
            return titled if len(titled) == 1 else near
        return near
    by_first = [n for n in near if any(_is_first(own, name.single) for own in roster.members[n].names)]
    if by_first:
        return [max(by_first, key=lambda n: (roster.members[n].forms.total(), -n))]
    return near


def _is_first(own: Name, first: str) -> bool:
    full = NICKNAMES.get(first, first)
    return full in {NICKNAMES.get(part, part) for part in (own.given, own.single) if part}
