"""/projects/{project_id}/planning/chapters/{chapter_id}: operations on a plan, undone and redone, and its history.

Each answers with what it changed, under the plan's new ETag. With If-Match an operation is done to that very plan or not at
all (412); without, to the newest there is.
"""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import asked_revision
from functions.studio import Studio, studio
from shared.domain.plan_history import HistoryItem, PlanChange
from shared.services.edit_plan import BulkEdit, Merge, Split

door = Door("plan_edits", tags=["planning"])
CHAPTER = "/projects/{project_id}/planning/chapters/{chapter_id}"


@door.post(
    f"{CHAPTER}/segments/{{segment_id}}/split",
    policy=Policy.USER,
    body=Split,
    answers=PlanChange,
    idempotent=True,
    refuses=(412,),
)
def split_segment(call: Call[Studio], project_id: str, chapter_id: str, segment_id: str, body: Split) -> Answer:
    """Cut a segment in two, before a code point of the chapter.

    An edited text is cut at the same words. Where these were edited, it is refused unless `texts` says what each half speaks.
    """
    seen = _seen(call, project_id, chapter_id)
    edits, uid = call.app.app.edit_plan, call.principal.uid
    return _answer(edits.split(uid, project_id, chapter_id, segment_id, body, if_revision=seen))


@door.post(f"{CHAPTER}/merge", policy=Policy.USER, body=Merge, answers=PlanChange, idempotent=True, refuses=(412,))
def merge_segments(call: Call[Studio], project_id: str, chapter_id: str, body: Merge) -> Answer:
    """Make one segment of neighbours.

    It speaks as the first of them that is not skipped, unless `speaker` or `voice` say otherwise, and is marked for revision
    where they spoke differently.
    """
    seen = _seen(call, project_id, chapter_id)
    return _answer(call.app.app.edit_plan.merge(call.principal.uid, project_id, chapter_id, body, if_revision=seen))


@door.post(f"{CHAPTER}/edits", policy=Policy.USER, body=BulkEdit, answers=PlanChange, idempotent=True, refuses=(412,))
def edit_segments(call: Call[Studio], project_id: str, chapter_id: str, body: BulkEdit) -> Answer:
    """Change all segments that a filter chooses, as one change; one that chooses none changes nothing."""
    seen = _seen(call, project_id, chapter_id)
    return _answer(call.app.app.edit_plan.change(call.principal.uid, project_id, chapter_id, body, if_revision=seen))


@door.post(f"{CHAPTER}/undo", policy=Policy.USER, answers=PlanChange, idempotent=True, refuses=(412,))
def undo(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Take back the last change, whoever made it; the last 200 are kept. 409 where there is none."""
    seen = _seen(call, project_id, chapter_id)
    return _answer(call.app.app.edit_plan.undo(call.principal.uid, project_id, chapter_id, if_revision=seen))


@door.post(f"{CHAPTER}/redo", policy=Policy.USER, answers=PlanChange, idempotent=True, refuses=(412,))
def redo(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Make a change again that was undone; a new change in between ends that. 409 where there is none."""
    seen = _seen(call, project_id, chapter_id)
    return _answer(call.app.app.edit_plan.redo(call.principal.uid, project_id, chapter_id, if_revision=seen))


@door.get(f"{CHAPTER}/history", policy=Policy.USER, query=PageQuery, answers=Listing[HistoryItem])
def list_history(call: Call[Studio], project_id: str, chapter_id: str, query: PageQuery) -> Answer:
    """List what was done to a plan, the newest first; what is newer than the current one can be redone."""
    edits, uid = call.app.app.edit_plan, call.principal.uid
    items, cursor = edits.history(uid, project_id, chapter_id, query.page_size, query.cursor)
    return Answer(Listing[HistoryItem](items=items, next_page_token=cursor))


def _answer(done: tuple[PlanChange, int]) -> Answer:
    return Answer(done[0], revision=done[1])


def _seen(call: Call[Studio], project_id: str, chapter_id: str) -> int | None:
    """The plan's revision, where If-Match names it."""
    return asked_revision(call, lambda: call.app.app.plans.revision(call.principal.uid, project_id, chapter_id))


@functions_framework.http
def plan_edits(request: Request) -> Response:
    return door.serve(request, studio)
