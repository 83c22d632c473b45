"""One unit of a job's voicing: paid for, spoken, and where it cannot be, spoken by the fallback or flagged. Never in silence."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.artifact import ArtifactKey
from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable, Fault, ReelprintError
from shared.domain.job import Job, Saying, VoiceTask
from shared.domain.price import billed_characters
from shared.services.breaker import Breaker
from shared.services.engines import SpeechEngines
from shared.services.spending import Spending, reservation_name
from shared.services.voice_segment import VoiceSegment, breaker_name
from shared.services.voicing_outcomes import Outcome, VoicingOutcomes


class UnitBill:
    """The Bill of one text: the first attempt is held already, each further one is held before it is made."""

    def __init__(self, spending: Spending, held: str, unit: str, engine: str, characters: int, micros: int) -> None:
        self._spending = spending
        self._held = held
        self._unit = unit
        self._engine = engine
        self._characters = characters
        self._micros = micros

    def again(self) -> None:
        self._spending.more(self._held, self._micros)

    def spoke(self, attempt: int) -> None:
        unit = f"{self._unit}-{attempt}"
        self._spending.charge(self._held, unit, self._engine, self._characters, self._micros)


class SpeakUnit:
    def __init__(
        self,
        engines: SpeechEngines,
        voice_segment: VoiceSegment,
        breaker: Breaker,
        spending: Spending,
        outcomes: VoicingOutcomes,
    ) -> None:
        self._engines = engines
        self._voice_segment = voice_segment
        self._breaker = breaker
        self._spending = spending
        self._outcomes = outcomes

    def speak(self, task: VoiceTask, *, is_last: bool) -> ArtifactKey:
        """Speak one text; the address of what was wanted. `is_last`: the queue will not come again.

        Raises what the engine does, where nobody else may speak instead.
        """
        key = self._voice_segment.key(task.text, task.voice, task.settings, task.ref.owner)
        wanted = Saying(text=task.text, voice=task.voice, settings=task.settings)
        try:
            self._say(task, wanted, key)
        except BadOutput as exc:
            self._note(task, key, flagged=_faults_of(exc))
        except (EngineUnavailable, EngineBusy, EngineFailed) as exc:
            if task.fallback is None or not self._has_given_up(task, exc, is_last):
                raise
            self._say_instead(task, task.fallback, key, exc)
        return key

    def hold(self, job: Job, tasks: Sequence[VoiceTask]) -> None:
        """Hold what these texts cost at most, on top of what was charged. Raises SpendingCapReached."""
        cost = sum(self._most(task) for task in tasks)
        if cost:
            name = reservation_name(job.id, job.attempt)
            self._spending.hold(job.owner, name, job.id, self._spending.charged(name) + cost)

    def cost(self, saying: Saying, owner: str) -> int:
        """In millionths of the currency; 0 for an engine that is not paid."""
        _, engine, voice = self._engines.find(saying.voice, owner)
        if not engine.paid:
            return 0
        return self._spending.prices.micros(engine.name, voice.tier, billed_characters(saying.text))

    def _most(self, task: VoiceTask) -> int:
        own = self.cost(Saying(text=task.text, voice=task.voice), task.ref.owner)
        return max(own, self.cost(task.fallback, task.ref.owner)) if task.fallback else own

    def _say(self, task: VoiceTask, saying: Saying, key: ArtifactKey) -> None:
        owner, cost = task.ref.owner, self.cost(saying, task.ref.owner)
        if cost:
            held = reservation_name(task.ref.job_id, task.ref.attempt)
            engine = saying.voice.partition("/")[0]
            unit = f"{key.digest[:40]}-{engine}"
            bill = UnitBill(self._spending, held, unit, engine, billed_characters(saying.text), cost)
            self._voice_segment.make(saying.text, saying.voice, saying.settings, owner, bill)
        else:
            self._voice_segment.make(saying.text, saying.voice, saying.settings, owner)

    def _has_given_up(self, task: VoiceTask, error: ReelprintError, is_last: bool) -> bool:
        """Whether it is no use waiting: the settings are wrong, the engine is down, or this was the last attempt."""
        is_wrong = not error.retryable
        return is_wrong or is_last or self._breaker.is_open(breaker_name(task.voice.partition("/")[0]))

    def _say_instead(self, task: VoiceTask, fallback: Saying, key: ArtifactKey, reason: ReelprintError) -> None:
        try:
            self._say(task, fallback, key)
        except BadOutput as exc:
            self._note(task, key, flagged=_faults_of(exc))
        else:
            self._note(task, key, said=fallback, reason=reason.detail)

    def _note(
        self,
        task: VoiceTask,
        key: ArtifactKey,
        *,
        said: Saying | None = None,
        reason: str = "",
        flagged: Sequence[Fault] = (),
    ) -> None:
        outcome = Outcome(
            owner=task.ref.owner,
            attempt=reservation_name(task.ref.job_id, task.ref.attempt),
            unit=key.digest,
            voice=task.voice,
            said=said,
            reason=reason,
            flagged=list(flagged),
        )
        self._outcomes.note(outcome)


def _faults_of(error: BadOutput) -> Sequence[Fault]:
    return error.faults or [Fault(pointer="", code=error.type, detail=error.detail)]
