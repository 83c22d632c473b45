"""From the lexicon to the voice: an entry changes the sound, and the mark, of exactly the segments it hits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.config import read_settings
from shared.domain.errors import AlreadyExists, Conflict, NotFound, PreconditionFailed
from shared.domain.job import Job, StepTask, TaskRef, VoiceTask
from shared.domain.lexicon import Lexicon, LexiconEntry, NewEntry
from shared.domain.new_job import NewJob
from shared.domain.project import NewChapter, NewProject
from shared.ports.speech import Caps, SpeechEngine, Voice
from shared.services.engines import SpeechEngines
from shared.services.keep_plans import SegmentChanges
from shared.services.plan_options import PlanOptions
from shared.services.pronounce import Pronounce
from shared.wiring import App, build

pytestmark = pytest.mark.media
ME = "local"
TEXT = "Mara lit the lamp.\n\nTobias slept.\n\nThe lamp of Mara burned.\n\nTamara wept."
LAMP = NewEntry(language="en", pattern="the lamp", respelling="the lahmp")
MARA = NewEntry(language="en", pattern="Mara", respelling="Mah-ra")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path)}))
    yield studio
    studio.close()


@pytest.fixture
def place(app: App) -> tuple[str, str, str]:
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text=TEXT))
    app.plans.generate(ME, project.id, chapter.id, PlanOptions())
    return ME, project.id, chapter.id


def planned_job(app: App, place: tuple[str, str, str], **wish: Any) -> Job:
    given = {"project_id": place[1], "chapter_id": place[2], "frame": {"width": 320, "height": 180}, **wish}
    job = app.jobs.create(ME, NewJob.model_validate({"type": "narration", "input": given}))
    app.advance.look(StepTask(ref=TaskRef(owner=ME, job_id=job.id, attempt=1, step="plan")))
    return app.jobs.get(ME, job.id)[0]


def voiced(app: App, job: Job, step: str = "voice") -> dict[str, str]:
    """What a job sends to be spoken, and the address of its sound."""
    units = app.advance.units(job, TaskRef(owner=ME, job_id=job.id, attempt=1, step=step))
    return {unit.key.digest: unit.task.text for unit in units}


def marks(app: App, place: tuple[str, str, str]) -> list[bool]:
    return [segment.needs_revision for segment in app.plans.get(*place).segments]


def test_an_entry_changes_the_sound_of_exactly_what_it_hits(app: App, place: tuple[str, str, str]) -> None:
    before = voiced(app, planned_job(app, place))
    entry, revision = app.lexicon.create(ME, place[1], MARA)
    after = voiced(app, planned_job(app, place))
    assert list(after.values()) == [
        "Mah-ra lit the lamp.",
        "Tobias slept.",
        "The lamp of Mah-ra burned.",
        "Tamara wept.",
    ]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False, True]
    assert (entry.marked, marks(app, place)) == (2, [True, False, True, False])
    assert [segment.text for segment in app.plans.get(*place).segments] == list(before.values())
    app.lexicon.delete(ME, place[1], entry.id, revision)
    assert voiced(app, planned_job(app, place)) == before


def test_an_edit_and_a_deletion_mark_what_they_touch_and_nothing_else(app: App, place: tuple[str, str, str]) -> None:
    mara, _ = app.lexicon.create(ME, place[1], MARA)
    segments = [segment.segment_id for segment in app.plans.get(*place).segments]

    def clear() -> None:
        for name in segments:
            app.plans.edit(*place, name, SegmentChanges(needs_revision=False))

    clear()
    assert app.lexicon.create(ME, place[1], LAMP)[0].marked == 2
    clear()
    only_one = MARA.model_copy(update={"pattern": "of Mara", "respelling": "of Mah-ra"})
    assert app.lexicon.create(ME, place[1], only_one)[0].marked == 0  # "the lamp of Mah-ra" it is already
    assert app.lexicon.replace(ME, place[1], mara.id, MARA.model_copy(update={"respelling": "May-ra"}))[0].marked == 1
    assert marks(app, place) == [True, False, False, False]
    clear()
    app.plans.edit(*place, segments[0], SegmentChanges(skipped=True))
    app.lexicon.delete(ME, place[1], mara.id)
    assert marks(app, place) == [False] * 4
    app.plans.edit(*place, segments[0], SegmentChanges(skipped=False))
    assert app.lexicon.create(ME, place[1], MARA)[0].marked == 1


def test_an_entry_of_another_language_marks_nothing_and_is_heard_in_that(app: App, place: tuple[str, str, str]) -> None:
    spanish = NewEntry(language="es", pattern="Mara", respelling="Marra")
    assert app.lexicon.create(ME, place[1], spanish)[0].marked == 0
    assert marks(app, place) == [False] * 4
    job = planned_job(app, place, narrate=["es"], translate_to=["es"])
    for unit in app.advance.units(job, TaskRef(owner=ME, job_id=job.id, attempt=1, step="translate")):
        app.advance.translate(unit.task)  # type: ignore[arg-type]  # the units of this step are translations
    said = list(voiced(app, job, "voice_translation").values())
    assert "Marra" in said[0] and "Mara" not in said[0].replace("Marra", "")


def test_a_job_speaks_as_the_lexicon_was_when_it_was_planned(app: App, place: tuple[str, str, str]) -> None:
    job = planned_job(app, place)
    before = voiced(app, job)
    app.lexicon.create(ME, place[1], MARA)
    assert voiced(app, job) == before
    for unit in app.advance.units(job, TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice")):
        assert isinstance(unit.task, VoiceTask)
        app.voice_segment.make(unit.task.text, unit.task.voice, unit.task.settings)
    app.advance.look(StepTask(ref=TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice", round=1)))
    app.advance.look(StepTask(ref=TaskRef(owner=ME, job_id=job.id, attempt=1, step="compose")))
    done = app.jobs.get(ME, job.id)[0]
    assert done.step("compose").done == 1


def test_captions_show_what_is_written_not_what_is_said(app: App, place: tuple[str, str, str]) -> None:
    app.lexicon.create(ME, place[1], MARA)
    job = planned_job(app, place)
    for unit in app.advance.units(job, TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice")):
        app.advance.voice(unit.task)  # type: ignore[arg-type]  # the units of this step are texts to be spoken
    app.advance.look(StepTask(ref=TaskRef(owner=ME, job_id=job.id, attempt=1, step="voice", round=1)))
    app.advance.look(StepTask(ref=TaskRef(owner=ME, job_id=job.id, attempt=1, step="compose")))
    record = app.renders.get(ME, app.jobs.get(ME, job.id)[0].blueprints["en"])
    document = json.loads(app.renders.document(record))
    shown = " ".join(cue["text"] for cue in document["captions"]["languages"]["en"])
    assert "Mara lit the lamp." in shown and "Mah-ra" not in shown


def test_hits_are_listed_page_by_page_through_the_chapters(app: App, place: tuple[str, str, str]) -> None:
    second = app.chapters.create(ME, place[1], NewChapter(title="S", text="No name.\n\nMara again.\n\nMARA once more."))
    app.plans.generate(ME, place[1], second.id, PlanOptions())
    app.chapters.create(ME, place[1], NewChapter(title="No plan", text="Mara."))
    entry, _ = app.lexicon.create(ME, place[1], MARA)
    found, cursor = [], None
    while True:
        hits, cursor = app.lexicon.hits(ME, place[1], entry.id, 1, cursor)
        found += hits
        if cursor is None:
            break
    assert [(hit.chapter_id == second.id, hit.spoken) for hit in found] == [
        (False, "Mah-ra lit the lamp."),
        (False, "The lamp of Mah-ra burned."),
        (True, "Mah-ra again."),
        (True, "Mah-ra once more."),
    ]
    assert found[2].text == "Mara again."
    assert entry.marked == 4


def test_an_entry_is_kept_once(app: App, place: tuple[str, str, str]) -> None:
    entry, revision = app.lexicon.create(ME, place[1], MARA)
    with pytest.raises(AlreadyExists, match=entry.id):
        app.lexicon.create(ME, place[1], MARA.model_copy(update={"pattern": "MARA"}))
    other, _ = app.lexicon.create(ME, place[1], MARA.model_copy(update={"speaker": "Tobias"}))
    with pytest.raises(AlreadyExists):
        app.lexicon.replace(ME, place[1], other.id, MARA)
    with pytest.raises(PreconditionFailed):
        app.lexicon.replace(ME, place[1], entry.id, LAMP, revision + 1)
    with pytest.raises(PreconditionFailed):
        app.lexicon.delete(ME, place[1], entry.id, revision + 1)
    elsewhere = app.projects.create(ME, NewProject(title="Other"))
    with pytest.raises(NotFound):
        app.lexicon.find(ME, elsewhere.id, entry.id)
    app.projects.delete(ME, place[1], app.chapters)
    assert app.documents.count("lexicon") == 0


def test_a_lexicon_has_an_end(app: App, place: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.services.keep_lexicon.MAX_ENTRIES", 1)
    app.lexicon.create(ME, place[1], LAMP)
    with pytest.raises(Conflict, match="Delete some"):
        app.lexicon.create(ME, place[1], MARA)


class IpaSpeech:
    """An engine that declares IPA; what it is asked to say is of no matter here."""

    def describe(self) -> SpeechEngine:
        voices = (Voice("sounds/one", "sounds", "one", "en", "unknown"),)
        return SpeechEngine("sounds", "1", Caps(), voices, settings=("rate", "ipa"))

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        raise AssertionError("nothing is spoken in this test")


def test_ipa_goes_to_the_engine_that_declares_it(app: App) -> None:
    project = app.projects.create(ME, NewProject(title="T"))
    both = NewEntry(language="en", pattern="Mara", respelling="Mah-ra", ipa="ˈmɑːrə")
    kept, _ = app.lexicon.create(ME, project.id, both)
    entry = LexiconEntry.model_validate(kept.model_dump())
    pronounce = Pronounce(SpeechEngines({"sounds": IpaSpeech(), "flite": _flite(app)}, {}))
    lexicon = Lexicon([entry], "en")
    assert pronounce(lexicon, "Mara slept.", "narrator", "sounds/one") == ("Mara slept.", {"ipa": '{"Mara":"ˈmɑːrə"}'})
    assert pronounce(lexicon, "Mara slept.", "narrator", "flite/slt") == ("Mah-ra slept.", {})
    assert pronounce(lexicon, "He slept.", "narrator", "sounds/one") == ("He slept.", {})
    assert {use.engine: (use.uses, "takes no IPA" in use.detail) for use in pronounce.uses(entry)} == {
        "sounds": ("ipa", False),
        "flite": ("respelling", True),
    }
    without = entry.model_copy(update={"respelling": None})
    assert {use.engine: use.uses for use in pronounce.uses(without)} == {"sounds": "ipa", "flite": "spelling"}


def test_ipa_alone_marks_nothing_where_no_engine_takes_it(app: App, place: tuple[str, str, str]) -> None:
    entry, _ = app.lexicon.create(ME, place[1], NewEntry(language="en", pattern="Mara", ipa="ˈmɑːrə"))
    assert entry.marked == 0
    assert {use.uses for use in entry.engines} == {"spelling"}
    assert all("takes no IPA" in use.detail for use in entry.engines)


def _flite(app: App) -> Any:
    return app.speech.find("flite/slt")[0]
