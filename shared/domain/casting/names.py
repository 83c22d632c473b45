"""What a name says: title, given name, surname, gender; and whether two names may be one person's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from shared.domain.casting.name_words import (
    EPITHETS,
    FEMALE_NAMES,
    FEMALE_NOUNS,
    FEMALE_TITLES,
    GENERIC_NOUNS,
    MALE_NAMES,
    MALE_NOUNS,
    MALE_TITLES,
    MARRIED,
    NICKNAMES,
    OFFICES,
    PERSON_NOUNS,
    PLAIN_TITLES,
    SAME_TITLE,
    TITLES,
    UNKNOWN,
    UNMARRIED,
    words_of,
)
from shared.domain.casting.name_words import FEMALE as _FEMALE
from shared.domain.casting.name_words import MALE as _MALE

_WORD = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*")
_POSSESSIVE = re.compile(r"[’']s?$", re.IGNORECASE)
_DETERMINERS = words_of("""the a an his her my your their our this that another one some s el la los las un una su mi tu le les une son sa mon
    ma der die das ein eine sein ihr il lo i gli uno suo sua o os as um uma seu sua meu minha l""")
_MALE_ARTICLES = words_of("el un aquel este il uno um")
_FEMALE_ARTICLES = words_of("la una aquella esta uma")
_KINDRED = frozenset(["uncle", "aunt", "tía", "tio", "tío", "tia", "sister", "brother", "cousin", "granny", "sir"])
_SAINTS = frozenset(["st", "saint"])  # stand inside surnames: "Mr. St. Clair"
_SUFFIXES = words_of("jr sr jun sen esq esquire rn md phd dd kc qc mp ma ba junior senior")


class Name(NamedTuple):
    """A name or description taken apart, in lower case. `given` and `surname` are "" where `single` may be either."""

    title: str = ""
    given: str = ""
    surname: str = ""
    single: str = ""
    noun: str = ""  # the head of a description ("the old captain": captain)
    details: frozenset[str] = frozenset()  # and what goes with it ("old"); a name's words between first and last
    article: str = ""  # gender of its article, where the language's articles have one

    @property
    def gender(self) -> str:
        """What the name itself tells of the gender, "" where nothing."""
        return self.told_gender or self.first_name_gender

    @property
    def told_gender(self) -> str:
        """By title or noun, which are certain; a first name may be anybody's."""
        return gender_of_title(self.title) or _gender(self.noun, MALE_NOUNS, FEMALE_NOUNS) or self.article

    @property
    def first_name_gender(self) -> str:
        first = self.given or (self.single if not self.title else "")
        return _gender(NICKNAMES.get(first, first), MALE_NAMES, FEMALE_NAMES)


def gender_of_title(title: str) -> str:
    return _gender(title, MALE_TITLES, FEMALE_TITLES)


def _gender(word: str, male: frozenset[str], female: frozenset[str]) -> str:
    if (word in male) == (word in female):
        return UNKNOWN
    return _MALE if word in male else _FEMALE


@lru_cache(maxsize=16_384)
def read_name(form: str) -> Name:
    """Take `form` apart: "Mr. J. Darcy", "Old Tom", "the young lady", "su madre"."""
    spelled = _WORD.findall(form)
    if not spelled:
        return Name()
    owner = any(_POSSESSIVE.search(word) for word in spelled[:-1]) and spelled[-1].lower() in PERSON_NOUNS
    words = [_POSSESSIVE.sub("", word) for word in (spelled[-1:] if owner else spelled)]  # "Tom's aunt" is an aunt
    is_description = owner or (
        bool(words) and (words[0].lower() in _DETERMINERS or not any(word[0].isupper() for word in words))
    )
    lower = [word.lower() for word in words if word]
    article = _gender(lower[0], _MALE_ARTICLES, _FEMALE_ARTICLES) if lower else UNKNOWN
    while len(lower) > 1 and lower[0] in _DETERMINERS:
        lower, words = lower[1:], words[1:]
    if owner or (is_description and not any(word[0].isupper() for word in words)):
        return _described(lower)._replace(article=article)
    name = _named(lower)
    return name._replace(article=article) if name.noun else name


def _described(lower: Sequence[str]) -> Name:
    if not lower:
        return Name()
    head = max((i for i, word in enumerate(lower[:4]) if word in PERSON_NOUNS), default=len(lower) - 1)
    return Name(noun=lower[head], details=frozenset(lower[:head]))


def _named(lower: Sequence[str]) -> Name:
    title, details, rest = "", set[str](), list(lower)
    while rest and (rest[0] in TITLES or (rest[0] in EPITHETS and len(rest) > 1)):
        word = rest.pop(0)
        if word in TITLES:
            title = title if gender_of_title(title) or word in _SAINTS else SAME_TITLE.get(word, word)
        else:
            details.add(word)
    while len(rest) > 1 and (rest[-1] in _SUFFIXES or len(rest[-1]) == 1):
        rest.pop()
    if not rest:  # "Captain!", "Miss"
        return Name(noun=lower[-1], details=frozenset(details))
    if len(rest) > 1:
        return Name(title, given=rest[0], surname=rest[-1], details=frozenset(rest[1:-1]))
    if rest[0] in PERSON_NOUNS and not title:  # "Mother", "the Old Man"
        return Name(noun=rest[0], details=frozenset(details))
    return Name(title, single=rest[0])


def same_first(one: str, other: str) -> bool:
    """Whether two first names may be one person's: equal, nicknames of one another, or an initial."""
    if NICKNAMES.get(one, one) == NICKNAMES.get(other, other):
        return True
    return min(len(one), len(other)) == 1 and one[:1] == other[:1]


def agree(one: Name, other: Name) -> bool:
    """Whether two names may be one person's. Titles of unlike gender, or of wife and daughter, never are."""
    if one.noun or other.noun:
        return _describe_one(one, other)
    if _titles_clash(one.title, other.title) or _genders_clash(one, other):
        return False
    if one.single and other.single:
        return one.single == other.single or (
            not one.title and not other.title and same_first(one.single, other.single)
        )
    if one.single or other.single:
        short, full = (one, other) if one.single else (other, one)
        if short.single == full.surname:
            return short.title not in _KINDRED
        return (_may_be_given(short) or short.title == full.title) and same_first(short.single, full.given)
    same_surname = one.surname == other.surname or one.surname in other.details or other.surname in one.details
    return same_surname and same_first(one.given, other.given)


def _may_be_given(name: Name) -> bool:
    return (
        not name.title or name.title in _KINDRED or name.title in UNMARRIED or name.title not in MARRIED | {"mr", "sr"}
    )


def _describe_one(one: Name, other: Name) -> bool:
    if one.noun and other.noun:
        return one.noun == other.noun and _details_agree(one, other)
    described, named = (one, other) if one.noun else (other, one)
    return described.noun in OFFICES and SAME_TITLE.get(described.noun, described.noun) == named.title


def exclude(one: Name, other: Name) -> bool:
    """Whether no one person has both names, though each may agree with a third: Jane and Kitty Bennet, Mr. and Mrs."""
    if one.noun and other.noun:
        return one.noun == other.noun and not _details_agree(one, other)
    if one.noun or other.noun:
        return False
    if one.given and other.given and one.surname == other.surname and not same_first(one.given, other.given):
        return True
    return _titles_clash(one.title, other.title)


def _details_agree(one: Name, other: Name) -> bool:
    """The old captain may be the captain; the old man need not be the man."""
    if one.noun in GENERIC_NOUNS:
        return one.details == other.details
    return one.details <= other.details or other.details <= one.details


def search_words(name: Name) -> set[str]:
    """The words under which two names that agree meet in an index (a described captain meets the title of one)."""
    firsts = {part for part in (name.given, name.single) if part}
    initials = {f"{part[0]}. {name.surname}" for part in firsts if name.surname}
    full = {NICKNAMES.get(part, part) for part in firsts}
    return firsts | full | initials | {part for part in (name.surname, SAME_TITLE.get(name.noun, name.noun)) if part}


def _titles_clash(one: str, other: str) -> bool:
    if not one or not other or one == other:
        return False
    if any(a in PLAIN_TITLES and b in MARRIED | UNMARRIED for a, b in ((one, other), (other, one))):
        return True  # "Dr. Roylott" is not Miss Roylott
    married = (one in MARRIED and other in UNMARRIED) or (other in MARRIED and one in UNMARRIED)
    genders = {gender_of_title(one), gender_of_title(other)} - {UNKNOWN}
    return married or len(genders) == 2


def _genders_clash(one: Name, other: Name) -> bool:
    return len({one.gender, other.gender} - {UNKNOWN}) == 2
