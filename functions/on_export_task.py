"""The queue's door for exports: it starts one's job, and looks at it again and again until it has ended."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import is_last_attempt
from functions.studio import Studio, studio
from shared.domain.export import ExportTask

door = Door("on_export_task")


@door.event(body=ExportTask)
def look(call: Call[Studio], body: ExportTask) -> Answer:
    """Look after one export."""
    call.app.app.exports.looks.look(body, is_last_attempt=is_last_attempt(call))
    return Answer()


@functions_framework.http
def on_export_task(request: Request) -> Response:
    return door.serve(request, studio)
