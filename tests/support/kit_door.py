"""Two small doors on which the HTTP kit is tried: a shelf of books, and the event door `on_book_task`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from io import BytesIO
from typing import Annotated, Literal

import flask
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import HTTPException, RequestTimeout
from werkzeug.wrappers import Response

from functions._http import (
    Answer,
    Call,
    Door,
    File,
    Guard,
    Listing,
    OpenGuard,
    PageQuery,
    Policy,
    TaskTokenGuard,
    require_match,
)
from shared.domain.errors import BadOutput, Conflict, RevisionConflict, StorageFull, TooManyRequests
from shared.ports.clock import Clock
from shared.ports.documents import Documents

TASK_TOKEN = "a-task-token-of-thirty-two-chars!"  # noqa: S105 - opens nothing but these tests
FILE = bytes(range(256)) * 1024  # 256 KiB: more than one piece


@dataclass
class KitApp:
    """What the kit needs, and a note of what handlers did. `failing` breaks the construction of the app itself."""

    documents: Documents
    clock: Clock
    guard: Guard = field(default_factory=OpenGuard)
    task_guard: Guard = field(default_factory=lambda: TaskTokenGuard(TASK_TOKEN))
    done: list[object] = field(default_factory=list)
    hook: Callable[[], None] = lambda: None
    cors_origins: Collection[str] = ()


_current: list[KitApp] = []


def use(made: KitApp) -> None:
    _current[:] = [made]


def app() -> KitApp:
    """As shared.wiring has it: the process's one application."""
    return _current[0]


class Chapter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=20)
    pages: int = Field(gt=0)


class Prose(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["prose"]
    words: int


class Verse(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["verse"]
    lines: int


class NewBook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    chapters: list[Chapter] = []
    form: Annotated[Prose | Verse, Field(discriminator="kind")] | None = None
    notes: dict[str, int] = {}
    password: str = Field("long-enough", min_length=8)


class Book(BaseModel):
    id: str
    name: str


class BookQuery(PageQuery):
    language: list[str] = []
    newest: bool = False


class BookTask(BaseModel):
    book: str


books = Door("books", max_body_bytes=4096)
on_book_task = Door("on_book_task")


@books.get("/health", policy=Policy.PUBLIC)
def health(call: Call[KitApp]) -> Answer:
    """Tell that the door is there.

    Needs nobody's name.
    """
    return Answer({"uid": call.principal.uid})


@books.get("/books", policy=Policy.USER, query=BookQuery, answers=Listing[Book])
def list_books(call: Call[KitApp], query: BookQuery) -> Answer:
    """List books."""
    call.app.done.append(query)
    return Answer(Listing[Book](items=[Book(id="1", name="Emma")], next_page_token=query.cursor))


@books.post("/books", policy=Policy.USER, body=NewBook, answers=Book, status=201, idempotent=True)
def create_book(call: Call[KitApp], body: NewBook) -> Answer:
    """Shelve a book."""
    call.app.done.append(body.name)
    call.app.hook()
    made = Book(id=str(len(call.app.done)), name=body.name)
    return Answer(made, headers={"Location": f"/api/v1/books/{made.id}"}, revision=1)


@books.get("/books/newest", policy=Policy.USER, answers=Book)
def newest_book(call: Call[KitApp]) -> Answer:
    """Read the newest book."""
    return Answer(Book(id="7", name="Emma"))


@books.get("/books/{book_id}", policy=Policy.USER, answers=Book)
def read_book(call: Call[KitApp], book_id: str) -> Answer:
    """Read a book."""
    return Answer(Book(id=book_id, name="Emma"), revision=7)


@books.put("/books/{book_id}", policy=Policy.USER, body=NewBook, answers=Book)
def write_book(call: Call[KitApp], book_id: str, body: NewBook) -> Answer:
    """Write a book."""
    require_match(call, 7)
    return Answer(Book(id=book_id, name=body.name), revision=8)


@books.delete("/books/{book_id}", policy=Policy.USER, status=204)
def burn_book(call: Call[KitApp], book_id: str) -> Answer:
    """Remove a book."""
    return Answer()


@books.post("/books/{book_id}/open", policy=Policy.USER, idempotent=True)
def open_book(call: Call[KitApp], book_id: str) -> Answer:
    """Open a book, which takes no body."""
    call.app.done.append(book_id)
    return Answer({"opened": book_id})


@books.get("/books/{book_id}/scan", policy=Policy.USER, answers="application/pdf")
def scan(call: Call[KitApp], book_id: str) -> Answer:
    """Read the scanned pages."""
    return Answer(File(BytesIO(FILE), len(FILE), "application/pdf", name="Déjà vu.pdf"), revision="scan-1")


@books.get("/books/{book_id}/words", policy=Policy.USER, answers="text/event-stream")
def words(call: Call[KitApp], book_id: str) -> Answer:
    """Stream the words."""
    return Answer(iter([b"data: one\n\n", b"data: two\n\n"]))


@books.post(
    "/books/{book_id}/reading", policy=Policy.USER, body="audio/*", answers=Book, idempotent=True, max_body_bytes=10_000
)
def add_reading(call: Call[KitApp], book_id: str) -> Answer:
    """Take a recording of somebody reading."""
    call.app.done.append(book_id)
    return Answer(Book(id=book_id, name=str(len(call.data))))


@books.post("/books/{book_id}/cover", policy=Policy.USER, body="multipart/form-data", answers=Book)
def add_cover(call: Call[KitApp], book_id: str) -> Answer:
    """Take a picture."""
    return Answer(Book(id=book_id, name=str(len(call.request.files["file"].read()))))


_FAILURES: dict[str, Callable[[], Exception]] = {
    "conflict": lambda: Conflict("The shelf is full."),
    "revision": lambda: RevisionConflict("Somebody else wrote."),
    "busy": lambda: TooManyRequests("Too many readers."),
    "full": lambda: StorageFull("No room left."),
    "bad": lambda: BadOutput("An engine answered with noise."),
    "timeout": RequestTimeout,
    "redirect": lambda: HTTPException(response=Response(status=302)),
    "key": lambda: KeyError("the reader's own secret words"),
}


@books.post("/failures/{kind}", policy=Policy.USER, answers=Book, idempotent=True)
def fail(call: Call[KitApp], kind: str) -> Answer:
    """Fail in the way asked for; `type` answers something else than promised, `sorry` answers 503 by hand."""
    call.app.done.append(kind)
    if kind == "type":
        return Answer({"id": "1"})
    if kind == "sorry":
        return Answer(Book(id="1", name="Emma"), status=503)
    if kind == "stream":
        return Answer(iter([b"one"]))
    raise _FAILURES[kind]()


@on_book_task.event(body=BookTask)
def bind(call: Call[KitApp], body: BookTask) -> Answer:
    """Bind a book."""
    call.app.done.append((call.principal.uid, body.book))
    return Answer()


def serve_books(request: flask.Request) -> Response:
    return books.serve(request, app)


def serve_task(request: flask.Request) -> Response:
    return on_book_task.serve(request, app)
