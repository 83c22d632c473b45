"""What voicing will cost, before anything is voiced: what is there already costs nothing, nor does what speaks offline."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from pydantic import BaseModel

from shared.domain.job import Job, JobType, NarrationInput, Saying
from shared.domain.new_job import TextToSpeechInput
from shared.domain.price import as_amount, billed_characters
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import SpeechEngines
from shared.services.job_steps import NARRATIONS
from shared.services.narration_steps import CHARACTERS_A_SECOND, NarrationSteps
from shared.services.spending import Spending
from shared.services.text_steps import TextSteps
from shared.services.voice_segment import VoiceSegment

LONGER = 1.3  # a translation is held for as so much longer than its source: German of English comes to about that


class VoiceEstimate(BaseModel):
    """What one voice would say anew."""

    voice: str
    texts: int
    characters: int
    price: str


class Estimate(BaseModel):
    """`characters` are those still to be spoken, `minutes` how long all will last, cached or not.

    `cached` of `texts` are voiced already and cost nothing. Where a translation is still to be made, `is_exact` is false and
    its source, made longer, stands for it.
    """

    texts: int
    cached: int
    characters: int
    minutes: float
    price: str
    currency: str
    is_exact: bool
    voices: list[VoiceEstimate]


class EstimateSpeech:
    def __init__(
        self,
        engines: SpeechEngines,
        voice_segment: VoiceSegment,
        artifacts: ArtifactStore,
        narration: NarrationSteps,
        texts: TextSteps,
        spending: Spending,
    ) -> None:
        self._engines = engines
        self._voice_segment = voice_segment
        self._artifacts = artifacts
        self._narration = narration
        self._texts = texts
        self._spending = spending

    def narration(self, owner: str, wish: NarrationInput) -> Estimate:
        """Raises NotFound, InvalidInput and EngineUnavailable, as the job itself would."""
        self._narration.check(owner, wish)
        return self._estimate(owner, self._narration.sayings(owner, wish))

    def text(self, owner: str, wish: TextToSpeechInput) -> Estimate:
        """Raises InvalidInput and EngineUnavailable, as the job itself would."""
        self._texts.check_speech(owner, wish)
        return self._estimate(owner, [(saying, True) for saying in self._texts.sayings(wish)])

    def most(self, job: Job) -> int:
        """What a job may cost at most, in millionths; the fallback's price where that is higher."""
        if not self._engines.has_remote:
            return 0
        said: list[tuple[Saying, bool]] = []
        if job.type in NARRATIONS:
            said = self._narration.sayings(job.owner, NarrationInput.model_validate(job.input))
        elif job.type is JobType.TEXT_TO_SPEECH:
            wish = TextToSpeechInput.model_validate(job.input)
            said = [(saying, True) for saying in self._texts.sayings(wish)]
        return sum(self._cost(saying, job.owner, is_final=is_final) for saying, is_final in _once(said))

    def _cost(self, saying: Saying, owner: str, *, is_final: bool) -> int:
        """Of one text, 0 where it is voiced already."""
        _, engine, voice = self._engines.find(saying.voice, owner)
        if not engine.paid or (is_final and self._is_cached(saying, owner)):
            return 0
        return self._spending.prices.micros(engine.name, voice.tier, _characters(saying, is_final))

    def _is_cached(self, saying: Saying, owner: str) -> bool:
        key = self._voice_segment.key(saying.text, saying.voice, saying.settings, owner)
        return self._artifacts.find(key) is not None

    def _estimate(self, owner: str, said: Iterable[tuple[Saying, bool]]) -> Estimate:
        texts = _once(said)
        anew = [(saying, final) for saying, final in texts if not (final and self._is_cached(saying, owner))]
        by_voice: dict[str, list[tuple[Saying, bool]]] = {}
        for saying, is_final in anew:
            by_voice.setdefault(saying.voice, []).append((saying, is_final))
        costs = {
            voice: sum(self._cost(saying, owner, is_final=final) for saying, final in each)
            for voice, each in by_voice.items()
        }
        voices = [
            VoiceEstimate(
                voice=voice,
                texts=len(each),
                characters=sum(_characters(saying, final) for saying, final in each),
                price=as_amount(costs[voice]),
            )
            for voice, each in by_voice.items()
        ]
        every = sum(_characters(saying, final) for saying, final in texts)
        return Estimate(
            texts=len(texts),
            cached=len(texts) - len(anew),
            characters=sum(voice.characters for voice in voices),
            minutes=round(every / CHARACTERS_A_SECOND / 60, 1),
            price=as_amount(sum(costs.values())),
            currency=self._spending.prices.currency,
            is_exact=all(final for _, final in texts),
            voices=voices,
        )


def _characters(saying: Saying, is_final: bool) -> int:
    count = billed_characters(saying.text)
    return count if is_final else ceil(count * LONGER)


def _once(said: Iterable[tuple[Saying, bool]]) -> list[tuple[Saying, bool]]:
    """Each text once for each voice: the same is spoken once."""
    return list({(each.text, each.voice, str(each.settings), final): (each, final) for each, final in said}.values())
