"""/blueprints: composed documents as they are, the schema, and a check for one's own."""

from __future__ import annotations

from typing import Any

import functions_framework
from pydantic import BaseModel
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer, JsonObject
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions.studio import Studio, studio
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.reference import json_schema

door = Door("blueprints", max_body_bytes=32 * 1024 * 1024)


class Checked(BaseModel):
    """A blueprint that is right, brought to the present version."""

    schema_version: str
    kind: str
    task_id: str
    frames: int
    blueprint: dict[str, Any]


@door.get("/blueprints/schema", policy=Policy.PUBLIC, answers=JsonObject)
def read_schema(call: Call[Studio]) -> Answer:
    """The JSON Schema of blueprint 1.0."""
    return Answer(JsonObject(json_schema()))


@door.post("/blueprints/check", policy=Policy.USER, body=JsonObject, answers=Checked)
def check(call: Call[Studio], body: JsonObject) -> Answer:
    """Check a blueprint of any version: every fault at once, with its JSON Pointer, or the document upgraded."""
    blueprint = parse_blueprint(body.root)
    return Answer(
        Checked(
            schema_version=blueprint.schema_version,
            kind=blueprint.kind,
            task_id=blueprint.task_id,
            frames=blueprint.duration,
            blueprint=blueprint.model_dump(mode="json", by_alias=True),
        )
    )


@door.get("/blueprints/{blueprint_id}", policy=Policy.USER, answers="application/json")
def read_blueprint(call: Call[Studio], blueprint_id: str) -> Answer:
    """Read a composed blueprint."""
    renders = call.app.app.renders
    record = renders.get(call.principal.uid, blueprint_id)
    return Answer(renders.document(record), media_type="application/json")


@functions_framework.http
def blueprints(request: Request) -> Response:
    return door.serve(request, studio)
