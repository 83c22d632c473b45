"""LibreTranslate, one's own server or another's. Which pairs it has is asked of it, and asked again now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from shared.adapters.json_http import JsonHttp
from shared.adapters.translation.pieces import by_pieces
from shared.domain.artifact import digest_of
from shared.domain.errors import EngineFailed, EngineUnavailable
from shared.domain.translation_check import guess_confidence
from shared.domain.translation_hints import NO_HINTS, Hints
from shared.ports.translation import Translated, TranslationEngine

SETTINGS = "REELPRINT_LIBRETRANSLATE_URL and REELPRINT_LIBRETRANSLATE_KEY"
MOST_CHARACTERS = 2_000  # the limit that public servers set; one's own may have none
KNOWN_FOR_S = 600.0


class LibreTranslateTranslation:
    """The `Translation` port over GET {url}/languages and POST {url}/translate. Without a `url` it is not available."""

    def __init__(self, url: str, key: str = "", *, timeout_s: float = 30.0, asking_s: float = 5.0) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._http = JsonHttp("LibreTranslate", SETTINGS, timeout_s=timeout_s)
        self._asking = JsonHttp("LibreTranslate", SETTINGS, timeout_s=asking_s)
        self._lock = threading.Lock()
        self._engine: TranslationEngine | None = None
        self._asked_at = 0.0

    def describe(self) -> TranslationEngine:
        """The pairs its models are for; `version` changes with them. A server that is down keeps those it had."""
        if not self._url:
            raise EngineUnavailable(
                "LibreTranslate is not set up. Set REELPRINT_LIBRETRANSLATE_URL to a server's address."
            )
        with self._lock:
            if self._engine is None or time.monotonic() - self._asked_at > KNOWN_FOR_S:
                try:
                    self._engine = self._ask_languages()
                except EngineFailed:
                    if self._engine is None:
                        raise
                self._asked_at = time.monotonic()
            return self._engine

    def translate(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> Translated:
        """Paragraph by paragraph. `hints` are not looked at: it knows neither glossary nor context.

        The confidence is a guess: the one that it sends along is about which language a text is in.
        """
        one, other = self._pair(source, target)
        translated = by_pieces(
            text, source, MOST_CHARACTERS, lambda pieces: [self._ask(piece, one, other) for piece in pieces]
        )
        return Translated(translated, source, target, guess_confidence(text, translated))

    def close(self) -> None:
        """Close kept-open connections."""
        self._http.close()
        self._asking.close()

    def _ask_languages(self) -> TranslationEngine:
        found = self._asking.get(f"{self._url}/languages")
        try:
            pairs = sorted(
                (str(entry["code"]), str(target))
                for entry in found
                for target in entry["targets"]
                if entry["code"] != target
            )
        except (KeyError, TypeError) as exc:
            raise EngineFailed("LibreTranslate did not say which languages it has; it is asked again.") from exc
        version = f"1-{digest_of([list(pair) for pair in pairs])[:12]}"
        return TranslationEngine(
            "libretranslate", version, tuple(pairs), paid=bool(self._key), max_characters=MOST_CHARACTERS
        )

    def _pair(self, source: str, target: str) -> tuple[str, str]:
        """The server's own codes: regional ones ("zh-Hans", "pt-BR") where it has them, else the languages'."""
        pairs = set(self.describe().pairs)
        for pair in _spellings(source, target, pairs):
            if pair in pairs:
                return pair
        known = ", ".join(f"{one} to {other}" for one, other in sorted(pairs)[:20])
        raise EngineUnavailable(f"LibreTranslate cannot translate {source} to {target} there; it has {known}.")

    def _ask(self, text: str, source: str, target: str) -> str:
        body: dict[str, Any] = {"q": text, "source": source, "target": target, "format": "text"}
        if self._key:
            body["api_key"] = self._key
        found = self._http.post(f"{self._url}/translate", {}, body)
        try:
            return str(found["translatedText"])
        except (KeyError, TypeError) as exc:
            raise EngineFailed("LibreTranslate answered without a translation; it is asked again.") from exc


def _spellings(source: str, target: str, pairs: set[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """What a pair may be called, the nearest first; at last any variant of the two languages."""
    one, other = source.partition("-")[0].lower(), target.partition("-")[0].lower()
    alike = sorted(pair for pair in pairs if (pair[0].partition("-")[0], pair[1].partition("-")[0]) == (one, other))
    return [(source, target), (source, other), (one, target), (one, other), *alike]
