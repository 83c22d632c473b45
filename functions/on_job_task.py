"""The job queue's door: a look at a job's step. Delivered twice, it is done once."""

from __future__ import annotations

import functions_framework
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._task import work_off
from functions.studio import Studio, studio
from shared.domain.job import StepTask

door = Door("on_job_task")


@door.event(body=StepTask)
def receive(call: Call[Studio], body: StepTask) -> Answer:
    """Look at one step of a job, and do what comes next."""
    return work_off(call, body.ref, lambda: call.app.app.advance.look(body))


@functions_framework.http
def on_job_task(request: Request) -> Response:
    return door.serve(request, studio)
