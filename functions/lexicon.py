"""/projects/{project_id}/planning/lexicon: how the words of a project are said."""

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
from shared.domain.lexicon import NewEntry
from shared.services.keep_lexicon import EntryAnswer
from shared.services.lexicon_hits import Hit

door = Door("lexicon")
LEXICON = "/projects/{project_id}/planning/lexicon"


@door.post(LEXICON, policy=Policy.USER, body=NewEntry, answers=EntryAnswer, status=201, idempotent=True)
def create_entry(call: Call[Studio], project_id: str, body: NewEntry) -> Answer:
    """Add an entry, and mark for revision exactly the segments that sound otherwise by it.

    `engines` says what each engine here makes of it: not every one takes IPA. 409 for a pattern that has its entry already.
    """
    entry, revision = call.app.app.lexicon.create(call.principal.uid, project_id, body)
    return Answer(entry, revision=revision)


@door.get(LEXICON, policy=Policy.USER, query=PageQuery, answers=Listing[EntryAnswer])
def list_entries(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List a project's entries by their patterns."""
    page = call.app.app.lexicon.page(call.principal.uid, project_id, query.page_size, query.cursor)
    return Answer(Listing[EntryAnswer](items=list(page.items), next_page_token=page.cursor))


@door.get(f"{LEXICON}/{{entry_id}}", policy=Policy.USER, answers=EntryAnswer)
def read_entry(call: Call[Studio], project_id: str, entry_id: str) -> Answer:
    """Read one entry."""
    entry, revision = call.app.app.lexicon.find(call.principal.uid, project_id, entry_id)
    return Answer(entry, revision=revision)


@door.put(f"{LEXICON}/{{entry_id}}", policy=Policy.USER, body=NewEntry, answers=EntryAnswer, refuses=(409, 412))
def replace_entry(call: Call[Studio], project_id: str, entry_id: str, body: NewEntry) -> Answer:
    """Change an entry, and mark the segments that sound otherwise by it. With If-Match, only the one that was read."""
    seen = _seen(call, project_id, entry_id)
    entry, revision = call.app.app.lexicon.replace(call.principal.uid, project_id, entry_id, body, seen)
    return Answer(entry, revision=revision)


@door.delete(f"{LEXICON}/{{entry_id}}", policy=Policy.USER, status=204, refuses=(409, 412))
def delete_entry(call: Call[Studio], project_id: str, entry_id: str) -> Answer:
    """Delete an entry, and mark the segments that sound otherwise without it."""
    seen = _seen(call, project_id, entry_id)
    call.app.app.lexicon.delete(call.principal.uid, project_id, entry_id, seen)
    return Answer()


@door.get(f"{LEXICON}/{{entry_id}}/hits", policy=Policy.USER, query=PageQuery, answers=Listing[Hit])
def list_hits(call: Call[Studio], project_id: str, entry_id: str, query: PageQuery) -> Answer:
    """List the segments that an entry is met in, chapter by chapter, and what is spoken there."""
    lexicon, uid = call.app.app.lexicon, call.principal.uid
    hits, cursor = lexicon.hits(uid, project_id, entry_id, query.page_size, query.cursor)
    return Answer(Listing[Hit](items=hits, next_page_token=cursor))


def _seen(call: Call[Studio], project_id: str, entry_id: str) -> int | None:
    """The entry's revision, where If-Match names it."""
    return asked_revision(call, lambda: call.app.app.lexicon.find(call.principal.uid, project_id, entry_id)[1])


@functions_framework.http
def lexicon(request: Request) -> Response:
    return door.serve(request, studio)
