"""Jobs on plain text, and the rest of what a job goes through by itself: real voices, real translation, no server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.errors import EngineFailed, EngineUnavailable, InvalidInput, NotFound, TooManyRequests
from shared.domain.job import Job, JobChanges, JobStatus, JobType, Priority, StepStatus, StepTask, TaskRef, VoiceTask
from shared.domain.new_job import MAX_CHARACTERS, MAX_SEGMENTS, NewJob
from shared.domain.project import NewChapter, NewProject
from shared.domain.waveform import read_wav
from shared.ports.tasks import TaskState
from shared.services.keep_jobs import JobFilter, JobSort
from shared.wiring import App
from tests.support.jobs import ME, quiet_app, running_job

SPEECH = {"segments": [{"text": "The lamp is lit."}, {"text": "Nobody knows why."}, {"text": "The lamp is lit."}]}
TRANSLATION = {"text": "Good morning.", "source_language": "en", "target_language": "es"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path, max_open_jobs="3") as made:
        yield made


def asked(app: App, kind: str, given: dict[str, Any], **fields: Any) -> Job:
    return app.jobs.create(ME, NewJob.model_validate({"type": kind, "input": given, **fields}))


def ref_of(app: App, job: Job, step: str, number: int = 0) -> TaskRef:
    attempt = app.jobs.get(ME, job.id)[0].attempt
    return TaskRef(owner=ME, job_id=job.id, attempt=attempt, step=step, round=number)


def look(app: App, job: Job, step: str, number: int = 0) -> Job:
    app.advance.look(StepTask(ref=ref_of(app, job, step, number)))
    return app.jobs.get(ME, job.id)[0]


def work_off(app: App, job: Job, step: str) -> Job:
    """What the queue would have done of a text job."""
    look(app, job, step)
    for unit in app.advance.units(app.jobs.get(ME, job.id)[0], ref_of(app, job, step)):
        if isinstance(unit.task, VoiceTask):
            app.advance.voice(unit.task)
        else:
            app.advance.translate(unit.task)
    look(app, job, step, 1)
    return look(app, job, "collect")


def listing(app: App, job: Job) -> list[dict[str, Any]]:
    assert job.result
    found: list[dict[str, Any]] = json.loads(app.media.get(job.result.files[0].key))["items"]
    return found


@pytest.mark.media
def test_text_becomes_one_sound_for_each_segment(app: App) -> None:
    job = work_off(app, asked(app, "text_to_speech", SPEECH), "voice")
    assert (job.status, job.percentage) == (JobStatus.COMPLETED, 100)
    assert job.step("voice").total == 2  # two of the three say the same
    items = listing(app, job)
    assert [item["file"] for item in items] == ["speech-001.wav", "speech-002.wav", "speech-003.wav"]
    assert items[0]["uri"] == items[2]["uri"] != items[1]["uri"]
    assert job.result
    for item, file in zip(items, job.result.artifacts, strict=True):
        assert item["uri"] == f"media://{file.key}"
        sound = read_wav(app.media.get(file.key))
        assert (len(sound.samples), sound.rate) == (item["samples"], item["sample_rate"])
    assert [file.name for file in job.result.files] == ["speech.json"]  # what is shared is not the job's own


@pytest.mark.media
def test_a_faster_rate_is_heard_and_a_single_text_has_no_number(app: App) -> None:
    usual = work_off(app, asked(app, "text_to_speech", {"text": "The lamp is lit."}), "voice")
    fast = work_off(app, asked(app, "text_to_speech", {"text": "The lamp is lit.", "rate": 1.5}), "voice")
    assert usual.result and [file.name for file in usual.result.everything] == ["speech.json", "speech.wav"]
    assert listing(app, fast)[0]["samples"] < 0.85 * listing(app, usual)[0]["samples"]


@pytest.mark.media
def test_text_is_translated(app: App) -> None:
    job = work_off(app, asked(app, "translation", TRANSLATION), "translate")
    (item,) = listing(app, job)
    assert job.status is JobStatus.COMPLETED
    assert (item["text"], item["source_language"], item["target_language"]) == ("Good morning.", "en", "es")
    assert "Buenos días" in item["translated_text"] and 0 <= item["confidence"] <= 1


@pytest.mark.media
@pytest.mark.parametrize(
    ("kind", "given", "pointer"),
    [
        ("text_to_speech", {"text": "Hi", "segments": [{"text": "Hi"}]}, "/input"),
        ("text_to_speech", {}, "/input"),
        ("text_to_speech", {"text": "  ...  "}, "/input/text"),
        ("text_to_speech", {"text": "Hi", "rate": 9}, "/input/rate"),
        ("text_to_speech", {"text": "Hi", "voice": "slt"}, "/input/voice"),
        ("text_to_speech", {"segments": [{"text": "Hi"}] * (MAX_SEGMENTS + 1)}, "/input/segments"),
        ("text_to_speech", {"segments": [{"text": "a" * MAX_CHARACTERS}, {"text": "b"}]}, "/input"),
        ("translation", {"text": "Hi", "source_language": "en"}, "/input/target_language"),
        ("translation", {**TRANSLATION, "segments": ["Hi"]}, "/input"),
        ("video_generation", {}, "/input/blueprint_id"),
        ("full_pipeline", {"project_id": "p", "chapter_id": "c"}, "/input/translate_to"),
        ("full_pipeline", {"project_id": "p", "chapter_id": "c", "translate_to": []}, "/input/translate_to"),
        ("voice_clone", {}, "/input/voice_sample_asset_id"),
        ("choreography", {"song_asset_id": ""}, "/input/song_asset_id"),
        ("live_session", {"meeting_url": "http://x", "target_languages": ["es"]}, "/input/meeting_url"),
        ("live_session", {"meeting_url": "https://x", "target_languages": []}, "/input/target_languages"),
        ("nonsense", {}, "/type"),
    ],
)
def test_each_type_says_what_its_input_must_be(kind: str, given: dict[str, Any], pointer: str) -> None:
    from shared.domain.faults import faults_of

    document = {"type": kind, "input": given}
    with pytest.raises(ValidationError) as refused:
        NewJob.model_validate(document)
    assert [fault.pointer for fault in faults_of(refused.value, document)] == [pointer]


@pytest.mark.media
@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("text_to_speech", {"text": "Hola", "language": "es", "voice": "flite/slt"}, "wrong-language"),
        ("text_to_speech", {"text": "a " * 9_000}, "beyond-caps"),
        ("text_to_speech", {"text": "Hi", "voice": "flite/nobody"}, "unknown-voice"),
        ("translation", {**TRANSLATION, "target_language": "en-GB"}, "same-language"),
    ],
)
def test_what_no_engine_can_do_with_it_is_told_before_anything_is_queued(
    app: App, kind: str, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(app, kind, given)
    assert [fault.code for fault in refused.value.faults] == [code]
    assert app.tasks.recent() == []


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("voice_clone", {"voice_sample_asset_id": "ast_1"}),
        ("choreography", {"song_asset_id": "ast_1"}),
        ("live_session", {"meeting_url": "https://meet.example.com/x", "target_languages": ["es"]}),
        ("translation", {**TRANSLATION, "target_language": "xx"}),
        ("text_to_speech", {"text": "Hi", "language": "xx"}),
    ],
)
def test_what_has_no_engine_says_so_and_what_to_do(app: App, kind: str, given: dict[str, Any]) -> None:
    with pytest.raises(EngineUnavailable) as refused:
        asked(app, kind, given)
    assert "/api/v1/" in refused.value.detail or "the pairs here are" in refused.value.detail or kind == "live_session"
    assert app.documents.count("jobs") == 0


def test_a_blueprint_that_is_not_there_or_not_yours_is_not_rendered(app: App) -> None:
    with pytest.raises(NotFound):
        asked(app, "video_generation", {"blueprint_id": "bpr_nothing"})


@pytest.mark.media
def test_a_full_pipeline_is_a_narration_with_all_its_steps(app: App) -> None:
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text="It rained."))
    given = {"project_id": project.id, "chapter_id": chapter.id, "translate_to": ["es"], "narrate": ["en", "es"]}
    job = asked(app, "full_pipeline", given)
    assert job.type is JobType.FULL_PIPELINE
    names = ["plan", "voice", "translate", "voice_translation", "compose", "render"]
    assert [step.name for step in job.steps] == names
    assert look(app, job, "plan").step("plan").status is StepStatus.COMPLETED


@pytest.mark.media
def test_a_retry_goes_on_at_the_step_that_failed(app: App) -> None:
    job = asked(app, "translation", TRANSLATION)
    ref = ref_of(app, job, "translate")
    look(app, job, "translate")
    app.advance.translate(app.advance.units(job, ref)[0].task)  # type: ignore[arg-type]  # as above
    look(app, job, "translate", 1)
    app.advance.fail(ref_of(app, job, "collect"), EngineFailed("It broke."))
    again = app.jobs.retry(ME, job.id)
    assert [step.status for step in again.steps] == [StepStatus.COMPLETED, StepStatus.PENDING]
    assert (again.status, again.attempt, again.percentage, again.error) == (JobStatus.PENDING, 2, 95, None)
    assert app.tasks.find(f"{job.id}-a2-collect-0-look")
    assert look(app, job, "collect").status is JobStatus.COMPLETED


@pytest.mark.media
def test_a_retry_begins_anew_where_something_made_has_vanished(app: App) -> None:
    job = asked(app, "translation", TRANSLATION)
    (unit,) = app.advance.units(job, ref_of(app, job, "translate"))
    look(app, job, "translate")
    app.advance.translate(unit.task)  # type: ignore[arg-type]  # as above
    look(app, job, "translate", 1)
    app.media.delete(unit.key.path)
    with pytest.raises(Exception, match="no longer in storage") as broken:
        look(app, job, "collect")
    app.advance.fail(ref_of(app, job, "collect"), broken.value)  # type: ignore[arg-type]  # it is a Conflict
    again = app.jobs.retry(ME, job.id)
    assert [step.status for step in again.steps] == [StepStatus.PENDING] * 2
    assert work_off(app, job, "translate").status is JobStatus.COMPLETED


@pytest.mark.media
def test_a_retry_hears_what_was_mended_in_the_plan(app: App) -> None:
    from shared.services.keep_plans import SegmentChanges

    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text="It rained."))
    job = asked(app, "narration", {"project_id": project.id, "chapter_id": chapter.id})
    look(app, job, "plan")
    app.advance.fail(ref_of(app, job, "voice"), EngineFailed("It broke."))
    kept = app.jobs.retry(ME, job.id)
    assert kept.step("plan").status is StepStatus.COMPLETED
    app.advance.fail(ref_of(app, job, "voice"), EngineFailed("It broke again."))
    segment = app.plans.get(ME, project.id, chapter.id).segments[0]
    app.plans.edit(ME, project.id, chapter.id, segment.segment_id, SegmentChanges(text="It snowed."))
    assert app.jobs.retry(ME, job.id).step("plan").status is StepStatus.PENDING


@pytest.mark.media
def test_the_queue_takes_the_urgent_first(app: App, tmp_path: Path) -> None:
    from shared.adapters.tasks.database import to_micros
    from shared.adapters.tasks.deliveries import Deliveries
    from shared.ports.tasks import QueueKind

    jobs = {name: asked(app, "translation", TRANSLATION, priority=name) for name in ("low", "normal", "high")}
    app.jobs.change(ME, jobs["low"].id, JobChanges(priority=Priority.URGENT))
    deliveries = Deliveries(app.tasks.database)
    now = to_micros(app.clock.now())
    with deliveries.transaction():
        claimed = [delivery.name for _ in range(3) for delivery in deliveries.claim(QueueKind.JOB, 1, now)]
    deliveries.close()
    assert [name.partition("-")[0] for name in claimed] == [jobs[name].id for name in ("low", "high", "normal")]


@pytest.mark.media
def test_nobody_has_more_open_jobs_than_there_is_room_for(app: App) -> None:
    jobs = [asked(app, "translation", TRANSLATION) for _ in range(3)]
    with pytest.raises(TooManyRequests) as refused:
        asked(app, "translation", TRANSLATION)
    assert refused.value.retry_after_s
    app.jobs.cancel(ME, jobs[0].id)
    assert asked(app, "translation", TRANSLATION).status is JobStatus.PENDING
    other = NewJob.model_validate({"type": "translation", "input": TRANSLATION})
    assert app.jobs.create("somebody-else", other).owner == "somebody-else"


@pytest.mark.media
def test_a_cancelled_job_has_nothing_on_the_queue(app: App) -> None:
    job = asked(app, "text_to_speech", SPEECH)
    look(app, job, "voice")
    assert [t for t in app.tasks.recent() if t.name.startswith(job.id) and t.state is TaskState.SCHEDULED]
    (unit, _) = app.advance.units(app.jobs.get(ME, job.id)[0], ref_of(app, job, "voice"))
    app.jobs.cancel(ME, job.id)
    assert [t for t in app.tasks.recent() if t.name.startswith(job.id) and t.state is TaskState.SCHEDULED] == []
    app.advance.voice(unit.task)  # type: ignore[arg-type]  # one that was being delivered just then
    assert app.media.stat(unit.key.path) is None


def test_jobs_are_listed_by_any_filter_in_any_sort(app: App) -> None:
    from datetime import timedelta

    noon = app.clock.now()
    for n, priority in enumerate((Priority.HIGH, Priority.LOW, Priority.URGENT, Priority.NORMAL, Priority.LOW)):
        moment = noon + timedelta(hours=n)
        status = JobStatus.COMPLETED if n % 2 else JobStatus.FAILED
        kind = JobType.NARRATION if n == 4 else JobType.TRANSLATION
        running_job(
            app,
            id=f"job_{n}",
            created_at=moment,
            updated_at=noon - timedelta(hours=n),
            priority=priority,
            status=status,
            type=kind,
        )
    running_job(app, "somebody-else", id="job_other")

    def ids(sort: JobSort, **wanted: Any) -> str:
        found, cursor = "", None
        while True:
            page = app.jobs.page(ME, JobFilter(**wanted), sort, limit=2, cursor=cursor)
            found += "".join(job.id.removeprefix("job_") for job in page.items)
            cursor = page.cursor
            if cursor is None:
                return found

    assert ids(JobSort.CREATED) == "01234"
    assert ids(JobSort.NEWEST) == "43210"
    assert ids(JobSort.UPDATED) == "43210"
    assert ids(JobSort.LATELY_UPDATED) == "01234"
    assert ids(JobSort.PRIORITY) == "14302"
    assert ids(JobSort.URGENT_FIRST) == "20341"
    assert ids(JobSort.CREATED, status=JobStatus.FAILED) == "024"
    assert ids(JobSort.NEWEST, priority=Priority.LOW) == "41"
    assert ids(JobSort.URGENT_FIRST, priority=Priority.LOW) == "41"
    assert ids(JobSort.CREATED, type=JobType.NARRATION) == "4"
    assert ids(JobSort.CREATED, created_after=noon, created_before=noon + timedelta(hours=3)) == "12"
    assert ids(JobSort.URGENT_FIRST, created_after=noon, status=JobStatus.FAILED) == "24"
    token = app.jobs.page(ME, JobFilter(), JobSort.CREATED, limit=2, cursor=None).cursor
    for owner, wanted, sort in (
        ("somebody-else", JobFilter(), JobSort.CREATED),
        (ME, JobFilter(), JobSort.NEWEST),
        (ME, JobFilter(status=JobStatus.FAILED), JobSort.CREATED),
    ):
        with pytest.raises(InvalidInput, match="cursor"):
            app.jobs.page(owner, wanted, sort, limit=2, cursor=token)
