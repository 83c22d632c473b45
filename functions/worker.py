"""/worker: is the studio there, what waits and what runs on its queues; and the API described by itself."""

from __future__ import annotations

import contextlib
from typing import Annotated

import functions_framework
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer, JsonObject
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import ADMIN, Policy
from functions.studio import Studio, studio
from shared.domain.errors import NotFound
from shared.services.echo import Heard

door = Door("worker")


class Ping(BaseModel):
    status: str


class Queue(BaseModel):
    """One queue: tasks that wait, that are being delivered, and that ran out of attempts."""

    queue: str
    scheduled: int
    active: int
    dead: int


class Queues(BaseModel):
    items: list[Queue]


class TaskView(BaseModel):
    """One task as the queue knows it; `last_status` is the door's HTTP status, 0 where nothing answered."""

    queue: str
    name: str
    state: str
    attempts: int
    last_status: int | None
    last_error: str


@door.get("/worker/ping", policy=Policy.PUBLIC, answers=Ping)
def ping(call: Call[Studio]) -> Answer:
    """Say that the studio is there."""
    return Answer(Ping(status="ok"))


@door.get("/worker/status", policy=Policy.USER, answers=Queues)
def status(call: Call[Studio]) -> Answer:
    """Say what waits and what runs, queue by queue."""
    return Answer(Queues(items=[Queue.model_validate(vars(queue)) for queue in call.app.app.tasks.state()]))


@door.get("/worker/task/{name}", policy=Policy.USER, answers=TaskView)
def read_task(call: Call[Studio], name: str) -> Answer:
    """Look up one task of yours: an echo, or part of a job. Admins look up any."""
    record = call.app.app.tasks.find(name)
    if record is None or not _is_theirs(call, name):
        raise NotFound(f"The task {name!r} is not known here (any more): names are kept for an hour after the work.")
    return Answer(TaskView.model_validate({**vars(record), "state": record.state.value}))


def _is_theirs(call: Call[Studio], name: str) -> bool:
    app, uid = call.app.app, call.principal.uid
    if ADMIN in call.principal.roles or app.echo.is_from(uid, name):
        return True
    with contextlib.suppress(NotFound):
        return bool(app.jobs.get(uid, name.partition("-")[0]))  # a job's tasks are named after it
    return False


class NewEcho(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message: Annotated[str, Field(min_length=1, max_length=1000)] = "hello"


class SentEcho(BaseModel):
    """Where to look for the echo once the queue has delivered it, and for its task until then."""

    name: str
    href: str
    task: str


@door.post("/worker/test-echo", policy=Policy.USER, body=NewEcho, answers=SentEcho, status=202, idempotent=True)
def send_echo(call: Call[Studio], body: NewEcho) -> Answer:
    """Send an echo by way of the queue: when it comes back, queue and worker are well."""
    name = call.app.app.echo.send(call.principal.uid, body.message)
    root = "/api/v1/worker"
    return Answer(SentEcho(name=name, href=f"{root}/test-echo/{name}", task=f"{root}/task/{name}"))


@door.get("/worker/test-echo/{name}", policy=Policy.USER, answers=Heard)
def read_echo(call: Call[Studio], name: str) -> Answer:
    """Read an echo; 404 until the queue has delivered it, and again an hour later."""
    return Answer(call.app.app.echo.find(call.principal.uid, name))


@door.get("/openapi.json", policy=Policy.PUBLIC, answers=JsonObject)
def describe(call: Call[Studio]) -> Answer:
    """The whole API as an OpenAPI 3.1 document."""
    from functions._http.openapi import openapi
    from functions.doors import DOORS

    return Answer(JsonObject(openapi(DOORS)))


@door.get("/docs", policy=Policy.PUBLIC, answers="text/html")
def show_docs(call: Call[Studio]) -> Answer:
    """The whole API as a page to read."""
    from functions._http.docs_page import CONTENT_SECURITY_POLICY, docs_page
    from functions._http.openapi import openapi
    from functions.doors import DOORS

    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Answer(docs_page(openapi(DOORS)), headers=headers, media_type="text/html; charset=utf-8")


@functions_framework.http
def worker(request: Request) -> Response:
    return door.serve(request, studio)
