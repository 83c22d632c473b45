"""How words of a project are said: a respelling put in their place, or their sounds in IPA, on the way to the voice.

What a segment holds is never changed by it. A pattern is found as whole words, once, from left to right, the longest first;
what was respelled is not searched again. An entry for one speaker goes before one for all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from shared.domain.blueprint.model import LanguageCode
from shared.domain.graphemes import is_boundary
from shared.domain.plan import Speaker
from shared.domain.project import Stored

MAX_ENTRIES = 1000  # of one project
# Written without spaces between words: there a pattern is found wherever it stands.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"(?:(?![{_UNSPACED}])\w)+")
_APOSTROPHE = re.compile("['’ʼ]")
_NOT_BEFORE = rf"(?<!(?![{_UNSPACED}])\w)"  # a word's letter right before
_NOT_AFTER = rf"(?!(?![{_UNSPACED}])\w|['’ʼ](?![sS]\b)(?![{_UNSPACED}])\w)"  # one right after, or the rest of "can't"

Phrase = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Ipa = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f0-9A-Z<>&\"'/\[\]{}\\@]+$")]


class NewEntry(BaseModel):
    """A word or phrase of one language (BCP 47; "en" holds for "en-GB" too), and how it is said.

    `respelling` is put in its place; `ipa` goes to engines that take it, without slashes or brackets. `speaker`: only where
    they speak.
    """

    model_config = ConfigDict(extra="forbid")

    language: LanguageCode
    pattern: Phrase
    case_sensitive: bool = False
    respelling: Phrase | None = None
    ipa: Ipa | None = None
    speaker: Speaker | None = None

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.respelling is None and self.ipa is None:
            raise ValueError("give a `respelling`, `ipa`, or both")
        for said in (self.pattern, self.respelling):
            if said is not None and not any(letter.isalnum() for letter in said):
                raise ValueError("a pattern and its respelling hold at least one letter or digit")
        return self


class LexiconEntry(Stored):
    """One entry, as kept."""

    project_id: str
    language: LanguageCode
    pattern: str
    case_sensitive: bool = False
    respelling: str | None = None
    ipa: str | None = None
    speaker: str | None = None

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """Two entries alike in this could not both be followed."""
        pattern = " ".join(_APOSTROPHE.sub("'", _normal(self.pattern)).split())
        return self.language.lower(), pattern if self.case_sensitive else pattern.casefold(), self.speaker


class Pronounced(BaseModel):
    """A text as it goes to an engine, the IPA of phrases in it, by how they stand there, and the entries that were met."""

    model_config = ConfigDict(frozen=True)

    text: str
    ipa: dict[str, str] = {}
    entries: tuple[str, ...] = ()


class Lexicon:
    """Entries of one language, ready to be looked up."""

    def __init__(self, entries: Iterable[LexiconEntry], language: str) -> None:
        self._by_word: dict[str, list[LexiconEntry]] = defaultdict(list)
        self._anywhere: list[LexiconEntry] = []
        for entry in entries:
            if _holds_for(entry.language, language):
                word = _WORD.search(_normal(entry.pattern))
                (self._by_word[word[0].casefold()] if word else self._anywhere).append(entry)

    @property
    def is_empty(self) -> bool:
        """Whether no entry holds for the language."""
        return not self._by_word and not self._anywhere

    def is_met(self, text: str) -> bool:
        """Whether any entry is met in `text`, whoever speaks."""
        plain = _normal(text)
        entries = list(self._candidates(plain))
        return bool(entries) and any(True for _ in _matches(plain, entries))

    def pronounce(self, text: str, speaker: str, *, takes_ipa: bool) -> Pronounced:
        """`text` as this speaker says it. Where nothing is found it is the very text that was given.

        With `takes_ipa` a phrase with IPA stays as it is written and goes along with its sounds; without, its respelling
        is used, and where it has none it is said as it is written.
        """
        plain = _normal(text)
        entries = [entry for entry in self._candidates(plain) if entry.speaker in (None, speaker)]
        if not entries:
            return Pronounced(text=text)
        parts, ipa, met, at = [], {}, [], 0
        for start, end, entry in _matches(plain, sorted(entries, key=_rank)):
            said = plain[start:end]
            met.append(entry.id)
            if takes_ipa and entry.ipa is not None:
                ipa[said] = entry.ipa
            elif entry.respelling is not None:
                said = entry.respelling
            parts += [plain[at:start], said]
            at = end
        if not met:
            return Pronounced(text=text)
        spoken = "".join([*parts, plain[at:]])
        return Pronounced(text=text if spoken == plain else spoken, ipa=ipa, entries=tuple(dict.fromkeys(met)))

    def _candidates(self, plain: str) -> Iterator[LexiconEntry]:
        """Entries whose first word is in the text, and those that have none."""
        for word in {found.casefold() for found in _WORD.findall(plain)} if self._by_word else ():
            yield from self._by_word.get(word, ())
        yield from self._anywhere


def _matches(text: str, entries: Sequence[LexiconEntry]) -> Iterator[tuple[int, int, LexiconEntry]]:
    """Where an entry is met, from left to right; `entries` in the order they go before one another."""
    alternatives = "|".join(f"(?P<e{n}>{_expression(entry)})" for n, entry in enumerate(entries))
    at = 0
    expression = re.compile(alternatives)
    while found := expression.search(text, at):
        start, end = found.span()
        if is_boundary(text, start) and is_boundary(text, end):
            yield start, end, entries[int((found.lastgroup or "e0")[1:])]
            at = end
        else:
            at = start + 1


def _expression(entry: LexiconEntry) -> str:
    words = r"\s+".join(_APOSTROPHE.sub("['’ʼ]", re.escape(word)) for word in _normal(entry.pattern).split())
    first, last = _normal(entry.pattern)[0], _normal(entry.pattern)[-1]
    before = _NOT_BEFORE if _WORD.match(first) else ""
    after = _NOT_AFTER if _WORD.match(last) else ""
    return f"{before}(?{'' if entry.case_sensitive else 'i'}:{words}){after}"


def _rank(entry: LexiconEntry) -> tuple[int, bool, bool, str]:
    """Longer first, then for one speaker, then by case, then the older: ids tell nothing, but always the same."""
    return -len(entry.pattern), entry.speaker is None, not entry.case_sensitive, entry.id


def _holds_for(asked: str, language: str) -> bool:
    asked, language = asked.lower(), language.lower()
    return language == asked or language.startswith(f"{asked}-")


def _normal(text: str) -> str:
    """One form for what is written alike: an accent may be a character of its own or not."""
    return unicodedata.normalize("NFC", text)
