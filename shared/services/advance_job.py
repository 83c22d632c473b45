"""A job, moved on: each task looks at one step, queues what is missing, or goes to the next step when nothing is.

Every task can be delivered twice, late or out of order: what is done is known by artifacts that exist, what belongs to an
earlier attempt or an ended job is dropped, and task names make a step's work one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.domain.artifact import ArtifactKey
from shared.domain.errors import AlreadyExists, ReelprintError
from shared.domain.job import (
    Job,
    JobFile,
    JobResult,
    JobStatus,
    Step,
    StepStatus,
    StepTask,
    TaskRef,
    TranslateTask,
    VoiceTask,
)
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Where
from shared.ports.tasks import QueueKind, Task, Tasks, speech_queue
from shared.services.artifact_store import ArtifactStore
from shared.services.flag_speech import FlagSpeech
from shared.services.job_steps import JobSteps
from shared.services.keep_jobs import fresh_look, step_task
from shared.services.narration_steps import COMPOSE, PLAN, RENDER, NarrationSteps, Unit, order_of
from shared.services.record_job_event import JobRecords
from shared.services.render_blueprint import RenderBlueprint, Rendering
from shared.services.speak_unit import SpeakUnit
from shared.services.text_steps import COLLECT, TextSteps
from shared.services.translate_segment import TranslateSegment

PROGRESS_INTERVAL = timedelta(
    seconds=0.5
)  # a document takes about one write a second in the cloud; a laptop takes more
LOOK_AGAIN = timedelta(seconds=0.5)
_SAYS = {
    "plan": "cutting the chapter into segments",
    "voice": "voicing segments",
    "translate": "translating segments",
    "voice_translation": "voicing the translation",
    "compose": "composing blueprints",
    "render": "rendering",
    "collect": "collecting what was made",
}


class AdvanceJob:
    def __init__(
        self,
        *,
        documents: Documents,
        clock: Clock,
        tasks: Tasks,
        artifacts: ArtifactStore,
        narration: NarrationSteps,
        texts: TextSteps,
        steps: JobSteps,
        records: JobRecords,
        render: RenderBlueprint,
        speak_unit: SpeakUnit,
        flag_speech: FlagSpeech,
        translate_segment: TranslateSegment,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._tasks = tasks
        self._artifacts = artifacts
        self._narration = narration
        self._texts = texts
        self._steps = steps
        self._render = render
        self._speak_unit = speak_unit
        self._flag_speech = flag_speech
        self._translate_segment = translate_segment
        self._records = records

    # What the queue delivers

    def look(self, task: StepTask) -> None:
        """Move the job on from this step as far as it goes now."""
        job = self._current(task.ref)
        if job is None:
            return
        step = job.step(task.ref.step)
        if step.status is StepStatus.COMPLETED:
            self._next(job, task.ref)
        elif task.ref.round < step.round:
            return  # a later look has taken over
        elif task.ref.step == PLAN:
            key, count = self._narration.plan(job)
            self._complete(task.ref, {"done": count, "total": count}, {"plan_key": key})
        elif task.ref.step == COMPOSE:
            self._compose(job, task.ref)
        elif task.ref.step == RENDER:
            self._watch(job, task.ref)
        elif task.ref.step == COLLECT:
            result, substituted = self._texts.collect(job, task.ref)
            self._complete(task.ref, {"done": 1, "total": 1}, {"result": result, "substituted": substituted})
        else:
            self._queue_missing(job, task.ref)

    def voice(self, task: VoiceTask, *, is_last: bool = False) -> None:
        """`is_last`: the queue will not deliver this again, so that the fallback speaks, where there is one."""
        if self._current(task.ref):
            self._unit_done(task.ref, self._speak_unit.speak(task, is_last=is_last))

    def translate(self, task: TranslateTask) -> None:
        if self._current(task.ref):
            self._translate_segment.make(task.text, task.source, task.target, task.hints)
            self._unit_done(task.ref, self._translate_segment.key(task.text, task.source, task.target, task.hints))

    def fail(self, ref: TaskRef, error: ReelprintError) -> None:
        """End the attempt as failed, with the reason on record; what it queued is taken back."""

        def end(job: Job) -> Job | None:
            if job.status.is_final or job.attempt != ref.attempt:
                return None
            update = {"status": JobStatus.FAILED, "error": error.as_record(), "finished_at": self._clock.now()}
            return job.model_copy(update=update | {"message": f"{ref.step} failed: {error.detail}"})

        job = self._records.update(ref.owner, ref.job_id, end)
        if job.attempt == ref.attempt:
            self._tasks.cancel(f"{ref.job_id}-a{ref.attempt}-")
            self._render.stop(job.executions.values())

    def resume(self, idle: timedelta) -> int:
        """Look anew at every job that nothing was heard of for `idle`; how many.

        What the queue lost sight of goes on: a task set aside while the disk was full, a job recorded just before a crash,
        a webhook of a job that had just ended.
        """
        looked, cursor = self._records.announce_pending(idle), None
        for status in (JobStatus.PENDING, JobStatus.RUNNING):
            while True:
                page = self._documents.query("jobs", [Where("status", "==", status.value)], cursor=cursor)
                for document in page.items:
                    job = Job.model_validate(document.data)
                    if self._clock.now() - job.updated_at >= idle and job.paused_at is None:
                        self._tasks.enqueue([step_task(fresh_look(job, self._clock), job.priority)])
                        looked += 1
                cursor = page.cursor
                if cursor is None:
                    break
        return looked

    def units(self, job: Job, ref: TaskRef) -> list[Unit]:
        """What a queued step asks for."""
        return self._steps.units(job, ref)

    # Queued steps

    def _queue_missing(self, job: Job, ref: TaskRef) -> None:
        units = self.units(job, ref)
        missing = [unit for unit in units if not self._artifacts.find(unit.key)]
        voiced = [unit.task for unit in missing if isinstance(unit.task, VoiceTask)]
        outcomes = self._flag_speech.outcomes(job) if voiced else {}
        missing = [unit for unit in missing if unit.key.digest not in outcomes]
        step, ready = job.step(ref.step), len(units) - len(missing)
        is_first = step.total == 0
        is_repeated = step.round == ref.round and not is_first  # this very look was delivered before
        counts = {"total": len(units), "done": ready, "round": ref.round}
        counts |= {"ready": step.ready if is_repeated else ready, "reused": ready if is_first else step.reused}
        if not missing:
            self._flag_speech.refuse_flagged(job, ref, outcomes)
            self._complete(ref, counts)
            return
        self._speak_unit.hold(job, [unit.task for unit in missing if isinstance(unit.task, VoiceTask)])
        self._running(ref, counts)
        self._tasks.enqueue([_unit_task(unit, ref, job) for unit in missing])

    def _unit_done(self, ref: TaskRef, key: ArtifactKey) -> None:
        """Count a unit once; the last one of this look asks for the next look."""
        collection = f"units.{ref.name}"
        # Delivered before, it is counted already; but whoever counted it may have died before saying so.
        with contextlib.suppress(AlreadyExists):
            self._documents.create(collection, key.digest, {})
        done = self._documents.count(collection)
        job = self._current(ref)
        if job is None:
            return
        step = job.step(ref.step)
        if step.ready + done >= step.total:
            self._tasks.enqueue([step_task(ref.model_copy(update={"round": ref.round + 1}), job.priority)])
        elif self._clock.now() - job.updated_at >= PROGRESS_INTERVAL:
            self._running(ref, {"done": step.ready + done})

    # Compose and render

    def _compose(self, job: Job, ref: TaskRef) -> None:
        composed = self._narration.compose(job)
        ids = {one.language: self._render.keep(job.owner, one.blueprint, one.key, one.sha256) for one in composed}
        more = {"blueprints": ids, "substituted": list(composed[0].substituted) if composed else []}
        self._complete(ref, {"done": len(composed), "total": len(composed)}, more)

    def _watch(self, job: Job, ref: TaskRef) -> None:
        """Start what is not rendered yet, look at what runs, and look again until all is there."""
        states = {language: self._render.look(job, language) for language in job.blueprints}
        executions = {language: state.execution for language, state in states.items() if state.execution}
        done = sum(1 for state in states.values() if state.is_done)
        error = next((state.error for state in states.values() if state.error), None)
        counts = {"total": len(states) * 100, "done": sum(state.percentage for state in states.values())}
        counts["round"] = ref.round
        if error is None and done == len(states):
            reused = sum(1 for state in states.values() if not state.execution)
            more = {"result": _result(states), "executions": executions}
            self._complete(ref, {"done": done, "total": done, "reused": reused}, more)
            return
        after = self._running(ref, counts, executions)
        if after.status.is_final or after.attempt != ref.attempt:
            self._render.stop(executions.values())  # it was cancelled while these were started
        elif error:
            self.fail(ref, error)
        else:
            again = ref.model_copy(update={"round": ref.round + 1})
            self._tasks.enqueue([step_task(again, job.priority, self._clock.now() + LOOK_AGAIN)])

    # The record

    def _current(self, ref: TaskRef) -> Job | None:
        """The job, if this task still concerns it."""
        document = self._documents.get("jobs", ref.job_id)
        job = Job.model_validate(document.data) if document else None
        is_at_work = job and job.attempt == ref.attempt and not job.status.is_final and job.paused_at is None
        return job if is_at_work else None

    def _running(self, ref: TaskRef, counts: dict[str, int], executions: dict[str, str] | None = None) -> Job:
        """Note how far a step is, unless it is over; the job as it is then."""

        def change(job: Job) -> Job | None:
            if _is_over(job, ref):
                return None
            more = {"executions": executions} if executions else {}
            return self._with_step(job, ref.step, {"status": StepStatus.RUNNING, **counts}, more)

        return self._records.update(ref.owner, ref.job_id, change)

    def _complete(self, ref: TaskRef, counts: dict[str, int], more: dict[str, Any] | None = None) -> None:
        """Close the step, then put the next on the queue. A death in between is mended by the redelivery of this look."""

        def change(job: Job) -> Job | None:
            if _is_over(job, ref):
                return None
            changed = self._with_step(job, ref.step, {"status": StepStatus.COMPLETED, **counts}, more or {})
            return self._ended(changed) if order_of(job.steps, ref.step) is None else changed

        job = self._records.update(ref.owner, ref.job_id, change)
        if job.attempt == ref.attempt and job.paused_at is None:
            self._next(job, ref)

    def _next(self, job: Job, ref: TaskRef) -> None:
        name = order_of(job.steps, ref.step)
        if name is not None and not job.status.is_final:
            self._tasks.enqueue([step_task(ref.model_copy(update={"step": name, "round": 0}), job.priority)])

    def _ended(self, job: Job) -> Job:
        update = {"status": JobStatus.COMPLETED, "percentage": 100, "message": "finished"}
        return job.model_copy(update=update | {"finished_at": self._clock.now()})

    def _with_step(self, job: Job, name: str, values: dict[str, Any], more: dict[str, Any]) -> Job:
        message = _SAYS[name]
        steps = [s.model_copy(update={**values, "message": message}) if s.name == name else s for s in job.steps]
        started = job.started_at or self._clock.now()
        changed = job.model_copy(update={"steps": steps, "status": JobStatus.RUNNING, "started_at": started, **more})
        return changed.model_copy(update={"percentage": changed.overall(), "message": _sentence(message, steps, name)})


def _is_over(job: Job, ref: TaskRef) -> bool:
    """Whether a task comes too late to change this step: a duplicate, an earlier attempt's, or an ended job's."""
    is_done = job.step(ref.step).status is StepStatus.COMPLETED
    return is_done or job.status.is_final or job.attempt != ref.attempt or job.paused_at is not None


def _sentence(message: str, steps: Sequence[Step], name: str) -> str:
    step = next(step for step in steps if step.name == name)
    return f"{message}: {step.done} of {step.total}" if step.total and name != RENDER else message


def _unit_task(unit: Unit, ref: TaskRef, job: Job) -> Task:
    is_voice = isinstance(unit.task, VoiceTask)
    kind = speech_queue(unit.task.voice) if isinstance(unit.task, VoiceTask) else QueueKind.TRANSLATION
    door = "/on_speech_task" if is_voice else "/on_translation_task"
    return Task(kind, f"{ref.name}-{unit.key.digest[:40]}", door, unit.task.model_dump(mode="json"), job.priority)


def _result(states: dict[str, Rendering]) -> JobResult:
    files: list[JobFile] = [file for state in states.values() for file in state.files]
    return JobResult(files=files, reports={language: state.report for language, state in states.items()})
