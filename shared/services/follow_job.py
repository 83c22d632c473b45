"""A job's events, read in order."""

from __future__ import annotations

from shared.domain.errors import Fault, InvalidInput
from shared.domain.job import Job
from shared.domain.job_event import JobEvent, event_key
from shared.ports.documents import Documents, Order, Where
from shared.services.record_job_event import EVENTS, JobRecords

EVENTS_AT_ONCE = 200


class FollowJob:
    def __init__(self, documents: Documents, records: JobRecords) -> None:
        self._documents = documents
        self._records = records

    def begin(self, owner: str, job_id: str, after: int) -> Job:
        """The job to be followed. Raises NotFound; InvalidInput for an event number that is still to come."""
        job = self._records.get(owner, job_id)
        if after > job.event_seq:
            detail = f"The job has had {job.event_seq} event(s) so far."
            fault = Fault(
                pointer="/headers/Last-Event-ID",
                code="no-such-event",
                detail=detail,
                found=str(after),
                fix="Send the id of the last event that you received, or none.",
            )
            raise InvalidInput("No such event of this job; see errors.", faults=[fault])
        return job

    def after(self, job_id: str, seq: int) -> list[JobEvent]:
        """The events that follow number `seq`, in order, EVENTS_AT_ONCE at most. [] where there are none yet."""
        if not self.has(job_id, seq + 1):
            return []
        where = [Where("job_id", "==", job_id), Where("seq", ">", seq)]
        page = self._documents.query(EVENTS, where, [Order("seq")], limit=EVENTS_AT_ONCE)
        return [JobEvent.model_validate(document.data) for document in page.items]

    def has(self, job_id: str, seq: int) -> bool:
        """Whether that event happened. Numbers have no gaps, so one look at one document is enough."""
        return self._documents.get(EVENTS, event_key(job_id, seq)) is not None
