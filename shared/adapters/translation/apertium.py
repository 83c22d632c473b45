"""Apertium: rule-based translation, offline. 2 ms a sentence once its pipeline is open; one takes about 195 MB."""

from __future__ import annotations

import threading
from pathlib import Path

from shared.adapters.translation.apertium_modes import INSTALL, Mode, digest_of_modes, find_modes
from shared.adapters.translation.apertium_pipeline import NullFlushPipeline
from shared.adapters.translation.apertium_text import prepare, restore
from shared.domain.errors import EngineUnavailable
from shared.domain.sentences import split_sentences
from shared.domain.translation_hints import NO_HINTS, Hints
from shared.ports.translation import Translated, TranslationEngine

USUAL_DATA_DIRS = (Path("/usr/share/apertium"), Path("/usr/local/share/apertium"))


class ApertiumTranslation:
    """The `Translation` port over the Apertium pairs installed under `data_dirs`.

    Safe to share between threads; requests for one pair wait for each other. A sentence that is not answered within
    `deadline_s` seconds is tried once more in a new pipeline. What is installed is looked at once per instance.
    """

    def __init__(self, *data_dirs: Path, deadline_s: float = 10.0) -> None:
        self._data_dirs = data_dirs or USUAL_DATA_DIRS
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._modes: dict[tuple[str, str], Mode] = {}
        self._version = ""
        self._pipelines: dict[str, NullFlushPipeline] = {}

    def describe(self) -> TranslationEngine:
        """The installed pairs; `version` changes with any of their dictionaries. Raises EngineUnavailable."""
        with self._lock:
            if not self._modes:
                self._modes = find_modes(self._data_dirs)
                self._version = digest_of_modes(self._modes.values())[:16]
        return TranslationEngine("apertium", self._version, tuple(self._modes), confidence="engine")

    def translate(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> Translated:
        """Sentence by sentence; white space between sentences, line breaks and quotation marks stay. `hints` are not used.

        A regional code finds its language ("es-MX" is served by "es"). `confidence` is the share of words Apertium knew.
        """
        pipeline = self._pipeline(self._mode(source, target))
        parts: list[str] = []
        words = unknown = 0
        for span in split_sentences(text, source):
            piece = text[span.start : span.end]
            core = piece.strip()
            if not any(char.isalpha() for char in core):
                parts.append(piece)
                continue
            prepared = prepare(core)
            restored = restore(pipeline.ask(prepared.stream), prepared)
            parts.append(piece.replace(core, restored.text, 1))
            words += prepared.words
            unknown += restored.unknown
        return Translated("".join(parts), source, target, round(max(0, words - unknown) / words, 4) if words else 1.0)

    def close(self) -> None:
        """End the programs; a later request starts them again."""
        with self._lock:
            pipelines = list(self._pipelines.values())
        for pipeline in pipelines:
            pipeline.close()

    def _mode(self, source: str, target: str) -> Mode:
        pairs = self.describe().pairs
        for pair in (
            (source, target),
            (source, _base(target)),
            (_base(source), target),
            (_base(source), _base(target)),
        ):
            if pair in self._modes:
                return self._modes[pair]
        here = ", ".join(f"{known} to {other}" for known, other in pairs)
        raise EngineUnavailable(
            f"Apertium cannot translate {source} to {target} here; it has {here}; for more, {INSTALL}"
        )

    def _pipeline(self, mode: Mode) -> NullFlushPipeline:
        with self._lock:
            return self._pipelines.setdefault(
                mode.name, NullFlushPipeline(mode.name, mode.stages, deadline_s=self._deadline_s, install=INSTALL)
            )


def _base(code: str) -> str:
    return code.partition("-")[0].lower()
