"""The sounds that a job is put together from: what was wanted, or what was said instead of it, which is told."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.job import Job, Saying, Substituted
from shared.services.voice_segment import Spoken, VoiceSegment
from shared.services.voicing_outcomes import Outcome, VoicingOutcomes


class Instead:
    """The sound of each line of one job: the voice's own, or of who spoke instead of it, which is told."""

    def __init__(self, voice_segment: VoiceSegment, outcomes: VoicingOutcomes, job: Job) -> None:
        self._voice_segment = voice_segment
        self._job = job
        self._outcomes = outcomes
        self._known: Mapping[str, Outcome] | None = None
        self.told: list[Substituted] = []

    def find(self, place: str, wanted: Saying) -> Spoken | None:
        """What was wanted, else what was said instead of it at this `place`; None where neither is there."""
        owner = self._job.owner
        found = self._voice_segment.find(wanted.text, wanted.voice, wanted.settings, owner)
        if found:
            return found
        if self._known is None:
            self._known = self._outcomes.of(self._job)
        key = self._voice_segment.key(wanted.text, wanted.voice, wanted.settings, owner)
        outcome = self._known.get(key.digest)
        if outcome is None or outcome.said is None:
            return None
        said = outcome.said
        told = Substituted(segment_id=place, spoken_by=said.voice, instead_of=wanted.voice, reason=outcome.reason)
        self.told.append(told)
        return self._voice_segment.find(said.text, said.voice, said.settings, owner)
