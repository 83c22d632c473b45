"""/jobs: made, watched, changed, cancelled, tried again, and their files brought home."""

from __future__ import annotations

from typing import Any, Literal

import functions_framework
from pydantic import BaseModel
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions.studio import Studio, studio
from shared.domain.errors import Conflict, NotFound
from shared.domain.job import Job, JobChanges, JobFile, JobStatus, JobType, NewJob, Priority, Step

door = Door("jobs")


class JobQuery(PageQuery):
    """Filters of a job list."""

    type: JobType | None = None
    status: JobStatus | None = None
    priority: Priority | None = None
    order: Literal["newest", "oldest"] = "newest"


class JobProgress(BaseModel):
    """How far a job is; small, for polling."""

    id: str
    status: JobStatus
    percentage: int
    message: str
    steps: list[Step]


class ResultFile(BaseModel):
    """One file of a result and where it is fetched."""

    name: str
    content_type: str
    href: str


class Result(BaseModel):
    """What a completed job made. `reports` tell, by language, what was made anew and what was there."""

    files: list[ResultFile]
    reports: dict[str, Any]


@door.post("/jobs", policy=Policy.USER, body=NewJob, answers=Job, status=201, idempotent=True)
def create_job(call: Call[Studio], body: NewJob) -> Answer:
    """Ask for work: it is checked in full, and its first step queued."""
    return Answer(call.app.app.jobs.create(call.principal.uid, body))


@door.get("/jobs", policy=Policy.USER, query=JobQuery, answers=Listing[Job])
def list_jobs(call: Call[Studio], query: JobQuery) -> Answer:
    """List your jobs."""
    page = call.app.app.jobs.page(
        call.principal.uid,
        job_type=query.type,
        status=query.status,
        priority=query.priority,
        oldest_first=query.order == "oldest",
        limit=query.page_size,
        cursor=query.cursor,
    )
    return Answer(Listing[Job](items=list(page.items), next_page_token=page.cursor))


@door.get("/jobs/{job_id}", policy=Policy.USER, answers=Job)
def read_job(call: Call[Studio], job_id: str) -> Answer:
    """Read a job's record."""
    job, revision = call.app.app.jobs.get(call.principal.uid, job_id)
    return Answer(job, revision=revision)


@door.get("/jobs/{job_id}/progress", policy=Policy.USER, answers=JobProgress)
def read_progress(call: Call[Studio], job_id: str) -> Answer:
    """Read how far a job is; with If-None-Match, 304 while nothing has changed."""
    job, revision = call.app.app.jobs.get(call.principal.uid, job_id)
    return Answer(JobProgress.model_validate(job.model_dump()), revision=revision)


@door.patch("/jobs/{job_id}", policy=Policy.USER, body=JobChanges, answers=Job)
def change_job(call: Call[Studio], job_id: str, body: JobChanges) -> Answer:
    """Change a job's title, description, metadata or priority."""
    return Answer(call.app.app.jobs.change(call.principal.uid, job_id, body))


@door.post("/jobs/{job_id}/cancel", policy=Policy.USER, answers=Job)
def cancel_job(call: Call[Studio], job_id: str) -> Answer:
    """Stop a job within seconds; what it made is kept."""
    return Answer(call.app.app.jobs.cancel(call.principal.uid, job_id))


@door.post("/jobs/{job_id}/retry", policy=Policy.USER, answers=Job)
def retry_job(call: Call[Studio], job_id: str) -> Answer:
    """Run a failed or cancelled job again, on what it made before."""
    return Answer(call.app.app.jobs.retry(call.principal.uid, job_id))


@door.get("/jobs/{job_id}/result", policy=Policy.USER, answers=Result)
def read_result(call: Call[Studio], job_id: str) -> Answer:
    """List the files of a completed job."""
    job = _completed(call, job_id)
    files = [
        ResultFile(name=file.name, content_type=file.content_type, href=f"/api/v1/jobs/{job_id}/files/{file.name}")
        for file in _files(job)
    ]
    return Answer(Result(files=files, reports=job.result.reports if job.result else {}))


@door.get("/jobs/{job_id}/files/{name}", policy=Policy.USER, answers="application/octet-stream")
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
    return job.result.files if job.result else []


@functions_framework.http
def jobs(request: Request) -> Response:
    return door.serve(request, studio)
