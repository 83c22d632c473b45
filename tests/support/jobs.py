"""Jobs for tests: a studio whose queue delivers nothing by itself, and jobs in whatever state a test needs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from functions._http.guard import HeaderLookup, Principal
from functions.studio import Studio, open_studio, use_studio
from shared.config import read_settings
from shared.domain.job import Job, JobStatus, JobType, Step, StepStatus
from shared.services.record_job_event import JobRecords
from shared.wiring import App, build

ME = "local"


@contextmanager
def quiet_app(folder: Path, **settings: str) -> Iterator[App]:
    """A studio without a dispatcher. `settings` are REELPRINT_* values by their lower-case names."""
    given = {f"REELPRINT_{name.upper()}": value for name, value in settings.items()}
    app = build(read_settings({"REELPRINT_DATA_DIR": str(folder), **given}))
    try:
        yield app
    finally:
        app.close()


class NamedGuard:
    """Whoever a request names in X-Test-User calls; without it, the studio's one user."""

    def authenticate(self, headers: HeaderLookup) -> Principal:
        return Principal(uid=headers.get("X-Test-User") or ME, roles=frozenset({"user"}))


@contextmanager
def served(app: App) -> Iterator[None]:
    """While it lasts, the doors of this process are this studio's."""
    opened = open_studio(app)
    before = use_studio(Studio(app, NamedGuard(), opened.task_guard))
    try:
        yield
    finally:
        use_studio(before)


def records_of(app: App) -> JobRecords:
    return JobRecords(app.documents, app.clock, app.tasks, app.bell)


def running_job(app: App, owner: str = ME, **fields: Any) -> Job:
    """A job that runs until a test ends it: any look at its step finds that a later one has taken over."""
    step = Step(name="voice", weight=100, status=StepStatus.RUNNING, round=10**15, done=1, total=9)
    now = app.clock.now()
    given: dict[str, Any] = {
        "id": f"job_{secrets.token_hex(12)}",
        "owner": owner,
        "created_at": now,
        "updated_at": now,
        "type": JobType.TEXT_TO_SPEECH,
        "status": JobStatus.RUNNING,
        "input": {"text": "Nobody reads this."},
        "steps": [step],
    }
    return records_of(app).begin(Job(**given | fields), None)


def progressed(app: App, job: Job, done: int) -> Job:
    """The job once its step has come to `done`."""

    def change(current: Job) -> Job:
        steps = [current.steps[0].model_copy(update={"done": done})]
        changed = current.model_copy(update={"steps": steps, "message": f"{done} of 9", "progress_at": None})
        return changed.model_copy(update={"percentage": changed.overall()})

    return records_of(app).update(job.owner, job.id, change)
