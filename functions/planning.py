"""/projects/{project_id}/planning: a chapter's plan, generated, read, replaced; its rows, its sounds, and how far it is."""

from __future__ import annotations

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import asked_revision
from functions.studio import Studio, studio
from shared.domain.plan import Segment, VoiceId
from shared.domain.project import ChapterPlan
from shared.services.completion import ChapterCompletion, ProjectCompletion
from shared.services.keep_plans import SegmentChanges
from shared.services.plan_options import PlanOptions
from shared.services.plan_rows import PlanRow, plan_rows

door = Door("planning", max_body_bytes=32 * 1024 * 1024)
CHAPTER = "/projects/{project_id}/planning/chapters/{chapter_id}"


class Segments(BaseModel):
    """All of a plan's segments, in order."""

    model_config = ConfigDict(extra="forbid")

    segments: list[Segment] = Field(min_length=1)


class Completeness(BaseModel):
    """Whether a plan is as it should be."""

    model_config = ConfigDict(extra="forbid")

    is_complete: bool


class AudioQuery(BaseModel):
    """`voice`: another voice than the segment's own, or than the language's first where it has none."""

    model_config = ConfigDict(extra="forbid")

    voice: VoiceId = ""


class Health(BaseModel):
    """The planning desk answers for any project name."""

    status: str
    project_id: str


@door.get("/projects/{project_id}/planning/health", policy=Policy.PUBLIC, answers=Health)
def health(call: Call[Studio], project_id: str) -> Answer:
    """Say that the planning desk is there."""
    return Answer(Health(status="ok", project_id=project_id))


@door.post(f"{CHAPTER}/generate", policy=Policy.USER, body=PlanOptions, answers=ChapterPlan, refuses=(409, 412))
def generate(call: Call[Studio], project_id: str, chapter_id: str, body: PlanOptions) -> Answer:
    """Cut a chapter into segments.

    Over a plan it had, what still stands of that is kept (ids, edited texts, voices, corrections), what is cut anew is
    marked for revision, and `carried_over` counts both; `fresh` drops it all. The plan before can be had back by undo.
    """
    seen = _seen(call, project_id, chapter_id)
    plans, uid = call.app.app.plans, call.principal.uid
    return Answer(plans.generate(uid, project_id, chapter_id, body, if_revision=seen))


@door.get(f"{CHAPTER}/plan", policy=Policy.USER, answers=ChapterPlan)
def read_plan(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Read a chapter's plan; its ETag changes with every edit."""
    plan, revision = call.app.app.plans.find(call.principal.uid, project_id, chapter_id)
    return Answer(plan, revision=revision)


@door.put(f"{CHAPTER}/plan", policy=Policy.USER, body=Segments, answers=ChapterPlan, refuses=(409, 412))
def replace_plan(call: Call[Studio], project_id: str, chapter_id: str, body: Segments) -> Answer:
    """Put other segments in place; they must make up the same chapter. With If-Match, only over that very plan."""
    plans, uid = call.app.app.plans, call.principal.uid
    seen = _seen(call, project_id, chapter_id)
    plans.replace(uid, project_id, chapter_id, body.segments, if_revision=seen)
    return read_plan(call, project_id, chapter_id)


@door.patch(
    f"{CHAPTER}/segments/{{segment_id}}",
    policy=Policy.USER,
    body=SegmentChanges,
    answers=ChapterPlan,
    refuses=(409, 412),
)
def edit_segment(call: Call[Studio], project_id: str, chapter_id: str, segment_id: str, body: SegmentChanges) -> Answer:
    """Change what one segment says, who says it, or whether it is said at all. With If-Match, only in that very plan."""
    plans, uid = call.app.app.plans, call.principal.uid
    seen = _seen(call, project_id, chapter_id)
    plans.edit(uid, project_id, chapter_id, segment_id, body, if_revision=seen)
    return read_plan(call, project_id, chapter_id)


@door.get(f"{CHAPTER}/rows", policy=Policy.USER, query=PageQuery, answers=Listing[PlanRow])
def list_rows(call: Call[Studio], project_id: str, chapter_id: str, query: PageQuery) -> Answer:
    """List a plan as the rows of a table. A page goes on where the one before ended, however the plan was edited since."""
    plan, _ = call.app.app.plans.find(call.principal.uid, project_id, chapter_id)
    rows, cursor = plan_rows(chapter_id, plan.segments, query.page_size, query.cursor)
    return Answer(Listing[PlanRow](items=rows, next_page_token=cursor))


@door.get(
    f"{CHAPTER}/segments/{{segment_id}}/audio",
    policy=Policy.USER,
    query=AudioQuery,
    answers="audio/wav",
    refuses=(409, 416),
)
def read_audio(call: Call[Studio], project_id: str, chapter_id: str, segment_id: str, query: AudioQuery) -> Answer:
    """Hear one segment as it is now, whole or a byte range of it; 404 says what to do while it is not voiced."""
    audio, uid = call.app.app.segment_audio, call.principal.uid
    sound = audio.find(uid, project_id, chapter_id, segment_id, query.voice)
    return Answer(File(sound.source, sound.size, "audio/wav", f"{segment_id}.wav", inline=True), revision=sound.digest)


@door.get(f"{CHAPTER}/completion", policy=Policy.USER, answers=ChapterCompletion)
def read_completion(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Say how far a chapter is: has it a text, a plan, and is that complete?"""
    return Answer(call.app.app.completion.of_chapter(call.principal.uid, project_id, chapter_id)[0])


@door.put(f"{CHAPTER}/completion", policy=Policy.USER, body=Completeness, answers=ChapterCompletion, refuses=(409, 412))
def mark_completion(call: Call[Studio], project_id: str, chapter_id: str, body: Completeness) -> Answer:
    """Say that a plan is complete, or is not; any change of the plan makes it incomplete again."""
    completion, uid = call.app.app.completion, call.principal.uid
    seen = _seen(call, project_id, chapter_id)
    completion.mark(uid, project_id, chapter_id, body.is_complete, if_revision=seen)
    return Answer(completion.of_chapter(uid, project_id, chapter_id)[0])


@door.get("/projects/{project_id}/planning/completion", policy=Policy.USER, answers=ProjectCompletion)
def read_project_completion(call: Call[Studio], project_id: str) -> Answer:
    """Say how far a project is."""
    return Answer(call.app.app.completion.of_project(call.principal.uid, project_id))


@door.get(
    "/projects/{project_id}/planning/chapters",
    policy=Policy.USER,
    query=PageQuery,
    answers=Listing[ChapterCompletion],
)
def list_completion(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List how far each chapter is, in order."""
    completion, uid = call.app.app.completion, call.principal.uid
    items, cursor = completion.page(uid, project_id, query.page_size, query.cursor)
    return Answer(Listing[ChapterCompletion](items=items, next_page_token=cursor))


def _seen(call: Call[Studio], project_id: str, chapter_id: str) -> int | None:
    """The plan's revision, where If-Match names it."""
    return asked_revision(call, lambda: call.app.app.plans.revision(call.principal.uid, project_id, chapter_id))


@functions_framework.http
def planning(request: Request) -> Response:
    return door.serve(request, studio)
