"""/projects/{project_id}/exports: finished audiobooks, asked for, followed and fetched."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery
from functions.studio import Studio, studio
from shared.domain.errors import NotFound
from shared.domain.export import Export, ExportSummary, NewExport

door = Door("exports")
EXPORTS = "/projects/{project_id}/exports"
EXPORT = f"{EXPORTS}/{{export_id}}"


@door.post(EXPORTS, policy=Policy.USER, body=NewExport, answers=Export, status=202, idempotent=True, refuses=(409, 429))
def create_export(call: Call[Studio], project_id: str, body: NewExport) -> Answer:
    """Ask for the narrated chapters as an audiobook: M4B, MP3, WAV, ACX-ready MP3, read-along EPUB 3, SRT, WebVTT.

    What is voiced now is pinned: edits made meanwhile are for the next export. 409 lists the chapters that have no plan or
    are not voiced as they are, with the segments that are missing. With Idempotency-Key, sent twice is asked once.
    """
    return Answer(call.app.app.exports.create(call.principal.uid, project_id, body))


@door.get(EXPORTS, policy=Policy.USER, query=PageQuery, answers=Listing[ExportSummary])
def list_exports(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List a project's exports, newest first; each by itself tells its files."""
    items, cursor = call.app.app.exports.page(call.principal.uid, project_id, query.page_size, query.cursor)
    return Answer(Listing[ExportSummary](items=items, next_page_token=cursor))


@door.get(EXPORT, policy=Policy.USER, answers=Export)
def read_export(call: Call[Studio], project_id: str, export_id: str) -> Answer:
    """Read how far an export is and, once it is completed, its files and what was measured of them."""
    export, revision = call.app.app.exports.get(call.principal.uid, project_id, export_id)
    return Answer(export, revision=revision)


@door.delete(EXPORT, policy=Policy.USER, status=204)
def delete_export(call: Call[Studio], project_id: str, export_id: str) -> Answer:
    """Cancel an export that is pending or running, which stays on record; remove one that has ended, with its files."""
    call.app.app.exports.delete(call.principal.uid, project_id, export_id)
    return Answer()


@door.post(f"{EXPORT}/retry", policy=Policy.USER, answers=Export, status=202, idempotent=True, refuses=(409,))
def retry_export(call: Call[Studio], project_id: str, export_id: str) -> Answer:
    """Run a failed or cancelled export again, on what it pinned and on what it made before."""
    return Answer(call.app.app.exports.retry(call.principal.uid, project_id, export_id))


@door.get(f"{EXPORT}/files/{{file}}", policy=Policy.USER, answers="*/*", refuses=(409, 416))
def read_export_file(call: Call[Studio], project_id: str, export_id: str, file: str) -> Answer:
    """Download one file of a completed export, whole or a byte range of it."""
    found = call.app.app.exports.file(call.principal.uid, project_id, export_id, file)
    media = call.app.app.media
    info = media.stat(found.key)
    if info is None:
        raise NotFound("The file is no longer in storage. Remove this export, and ask for it again.")
    source = File(media.open(found.key), info.size, found.content_type, found.saved_as)
    return Answer(source, revision=found.sha256, media_type=found.content_type)


@functions_framework.http
def exports(request: Request) -> Response:
    return door.serve(request, studio)
