"""/projects and their /chapters."""

from __future__ import annotations

import functions_framework
from pydantic import BaseModel, ConfigDict
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions.studio import Studio, studio
from shared.domain.project import ChangedChapter, Chapter, ChapterChanges, NewChapter, NewProject, Project, Title

door = Door("projects")
CHAPTER_BYTES = 32 * 1024 * 1024


class TitleQuery(BaseModel):
    """A chapter sent as a text file has its title in the query."""

    model_config = ConfigDict(extra="forbid")

    title: Title


@door.post("/projects", policy=Policy.USER, body=NewProject, answers=Project, status=201, idempotent=True)
def create_project(call: Call[Studio], body: NewProject) -> Answer:
    """Start a project."""
    return Answer(call.app.app.projects.create(call.principal.uid, body))


@door.get("/projects", policy=Policy.USER, query=PageQuery, answers=Listing[Project])
def list_projects(call: Call[Studio], query: PageQuery) -> Answer:
    """List your projects, newest first."""
    page = call.app.app.projects.page(call.principal.uid, query.page_size, query.cursor)
    return Answer(Listing[Project](items=list(page.items), next_page_token=page.cursor))


@door.get("/projects/{project_id}", policy=Policy.USER, answers=Project)
def read_project(call: Call[Studio], project_id: str) -> Answer:
    """Read one project."""
    return Answer(call.app.app.projects.get(call.principal.uid, project_id))


@door.put("/projects/{project_id}", policy=Policy.USER, body=NewProject, answers=Project)
def replace_project(call: Call[Studio], project_id: str, body: NewProject) -> Answer:
    """Change a project's title, author or language."""
    return Answer(call.app.app.projects.replace(call.principal.uid, project_id, body))


@door.delete("/projects/{project_id}", policy=Policy.USER, status=204)
def delete_project(call: Call[Studio], project_id: str) -> Answer:
    """Delete a project with its chapters and plans."""
    call.app.app.projects.delete(call.principal.uid, project_id, call.app.app.chapters)
    return Answer()


@door.post(
    "/projects/{project_id}/chapters",
    policy=Policy.USER,
    body=NewChapter,
    answers=Chapter,
    status=201,
    idempotent=True,
    max_body_bytes=CHAPTER_BYTES,
)
def create_chapter(call: Call[Studio], project_id: str, body: NewChapter) -> Answer:
    """Add a chapter from text."""
    return Answer(call.app.app.chapters.create(call.principal.uid, project_id, body))


@door.post(
    "/projects/{project_id}/chapters/upload",
    policy=Policy.USER,
    body="text/*",
    query=TitleQuery,
    answers=Chapter,
    status=201,
    idempotent=True,
    max_body_bytes=CHAPTER_BYTES,
)
def upload_chapter(call: Call[Studio], project_id: str, query: TitleQuery) -> Answer:
    """Add a chapter from a plain text file, as it is: UTF-8, or UTF-16 with a byte order mark."""
    chapters = call.app.app.chapters
    return Answer(chapters.create_from_bytes(call.principal.uid, project_id, query.title, call.data))


@door.get("/projects/{project_id}/chapters", policy=Policy.USER, query=PageQuery, answers=Listing[Chapter])
def list_chapters(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List a project's chapters, in order."""
    page = call.app.app.chapters.page(call.principal.uid, project_id, query.page_size, query.cursor)
    return Answer(Listing[Chapter](items=list(page.items), next_page_token=page.cursor))


@door.get("/projects/{project_id}/chapters/{chapter_id}", policy=Policy.USER, answers=Chapter)
def read_chapter(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Read a chapter's record."""
    return Answer(call.app.app.chapters.get(call.principal.uid, project_id, chapter_id))


@door.patch(
    "/projects/{project_id}/chapters/{chapter_id}",
    policy=Policy.USER,
    body=ChapterChanges,
    answers=ChangedChapter,
    refuses=(409,),
    max_body_bytes=CHAPTER_BYTES,
)
def change_chapter(call: Call[Studio], project_id: str, chapter_id: str, body: ChapterChanges) -> Answer:
    """Change a chapter's title or text, or move it among the others.

    After another text its plan is made anew; what matches is kept, and `carried_over` says how much.
    """
    return Answer(call.app.app.plans.change_chapter(call.principal.uid, project_id, chapter_id, body))


@door.get("/projects/{project_id}/chapters/{chapter_id}/text", policy=Policy.USER, answers="text/plain")
def read_text(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Read a chapter's text."""
    chapters = call.app.app.chapters
    chapter = chapters.get(call.principal.uid, project_id, chapter_id)
    return Answer(chapters.text(chapter).encode(), media_type="text/plain; charset=utf-8")


@door.delete("/projects/{project_id}/chapters/{chapter_id}", policy=Policy.USER, status=204)
def delete_chapter(call: Call[Studio], project_id: str, chapter_id: str) -> Answer:
    """Delete a chapter with its plan."""
    call.app.app.chapters.delete(call.principal.uid, project_id, chapter_id)
    return Answer()


@functions_framework.http
def projects(request: Request) -> Response:
    return door.serve(request, studio)
