"""The queue's door for echoes, by which its health is tried."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions.studio import Studio, studio
from shared.services.echo import EchoTask

door = Door("on_echo_task")


@door.event(body=EchoTask)
def receive(call: Call[Studio], body: EchoTask) -> Answer:
    """Write down that an echo came."""
    call.app.app.echo.deliver(body)
    return Answer()


@functions_framework.http
def on_echo_task(request: Request) -> Response:
    return door.serve(request, studio)
