"""One text in another language: translated once, found by its content ever after."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.translation_hints import NO_HINTS, Hints
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import TranslationEngines
from shared.services.translate_checked import METHOD, CheckedTranslation, translate_checked

Guard = Callable[[str], AbstractContextManager[None]]


def _unguarded(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class TranslateSegment:
    """`hints.terms` are those that are met in the text: each takes part in the address, as do neighbours where the engine
    looks at them.
    """

    def __init__(self, engines: TranslationEngines, artifacts: ArtifactStore, guard: Guard = _unguarded) -> None:
        """`guard` is entered by an engine's name for each text, and may refuse it (see `Breaker`)."""
        self._engines = engines
        self._artifacts = artifacts
        self._guard = guard

    def key(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> ArtifactKey:
        """Address of this translation. Raises EngineUnavailable for a pair nobody has."""
        _, engine = self._engines.find(source, target)
        inputs: dict[str, Any] = {"text": text, "source": source, "target": target, "method": METHOD}
        inputs |= {"engine": engine.name, "version": engine.version}
        inputs["terms"] = [list(term.model_dump().values()) for term in hints.terms]
        if engine.context:
            inputs["around"] = [hints.before, hints.after]
        return artifact_key(Kind.TRANSLATION, ".json", inputs)

    def find(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> CheckedTranslation | None:
        key = self.key(text, source, target, hints)
        if not self._artifacts.find(key):
            return None
        found = json.loads(self._artifacts.read(key))
        return CheckedTranslation(**{**found, "flags": tuple(found["flags"])})

    def make(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> CheckedTranslation:
        """Translate, check and keep. Raises BadOutput where nothing readable came back."""
        found = self.find(text, source, target, hints)
        if found:
            return found
        engine, described = self._engines.find(source, target)
        with self._guard(f"translation-{described.name}"):
            translated = translate_checked(engine, described, text, source, target, hints)
        data = json.dumps(asdict(translated), ensure_ascii=False).encode()
        self._artifacts.save(self.key(text, source, target, hints), data)
        return translated
