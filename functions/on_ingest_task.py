"""The queue's door for ingests that run as jobs: a look at how one is doing, again and again until it has ended."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import is_last_attempt
from functions.studio import Studio, studio
from shared.domain.asset import IngestTask

door = Door("on_ingest_task")


@door.event(body=IngestTask)
def look(call: Call[Studio], body: IngestTask) -> Answer:
    """Look after one ingest."""
    call.app.app.ingest.look(body, is_last_attempt=is_last_attempt(call))
    return Answer()


@functions_framework.http
def on_ingest_task(request: Request) -> Response:
    return door.serve(request, studio)
