"""A short text spoken while somebody waits: at once where it is short, as a job where it is not; and phrases to choose a
voice by.
"""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from pydantic import BaseModel

from shared.domain.artifact import ArtifactKey, digest_of
from shared.domain.errors import (
    EngineBusy,
    EngineFailed,
    EngineUnavailable,
    InvalidInput,
    NotFound,
    TooManyRequests,
)
from shared.domain.job import Moment, Saying, Substituted
from shared.domain.new_job import NewJob, TextToSpeechInput
from shared.domain.preview_phrases import phrase_in
from shared.domain.price import as_amount, billed_characters
from shared.domain.project import Stored
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.ports.speech import Voice
from shared.services.artifact_store import ArtifactStore
from shared.services.keep_jobs import Jobs
from shared.services.records import Records, new_id
from shared.services.speak_unit import UnitBill
from shared.services.speech_desk import SpeechDesk
from shared.services.text_steps import TextSteps
from shared.services.voice_segment import Spoken

SHORT = 400  # characters that are spoken while the caller waits
PREVIEWS, WINDOW = 30, timedelta(minutes=10)  # phrases that one user may have made in that time; cached ones are free
SAYINGS = "sayings"


class SpokenText(Stored):
    """A short text that was spoken at once: its sound lies at `key`, whoever else had the very same said."""

    created_at: Moment
    updated_at: Moment
    key: str
    voice: str
    characters: int
    samples: int
    sample_rate: int
    price: str
    currency: str
    substituted: Substituted | None = None


class Speech(BaseModel):
    """What came of a text: `speech`, spoken at once, or the `job_id` of the job that speaks it."""

    speech: SpokenText | None = None
    job_id: str | None = None


@dataclass(frozen=True)
class Sound:
    """A WAV of `size` bytes to be opened; `digest` names its content."""

    source: AbstractContextManager[BinaryIO]
    size: int
    digest: str


class SpeakNow:
    def __init__(
        self,
        desk: SpeechDesk,
        documents: Documents,
        clock: Clock,
        jobs: Jobs,
        texts: TextSteps,
        artifacts: ArtifactStore,
    ) -> None:
        self._desk = desk
        self._documents = documents
        self._clock = clock
        self._jobs = jobs
        self._texts = texts
        self._artifacts = artifacts
        self._records = Records(documents, clock, SAYINGS, SpokenText, "speech")

    def speak(self, owner: str, wish: TextToSpeechInput) -> Speech:
        """Raises InvalidInput, EngineUnavailable, SpendingCapReached, and what the engine does where nobody else may speak."""
        if wish.segments is not None or len(wish.text or "") > SHORT or wish.word_times:
            asked = {"type": "text_to_speech", "input": wish.model_dump(mode="json")}
            return Speech(job_id=self._jobs.create(owner, NewJob.model_validate(asked)).id)
        self._texts.check_speech(owner, wish)
        (saying,) = self._texts.sayings(wish)
        try:
            return Speech(speech=self._said(owner, saying, None))
        except (EngineUnavailable, EngineBusy, EngineFailed) as exc:
            other = self._texts.fallback(wish, saying)
            if other is None:
                raise
            why = Substituted(segment_id="1", spoken_by=other.voice, instead_of=saying.voice, reason=exc.detail)
            return Speech(speech=self._said(owner, other, why))

    def find(self, owner: str, speech_id: str) -> SpokenText:
        """Raises NotFound."""
        return self._records.get(owner, speech_id)

    def sound(self, owner: str, speech_id: str) -> Sound:
        """Raises NotFound."""
        found = self._records.get(owner, speech_id)
        return self._opened(ArtifactKey.model_validate_json(found.key))

    def preview(self, owner: str, voice_id: str) -> Sound:
        """A short phrase in the voice's own language, made once for everybody.

        Raises NotFound for a voice nobody has, TooManyRequests, SpendingCapReached, and what the engine does.
        """
        voice = self._voice(owner, voice_id)
        saying = Saying(text=phrase_in(voice.language), voice=voice.id)
        key = self._desk.voice_segment.key(saying.text, saying.voice, saying.settings, owner)
        if self._artifacts.find(key) is None:
            self._count_preview(owner)
            self._make(owner, saying)
        return self._opened(key)

    def _voice(self, owner: str, voice_id: str) -> Voice:
        try:
            return self._desk.engines.find(voice_id, owner)[2]
        except InvalidInput as exc:
            raise NotFound(exc.detail) from exc

    def _make(self, owner: str, saying: Saying) -> tuple[Spoken, int]:
        """The sound and what it cost, in millionths."""
        made = self._desk.voice_segment
        known = made.find(saying.text, saying.voice, saying.settings, owner)
        if known:
            return known, 0
        spending, cost = self._desk.spending, self._desk.speak_unit.cost(saying, owner)
        name = f"call-{secrets.token_hex(12)}"
        engine, characters = saying.voice.partition("/")[0], billed_characters(saying.text)
        with spending.held(owner, name, cost):
            bill = UnitBill(spending, name, "1", engine, characters, cost)
            return made.make(saying.text, saying.voice, saying.settings, owner, bill if cost else None), cost

    def _said(self, owner: str, said: Saying, substituted: Substituted | None) -> SpokenText:
        (spoken, price), now = self._make(owner, said), self._clock.now()
        key = self._desk.voice_segment.key(said.text, said.voice, said.settings, owner)
        return self._records.create(
            SpokenText(
                id=new_id("say"),
                owner=owner,
                created_at=now,
                updated_at=now,
                key=key.model_dump_json(),
                voice=said.voice,
                characters=len(said.text),
                samples=spoken.samples,
                sample_rate=spoken.rate,
                price=as_amount(price),
                currency=self._desk.spending.prices.currency,
                substituted=substituted,
            )
        )

    def _opened(self, key: ArtifactKey) -> Sound:
        info = self._artifacts.find(key)
        return Sound(self._artifacts.open(key), info.size if info else 0, key.digest)

    def _count_preview(self, owner: str) -> None:
        name = digest_of({"previews": owner})

        def work(transaction: Transaction) -> float:
            now = self._clock.now().timestamp()
            found = transaction.get("throttles", name)
            is_live = found is not None and found.data["expires_at"] > now
            data = found.data if found and is_live else {"count": 0, "expires_at": now + WINDOW.total_seconds()}
            if data["count"] >= PREVIEWS:
                return float(data["expires_at"] - now)
            transaction.put("throttles", name, {**data, "count": data["count"] + 1})
            return 0.0

        wait = self._documents.transaction(work)
        if wait:
            seconds = max(1, round(wait))
            raise TooManyRequests(
                f"{PREVIEWS} voices were tried in {WINDOW.seconds // 60} minutes. Try the next in {seconds} s.",
                retry_after_s=seconds,
            )
