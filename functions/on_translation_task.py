"""The translation queue's door: one text to be translated. Delivered twice, it is done once."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import work_off
from functions.studio import Studio, studio
from shared.domain.job import TranslateTask

door = Door("on_translation_task")


@door.event(body=TranslateTask)
def receive(call: Call[Studio], body: TranslateTask) -> Answer:
    """Translate one text."""
    return work_off(call, body.ref, lambda: call.app.app.advance.translate(body))


@functions_framework.http
def on_translation_task(request: Request) -> Response:
    return door.serve(request, studio)
