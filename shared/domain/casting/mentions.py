"""Mentions: every place where a text names, describes or points at a person, in narration and inside quotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from shared.domain.casting.name_words import (
    ADDRESS_FEMALE,
    ADDRESS_MALE,
    EPITHETS,
    FEMALE,
    MALE,
    NO_PERSON,
    PERSON_NOUNS,
    TITLES,
    words_of,
)
from shared.domain.dialogue_tags import name_at
from shared.domain.language_rules import LanguageRules
from shared.domain.quotations import Quotation

_TOKEN = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*|[^\w\s]")
_POSSESSIVE = re.compile(r"[’']s?$")
_SENTENCE_ENDS = frozenset('.!?…:;“”"‘’»«—–―-¡¿([*')
_BEFORE_SUBJECT = words_of(""", ( and but then when as while that for so if because though until before after where whereupon which yet or
    y pero cuando mientras que si porque entonces et mais quand lorsque und aber als e ma quando mas""")
_NO_VERB = words_of("and or of s y e o de et ou und oder von di da do du")
_PLACE_WORDS = words_of("in at near from into towards toward through across en desde hacia à dans in nach aus em")
_ADDRESS_LEADS = words_of(
    ", oh ah o dear my no yes well but and now hullo hello hey here come poor good old querido querida mi sí pues ay"
)
_ADDRESS_ENDS = frozenset([",", "!", "?", ".", "”", '"', "’", "»", ";", ":", "—", "–", "-", "…"])
_CALL_ENDS = words_of(", ! ? — –")
_BEFORE_NAMES = EPITHETS | TITLES
_LONGEST_NOMINAL = 4  # words after the determiner


class Kind(Enum):
    """How a person is mentioned; ADDRESS is a common noun called out ("Yes, sir")."""

    NAME = "name"
    NOMINAL = "nominal"
    PRONOUN = "pronoun"
    SELF = "self"
    ADDRESS = "address"


class Mention(NamedTuple):
    """`form` as in the text, without a possessive's ending; `gender` is a pronoun's or an address's own, else ""."""

    start: int
    kind: Kind
    form: str
    gender: str = ""
    subject: bool = False
    quoted: bool = False
    called: bool = False  # spoken to: "Oh, Tommy!"
    place: bool = False  # after "in", "at", "from"
    opens: bool = False  # the first word of a sentence, whose capital says nothing


class _Tokens(NamedTuple):
    words: list[str]
    starts: list[int]
    counts: Counter[str]


def mentions_in(text: str, quotes: Sequence[Quotation], rules: LanguageRules) -> list[Mention]:
    """All mentions in order of place, in time linear in the text."""
    tokens = _tokens(text)
    found: list[Mention] = []
    turn, free = 0, 0
    for at, word in enumerate(tokens.words):
        if at < free or not word[0].isalpha():
            continue
        start = tokens.starts[at]
        while turn < len(quotes) and quotes[turn].end <= start:
            turn += 1
        quoted = turn < len(quotes) and quotes[turn].start <= start
        read = _read(tokens, at, quoted, rules)
        if read:
            mention, length = read
            found.append(mention)
            free = at + length
    return found


def _tokens(text: str) -> _Tokens:
    words: list[str] = []
    starts: list[int] = []
    for token in _TOKEN.finditer(text):
        words.append(token[0])
        starts.append(token.start())
    return _Tokens(words, starts, Counter(words))


def _read(tokens: _Tokens, at: int, quoted: bool, rules: LanguageRules) -> tuple[Mention, int] | None:
    word = tokens.words[at]
    lower = word.lower()
    if lower in rules.self_pronouns:
        return (Mention(tokens.starts[at], Kind.SELF, lower, subject=True, quoted=quoted), 1)
    gender = rules.gender_of(lower)
    if gender and not (lower in rules.determiners and _nominal_length(tokens.words, at)):
        return _pronoun(tokens, at, quoted, gender, rules), 1
    if lower in rules.determiners:
        return _nominal(tokens, at, quoted, rules)
    if word[0].isupper() or word in rules.honorifics:
        return _name(tokens, at, quoted, rules)
    if quoted and (lower in ADDRESS_MALE or lower in ADDRESS_FEMALE) and _is_called(tokens.words, at, 1):
        gender = MALE if lower in ADDRESS_MALE else FEMALE
        return Mention(tokens.starts[at], Kind.ADDRESS, lower, gender, quoted=True, called=True), 1
    return None


def _pronoun(tokens: _Tokens, at: int, quoted: bool, gender: str, rules: LanguageRules) -> Mention:
    lower = tokens.words[at].lower()
    return Mention(tokens.starts[at], Kind.PRONOUN, lower, gender, subject=lower in rules.pronouns, quoted=quoted)


def _nominal_length(words: Sequence[str], at: int) -> int:
    """Words from the determiner to the noun for a person, 0 where there is none."""
    length = 0
    for ahead in range(at + 1, min(at + 1 + _LONGEST_NOMINAL, len(words))):
        word = words[ahead]
        if word in PERSON_NOUNS:
            length = ahead + 1 - at
        elif length or not (word.islower() or "-" in word) or word in _NO_VERB:
            break
    return length


def _nominal(tokens: _Tokens, at: int, quoted: bool, rules: LanguageRules) -> tuple[Mention, int] | None:
    length = _nominal_length(tokens.words, at)
    words = tokens.words[at : at + length]
    if not length or (at + length < len(tokens.words) and _is_possessive(tokens.words, at + length)):
        return None
    named = (
        name_at(tokens.words, at + length, rules) if words[-1] in TITLES and at + length < len(tokens.words) else None
    )
    if named:  # "el tío Lucas", "the widow Douglas"
        words, length = [words[-1], named[0]], length + named[1]
    form = " ".join([words[0].lower(), *words[1:]])
    subject = _is_subject(tokens.words, at, length, rules)
    kind = Kind.NAME if named else Kind.NOMINAL
    return Mention(tokens.starts[at], kind, form, subject=subject, quoted=quoted), length


def _is_possessive(words: Sequence[str], after: int) -> bool:
    return words[after] in "’'" and after + 1 < len(words) and words[after + 1] == "s"


def _name(tokens: _Tokens, at: int, quoted: bool, rules: LanguageRules) -> tuple[Mention, int] | None:
    words = tokens.words
    opens = at == 0 or words[at - 1] in _SENTENCE_ENDS
    named = name_at(words, at, rules)
    if named is None or words[at].lower() in NO_PERSON:
        return None
    leads = words[at].lower() in _BEFORE_NAMES and named[1] > 1  # "Old Tom", "Captain Hart"
    if opens and words[at][0].isupper() and not leads and _is_common(tokens, at):
        return None
    form, length = named
    bare = _POSSESSIVE.sub("", form)
    after = at + length
    owns = bare != form or (after < len(words) and _is_possessive(words, after))
    return Mention(
        tokens.starts[at],
        Kind.NAME,
        bare,
        subject=not owns and _is_subject(words, at, length, rules),
        quoted=quoted,
        called=quoted and not owns and _is_called(words, at, length),
        place=at > 0 and words[at - 1] in _PLACE_WORDS,
        opens=opens,
    ), length


def _is_common(tokens: _Tokens, at: int) -> bool:
    """Whether a word that opens a sentence stands there with a capital for that reason alone."""
    word = tokens.words[at]
    return tokens.counts[word.lower()] > 0 and 4 * tokens.counts[word.lower()] >= tokens.counts[word]


def _is_subject(words: Sequence[str], at: int, length: int, rules: LanguageRules) -> bool:
    before = words[at - 1] if at else "."
    after = words[at + length] if at + length < len(words) else "."
    if rules.is_verb(before):  # "said Mara"
        return True
    begins = before in _SENTENCE_ENDS or before.lower() in _BEFORE_SUBJECT or rules.is_filler(before)
    return begins and after[0].islower() and after not in _NO_VERB


def _is_called(words: Sequence[str], at: int, length: int) -> bool:
    """Set off by punctuation, as those are who are spoken to; a name that is all the answer ("Bingley.") is not."""
    after = words[at + length] if at + length < len(words) else "."
    before = words[at - 1].lower() if at else "."
    if before in _SENTENCE_ENDS:
        return after in _CALL_ENDS
    return before in _ADDRESS_LEADS and after in _ADDRESS_ENDS
