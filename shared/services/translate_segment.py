"""One text in another language: translated once, found by its content ever after."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.errors import BadOutput
from shared.ports.translation import Translated
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import TranslationEngines


class TranslateSegment:
    def __init__(self, engines: TranslationEngines, artifacts: ArtifactStore) -> None:
        self._engines = engines
        self._artifacts = artifacts

    def key(self, text: str, source: str, target: str) -> ArtifactKey:
        """Address of this translation. Raises EngineUnavailable for a pair nobody has."""
        _, engine = self._engines.find(source, target)
        inputs: dict[str, Any] = {"text": text, "source": source, "target": target}
        return artifact_key(Kind.TRANSLATION, ".json", inputs | {"engine": engine.name, "version": engine.version})

    def find(self, text: str, source: str, target: str) -> Translated | None:
        key = self.key(text, source, target)
        return Translated(**json.loads(self._artifacts.read(key))) if self._artifacts.find(key) else None

    def make(self, text: str, source: str, target: str) -> Translated:
        """Translate and keep. Raises BadOutput where nothing readable came back."""
        found = self.find(text, source, target)
        if found:
            return found
        engine, _ = self._engines.find(source, target)
        translated = engine.translate(text, source, target)
        if not any(letter.isalnum() for letter in translated.translated_text):
            raise BadOutput(f"The translation of a segment of {len(text)} characters to {target!r} came back empty.")
        data = json.dumps(asdict(translated), ensure_ascii=False).encode()
        self._artifacts.save(self.key(text, source, target), data)
        return translated
