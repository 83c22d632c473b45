"""What goes with a user: jobs that run are stopped, films and uploads removed, records deleted; others keep theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.config import read_settings
from shared.domain.job import Job, JobFile, JobResult, JobStatus, JobType
from shared.domain.project import NewProject
from shared.ports.documents import Where
from shared.services.delete_user import OWNED, keepers_of
from shared.wiring import App, build
from tests.support.clock import NOON


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path)}))
    yield studio
    studio.close()


def delete_all(app: App, uid: str) -> None:
    for keeper in keepers_of(app.documents, app.jobs, app.uploads, app.media):
        keeper(uid)


def add_job(app: App, uid: str, name: str, status: JobStatus) -> str:
    """A job on record, and its film in storage where it is completed."""
    files = [JobFile(name="en.mp4", key=f"artifacts/video/{name}.mp4", content_type="video/mp4")]
    is_done = status is JobStatus.COMPLETED
    job = Job(
        id=name,
        owner=uid,
        created_at=NOON,
        updated_at=NOON,
        type=JobType.NARRATION,
        status=status,
        input={},
        result=JobResult(files=files) if is_done else None,
        executions={} if is_done else {"en": f"{name}-execution"},
    )
    app.documents.create("jobs", name, job.model_dump(mode="json"))
    if is_done:
        app.media.put(files[0].key, b"film")
    return files[0].key


def test_all_that_is_theirs_goes_and_what_is_others_stays(app: App) -> None:
    films = {uid: add_job(app, uid, f"job_{uid}", JobStatus.COMPLETED) for uid in ("usr_a", "usr_b")}
    for uid in films:
        app.projects.create(uid, NewProject(title="Tales"))
        app.uploads.put(f"users/{uid}/ast_1", b"bytes")
        for number in range(250):  # more than are deleted at once
            app.documents.create("assets", f"ast_{uid}_{number}", {"owner": uid})
    for _ in range(2):  # the second time there is nothing left to do
        delete_all(app, "usr_a")
        assert {name: app.documents.count(name, [Where("owner", "==", "usr_a")]) for name in OWNED} == dict.fromkeys(
            OWNED, 0
        )
        assert app.media.stat(films["usr_a"]) is None and app.uploads.stat("users/usr_a/ast_1") is None
    assert app.documents.count("assets", [Where("owner", "==", "usr_b")]) == 250
    assert app.documents.count("projects") == app.documents.count("jobs") == 1
    assert app.media.stat(films["usr_b"]) and app.uploads.stat("users/usr_b/ast_1")


def test_a_running_job_is_stopped_before_it_is_forgotten(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    add_job(app, "usr_a", "job_1", JobStatus.RUNNING)
    stopped: list[tuple[str, str]] = []
    cancel = app.jobs.cancel

    def noting(owner: str, job_id: str) -> Job:
        stopped.append((owner, job_id))
        return cancel(owner, job_id)

    monkeypatch.setattr(app.jobs, "cancel", noting)
    delete_all(app, "usr_a")
    assert stopped == [("usr_a", "job_1")] and app.documents.get("jobs", "job_1") is None


def test_a_uid_that_begins_like_another_takes_nothing_of_it(app: App) -> None:
    app.uploads.put("users/usr_ab/ast_1", b"bytes")
    delete_all(app, "usr_a")
    assert app.uploads.stat("users/usr_ab/ast_1")
