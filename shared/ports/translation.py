"""Translation: text from one language into another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Translated:
    """R5.2. `confidence` is 0-1: the engine's own where it has one, else the share of words it knew."""

    translated_text: str
    source_language: str
    target_language: str
    confidence: float


@dataclass(frozen=True)
class TranslationEngine:
    """`pairs` are (source, target) BCP 47 codes."""

    name: str
    version: str
    pairs: Sequence[tuple[str, str]]
    paid: bool = False


class Translation(Protocol):
    def describe(self) -> TranslationEngine:
        """Declare capabilities. Raises EngineUnavailable, saying what to install or set, when it cannot work here."""
        ...

    def translate(self, text: str, source: str, target: str) -> Translated:
        """Translate; line breaks are kept. Raises EngineUnavailable (that pair too), EngineFailed (retryable), BadOutput."""
        ...
