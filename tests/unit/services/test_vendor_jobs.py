"""Jobs that paid vendors speak: paid for once, checked, spoken by another only where that is told, never in silence."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.asset import Asset, AssetStatus, AssetType
from shared.domain.errors import (
    BadOutput,
    EngineBusy,
    EngineFailed,
    EngineUnavailable,
    InvalidInput,
    NotFound,
    SpendingCapReached,
)
from shared.domain.job import Job, JobChanges, JobStatus, StepTask, TaskRef, VoiceTask
from shared.domain.new_job import NewJob, TextToSpeechInput
from shared.domain.plan import Segment
from shared.domain.project import NewChapter, NewProject
from shared.domain.waveform import Waveform, read_wav, write_wav
from shared.services.keep_plans import SegmentChanges
from shared.wiring import App
from tests.support.jobs import ME, quiet_app
from tests.support.speech_vendors import RATE, Vendors, hum, speech_vendors, vendor_settings

VOICE = "google/en-US-Neural2-C"
LINES = ["The lamp is lit again tonight.", "Nobody in the village knows why."]
SILENCE = write_wav(Waveform(RATE, array("h", bytes(2 * RATE))))
pytestmark = pytest.mark.media


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with speech_vendors() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, vendors: Vendors) -> Iterator[App]:
    with quiet_app(tmp_path, **vendor_settings(vendors)) as made:
        yield made


def asked(app: App, voice: str = VOICE, lines: list[str] = LINES, **more: Any) -> Job:
    given = {"segments": [{"text": line} for line in lines], "voice": voice, **more}
    return app.jobs.create(ME, NewJob.model_validate({"type": "text_to_speech", "input": given}))


def ref_of(job: Job, step: str = "voice", number: int = 0) -> TaskRef:
    return TaskRef(owner=ME, job_id=job.id, attempt=job.attempt, step=step, round=number)


def now(app: App, job: Job) -> Job:
    return app.jobs.get(ME, job.id)[0]


def look(app: App, job: Job, step: str = "voice", number: int = 0) -> Job:
    app.advance.look(StepTask(ref=ref_of(now(app, job), step, number)))
    return now(app, job)


def tasks_of(app: App, job: Job) -> list[VoiceTask]:
    units = app.advance.units(now(app, job), ref_of(now(app, job)))
    return [unit.task for unit in units if isinstance(unit.task, VoiceTask)]


def voiced(app: App, job: Job, *, is_last: bool = False) -> Job:
    look(app, job)
    for task in tasks_of(app, job):
        app.advance.voice(task, is_last=is_last)
    return now(app, job)


def finished(app: App, job: Job) -> Job:
    voiced(app, job)
    look(app, job, "voice", 1)
    return look(app, job, "collect")


def listing(app: App, job: Job) -> list[dict[str, Any]]:
    assert job.result
    found: list[dict[str, Any]] = json.loads(app.media.get(job.result.files[0].key))["items"]
    return found


def spending(app: App) -> tuple[str, str]:
    view = app.speech_desk.spending.view(ME)
    return view.spent, view.held


PRICE = f"{sum(map(len, LINES)) * 16 / 1e6:.6f}".rstrip("0")


def test_a_job_holds_what_it_may_cost_and_spends_what_it_said(app: App, vendors: Vendors) -> None:
    job = asked(app)
    assert spending(app) == ("0.00", PRICE)
    done = finished(app, job)
    assert done.status is JobStatus.COMPLETED and done.substituted == []
    assert spending(app) == (PRICE, "0.00")
    assert sorted(vendors.spoken) == sorted(LINES)
    again = finished(app, asked(app))
    assert again.status is JobStatus.COMPLETED
    assert spending(app) == (PRICE, "0.00") and len(vendors.spoken) == 2


def test_a_task_delivered_again_asks_and_charges_nothing(app: App, vendors: Vendors) -> None:
    job = asked(app)
    voiced(app, job)
    for _ in range(2):
        voiced(app, job)
    assert len(vendors.spoken) == 2
    charges, _ = app.speech_desk.spending.charges(ME, 10, None)
    assert sorted(charge.characters for charge in charges) == sorted(map(len, LINES))


def test_a_death_between_the_vendors_answer_and_its_keeping_charges_once(
    app: App, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(app)
    look(app, job)
    task = tasks_of(app, job)[0]
    with monkeypatch.context() as death:
        death.setattr(app.media, "put", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            app.advance.voice(task)
    app.advance.voice(task)
    assert len(vendors.spoken) == 2  # the vendor was asked twice,
    assert len(app.speech_desk.spending.charges(ME, 10, None)[0]) == 1  # and the user pays for one


def test_the_cap_refuses_before_anything_is_queued(app: App, vendors: Vendors) -> None:
    app.speech_desk.spending.set_cap(ME, 100)
    with pytest.raises(SpendingCapReached):
        asked(app)
    assert app.tasks.recent() == [] and vendors.spoken == []
    assert app.documents.count("jobs") == 0
    assert asked(app, "flite/slt")  # what costs nothing goes on


def test_two_jobs_cannot_both_spend_what_is_left_for_one(app: App) -> None:
    app.speech_desk.spending.set_cap(ME, round(float(PRICE) * 1.5e6))
    asked(app)
    with pytest.raises(SpendingCapReached):
        asked(app, lines=[line + " Truly." for line in LINES])


def test_what_a_job_held_is_free_when_it_is_cancelled_or_fails(app: App, vendors: Vendors) -> None:
    job = asked(app)
    look(app, job)
    app.advance.voice(tasks_of(app, job)[0])
    app.jobs.cancel(ME, job.id)
    spent, held = spending(app)
    assert (spent, held) == (f"{len(LINES[0]) * 16 / 1e6:g}", "0.00")
    other = asked(app, lines=["Something else is said here."])
    app.advance.fail(ref_of(other), EngineFailed("it broke"))
    assert spending(app) == (spent, "0.00")


def test_a_retry_holds_anew_what_is_still_to_be_said(app: App) -> None:
    job = asked(app)
    look(app, job)
    app.advance.voice(tasks_of(app, job)[0])
    app.jobs.cancel(ME, job.id)
    app.jobs.retry(ME, job.id)
    assert spending(app)[1] == f"{len(LINES[1]) * 16 / 1e6:g}"


def test_a_vendors_texts_wait_in_a_queue_of_their_own(app: App) -> None:
    job = asked(app)
    look(app, job)
    queues = {
        record.queue
        for record in app.tasks.recent()
        if f"{job.id}-a1-voice-0-" in record.name and "look" not in record.name
    }
    assert queues == {"speech-google-normal"}


def test_a_vendor_that_is_down_is_waited_for_and_left_alone(app: App, vendors: Vendors) -> None:
    job = asked(app)
    look(app, job)
    task = tasks_of(app, job)[0]
    vendors.down = True
    for _ in range(5):
        with pytest.raises(EngineFailed):
            app.advance.voice(task)
    with pytest.raises(EngineBusy) as waiting:
        app.advance.voice(task)
    assert waiting.value.retry_after_s and waiting.value.retryable
    assert len(vendors.spoken) == 5


def test_the_fallback_speaks_where_the_vendor_is_down_and_that_is_told(app: App, vendors: Vendors) -> None:
    job = asked(app, fallback="flite/slt")
    look(app, job)
    vendors.down = True
    first, second = tasks_of(app, job)
    with pytest.raises(EngineFailed):
        app.advance.voice(first)  # it may pass by itself
    app.advance.voice(first, is_last=True)
    vendors.down = False
    app.advance.voice(second)
    look(app, job, "voice", 1)
    done = look(app, job, "collect")
    assert done.status is JobStatus.COMPLETED
    (told,) = done.substituted
    assert (told.segment_id, told.spoken_by, told.instead_of) == ("1", "flite/slt", VOICE)
    assert "503" in told.reason
    items = listing(app, done)
    assert [item.get("spoken_by") for item in items] == ["flite/slt", None]
    assert spending(app) == (f"{len(LINES[1]) * 16 / 1e6:g}", "0.00")


def test_without_a_fallback_nobody_else_speaks(app: App, vendors: Vendors) -> None:
    job = asked(app)
    look(app, job)
    vendors.refuse(401)
    with pytest.raises(EngineUnavailable, match="REELPRINT_GOOGLE_SPEECH_KEY"):
        app.advance.voice(tasks_of(app, job)[0], is_last=True)


def test_a_bad_sound_is_asked_for_again_and_paid_again(app: App, vendors: Vendors) -> None:
    vendors.sounds.append(SILENCE)
    done = finished(app, asked(app, lines=LINES[:1]))
    assert done.status is JobStatus.COMPLETED
    assert len(vendors.spoken) == 2
    assert spending(app) == (f"{2 * len(LINES[0]) * 16 / 1e6:g}", "0.00")


def test_another_attempt_is_not_made_beyond_the_cap(app: App, vendors: Vendors) -> None:
    app.speech_desk.spending.set_cap(ME, len(LINES[0]) * 16)
    vendors.sounds += [SILENCE] * 3
    voiced(app, asked(app, lines=LINES[:1]))
    assert len(vendors.spoken) == 1


def test_sounds_that_stay_bad_end_the_job_with_all_of_them_named(app: App, vendors: Vendors) -> None:
    vendors.sounds += [SILENCE] * 3
    job = asked(app, lines=[*LINES, "And a third one, which is well."])
    voiced(app, job)
    with pytest.raises(BadOutput) as refused:
        look(app, job, "voice", 1)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/segments/1", "silent-speech")]
    assert len(vendors.spoken) == 5
    app.advance.fail(ref_of(job), refused.value)  # as the door does
    app.jobs.retry(ME, job.id)
    done = finished(app, job)
    assert done.status is JobStatus.COMPLETED
    assert len(vendors.spoken) == 6  # one anew; the others were kept


def test_a_vendor_that_falls_silent_or_slow_is_found_out(app: App, vendors: Vendors) -> None:
    text = "She had counted every step of the tower, and there were two hundred and twelve of them in all."
    whole = read_wav(hum(text, "v")).samples
    half = len(whole) // 2
    hole = write_wav(Waveform(RATE, whole[:half] + array("h", bytes(2 * 6 * RATE)) + whole[half:]))
    vendors.sounds += [hole] * 3
    with pytest.raises(BadOutput, match="falls silent"):
        app.voice_segment.make(text, VOICE, {})
    for number in range(8):  # the pace of the voice becomes known
        app.voice_segment.make(f"{text} This is number {number}.", VOICE, {})
    vendors.sounds += [write_wav(Waveform(RATE, whole[: len(whole) * 55 // 100]))] * 3
    with pytest.raises(BadOutput, match="missing"):
        app.voice_segment.make(text, VOICE, {})


def test_words_are_timed_where_the_engine_can(app: App) -> None:
    done = finished(app, asked(app, lines=["One lamp, two."], word_times=True))
    words = listing(app, done)[0]["words"]
    assert [word["start"] for word in words] == [0, 4, 10]
    assert words[0]["ms"] == 20  # the silence before it was cut to that
    with pytest.raises(InvalidInput) as refused:
        asked(app, "openai/alloy", word_times=True)
    assert refused.value.faults[0].pointer == "/input/word_times"


def test_an_estimate_counts_what_is_not_voiced_yet(app: App) -> None:
    wish = TextToSpeechInput.model_validate(
        {"segments": [{"text": line} for line in [*LINES, LINES[0]]], "voice": VOICE}
    )
    before = app.estimate.text(ME, wish)
    assert (before.texts, before.cached, before.price, before.is_exact) == (2, 0, PRICE, True)
    finished(app, asked(app))
    after = app.estimate.text(ME, wish)
    assert (after.texts, after.cached, after.characters, after.price) == (2, 2, 0, "0.00")
    assert after.minutes == before.minutes
    free = app.estimate.text(ME, wish.model_copy(update={"voice": "flite/slt"}))
    assert (free.characters, free.price) == (sum(map(len, LINES)), "0.00")


def test_a_tier_has_its_own_price(app: App) -> None:
    wish = TextToSpeechInput(text=LINES[0], voice="google/en-US-Studio-Q")
    assert app.estimate.text(ME, wish).price == f"{len(LINES[0]) * 160 / 1e6:g}"


# Pausing


def test_a_paused_job_begins_nothing_and_goes_on_without_doing_anything_twice(app: App, vendors: Vendors) -> None:
    job = asked(app)
    look(app, job)
    first, second = tasks_of(app, job)
    app.advance.voice(first)
    paused = app.jobs.change(ME, job.id, JobChanges(paused=True))
    assert paused.paused_at and paused.status is JobStatus.RUNNING
    app.advance.voice(second)  # it was on its way
    look(app, job, "voice", 1)
    assert vendors.spoken == [LINES[0]]
    assert not [r for r in app.tasks.recent() if r.state == "scheduled" and r.name.startswith(job.id)]
    gone_on = app.jobs.change(ME, job.id, JobChanges(paused=False))
    assert gone_on.paused_at is None
    waiting = [r.name for r in app.tasks.recent() if r.state == "scheduled" and r.name.startswith(job.id)]
    assert len(waiting) == 1 and waiting[0].endswith("-look")
    number = int(waiting[0].rsplit("-", 2)[1])
    look(app, job, "voice", number)
    again = [r.name for r in app.tasks.recent() if f"-voice-{number}-" in r.name and "look" not in r.name]
    assert len(again) == 1  # the one that was not there yet
    app.advance.voice(second.model_copy(update={"ref": second.ref.model_copy(update={"round": number})}))
    look(app, job, "voice", number + 1)
    assert look(app, job, "collect").status is JobStatus.COMPLETED
    assert vendors.spoken == LINES


def test_a_paused_job_is_not_woken_by_a_restart_and_can_be_cancelled(app: App) -> None:
    from datetime import timedelta

    from shared.domain.errors import Conflict

    job = asked(app)
    app.jobs.change(ME, job.id, JobChanges(paused=True))
    assert app.advance.resume(timedelta(0)) == 0
    cancelled = app.jobs.cancel(ME, job.id)
    assert cancelled.status is JobStatus.CANCELLED and cancelled.paused_at is None
    with pytest.raises(Conflict):
        app.jobs.change(ME, job.id, JobChanges(paused=True))


# Plans and cloned voices


def planned(app: App, *lines: str) -> tuple[str, str, list[Segment]]:
    project = app.projects.create(ME, NewProject(title="Tales", language="en"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="One", text="\n\n".join(lines)))
    app.plans.ensure(ME, project.id, chapter.id)
    return project.id, chapter.id, app.plans.get(ME, project.id, chapter.id).segments


def test_a_flagged_segment_is_marked_in_the_plan_with_the_reason(app: App, vendors: Vendors) -> None:
    project, chapter, segments = planned(app, *LINES)
    wish = {"project_id": project, "chapter_id": chapter, "voices": {"en": {"narrator": VOICE}}}
    job = app.jobs.create(ME, NewJob.model_validate({"type": "narration", "input": wish}))
    assert spending(app)[1] == PRICE
    vendors.sounds += [SILENCE] * 3
    look(app, job, "plan")
    voiced(app, job)
    with pytest.raises(BadOutput) as refused:
        look(app, job, "voice", 1)
    assert [fault.pointer for fault in refused.value.faults] == [f"/segments/{segments[0].segment_id}"]
    marked = app.plans.get(ME, project, chapter).segments
    assert [segment.needs_revision for segment in marked] == [True, False]
    assert "no audible speech" in marked[0].revision_reason
    cleared = app.plans.edit(ME, project, chapter, marked[0].segment_id, SegmentChanges(needs_revision=False))
    assert cleared.segments[0].revision_reason == ""


def sample(app: App, owner: str = ME) -> Asset:
    moment = app.clock.now()
    asset = Asset(
        id=f"ast_{owner}",
        owner=owner,
        created_at=moment,
        updated_at=moment,
        type=AssetType.VOICE_SAMPLE,
        name="me",
        size=9,
        upload_key="k",
        media_key=f"users/{owner}/sample.wav",
        status=AssetStatus.READY,
    )
    app.documents.put("assets", asset.id, asset.model_dump(mode="json"))
    app.media.put(asset.media_key, b"RIFF a voice of mine")
    return asset


def test_a_voice_made_of_a_recording_speaks_for_its_owner_alone(app: App, vendors: Vendors) -> None:
    mine, theirs = sample(app), sample(app, "other")
    done = finished(app, asked(app, f"zyphra/asset.{mine.id}"))
    assert done.status is JobStatus.COMPLETED
    assert b"speaker_audio" in vendors.asked[-1].body
    with pytest.raises(InvalidInput, match="is not there"):
        asked(app, f"zyphra/asset.{theirs.id}")
    project, chapter, segments = planned(app, *LINES)
    with pytest.raises(InvalidInput, match="is not there"):
        app.plans.edit(ME, project, chapter, segments[0].segment_id, SegmentChanges(voice=f"zyphra/asset.{theirs.id}"))
    with pytest.raises(NotFound, match="is not there"):
        app.speak_now.preview(ME, f"zyphra/asset.{theirs.id}")


def test_a_recording_that_a_plan_or_an_open_job_speaks_with_is_not_deleted(app: App) -> None:
    from shared.domain.errors import Conflict

    mine = sample(app)
    voice = f"zyphra/asset.{mine.id}"
    project, chapter, segments = planned(app, *LINES)
    app.plans.edit(ME, project, chapter, segments[0].segment_id, SegmentChanges(voice=voice))
    job = asked(app, voice)
    app.documents.create("casts", "cast", {"owner": ME, "members": [{"voices": {"en": voice}}]})
    with pytest.raises(Conflict) as refused:
        app.assets.delete(ME, mine.id)
    assert {fault.code for fault in refused.value.faults} == {"needed-by-plan", "needed-by-job", "needed-by-cast"}
    app.documents.delete("casts", "cast")
    app.plans.edit(ME, project, chapter, segments[0].segment_id, SegmentChanges(voice=""))
    app.jobs.cancel(ME, job.id)
    app.assets.delete(ME, mine.id)


def test_what_is_not_configured_says_what_to_set(tmp_path: Path) -> None:
    with quiet_app(tmp_path) as bare:
        states = {status.name: status for status in bare.speech.status()}
        assert not states["azure"].is_configured and "REELPRINT_AZURE_SPEECH_REGION" in states["azure"].reason
        with pytest.raises(EngineUnavailable, match="REELPRINT_GOOGLE_SPEECH_KEY"):
            asked(bare)
