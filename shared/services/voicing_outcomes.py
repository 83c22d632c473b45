"""What became of a text that its own voice did not speak: said by another, or flagged. Of one attempt of a job.

What went well leaves nothing here: it lies in storage, under its own address.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from shared.domain.errors import Fault
from shared.domain.job import Job, Saying
from shared.ports.documents import Documents, Where

OUTCOMES = "voicing_outcomes"


class Outcome(BaseModel):
    """`unit` is the address of what was wanted. Either `said` by another voice, for a `reason`, or `flagged`."""

    owner: str
    attempt: str
    unit: str
    voice: str
    said: Saying | None = None
    reason: str = ""
    flagged: list[Fault] = []


class VoicingOutcomes:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def note(self, outcome: Outcome) -> None:
        """Again, the same: a task may be delivered twice."""
        self._documents.put(OUTCOMES, f"{outcome.attempt}-{outcome.unit}", outcome.model_dump(mode="json"))

    def of(self, job: Job) -> Mapping[str, Outcome]:
        """By the unit's digest, of the job's present attempt."""
        found: dict[str, Outcome] = {}
        cursor: str | None = None
        while True:
            page = self._documents.query(OUTCOMES, [Where("attempt", "==", attempt_of(job))], cursor=cursor)
            for document in page.items:
                outcome = Outcome.model_validate(document.data)
                found[outcome.unit] = outcome
            cursor = page.cursor
            if cursor is None:
                return found


def attempt_of(job: Job) -> str:
    return f"{job.id}-a{job.attempt}"
