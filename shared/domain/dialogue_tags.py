"""Dialogue tags: the words beside a quotation that say who speaks ("said Mara", "the captain whispered", "—dijo ella").

A tag is read from a short window of words next to the quotation, so reading one costs the same wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.language_rules import LanguageRules

_WINDOW = 120  # characters read beside a quotation
_REACH = 8  # words between a verb of speech and the quotation it announces
_LONGEST_NAME = 6  # words
_LONGEST_DESCRIPTION = 3  # words after the article: "the very old captain"
_TOKEN = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*|[^\w\s]")
_LEADING = frozenset(",—–―-.;:_*")
_CJK_TAG = re.compile(r"[^。！？，、：“”「」\s]{0,10}?(?:说|說|道|问|問|喊|叫|答|嚷|と|って)")


class Tag(NamedTuple):
    """`speaker` as cased in the text, or "" where the tag only has a pronoun (`pronoun`, or "" too where it is left out)."""

    speaker: str
    pronoun: str


class _Subject(NamedTuple):
    speaker: str
    pronoun: str
    length: int  # tokens


def tag_after(text: str, start: int, end: int, rules: LanguageRules, *, after_comma: bool = True) -> Tag | None:
    """The tag that opens `text[start:end]`, where a quotation has just closed.

    `after_comma`: the quotation ended with a comma or a dash, so that any verb of speech must be a tag; otherwise a verb
    with other uses ("Mara returned") counts only where punctuation follows it.
    """
    words = _TOKEN.findall(text[start : min(end, start + _WINDOW)])
    first = next((i for i, word in enumerate(words) if word not in _LEADING), len(words))
    words = words[first:]
    return _verb_first(words, rules) or _subject_first(words, rules, after_comma)


def tag_before(text: str, start: int, end: int, rules: LanguageRules) -> Tag | None:
    """The tag that closes `text[start:end]`, where a quotation is about to open ("Mara turned and said, ")."""
    from_start = end - start <= _WINDOW
    words = _TOKEN.findall(text[max(start, end - _WINDOW) : end])
    if not words or words[-1] not in {",", ":", "—"}:
        return None
    verb = next(
        (i for i in range(len(words) - 1, max(-1, len(words) - 1 - _REACH), -1) if rules.is_verb(words[i].lower())),
        None,
    )
    if verb is None:
        return None
    subject = _subject_ending(words, verb, rules) or _subject(words, verb + 1, rules)
    if subject is None and from_start:  # "Mara put the lamp down and said, "
        subject = _subject(words, 0, rules)
    return Tag(subject.speaker, subject.pronoun) if subject else Tag("", "")


def opens_with_tag(text: str, position: int, rules: LanguageRules, *, strict: bool = False, faint: bool = True) -> bool:
    """Whether a named tag in subject-verb order stands at `position` ("Mara said."), so that no sentence begins there.

    `strict`: the quotation ended with a full stop, after which only a complete tag counts: verb, then punctuation.
    `faint`: verbs count too that also mean other things ("Mara laughed.").
    """
    words = _TOKEN.findall(text[position : position + _WINDOW])
    first = next((i for i, word in enumerate(words) if word not in _LEADING), len(words))
    words = words[first:]
    subject = _subject(words, 0, rules)
    if subject is None or words[0].lower() in rules.pronouns | rules.articles | rules.determiners:
        return False
    verb = _skip_fillers(words, subject.length, rules)
    if verb >= len(words) or not (rules.is_verb(words[verb]) and (faint or words[verb] in rules.verbs)):
        return False
    complete = verb + 1 == len(words) or words[verb + 1] in ",.;:—"
    return complete or (words[verb] in rules.verbs and not strict)


def inverted_tag(text: str, start: int, end: int, rules: LanguageRules) -> Tag | None:
    """The tag in verb-subject order that opens `text[start:end]` ("dit Mara"), inside speech that only a comma interrupts."""
    return _verb_first(_TOKEN.findall(text[start : min(end, start + _WINDOW)]), rules)


def opens_with_cjk_tag(text: str, position: int) -> bool:
    """Whether Chinese or Japanese text goes on with its verb of speech after a closing quotation mark."""
    return _CJK_TAG.match(text, position) is not None


def _verb_first(words: Sequence[str], rules: LanguageRules) -> Tag | None:
    verb = _skip_fillers(words, 0, rules)
    if verb >= len(words):
        return None
    stem, pronoun = _inverted(words[verb], rules)
    if not rules.is_verb(stem):
        return None
    if pronoun:
        return Tag("", pronoun)
    subject = _subject(words, _skip_fillers(words, verb + 1, rules), rules)
    return Tag(subject.speaker, subject.pronoun) if subject else Tag("", "")


def _subject_first(words: Sequence[str], rules: LanguageRules, after_comma: bool) -> Tag | None:
    subject = _subject(words, 0, rules)
    if subject is None:
        return None
    verb = _skip_fillers(words, subject.length, rules)
    if verb >= len(words) or not rules.is_verb(words[verb]):
        return None
    follows = words[verb + 1] if verb + 1 < len(words) else "."
    if words[verb] in rules.faint_verbs and not after_comma and follows not in ",.;:!?—":
        return None
    return Tag(subject.speaker, subject.pronoun)


def _inverted(word: str, rules: LanguageRules) -> tuple[str, str]:
    """Take French inversion and elision apart: "demanda-t-il" is demanda and il, "s'écria" is écria."""
    stem = re.sub(r"^[a-z]['’]", "", word)
    head, _, tail = stem.partition("-")
    pronoun = tail.removeprefix("t-")
    return (head, pronoun) if pronoun in rules.pronouns | rules.self_pronouns else (stem, "")


def _skip_fillers(words: Sequence[str], at: int, rules: LanguageRules) -> int:
    for _ in range(2):
        if at < len(words) and rules.is_filler(words[at]):
            at += 1
    return at


def _subject(words: Sequence[str], at: int, rules: LanguageRules) -> _Subject | None:
    """Who is named at `words[at:]`: a pronoun, a description or a name."""
    if at >= len(words):
        return None
    word = words[at]
    if word in rules.pronouns or word.lower() in rules.self_pronouns:
        return _Subject("", word.lower(), 1)
    return _description(words, at, rules) or _name(words, at, rules)


def _description(words: Sequence[str], at: int, rules: LanguageRules) -> _Subject | None:
    if words[at].lower() not in rules.articles | rules.determiners:
        return None
    end = at + 1
    while end < len(words) and end - at <= _LONGEST_DESCRIPTION and _describes(words[end], rules):
        if words[end].islower() and not words[end - 1].islower() and end > at + 1:
            break  # a name in it ends it: "el Corregidor / lleno de miedo"
        end += 1
    if end == at + 1 or words[at + 1] in rules.pronouns | rules.determiners:
        return None
    return _Subject(" ".join([words[at].lower(), *words[at + 1 : end]]), "", end - at)


def _describes(word: str, rules: LanguageRules) -> bool:
    return word[0].isalpha() and word not in rules.joiners and not rules.is_filler(word) and not rules.is_verb(word)


def _name(words: Sequence[str], at: int, rules: LanguageRules) -> _Subject | None:
    last_part = at
    end = at + (words[at] in rules.honorifics)  # a name never ends with a particle: "Ludwig van", "Ana y"
    while end < len(words) and end - at < _LONGEST_NAME:
        if is_name_part(words[end], rules):
            last_part = end = end + 1
        elif last_part > at and (words[end] in rules.particles or _is_title_stop(words, end, rules)):
            end += 1
        else:
            break
    return _Subject(_joined(words[at:last_part]), "", last_part - at) if last_part > at else None


def _subject_ending(words: Sequence[str], end: int, rules: LanguageRules) -> _Subject | None:
    """Who is named by the words that end before `end`, read backwards from the verb."""
    while end > 0 and rules.is_filler(words[end - 1]):
        end -= 1
    for start in range(max(0, end - _LONGEST_NAME), end):
        subject = _subject(words, start, rules)
        if subject and start + subject.length == end:
            return subject
    return None


def name_at(words: Sequence[str], at: int, rules: LanguageRules) -> tuple[str, int] | None:
    """The capitalised name that begins at `words[at]`, and of how many words it is."""
    name = _name(words, at, rules)
    return (name.speaker, name.length) if name else None


def is_name_part(word: str, rules: LanguageRules) -> bool:
    """Whether `word` can be part of a name: capitalised, and no word that only opens a sentence."""
    lower = word.lower()
    return word[0].isupper() and lower not in rules.openers and lower not in rules.pronouns | rules.self_pronouns


def _is_title_stop(words: Sequence[str], at: int, rules: LanguageRules) -> bool:
    """The full stop of "Mr." or of an initial, inside a name."""
    before = words[at - 1]
    inside = at + 1 < len(words) and is_name_part(words[at + 1], rules)
    return words[at] == "." and inside and (len(before) == 1 or before.lower() in rules.titles | rules.abbreviations)


def _joined(words: Sequence[str]) -> str:
    return " ".join(words).replace(" .", ".")
