"""/projects/{project_id}/cast: who speaks in the book, and with which voice; and a chapter's lines, each with its speaker."""

from __future__ import annotations

import functions_framework
from pydantic import Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery, page_of
from functions._http.preconditions import asked_revision
from functions.studio import Studio, studio
from shared.domain.cast import CastCharacter, CharacterChanges
from shared.services.cast_voices import CastOfVoices, VoiceCasting
from shared.services.keep_cast import ChapterChoice, FoundCast, Joining, Parting
from shared.services.review_lines import Correction, Line

door = Door("cast")
CAST = "/projects/{project_id}/cast"
LINES = "/projects/{project_id}/planning/chapters/{chapter_id}/lines"


class LineQuery(PageQuery):
    """Only lines that are doubtful, or only those that are not, where given."""

    doubtful: bool | None = Field(None, description="true: only lines that should be looked at.")


@door.post(f"{CAST}/generate", policy=Policy.USER, body=ChapterChoice, answers=FoundCast, refuses=(409, 412))
def generate_cast(call: Call[Studio], project_id: str, body: ChapterChoice) -> Answer:
    """Find who speaks in the chapters, taken together: one person, one character, under all their names.

    What was renamed, merged, split or deleted by hand stays so. Where a language model is set up it is asked about doubtful
    lines; `decided_by` counts whose word the speakers are. Plans get the cast's names.
    """
    seen = _seen(call, project_id)
    found, revision = call.app.app.cast.generate(call.principal.uid, project_id, body, seen)
    return Answer(found, revision=revision)


@door.get(CAST, policy=Policy.USER, query=PageQuery, answers=Listing[CastCharacter])
def list_cast(call: Call[Studio], project_id: str, query: PageQuery) -> Answer:
    """List the cast: the narrator, then who has most lines. 404 until it was found."""
    found = call.app.app.cast.characters(call.principal.uid, project_id)
    page = page_of(found, query, project_id, lambda one: one.id)
    return Answer(Listing[CastCharacter](items=page.items, next_page_token=page.next_page_token))


@door.get(f"{CAST}/{{character_id}}", policy=Policy.USER, answers=CastCharacter)
def read_character(call: Call[Studio], project_id: str, character_id: str) -> Answer:
    """Read one character; its ETag changes with every change of the cast."""
    return _answer(call.app.app.cast.find(call.principal.uid, project_id, character_id))


@door.patch(
    f"{CAST}/{{character_id}}", policy=Policy.USER, body=CharacterChanges, answers=CastCharacter, refuses=(409, 412)
)
def change_character(call: Call[Studio], project_id: str, character_id: str, body: CharacterChanges) -> Answer:
    """Change names, gender, age or voices; plans follow, each as one change that can be undone. 409 for another's name."""
    seen = _seen(call, project_id, character_id)
    return _answer(call.app.app.cast.change(call.principal.uid, project_id, character_id, body, seen))


@door.post(
    f"{CAST}/{{character_id}}/merge", policy=Policy.USER, body=Joining, answers=CastCharacter, refuses=(409, 412)
)
def merge_characters(call: Call[Studio], project_id: str, character_id: str, body: Joining) -> Answer:
    """Make another character one with this, which keeps its name and id; the other's names become aliases."""
    seen = _seen(call, project_id, character_id)
    return _answer(call.app.app.cast.join(call.principal.uid, project_id, character_id, body, seen))


@door.post(
    f"{CAST}/{{character_id}}/split", policy=Policy.USER, body=Parting, answers=CastCharacter, refuses=(409, 412)
)
def split_character(call: Call[Studio], project_id: str, character_id: str, body: Parting) -> Answer:
    """Make a character of their own of an alias, and find their lines anew; answers with the new one."""
    seen = _seen(call, project_id, character_id)
    return _answer(call.app.app.cast.part(call.principal.uid, project_id, character_id, body, seen))


@door.delete(f"{CAST}/{{character_id}}", policy=Policy.USER, status=204, refuses=(409, 412))
def delete_character(call: Call[Studio], project_id: str, character_id: str) -> Answer:
    """Take somebody who is nobody out of the cast for good; the narrator reads what they said."""
    seen = _seen(call, project_id, character_id)
    call.app.app.cast.dismiss(call.principal.uid, project_id, character_id, seen)
    return Answer()


@door.post(f"{CAST}/voices", policy=Policy.USER, body=VoiceCasting, answers=CastOfVoices, refuses=(409, 412, 503))
def cast_voices(call: Call[Studio], project_id: str, body: VoiceCasting) -> Answer:
    """Give everybody who speaks a voice of one language: distinct ones by gender and age, who says most first.

    The narrator's goes to nobody else while there is another. Voices that somebody chose stay. The same cast and catalogue
    give the same voices.
    """
    seen = _seen(call, project_id)
    made, revision = call.app.app.cast_voices.assign(call.principal.uid, project_id, body, seen)
    return Answer(made, revision=revision)


@door.get(LINES, policy=Policy.USER, query=LineQuery, answers=Listing[Line])
def list_lines(call: Call[Studio], project_id: str, chapter_id: str, query: LineQuery) -> Answer:
    """List a chapter's quotations in order: who speaks each, how sure that is, why, and who else might."""
    lines, uid = call.app.app.review_lines, call.principal.uid
    found, cursor = lines.page(uid, project_id, chapter_id, query.page_size, query.cursor, doubtful=query.doubtful)
    return Answer(Listing[Line](items=found, next_page_token=cursor))


@door.put(f"{LINES}/{{key}}", policy=Policy.USER, body=Correction, answers=Line, refuses=(409,))
def correct_line(call: Call[Studio], project_id: str, chapter_id: str, key: str, body: Correction) -> Answer:
    """Say who speaks a line. It stays through every planning anew, lines around it are weighed by it, and the plan follows."""
    return Answer(call.app.app.review_lines.correct(call.principal.uid, project_id, chapter_id, key, body))


@door.delete(f"{LINES}/{{key}}", policy=Policy.USER, answers=Line, refuses=(409,))
def forget_correction(call: Call[Studio], project_id: str, chapter_id: str, key: str) -> Answer:
    """Take back who was said to speak a line, and answer with who it is then."""
    return Answer(call.app.app.review_lines.forget(call.principal.uid, project_id, chapter_id, key))


def _answer(found: tuple[CastCharacter, int]) -> Answer:
    return Answer(found[0], revision=found[1])


def _seen(call: Call[Studio], project_id: str, character_id: str = "narrator") -> int | None:
    """The cast's revision, where If-Match names it."""
    return asked_revision(call, lambda: call.app.app.cast.revision(call.principal.uid, project_id, character_id))


@functions_framework.http
def cast(request: Request) -> Response:
    return door.serve(request, studio)
