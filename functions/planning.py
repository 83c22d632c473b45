"""/projects/{project_id}/planning: a chapter's plan, generated, read and edited."""

from __future__ import annotations

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.preconditions import require_match
from functions.studio import Studio, studio
from shared.domain.plan import Segment
from shared.domain.project import ChapterPlan
from shared.services.keep_plans import SegmentChanges
from shared.services.plan_options import PlanOptions

door = Door("planning", max_body_bytes=32 * 1024 * 1024)
CHAPTER = "/projects/{project_id}/planning/chapters/{chapter_id}"


class Segments(BaseModel):
    """All of a plan's segments, in order."""

    model_config = ConfigDict(extra="forbid")

    segments: list[Segment] = Field(min_length=1)


class Health(BaseModel):
    """The planning desk answers for any project name."""

    status: str
    project_id: str


@door.get("/projects/{project_id}/planning/health", policy=Policy.PUBLIC, answers=Health)
def health(call: Call[Studio], project_id: str) -> Answer:
    """Say that the planning desk is there."""
    return Answer(Health(status="ok", project_id=project_id))


@door.post(f"{CHAPTER}/generate", policy=Policy.USER, body=PlanOptions, answers=ChapterPlan)
def generate(call: Call[Studio], project_id: str, chapter_id: str, body: PlanOptions) -> Answer:
    """Cut a chapter into segments, over whatever plan it had."""
    return Answer(call.app.app.plans.generate(call.principal.uid, project_id, chapter_id, body))


@door.get(f"{CHAPTER}/plan", policy=Policy.USER, answers=ChapterPlan)
def read_plan(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Read a chapter's plan; its ETag changes with every edit."""
    plan, revision = call.app.app.plans.find(call.principal.uid, project_id, chapter_id)
    return Answer(plan, revision=revision)


@door.put(f"{CHAPTER}/plan", policy=Policy.USER, body=Segments, answers=ChapterPlan, refuses=(409, 412))
def replace_plan(call: Call[Studio], project_id: str, chapter_id: str, body: Segments) -> Answer:
    """Put other segments in place; they must make up the same chapter. With If-Match, only over that very plan."""
    plans, uid = call.app.app.plans, call.principal.uid
    seen = _asked_revision(call, project_id, chapter_id)
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
    seen = _asked_revision(call, project_id, chapter_id)
    plans.edit(uid, project_id, chapter_id, segment_id, body, if_revision=seen)
    return read_plan(call, project_id, chapter_id)


def _asked_revision(call: Call[Studio], project_id: str, chapter_id: str) -> int | None:
    """The revision If-Match names, which must be the present one; None where the client did not ask."""
    if "If-Match" not in call.headers:
        return None
    revision = call.app.app.plans.find(call.principal.uid, project_id, chapter_id)[1]
    require_match(call, revision)
    return revision


@functions_framework.http
def planning(request: Request) -> Response:
    return door.serve(request, studio)
