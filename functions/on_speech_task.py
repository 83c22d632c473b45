"""The speech queue's door: one text to be spoken. Delivered twice, it is done once."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import is_last_attempt, work_off
from functions.studio import Studio, studio
from shared.domain.job import VoiceTask
from shared.ports.tasks import QueueKind, speech_queue

door = Door("on_speech_task")


@door.event(body=VoiceTask)
def receive(call: Call[Studio], body: VoiceTask) -> Answer:
    """Speak one text."""
    settings = call.app.app.settings
    is_vendors = speech_queue(body.voice) is not QueueKind.SPEECH
    attempts = settings.vendor_attempts if is_vendors else settings.task_attempts
    is_last = is_last_attempt(call, attempts)
    return work_off(call, body.ref, lambda: call.app.app.advance.voice(body, is_last=is_last), attempts)


@functions_framework.http
def on_speech_task(request: Request) -> Response:
    return door.serve(request, studio)
