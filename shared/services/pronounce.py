"""A text as it is sent to the engine of a voice: respelled, or with its IPA beside it where the engine takes that.

An engine declares that it takes IPA by the setting "ipa": a JSON object of phrases, as they stand in the text, and their
sounds. espeak-ng does not: its phonemes are mnemonics of its own, another set for each language, and one of them that it does
not know is dropped without a word.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from shared.domain.artifact import canonical_json
from shared.domain.lexicon import Lexicon, LexiconEntry, Pronounced
from shared.ports.speech import SpeechEngine
from shared.services.engines import SpeechEngines

IPA = "ipa"


class EngineUse(BaseModel):
    """What one engine makes of an entry."""

    engine: str
    uses: Literal["ipa", "respelling", "spelling"]
    detail: str


class Pronounce:
    def __init__(self, engines: SpeechEngines) -> None:
        self._engines = engines

    def __call__(
        self, lexicon: Lexicon, text: str, speaker: str, voice: str, owner: str = ""
    ) -> tuple[str, dict[str, str]]:
        """Text and settings for `VoiceSegment`. Raises InvalidInput for a voice nobody has."""
        _, engine, known = self._engines.find(voice, owner)
        said = lexicon.pronounce(text, speaker, takes_ipa=takes_ipa(engine) and known.takes_markup)
        return said.text, {IPA: canonical_json(said.ipa).decode()} if said.ipa else {}

    def ways(self, lexicon: Lexicon, text: str, speaker: str) -> list[Pronounced]:
        """How the engines here would be given a text: one way, or two where some take IPA and some do not."""
        modes = sorted({takes_ipa(engine) for _, engine in self._engines.available()}) or [False]
        return [lexicon.pronounce(text, speaker, takes_ipa=mode) for mode in modes]

    def uses(self, entry: LexiconEntry) -> list[EngineUse]:
        """What each engine here makes of an entry."""
        return [_use(engine, entry) for _, engine in self._engines.available()]


def takes_ipa(engine: SpeechEngine) -> bool:
    return IPA in engine.settings


def _use(engine: SpeechEngine, entry: LexiconEntry) -> EngineUse:
    if entry.ipa is not None and takes_ipa(engine):
        return EngineUse(engine=engine.name, uses="ipa", detail="It is given the IPA.")
    deaf = "It takes no IPA. " if entry.ipa is not None else ""
    if entry.respelling is not None:
        return EngineUse(engine=engine.name, uses="respelling", detail=f"{deaf}It is given the respelling.")
    return EngineUse(engine=engine.name, uses="spelling", detail=f"{deaf}Without a respelling nothing changes.")
