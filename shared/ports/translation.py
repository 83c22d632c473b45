"""Translation: text from one language into another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.domain.translation_hints import NO_HINTS, Hints


@dataclass(frozen=True)
class Translated:
    """R5.2. `confidence` is 0-1: the engine's own where it has one, else a guess (`guess_confidence`), as declared."""

    translated_text: str
    source_language: str
    target_language: str
    confidence: float


@dataclass(frozen=True)
class TranslationEngine:
    """`pairs` are (source, target) BCP 47 codes; between any two of `languages` it translates too.

    `max_characters` is what one request of its vendor carries; texts may be longer. `glossary`: it follows `Hints.terms`
    by itself; `context`: it looks at `before` and `after`. `confidence`: whether that is the engine's own or a guess.
    """

    name: str
    version: str
    pairs: Sequence[tuple[str, str]] = ()
    languages: Sequence[str] = ()
    paid: bool = False
    max_characters: int | None = None
    glossary: bool = False
    context: bool = False
    confidence: Literal["engine", "guess"] = "guess"

    def covers(self, source: str, target: str) -> bool:
        """Whether it translates this pair; a region counts for nothing ("es" covers "es-MX")."""
        one, other = _primary(source), _primary(target)
        known = {_primary(code) for code in self.languages}
        return (one != other and {one, other} <= known) or (one, other) in {
            (_primary(a), _primary(b)) for a, b in self.pairs
        }


class Translation(Protocol):
    def describe(self) -> TranslationEngine:
        """Declare capabilities. Raises EngineUnavailable, saying what to install or set, when it cannot work here, and
        EngineFailed or EngineBusy where that cannot be told just now.
        """
        ...

    def translate(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> Translated:
        """Translate; line breaks are kept. Raises EngineUnavailable (that pair too), EngineFailed (retryable), BadOutput."""
        ...


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
