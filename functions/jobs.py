"""/jobs and /webhook: jobs made, watched, changed, cancelled, tried again, and their files brought home."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import functions_framework
from pydantic import AwareDatetime, BaseModel, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import require_match
from functions.studio import Studio, studio
from shared.domain.artifact import digest_of
from shared.domain.errors import Conflict, NotFound
from shared.domain.job import Job, JobChanges, JobFile, JobStatus, JobType, Priority
from shared.domain.job_event import StepProgress
from shared.domain.new_job import NewJob
from shared.domain.webhook import NewWebhook, Webhook
from shared.services.keep_jobs import JobFilter, JobSort

door = Door("jobs")


class JobQuery(PageQuery):
    """Filters and sort of a job list."""

    type: JobType | None = None
    status: JobStatus | None = None
    priority: Priority | None = None
    created_after: AwareDatetime | None = Field(None, description="RFC 3339; not that very moment.")
    created_before: AwareDatetime | None = Field(None, description="RFC 3339; not that very moment.")
    sort: JobSort = JobSort.NEWEST

    @property
    def wanted(self) -> JobFilter:
        return JobFilter(self.type, self.status, self.priority, self.created_after, self.created_before)


class JobProgress(BaseModel):
    """How far a job is; small, for polling. `event_seq` is the number of its last event; `paused_at`, since when it rests."""

    id: str
    status: JobStatus
    attempt: int
    percentage: int
    message: str
    steps: list[StepProgress]
    event_seq: int
    paused_at: datetime | None


class Ticket(BaseModel):
    """A way to a job's events without a header: `href` with the ticket in it, good once and until `expires_at`."""

    ticket: str
    href: str
    expires_at: datetime


class WebhookSetting(BaseModel):
    """Where your jobs are told of when they have ended; its secret is never shown."""

    url: str
    is_signed: bool
    created_at: datetime
    updated_at: datetime


class ResultFile(BaseModel):
    """One file of a result, its address in storage, as blueprints name it, and where it is fetched."""

    name: str
    content_type: str
    uri: str
    href: str


class Result(BaseModel):
    """What a completed job made. `reports` tell, by language, what was made anew and what was there."""

    files: list[ResultFile]
    reports: dict[str, Any]


@door.post(
    "/jobs", policy=Policy.USER, body=NewJob, answers=Job, status=201, idempotent=True, limited=True, refuses=(403, 404)
)
def create_job(call: Call[Studio], body: NewJob) -> Answer:
    """Ask for work: it is checked in full, and its first step queued.

    A type that no engine here can work off answers 422 engine-unavailable and what to do instead. 429, with Retry-After,
    while too many of your jobs are pending or running. With Idempotency-Key, sent twice is asked once.
    """
    return Answer(call.app.app.jobs.create(call.principal.uid, body))


@door.get("/jobs", policy=Policy.USER, query=JobQuery, answers=Listing[Job])
def list_jobs(call: Call[Studio], query: JobQuery) -> Answer:
    """List your jobs, the newest first, or as `sort` says. A page token belongs to its filters and sort."""
    jobs, uid = call.app.app.jobs, call.principal.uid
    page = jobs.page(uid, query.wanted, query.sort, limit=query.page_size, cursor=query.cursor)
    return Answer(Listing[Job](items=list(page.items), next_page_token=page.cursor))


@door.get("/jobs/{job_id}", policy=Policy.USER, answers=Job)
def read_job(call: Call[Studio], job_id: str) -> Answer:
    """Read a job's record."""
    job, revision = call.app.app.jobs.get(call.principal.uid, job_id)
    return Answer(job, revision=revision)


@door.get("/jobs/{job_id}/progress", policy=Policy.USER, answers=JobProgress)
def read_progress(call: Call[Studio], job_id: str) -> Answer:
    """Read how far a job is; with If-None-Match, 304 while nothing has changed."""
    job, _ = call.app.app.jobs.get(call.principal.uid, job_id)
    progress = JobProgress.model_validate(job, from_attributes=True)
    return Answer(progress, revision=digest_of(progress.model_dump(mode="json"))[:32])


@door.patch("/jobs/{job_id}", policy=Policy.USER, body=JobChanges, answers=Job, refuses=(409, 412))
def change_job(call: Call[Studio], job_id: str, body: JobChanges) -> Answer:
    """Change a job's title, description, metadata or priority; a new priority moves what is queued.

    `paused` true begins nothing more of it, and finishes and keeps what is under way; false goes on, and makes nothing twice.
    The status stays what it was; `paused_at` tells since when it rests. 409 for a job that has ended.

    With If-Match, only the job of that very ETag, else 412.
    """
    jobs, uid = call.app.app.jobs, call.principal.uid
    jobs.change(uid, job_id, body, if_revision=_asked_revision(call, job_id))
    return read_job(call, job_id)


@door.post("/jobs/{job_id}/cancel", policy=Policy.USER, answers=Job, refuses=(409,))
def cancel_job(call: Call[Studio], job_id: str) -> Answer:
    """Stop a job within seconds; what it made is kept."""
    return Answer(call.app.app.jobs.cancel(call.principal.uid, job_id))


@door.post("/jobs/{job_id}/retry", policy=Policy.USER, answers=Job, idempotent=True, refuses=(403,))
def retry_job(call: Call[Studio], job_id: str) -> Answer:
    """Run a failed or cancelled job again, from the step it got to, on what it made before."""
    return Answer(call.app.app.jobs.retry(call.principal.uid, job_id))


@door.get("/jobs/{job_id}/result", policy=Policy.USER, answers=Result, refuses=(409,))
def read_result(call: Call[Studio], job_id: str) -> Answer:
    """List the files of a completed job."""
    job = _completed(call, job_id)
    files = [
        ResultFile(
            name=file.name,
            content_type=file.content_type,
            uri=f"media://{file.key}",
            href=f"/api/v1/jobs/{job_id}/files/{file.name}",
        )
        for file in _files(job)
    ]
    return Answer(Result(files=files, reports=job.result.reports if job.result else {}))


@door.get("/jobs/{job_id}/files/{name}", policy=Policy.USER, answers="application/octet-stream", refuses=(409, 416))
def read_file(call: Call[Studio], job_id: str, name: str) -> Answer:
    """Download one file of a result, whole or a byte range of it."""
    file = next((file for file in _files(_completed(call, job_id)) if file.name == name), None)
    if file is None:
        raise NotFound(f"The job has no file {name!r}. GET /api/v1/jobs/{job_id}/result lists what it has.")
    media = call.app.app.media
    info = media.stat(file.key)
    if info is None:
        raise NotFound(f"The file {name!r} is no longer in storage. Retry the job, or run it again.")
    source = File(media.open(file.key), info.size, file.content_type, name)
    return Answer(source, revision=str(info.generation), media_type=file.content_type)


@door.post("/jobs/{job_id}/events/ticket", policy=Policy.USER, answers=Ticket, status=201)
def issue_ticket(call: Call[Studio], job_id: str) -> Answer:
    """Get a ticket to a job's events, for an EventSource: good once, for 60 seconds, for this job.

    Idempotency-Key does nothing here: a ticket that was handed out twice could be used once all the same.
    """
    call.app.app.jobs.get(call.principal.uid, job_id)
    made = call.app.app.event_tickets.issue(call.principal.uid, job_id, call.principal.session)
    href = f"/api/v1/jobs/{job_id}/events?ticket={made.ticket}"
    return Answer(Ticket(ticket=made.ticket, href=href, expires_at=made.expires_at))


@door.get("/webhook", policy=Policy.USER, answers=WebhookSetting, refuses=(404,))
def read_webhook(call: Call[Studio]) -> Answer:
    """Read where your jobs are told of."""
    return Answer(_setting(call.app.app.webhooks.get(call.principal.uid)))


@door.put("/webhook", policy=Policy.USER, body=NewWebhook, answers=WebhookSetting)
def set_webhook(call: Call[Studio], body: NewWebhook) -> Answer:
    """Have your jobs told of at this address from now on, where they bring no webhook of their own.

    A message is a POST of JSON `{type: job.completed | job.failed | job.cancelled, timestamp, data}`, signed as Standard
    Webhooks lay down where there is a secret. It is sent until it is answered 2xx or 410, with growing pauses, to public
    https hosts only; redirects are not followed.
    """
    return Answer(_setting(call.app.app.webhooks.set(call.principal.uid, body)))


@door.delete("/webhook", policy=Policy.USER, status=204)
def remove_webhook(call: Call[Studio]) -> Answer:
    """Have no more jobs told of, but for those that were made before or bring a webhook of their own."""
    call.app.app.webhooks.remove(call.principal.uid)
    return Answer()


def _completed(call: Call[Studio], job_id: str) -> Job:
    job, _ = call.app.app.jobs.get(call.principal.uid, job_id)
    if job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        reason = f": {job.error['detail']}" if job.error else "."
        raise Conflict(
            f"The job is {job.status} and has no result{reason} POST /api/v1/jobs/{job_id}/retry runs it again."
        )
    if job.status is not JobStatus.COMPLETED:
        raise Conflict(
            f"The job is {job.status} ({job.percentage}%): it has no result yet. Follow its progress, then ask."
        )
    return job


def _files(job: Job) -> list[JobFile]:
    return job.result.everything if job.result else []


def _asked_revision(call: Call[Studio], job_id: str) -> int | None:
    """The revision If-Match names, which must be the present one; None where the client did not ask."""
    if "If-Match" not in call.headers:
        return None
    _, revision = call.app.app.jobs.get(call.principal.uid, job_id)
    require_match(call, revision)
    return revision


def _setting(webhook: Webhook) -> WebhookSetting:
    made, changed = webhook.created_at, webhook.updated_at
    return WebhookSetting(url=webhook.url, is_signed=bool(webhook.secret), created_at=made, updated_at=changed)


@functions_framework.http
def jobs(request: Request) -> Response:
    return door.serve(request, studio)
