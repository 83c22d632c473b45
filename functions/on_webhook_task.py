"""The webhook queue's door: one try at telling a user's own server. Delivered twice, it may be told twice."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions.studio import Studio, studio
from shared.domain.webhook import WebhookTask

door = Door("on_webhook_task")


@door.event(body=WebhookTask)
def receive(call: Call[Studio], body: WebhookTask) -> Answer:
    """Send one webhook. What was not taken goes back to the queue, until that gives up."""
    call.app.app.deliver_webhook.deliver(body, is_last=_is_last_attempt(call))
    return Answer()


def _is_last_attempt(call: Call[Studio]) -> bool:
    retries = call.headers.get("X-CloudTasks-TaskRetryCount", "0")
    return retries.isdigit() and int(retries) + 1 >= call.app.app.settings.webhook_attempts


@functions_framework.http
def on_webhook_task(request: Request) -> Response:
    return door.serve(request, studio)
