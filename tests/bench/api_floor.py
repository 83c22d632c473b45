"""Whose job is asked for when the API is measured, and what no way of reading it can leave out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from shared.config import read_settings
from shared.domain.job import Job, JobStatus, JobType, Step
from shared.wiring import App, build
from tests.bench.accounts import microseconds
from tests.support.accounts import fresh_user


@dataclass(frozen=True)
class Subject:
    """Somebody signed in, a job of theirs, and the request for it."""

    uid: str
    token: str
    job: dict[str, Any]

    @property
    def request(self) -> bytes:
        line = f"GET /api/v1/jobs/{self.job['id']} HTTP/1.1"
        return f"{line}\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()


@dataclass(frozen=True)
class Floor:
    """Seconds of CPU. A signature is checked once a token and process, so it is told and not counted."""

    signature: float
    account: float
    job: float
    dump: float

    @property
    def total(self) -> float:
        return self.account + self.job + self.dump

    def __str__(self) -> str:
        parts = {"who calls": self.account, "one job read and checked": self.job, "its JSON": self.dump}
        told = ", ".join(f"{what} {seconds * 1e6:.0f} us" for what, seconds in parts.items())
        return f"{told}; in a process alone. A token's first signature {self.signature * 1e6:.0f} us more."


def new_subject(data: Path) -> Subject:
    """On a data folder that is made for it."""
    with _app(data) as app, Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        who, now = fresh_user(app), app.clock.now()
        job = Job(
            id=f"job_{1:024x}",
            owner=who.uid,
            created_at=now,
            updated_at=now,
            type=JobType.NARRATION,
            status=JobStatus.RUNNING,
            input={"project_id": f"prj_{1:024x}", "chapter_id": f"chp_{1:024x}", "profile": "standard"},
            steps=[Step(name=name, weight=20) for name in ("plan", "voice", "translate", "compose", "render")],
        ).model_dump(mode="json")
        app.documents.put("jobs", str(job["id"]), job)
        return Subject(who.uid, who.tokens.access_token, job)


def floor(data: Path, subject: Subject) -> Floor:
    """What each part takes when nothing else is going on."""
    with _app(data) as app:
        sessions, job_id = app.accounts.sessions, subject.job["id"]
        job = Job.model_validate(subject.job)

        def signature() -> None:
            sessions._access._verify(subject.token)  # type: ignore[attr-defined]  # past what it remembers

        return Floor(
            signature=_seconds(signature),
            account=_seconds(lambda: sessions.authenticate(subject.token)),
            job=_seconds(lambda: app.jobs.get(subject.uid, job_id)),
            dump=_seconds(lambda: to_json(job, by_alias=True)),
        )


def _seconds(work: Callable[[], object]) -> float:
    return microseconds(work) / 1e6


def _app(data: Path) -> closing[App]:
    return closing(build(read_settings({"REELPRINT_DATA_DIR": str(data)})))
