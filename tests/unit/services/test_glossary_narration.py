"""From the glossary to what is voiced: a narration follows the terms of when it was planned, and ships nothing flagged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.config import read_settings
from shared.domain.errors import AlreadyExists, BadOutput, NotFound
from shared.domain.glossary import NewTerm
from shared.domain.job import Job, StepTask, TaskRef
from shared.domain.new_job import NewJob
from shared.domain.project import NewChapter, NewProject
from shared.services.plan_options import PlanOptions
from shared.wiring import App, build
from tests.support import language_doubles as doubles
from tests.support.language_doubles import Double, Reply

pytestmark = pytest.mark.media
ME = "local"
TEXT = "Mara lit the lamp.\n\nTobias slept.\n\nThe lamp of Mara burned."
LAMP = NewTerm(source_language="en", target_language="es", source="lamp", target="farol")


@contextmanager
def studio(folder: Path, **settings: str) -> Iterator[App]:
    names = {f"REELPRINT_{name.upper()}": value for name, value in settings.items()}
    app = build(read_settings({"REELPRINT_DATA_DIR": str(folder), **names}))
    try:
        yield app
    finally:
        app.close()


@contextmanager
def studio_with_model(folder: Path, reply: Reply) -> Iterator[App]:
    with (
        Double(doubles.openai(reply)) as double,
        studio(
            folder,
            llm="openai",
            llm_url=f"{double.url}/v1",
            llm_model="model-1",
            llm_key=doubles.KEY,
            translation_engines="llm",
        ) as app,
    ):
        yield app


def new_place(app: App) -> tuple[str, str]:
    project = app.projects.create(ME, NewProject(title="T"))
    chapter = app.chapters.create(ME, project.id, NewChapter(title="T", text=TEXT))
    app.plans.generate(ME, project.id, chapter.id, PlanOptions())
    return project.id, chapter.id


def planned_job(app: App, place: tuple[str, str]) -> Job:
    given = {"project_id": place[0], "chapter_id": place[1], "translate_to": ["es"], "narrate": ["es"]}
    job = app.jobs.create(ME, NewJob.model_validate({"type": "narration", "input": given}))
    app.advance.look(StepTask(ref=ref(job, "plan")))
    return app.jobs.get(ME, job.id)[0]


def ref(job: Job, step: str) -> TaskRef:
    return TaskRef(owner=ME, job_id=job.id, attempt=1, step=step)


def addresses(app: App, job: Job) -> list[str]:
    return [unit.key.digest for unit in app.advance.units(job, ref(job, "translate"))]


def translated(app: App, job: Job) -> list[str]:
    """What is voiced, once all is translated."""
    for unit in app.advance.units(job, ref(job, "translate")):
        app.advance.translate(unit.task)  # type: ignore[arg-type]  # the units of this step are translations
    return [unit.task.text for unit in app.advance.units(job, ref(job, "voice_translation"))]


def test_a_term_changes_the_translation_of_exactly_what_it_is_met_in(tmp_path: Path) -> None:
    with studio(tmp_path) as app:
        place = new_place(app)
        before = planned_job(app, place)
        plain = addresses(app, before)
        term = app.glossary.create(ME, place[0], LAMP)
        after = planned_job(app, place)
        assert addresses(app, before) == plain  # as it was planned
        assert [one == other for one, other in zip(plain, addresses(app, after), strict=True)] == [False, True, False]
        said = translated(app, after)
        assert ["farol" in text for text in said] == [True, False, True]
        assert not any("farol" in text for text in translated(app, before))
        app.glossary.delete(ME, place[0], term.id)
        assert addresses(app, planned_job(app, place)) == plain
        assert translated(app, after) == said


def test_terms_are_kept_apart_and_go_with_their_project(tmp_path: Path) -> None:
    with studio(tmp_path) as app:
        place = new_place(app)
        term = app.glossary.create(ME, place[0], LAMP)
        with pytest.raises(AlreadyExists):
            app.glossary.create(ME, place[0], LAMP.model_copy(update={"source": "LAMP"}))
        bell = app.glossary.create(ME, place[0], LAMP.model_copy(update={"source": "bell"}))
        with pytest.raises(AlreadyExists):
            app.glossary.replace(ME, place[0], bell.id, LAMP)
        with pytest.raises(NotFound):
            app.glossary.find("somebody", place[0], term.id)
        app.projects.delete(ME, place[0], app.chapters)
        assert app.glossary.terms(ME, place[0]) == []


def test_a_model_sees_the_segments_beside_each(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        asked.append(json.loads(messages[1]["content"]))
        return json.dumps({"translated_text": "El farol."})

    with studio_with_model(tmp_path, reply) as app:
        place = new_place(app)
        app.glossary.create(ME, place[0], LAMP)
        translated(app, planned_job(app, place))
    assert [one["text"] for one in asked] == ["Mara lit the lamp.", "Tobias slept.", "The lamp of Mara burned."]
    assert (asked[1]["before"].strip(), asked[1]["after"].strip()) == (asked[0]["text"], asked[2]["text"])
    assert [one["glossary"] for one in asked] == [
        [{"source": "lamp", "target": "farol"}],
        [],
        [{"source": "lamp", "target": "farol"}],
    ]


def test_a_translation_that_lost_something_is_not_voiced(tmp_path: Path) -> None:
    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        return json.dumps({"translated_text": "Hola {nombre}."})

    with studio_with_model(tmp_path, reply) as app:
        job = planned_job(app, new_place(app))
        with pytest.raises(BadOutput, match="segment") as caught:
            translated(app, job)
    assert [("{nombre}" in fault.found, fault.code) for fault in caught.value.faults] == [(True, "not-kept")]


def test_casting_asks_the_model_that_is_set_up(tmp_path: Path) -> None:
    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        numbers = json.loads(messages[1]["content"])["quotations"]
        return json.dumps({"lines": [{"quotation": number, "speaker": "c1"} for number in numbers]})

    text = "“Who lit it?” asked Mara. Tobias laughed.\n\n“I did.”\n\n“Nobody did.”\n\n“So it burns.”\n"
    with studio_with_model(tmp_path, reply) as app:
        casting = app.cast_by_llm.cast(text)
    assert casting.opinion.windows == 1 and casting.model == "openai-1:model-1"
