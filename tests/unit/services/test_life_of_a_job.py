"""A job under at-least-once delivery: late, repeated and out-of-order tasks, cancels, retries, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.config import read_settings
from shared.domain.asset import AssetType
from shared.domain.errors import Conflict, InvalidInput, StorageFull, TooLarge
from shared.domain.job import Job, JobChanges, JobStatus, Priority, StepStatus, StepTask, TaskRef
from shared.domain.new_job import NewJob
from shared.domain.project import NewChapter, NewProject
from shared.ports.tasks import TaskState
from shared.services.keep_plans import SegmentChanges
from shared.wiring import App, build

pytestmark = pytest.mark.media
ME = "local"
TEXT = "The rain had stopped.\n\nNobody spoke for a while.\n\nThen a dog barked twice."


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A studio whose queue delivers nothing by itself: the test is the queue."""
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path)}))
    yield studio
    studio.close()


def asked(app: App, **wish: Any) -> Job:
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text=TEXT))
    small = {"frame": {"width": 320, "height": 180}, "profile": "preview"}
    given = {"project_id": project.id, "chapter_id": chapter.id, **small, **wish}
    return app.jobs.create(ME, NewJob.model_validate({"type": "narration", "input": given}))


def look(app: App, job: Job, step: str, number: int = 0, attempt: int = 1) -> Job:
    ref = TaskRef(owner=ME, job_id=job.id, attempt=attempt, step=step, round=number)
    app.advance.look(StepTask(ref=ref))
    return app.jobs.get(ME, job.id)[0]


def queued(app: App, prefix: str) -> list[str]:
    return [t.name for t in app.tasks.recent(500) if t.name.startswith(prefix) and t.state is TaskState.SCHEDULED]


def voice_all(app: App, job: Job, number: int = 0) -> None:
    wish = app.jobs.get(ME, job.id)[0]
    ref = TaskRef(owner=ME, job_id=job.id, attempt=wish.attempt, step="voice", round=number)
    for unit in app.advance.units(wish, ref):
        app.advance.voice(unit.task)  # type: ignore[arg-type]  # the units of this step are texts to be spoken


def test_a_late_duplicate_of_a_look_changes_nothing(app: App) -> None:
    job = asked(app)
    look(app, job, "plan")
    look(app, job, "voice")
    voice_all(app, job)
    done = look(app, job, "voice", 1)
    assert done.step("voice").status is StepStatus.COMPLETED
    again = look(app, job, "voice", 0)
    assert again.step("voice") == done.step("voice")
    assert look(app, job, "plan").step("plan").status is StepStatus.COMPLETED


def test_a_unit_delivered_twice_is_counted_once(app: App) -> None:
    job = asked(app)
    look(app, job, "plan")
    look(app, job, "voice")
    ref = TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice")
    first = app.advance.units(app.jobs.get(ME, job.id)[0], ref)[0]
    for _ in range(5):
        app.advance.voice(first.task)  # type: ignore[arg-type]  # as above
    assert queued(app, f"{job.id}-a1-voice-1") == []


def test_an_edit_while_the_job_runs_waits_for_the_next_job(app: App) -> None:
    job = asked(app)
    look(app, job, "plan")
    wish = job.input
    plan = app.plans.get(ME, wish["project_id"], wish["chapter_id"])
    change = SegmentChanges(text="Another text.")
    app.plans.edit(ME, wish["project_id"], wish["chapter_id"], plan.segments[0].segment_id, change)
    look(app, job, "voice")
    voice_all(app, job)
    look(app, job, "voice", 1)
    composed = look(app, job, "compose")
    assert composed.step("compose").status is StepStatus.COMPLETED
    record = app.renders.get(ME, composed.blueprints["en"])
    assert b"The rain had stopped." in app.renders.document(record)
    assert b"Another text." not in app.renders.document(record)


def test_a_retry_is_not_cancelled_with_the_attempt_before_it(app: App) -> None:
    job = asked(app)
    app.jobs.cancel(ME, job.id)
    app.jobs.retry(ME, job.id)
    app.tasks.cancel(f"{job.id}-a1-")  # the cancel that comes late
    assert queued(app, f"{job.id}-a2-plan") == [f"{job.id}-a2-plan-0-look"]


def test_tasks_of_an_earlier_attempt_are_dropped(app: App) -> None:
    job = asked(app)
    app.jobs.cancel(ME, job.id)
    app.jobs.retry(ME, job.id)
    assert look(app, job, "plan", attempt=1).step("plan").status is StepStatus.PENDING
    assert look(app, job, "plan", attempt=2).step("plan").status is StepStatus.COMPLETED


def test_a_job_nothing_is_queued_for_goes_on(app: App) -> None:
    job = asked(app)
    app.tasks.cancel(f"{job.id}-")  # as if the process had died between the record and the queue
    assert app.advance.resume(timedelta(hours=1)) == 0
    assert app.advance.resume(timedelta(0)) == 1
    assert len(queued(app, f"{job.id}-a1-plan")) == 1
    app.jobs.cancel(ME, job.id)
    assert app.advance.resume(timedelta(0)) == 0


def test_a_new_priority_moves_what_is_queued(app: App) -> None:
    job = asked(app)
    look(app, job, "plan")
    look(app, job, "voice")
    slow = {t.queue for t in app.tasks.recent() if "-voice-0-" in t.name and not t.name.endswith("look")}
    assert slow == {"speech-normal"}
    app.jobs.change(ME, job.id, JobChanges(priority=Priority.URGENT))
    (fresh,) = queued(app, f"{job.id}-a1-voice")
    look(app, job, "voice", int(fresh.split("-")[3]))
    moved = [t.queue for t in app.tasks.recent() if t.state is TaskState.SCHEDULED and t.queue.startswith("speech")]
    assert moved == ["speech-urgent"] * 3


def test_a_failure_stops_what_the_attempt_queued(app: App) -> None:
    job = asked(app)
    look(app, job, "plan")
    look(app, job, "voice")
    ref = TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice")
    app.advance.fail(ref, StorageFull("No space is left."))
    ended, _ = app.jobs.get(ME, job.id)
    assert ended.status is JobStatus.FAILED
    assert ended.error and ended.error["type"] == "storage-full"
    assert queued(app, f"{job.id}-a1-") == []


def test_two_tags_that_differ_in_case_are_two_films(app: App) -> None:
    job = asked(app, translate_to=["es-ES", "es-es"], narrate=["es-ES", "es-es"])
    names = {app.renders.execution_name(job, place, 0) for place in range(2)}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("voices", "pointer"),
    [({"en": {"narrator": "espeak/es"}}, "/input/voices/en/narrator"), ({"fr": {}}, "/input/voices/fr")],
)
def test_a_cast_that_cannot_be_heard_is_refused(app: App, voices: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(app, voices=voices)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_picture_is_no_music(app: App) -> None:
    picture = app.assets.create(ME, AssetType.BACKGROUND, "cover", b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(InvalidInput, match="song is needed"):
        asked(app, music_asset_id=picture.id)
    with pytest.raises(Conflict, match="pending"):
        asked(app, cover_asset_id=picture.id)


def test_a_chapter_longer_than_a_production_is_refused_at_once(app: App) -> None:
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text="A long, long line. " * 40_000))
    given = {"project_id": project.id, "chapter_id": chapter.id}
    with pytest.raises(TooLarge, match="hours"):
        app.jobs.create(ME, NewJob.model_validate({"type": "narration", "input": given}))
