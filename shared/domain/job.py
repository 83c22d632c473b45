"""A job: one wish of a user, worked off in steps, with its progress and its end on record (R3)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    computed_field,
    model_validator,
)

from shared.domain.blueprint.model import CaptionMode, LanguageCode, Profile
from shared.domain.moments import sortable
from shared.domain.project import Stored
from shared.domain.translation_hints import NO_HINTS, Hints
from shared.domain.webhook import WebhookStatus


class JobType(StrEnum):
    VOICE_CLONE = "voice_clone"
    TEXT_TO_SPEECH = "text_to_speech"
    TRANSLATION = "translation"
    VIDEO_GENERATION = "video_generation"
    CHOREOGRAPHY = "choreography"
    NARRATION = "narration"
    FULL_PIPELINE = "full_pipeline"
    LIVE_SESSION = "live_session"


class Priority(StrEnum):
    """How soon, as a queue of its own: work of a higher priority is always taken first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def urgency(self) -> int:
        """0 for low to 3 for urgent: what priorities sort by."""
        return list(Priority).index(self)


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class StepStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"


class Step(BaseModel):
    """One stage of a job: `done` of `total` units are there.

    `reused` of them were there before the job began, `ready` when the queue was last filled, which `round` did.
    """

    name: str
    weight: int  # its share of the job's percentage
    status: StepStatus = StepStatus.PENDING
    done: int = 0
    total: int = 0
    ready: int = 0
    reused: int = 0
    round: int = 0
    message: str = ""


class Frame(BaseModel):
    """The size of a picture in pixels; even, as 4:2:0 video needs."""

    model_config = ConfigDict(extra="forbid")

    width: Annotated[int, Field(ge=160, le=3840, multiple_of=2)] = 1280
    height: Annotated[int, Field(ge=160, le=2160, multiple_of=2)] = 720


def _engine_and_name(voice: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,40}/[A-Za-z0-9_+.-]{1,80}", voice):
        raise ValueError("a voice is written engine/name, for example flite/rms; GET /api/v1/voices lists them")
    return voice


VoiceName = Annotated[str, AfterValidator(_engine_and_name)]


class NarrationInput(BaseModel):
    """What a narration job is asked for.

    `translate_to` languages are captions, and may be narrated too; `narrate` lists the languages a video is made in (the
    project's own when empty). `voices` casts by language and speaker: {"en": {"narrator": "flite/slt"}}, over the
    project's cast; a speaker without a voice in either is read by the narrator, a language without one by the first voice
    that speaks it. `fallback` names by language who speaks where a voice's provider cannot, which the job tells under
    `substituted`.
    """

    model_config = ConfigDict(extra="forbid")

    project_id: str
    chapter_id: str
    translate_to: Annotated[list[LanguageCode], Field(max_length=16)] = []
    narrate: Annotated[list[LanguageCode], Field(max_length=16)] = []
    voices: dict[LanguageCode, dict[str, VoiceName]] = {}
    fallback: dict[LanguageCode, VoiceName] = {}
    captions: CaptionMode = CaptionMode.SOFT
    cover_asset_id: str | None = None
    music_asset_id: str | None = None
    profile: Profile = Profile.STANDARD
    frame: Frame = Frame()

    @model_validator(mode="after")
    def _no_language_twice(self) -> NarrationInput:
        for name in ("translate_to", "narrate"):
            codes = getattr(self, name)
            if len(set(codes)) != len(codes):
                raise ValueError(f"{name} names a language twice")
        return self


JobTitle = Annotated[str, StringConstraints(max_length=200)]
JobDescription = Annotated[str, StringConstraints(max_length=2000)]
Note = Annotated[str, StringConstraints(max_length=1000)]
MAX_METADATA_BYTES = 16 * 1024  # a list of jobs carries all of it


def _within_bounds(metadata: dict[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"metadata has at most {MAX_METADATA_BYTES} bytes of names and values; this has {size}")
    return metadata


Metadata = Annotated[dict[Note, Note], Field(max_length=64), AfterValidator(_within_bounds)]


class JobChanges(BaseModel):
    """What may be changed of a job after it was made."""

    model_config = ConfigDict(extra="forbid")

    title: JobTitle | None = None
    description: JobDescription | None = None
    metadata: Metadata | None = None
    priority: Priority | None = None
    paused: bool | None = None


class Substituted(BaseModel):
    """What another voice spoke than was asked for: where, by whom, instead of whom, and why.

    `segment_id` is the plan's segment, or the number (from 1) of a text that has no plan.
    """

    segment_id: str
    spoken_by: str
    instead_of: str
    reason: str


class JobFile(BaseModel):
    """One file of a job's result: `name` in the API, `key` in the media bucket."""

    name: str
    key: str
    content_type: str


class JobResult(BaseModel):
    """What a completed job made.

    `files` are the job's own; `artifacts` lie under a hash of their content, and other jobs may have led to the same.
    `reports` are the renderer's, by language.
    """

    files: list[JobFile] = []
    artifacts: list[JobFile] = []
    reports: dict[str, Any] = {}

    @property
    def everything(self) -> list[JobFile]:
        return [*self.files, *self.artifacts]


# Jobs are listed by these, and text sorts as time does only where every moment has as many digits.
Moment = Annotated[
    datetime,
    PlainSerializer(sortable, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Job(Stored):
    """The record. `attempt` grows with every retry; tasks of an earlier attempt are ignored.

    `event_seq` is the number of the job's last event: following its events from there tells what is new.
    """

    created_at: Moment
    updated_at: Moment
    type: JobType
    status: JobStatus = JobStatus.PENDING
    priority: Priority = Priority.NORMAL
    title: str = ""
    description: str = ""
    metadata: dict[str, str] = {}
    input: dict[str, Any]
    attempt: int = 1
    steps: list[Step] = []
    percentage: int = 0
    message: str = ""
    error: dict[str, Any] | None = None
    result: JobResult | None = None
    plan_key: str = ""  # the segments this attempt works on, whatever becomes of the plan meanwhile
    blueprints: dict[str, str] = {}  # language -> blueprint id, once composed
    executions: dict[str, str] = {}  # language -> execution of the assembly job, once started
    started_at: datetime | None = None
    finished_at: datetime | None = None
    paused_at: datetime | None = None  # while set, nothing more is begun; the status stays what it was
    substituted: list[Substituted] = []
    webhook: WebhookStatus | None = None
    event_seq: int = 0
    progress_at: datetime | None = None  # when progress was last told by an event

    @computed_field
    def urgency(self) -> int:
        """The priority as a number, 0 to 3: what a list sorted by priority sorts by."""
        return self.priority.urgency

    @property
    def current_step(self) -> Step:
        """The first step that is not completed; the last one when all are."""
        return next((step for step in self.steps if step.status is not StepStatus.COMPLETED), self.steps[-1])

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def overall(self) -> int:
        """0-100, each step counting by its weight."""
        whole = sum(step.weight for step in self.steps) or 1
        done = sum(step.weight * (_share(step)) for step in self.steps)
        return min(100, int(100 * done / whole))


def _share(step: Step) -> float:
    if step.status is StepStatus.COMPLETED:
        return 1.0
    return step.done / step.total if step.total else 0.0


class TaskRef(BaseModel):
    """Whose work a task is: the job, its attempt, its step, and which look at the step (from 0) put it on the queue."""

    model_config = ConfigDict(extra="forbid")

    owner: str
    job_id: str
    attempt: int
    step: str
    round: int = 0

    @property
    def name(self) -> str:
        """The beginning of every task name of this look; two looks never share a name."""
        return f"{self.job_id}-a{self.attempt}-{self.step}-{self.round}"


class Saying(BaseModel):
    """A text as it is sent to the engine of a voice."""

    model_config = ConfigDict(extra="forbid")

    text: str
    voice: str
    settings: dict[str, str] = {}


class VoiceTask(BaseModel):
    """A task on the speech queue: one text to be spoken. `language` is BCP 47.

    `fallback` is who speaks where the voice's engine cannot, which is told in the result.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["voice"] = "voice"
    ref: TaskRef
    text: str
    voice: str
    language: str
    settings: dict[str, str] = {}
    fallback: Saying | None = None


class TranslateTask(BaseModel):
    """A task on the translation queue: one text to be translated."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["translate"] = "translate"
    ref: TaskRef
    text: str
    source: str
    target: str
    hints: Hints = NO_HINTS


class StepTask(BaseModel):
    """A task on the job queue: look at a step and do what comes next."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["step"] = "step"
    ref: TaskRef
