"""A project's cast: who speaks in the book, under which names, and with which voice in which language.

The narrator is always in it. A name is one character's alone; what it is compared by is its letters, whatever their case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.artifact import digest_of
from shared.domain.blueprint.model import LanguageCode
from shared.domain.casting.character import Character
from shared.domain.plan import NARRATOR
from shared.domain.project import Stored

MAX_CHARACTERS = 300  # of one project; of more, those who are mentioned most
MAX_ALIASES = 60  # of one character
_ID_DIGITS = 16

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
CastVoice = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Gender = Literal["female", "male", ""]
Age = Literal["child", "adult", "senior", ""]
_GENDERS: Mapping[str, Gender] = {"f": "female", "female": "female", "m": "male", "male": "male"}


class Member(BaseModel):
    """One of the cast, as kept. `by_hand`: somebody said something about them, so that finding the cast anew keeps them.

    `not_called` are names that were taken away from them, `set_voices` the languages whose voice somebody chose.
    """

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    aliases: list[str] = []
    gender: Gender = ""
    gender_given: bool = False
    age: Age = ""
    voices: dict[str, str] = {}
    set_voices: list[str] = []
    not_called: list[str] = []
    by_hand: bool = False

    @property
    def is_narrator(self) -> bool:
        return self.id == NARRATOR

    @property
    def forms(self) -> list[str]:
        """Every name there is for them."""
        return [self.name, *self.aliases]

    @property
    def character(self) -> Character:
        """As who speaks is found by."""
        return Character(self.name, tuple(self.aliases), self.gender)


NARRATING = Member(id=NARRATOR, name=NARRATOR)


class Cast(Stored):
    """The cast of one project, whose id it has. `generated_at` is None until it was found once.

    `dismissed` are names of nobody; `merged` leads from the id of who was made one with another to that one's.
    """

    project_id: str
    members: list[Member] = [NARRATING]
    dismissed: list[str] = []
    merged: dict[str, str] = {}
    generated_at: datetime | None = None

    @cached_property
    def _holders(self) -> dict[str, Member]:
        """Members by every name there is, in the form that names are compared by; full names go before aliases."""
        found = {form_key(alias): one for one in reversed(self.members) for alias in one.aliases}
        return found | {form_key(one.name): one for one in self.members}

    @cached_property
    def _dismissed(self) -> frozenset[str]:
        return frozenset(form_key(form) for form in self.dismissed)

    def member(self, member_id: str) -> Member | None:
        """Who has this id, or had it before being made one with another."""
        seen = set[str]()
        while member_id in self.merged and member_id not in seen:
            seen.add(member_id)
            member_id = self.merged[member_id]
        return next((one for one in self.members if one.id == member_id), None)

    def called(self, form: str) -> Member | None:
        """Who has this very name."""
        return self._holders.get(form_key(form))

    def is_dismissed(self, form: str) -> bool:
        return form_key(form) in self._dismissed

    def speaker(self, form: str) -> str:
        """The name of whoever is so called; the narrator's where nobody is to be; `form` itself for somebody else."""
        one = self.called(form)
        return one.name if one else NARRATOR if self.is_dismissed(form) else form

    def with_members(self, members: list[Member], **update: object) -> Cast:
        """The same cast with other members."""
        fields = self.model_dump(exclude={"members"}) | update
        return Cast(members=members, **fields)

    def voices(self) -> dict[str, dict[str, str]]:
        """By language, the voice of every name that a segment may have for its speaker."""
        found: dict[str, dict[str, str]] = {}
        for key_holder, form in self._spellings():
            for language, voice in key_holder.voices.items():
                found.setdefault(language, {}).setdefault(form, voice)
        return found

    def _spellings(self) -> Iterator[tuple[Member, str]]:
        yield from ((one, one.name) for one in self.members)
        yield from ((one, alias) for one in self.members for alias in one.aliases)


class CastCharacter(BaseModel):
    """One character, as answered: `lines` counts the quotations that are theirs, `chapters` are those these stand in, in order."""

    id: str
    name: str
    aliases: list[str]
    gender: Gender
    age: Age
    lines: int
    chapters: list[str]
    is_narrator: bool
    voices: dict[str, str]


class CharacterChanges(BaseModel):
    """What may be changed of a character; what is left out stays.

    A name that is given up stays as an alias, for the text has it. A voice of null is taken away. The narrator keeps its name.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    aliases: Annotated[list[Name], Field(max_length=MAX_ALIASES)] | None = None
    gender: Gender | None = None
    age: Age | None = None
    voices: Annotated[dict[LanguageCode, CastVoice | None], Field(max_length=40)] | None = None


class ChapterLines(Stored):
    """What is known of one chapter's quotations, by their keys; its id is the chapter's.

    `corrections` are what a user said, `decisions` what a language model did (both ids of the cast, or names of others),
    `asked` what it was asked about, `counts` how many quotations each character has.
    """

    project_id: str
    corrections: dict[str, str] = {}
    decisions: dict[str, str] = {}
    asked: list[str] = []
    counts: dict[str, int] = {}


def form_key(form: str) -> str:
    """What names are compared by."""
    return " ".join(form.casefold().replace(".", " ").split())


def gender_of(said: str) -> Gender:
    """A gender as the casting spells it, "" where it knows none."""
    return _GENDERS.get(said.lower(), "")


def member_id(cast: Cast, name: str) -> str:
    """An id for somebody new, the same for the same name as long as nobody has it."""
    digest = digest_of([cast.project_id, form_key(name)])[:_ID_DIGITS]
    taken, found, number = {one.id for one in cast.members}, f"chr_{digest}", 1
    while found in taken:
        number += 1
        found = f"chr_{digest}-{number}"
    return found
