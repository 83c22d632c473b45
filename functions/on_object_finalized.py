"""The uploads bucket's door: an object was written. Delivered twice, late or out of order, it is ingested once."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import is_last_attempt
from functions.studio import Studio, studio
from shared.services.object_event import parse_finalized

door = Door("on_object_finalized")


@door.event()
def receive(call: Call[Studio]) -> Answer:
    """Ingest the object that was written."""
    event = parse_finalized(dict(call.headers), call.data)
    app = call.app.app
    if event.bucket == app.uploads.bucket:
        app.ingest.receive(event.key, event.generation, is_last_attempt=is_last_attempt(call))
    return Answer()


@functions_framework.http
def on_object_finalized(request: Request) -> Response:
    return door.serve(request, studio)
