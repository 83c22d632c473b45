"""/projects/{project_id}/import: a whole book, looked at and made chapters of."""

from __future__ import annotations

from typing import Annotated

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions.studio import Studio, studio
from shared.domain.book_import import BookOutline, Imported, NewImport

door = Door("imports")


class OutlineQuery(BaseModel):
    """`depth` is how many levels of the contents become chapters of their own; all unless said."""

    model_config = ConfigDict(extra="forbid")

    depth: Annotated[int, Field(ge=1, le=16)] | None = None


@door.get(
    "/projects/{project_id}/import/{asset_id}",
    policy=Policy.USER,
    query=OutlineQuery,
    answers=BookOutline,
    refuses=(409, 413, 415),
)
def read_outline(call: Call[Studio], project_id: str, asset_id: str, query: OutlineQuery) -> Answer:
    """Look into a document before importing it: its chapters, what is left out and why. Nothing is made."""
    imports, uid = call.app.app.import_book, call.principal.uid
    revision = imports.revision(uid, project_id, asset_id)
    return Answer(imports.outline(uid, project_id, asset_id, query.depth), revision=revision)


@door.post(
    "/projects/{project_id}/import",
    policy=Policy.USER,
    body=NewImport,
    answers=Imported,
    idempotent=True,
    refuses=(409, 413, 415),
)
def import_book(call: Call[Studio], project_id: str, body: NewImport) -> Answer:
    """Make chapters of a document that is ready (EPUB, DOCX, PDF, text, Markdown, TEI), after those the project has.

    The same document again makes nothing twice, unless asked to.
    """
    return Answer(call.app.app.import_book(call.principal.uid, project_id, body))


@functions_framework.http
def imports(request: Request) -> Response:
    return door.serve(request, studio)
