"""Texts whose sound failed every check: their step ends with all of them named, and the plan marks them for revision.

Nothing is shipped with a sentence missing. What came out well is kept, so that a retry after an edit voices these alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.errors import (
    BadOutput,
    Conflict,
    Fault,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    RevisionConflict,
)
from shared.domain.job import Job, TaskRef
from shared.services.job_steps import NARRATIONS, JobSteps
from shared.services.keep_plans import Plans
from shared.services.narration_steps import wish_of
from shared.services.voicing_outcomes import Outcome, VoicingOutcomes


class FlagSpeech:
    def __init__(self, outcomes: VoicingOutcomes, steps: JobSteps, plans: Plans) -> None:
        self._outcomes = outcomes
        self._steps = steps
        self._plans = plans

    def outcomes(self, job: Job) -> Mapping[str, Outcome]:
        """What was said by another voice or flagged, by the unit's digest."""
        return self._outcomes.of(job)

    def refuse_flagged(self, job: Job, ref: TaskRef, outcomes: Mapping[str, Outcome]) -> None:
        """Mark what is flagged and raise BadOutput with all of it; where nothing is, do nothing."""
        flagged = {unit: outcome for unit, outcome in outcomes.items() if outcome.flagged}
        if not flagged:
            return
        places = self._steps.places(job, ref)
        reasons = {place: flagged[unit] for unit in flagged for place in places.get(unit, [])}
        if not reasons:
            return
        if job.type in NARRATIONS:
            self._mark(job, {place: _told(outcome) for place, outcome in reasons.items()})
        raise BadOutput(
            f"{len(reasons)} of the texts could not be voiced as they are; see errors. All others are kept: change the text "
            "or the voice of these and retry.",
            faults=[fault for place, outcome in reasons.items() for fault in _faults(place, outcome)],
        )

    def _mark(self, job: Job, reasons: Mapping[str, str]) -> None:
        wish = wish_of(job)
        try:
            self._plans.flag(job.owner, wish.project_id, wish.chapter_id, reasons)
        except (Conflict, InvalidInput, NotFound, PreconditionFailed, RevisionConflict):
            return  # the plan is another by now: the job's own errors still name the segments


def _told(outcome: Outcome) -> str:
    return "; ".join(fault.detail for fault in outcome.flagged)


def _faults(place: str, outcome: Outcome) -> list[Fault]:
    update = {"pointer": f"/segments/{place}"}
    return [fault.model_copy(update=update) for fault in outcome.flagged]
