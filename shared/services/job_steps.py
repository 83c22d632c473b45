"""Which steps a job takes, type by type, and what they ask for."""

from __future__ import annotations

from typing import Any

from shared.domain.errors import EngineUnavailable, ReelprintError
from shared.domain.job import Job, JobType, NarrationInput, Step, StepStatus, TaskRef
from shared.domain.new_job import (
    WITHOUT_ENGINE,
    NewJob,
    TextToSpeechInput,
    TranslationInput,
    VideoGenerationInput,
)
from shared.services.narration_steps import RENDER, NarrationSteps, Unit
from shared.services.render_blueprint import RenderBlueprint
from shared.services.text_steps import TextSteps

NARRATIONS = (JobType.NARRATION, JobType.FULL_PIPELINE)
FILM = "video"  # what the film of a job that renders one stored blueprint is called
# What ended a job because something that an earlier step had made was gone: going on from there would meet it again.
VANISHED = ("conflict", "not-found", "missing-asset", "corrupt-asset")


class JobSteps:
    def __init__(self, narration: NarrationSteps, texts: TextSteps, renders: RenderBlueprint) -> None:
        self._narration = narration
        self._texts = texts
        self._renders = renders

    def begin(self, owner: str, new: NewJob) -> dict[str, Any]:
        """What a new job's record says of its work: input, steps, blueprints.

        Raises InvalidInput with every fault, NotFound for what it names, EngineUnavailable for what cannot be done here.
        """
        asked = new.root.input
        blueprints = {}
        if isinstance(asked, NarrationInput):
            steps = self._narration.check(owner, asked)
        elif isinstance(asked, TextToSpeechInput):
            steps = self._texts.check_speech(owner, asked)
        elif isinstance(asked, TranslationInput):
            steps = self._texts.check_translation(asked)
        elif isinstance(asked, VideoGenerationInput):
            blueprints = {FILM: self._renders.get(owner, asked.blueprint_id).id}
            steps = [Step(name=RENDER, weight=100)]
        else:
            instead = WITHOUT_ENGINE[new.root.type]
            raise EngineUnavailable(f"No engine here works off jobs of type {new.root.type}. {instead}")
        return {"input": asked.model_dump(mode="json"), "steps": steps, "blueprints": blueprints}

    def units(self, job: Job, ref: TaskRef) -> list[Unit]:
        """All units of a queued step, each artifact once, made or not."""
        return self._narration.units(job, ref) if job.type in NARRATIONS else self._texts.units(job, ref)

    def places(self, job: Job, ref: TaskRef) -> dict[str, list[str]]:
        """What each unit of a queued step is for: segments of the plan, or texts by number; by the unit's digest."""
        return self._narration.places(job, ref) if job.type in NARRATIONS else self._texts.places(job, ref)

    def kept_by_retry(self, job: Job) -> int:
        """How many steps of a job that failed or was cancelled a retry need not take again.

        All that were completed, unless something they made is gone, or the chapter's plan was changed since: what the
        user mended there must be heard.
        """
        if job.error and job.error.get("type") in VANISHED:
            return 0
        if job.type in NARRATIONS and not self._is_planned_alike(job):
            return 0
        undone = [n for n, step in enumerate(job.steps) if step.status is not StepStatus.COMPLETED]
        return undone[0] if undone else 0

    def _is_planned_alike(self, job: Job) -> bool:
        try:
            return bool(job.plan_key) and self._narration.plan(job)[0] == job.plan_key
        except ReelprintError:
            return False  # the look at the first step will say what is wrong
