"""The glossary of a project: what its terms are called in another language, whichever engine translates.

A term is found as whole words, once, from left to right, the longest first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from shared.domain.blueprint.model import LanguageCode
from shared.domain.project import Stored
from shared.domain.translation_hints import TermPair

MAX_TERMS = 1000  # of one project
# Written without spaces between words: there a term is found wherever it stands.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"(?![{_UNSPACED}])\w"

Phrase = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]


class NewTerm(BaseModel):
    """A word or phrase and what it is called in another language (BCP 47; "es" holds for "es-MX" too)."""

    model_config = ConfigDict(extra="forbid")

    source_language: LanguageCode
    target_language: LanguageCode
    source: Phrase
    target: Phrase
    case_sensitive: bool = False

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if not all(any(letter.isalnum() for letter in side) for side in (self.source, self.target)):
            raise ValueError("a term holds at least one letter or digit on either side")
        if _primary(self.source_language) == _primary(self.target_language):
            raise ValueError("a term leads from one language into another")
        return self


class GlossaryTerm(Stored):
    """One term, as kept."""

    project_id: str
    source_language: LanguageCode
    target_language: LanguageCode
    source: str
    target: str
    case_sensitive: bool = False

    @property
    def identity(self) -> tuple[str, str, str]:
        """Two terms alike in this could not both be followed."""
        source = " ".join(_normal(self.source).split())
        source = source if self.case_sensitive else source.casefold()
        return self.source_language.lower(), self.target_language.lower(), source


class Met(NamedTuple):
    """Where a term stands in a text (`end` exclusive), and which."""

    start: int
    end: int
    term: TermPair


class Glossary:
    """The terms of one pair of languages, ready to be looked up."""

    def __init__(self, terms: Iterable[GlossaryTerm], source: str, target: str) -> None:
        holding = [
            term
            for term in terms
            if holds_for(term.source_language, source) and holds_for(term.target_language, target)
        ]
        # A term for the very region goes before one for the language at large.
        holding.sort(key=lambda term: (-len(term.target_language), -len(term.source_language), term.id))
        firsts: dict[tuple[str, bool], TermPair] = {}
        for term in holding:
            pair = TermPair(source=term.source, target=term.target, case_sensitive=term.case_sensitive)
            firsts.setdefault((term.identity[2], term.case_sensitive), pair)
        self.terms = tuple(firsts.values())

    def hits(self, text: str) -> tuple[TermPair, ...]:
        """The terms that are met in `text`, each once, in one order whatever order they were kept in."""
        met = {found.term for found in find_terms(text, self.terms)}
        return tuple(sorted(met, key=lambda pair: (pair.source, pair.target, pair.case_sensitive)))


def find_terms(text: str, terms: Sequence[TermPair]) -> Iterator[Met]:
    """Where terms are met in `text`, from left to right, the longest first."""
    folded = text.casefold()
    near = [pair for pair in terms if pair.source.split()[0].casefold() in folded]
    if not near:
        return
    ordered = sorted(near, key=lambda pair: (-len(pair.source), not pair.case_sensitive, pair.source))
    either = "|".join(f"(?P<t{n}>{_expression(pair)})" for n, pair in enumerate(ordered))
    for found in re.finditer(either, text):
        yield Met(found.start(), found.end(), ordered[int((found.lastgroup or "t0")[1:])])


def said_as(pair: TermPair, found: str) -> str:
    """The target term in the case that the source term has where it was found: "Lamp" and "LAMP" of "lamp"."""
    if pair.case_sensitive or not pair.source.islower():
        return pair.target
    if len(found) > 1 and found.isupper():
        return pair.target.upper()
    return pair.target[0].upper() + pair.target[1:] if found[0].isupper() else pair.target


def _expression(pair: TermPair) -> str:
    words = r"\s+".join(re.escape(word) for word in pair.source.split())
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, pair.source[0]) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, pair.source[-1]) else ""
    return f"{before}(?{'' if pair.case_sensitive else 'i'}:{words}){after}"


def holds_for(asked: str, language: str) -> bool:
    """Whether what is `asked` for one language counts in `language`: "es" does in "es-MX", not the other way about."""
    asked, language = asked.lower(), language.lower()
    return language == asked or language.startswith(f"{asked}-")


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)
