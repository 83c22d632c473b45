"""The account queue's door: letters to be sent, users to be removed. Delivered twice, it is done once."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.log import write_line
from functions.studio import Studio, studio
from shared.domain.account_task import AccountTask
from shared.domain.errors import ReelprintError

door = Door("on_account_task")


@door.event(body=AccountTask)
def receive(call: Call[Studio], body: AccountTask) -> Answer:
    """Do one piece of account work. What may pass by itself goes back to the queue; what will not, into the log."""
    try:
        call.app.app.accounts.run(body)
    except ReelprintError as error:
        if error.retryable or error.status >= 500:
            raise
        write_line("ERROR", "account work cannot be done", call.identity, work=body.work.value, error=error.type)
    return Answer()


@functions_framework.http
def on_account_task(request: Request) -> Response:
    return door.serve(request, studio)
