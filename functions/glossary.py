"""/projects/{project_id}/planning/glossary: what the terms of a project are called in other languages."""

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
from shared.domain.glossary import GlossaryTerm, NewTerm
from shared.services.keep_glossary import TermHit

door = Door("glossary")
GLOSSARY = "/projects/{project_id}/planning/glossary"


@door.post(GLOSSARY, policy=Policy.USER, body=NewTerm, answers=GlossaryTerm, status=201, idempotent=True)
def create_term(call: Call[Studio], project_id: str, body: NewTerm) -> Answer:
    """Add a term. Jobs that are planned from now on follow it: what it is met in is translated anew, and nothing else.

    Every engine follows it. 409 for a phrase that has its term in that language already.
    """
    return Answer(call.app.app.glossary.create(call.principal.uid, project_id, body), revision=1)


@door.get(GLOSSARY, policy=Policy.USER, query=PageQuery, answers=Listing[GlossaryTerm])
def list_terms(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List a project's terms by their source."""
    page = call.app.app.glossary.page(call.principal.uid, project_id, query.page_size, query.cursor)
    return Answer(Listing[GlossaryTerm](items=list(page.items), next_page_token=page.cursor))


@door.get(f"{GLOSSARY}/{{term_id}}", policy=Policy.USER, answers=GlossaryTerm)
def read_term(call: Call[Studio], project_id: str, term_id: str) -> Answer:
    """Read one term."""
    term, revision = call.app.app.glossary.find(call.principal.uid, project_id, term_id)
    return Answer(term, revision=revision)


@door.put(f"{GLOSSARY}/{{term_id}}", policy=Policy.USER, body=NewTerm, answers=GlossaryTerm, refuses=(409, 412))
def replace_term(call: Call[Studio], project_id: str, term_id: str, body: NewTerm) -> Answer:
    """Change a term. With If-Match, only the one that was read."""
    seen = _seen(call, project_id, term_id)
    term, revision = call.app.app.glossary.replace(call.principal.uid, project_id, term_id, body, seen)
    return Answer(term, revision=revision)


@door.delete(f"{GLOSSARY}/{{term_id}}", policy=Policy.USER, status=204, refuses=(412,))
def delete_term(call: Call[Studio], project_id: str, term_id: str) -> Answer:
    """Delete a term. With If-Match, only the one that was read."""
    call.app.app.glossary.delete(call.principal.uid, project_id, term_id, _seen(call, project_id, term_id))
    return Answer()


@door.get(f"{GLOSSARY}/{{term_id}}/hits", policy=Policy.USER, query=PageQuery, answers=Listing[TermHit])
def list_term_hits(call: Call[Studio], project_id: str, term_id: str, query: PageQuery) -> Answer:
    """List the segments that a term is met in, chapter by chapter, and how often."""
    glossary, uid = call.app.app.glossary, call.principal.uid
    hits, cursor = glossary.hits(uid, project_id, term_id, query.page_size, query.cursor)
    return Answer(Listing[TermHit](items=hits, next_page_token=cursor))


def _seen(call: Call[Studio], project_id: str, term_id: str) -> int | None:
    """The term's revision, where If-Match names it."""
    return asked_revision(call, lambda: call.app.app.glossary.find(call.principal.uid, project_id, term_id)[1])


@functions_framework.http
def glossary(request: Request) -> Response:
    return door.serve(request, studio)
