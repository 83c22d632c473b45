"""The OpenAPI 3.1 document of all doors, from what the routes say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions._http.door import Door
from functions._http.guard import Policy
from functions._http.idempotency import HEADER as IDEMPOTENCY_HEADER
from functions._http.problems import MEDIA_TYPE, Problem
from functions._http.render import JSON
from functions._http.route import Route

Mode = Literal["validation", "serialization"]
Reference = dict[str, str]
References = dict[tuple[type[BaseModel], Mode], Reference]
_SCHEMAS = "#/components/schemas/"
_PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "No or bad credentials.",
    "403": "Known, but not allowed.",
    "404": "No such thing, or not yours.",
    "409": "The state does not allow it.",
    "412": "If-Match names another version.",
    "413": "The body is larger than this route takes.",
    "415": "The body is not of the type this route takes.",
    "416": "The range lies outside the file.",
    "422": "The request is readable and wrong; `errors` lists all of it.",
    "429": "A documented number or rate is used up; Retry-After says when to ask again.",
    "default": "Any other failure.",
}
_SECURITY: dict[Policy, list[dict[str, list[str]]]] = {
    Policy.PUBLIC: [],
    Policy.USER: [{"user": []}],
    Policy.ADMIN: [{"user": []}],
    Policy.TASK: [{"task": []}],
}


def openapi(doors: Sequence[Door], *, title: str = "Reelprint", version: str = "1") -> dict[str, Any]:
    """The document as plain data. Paths are the canonical ones; /api/... without /v1 is served alike."""
    references, schemas = _schemas(doors)
    writer = _Writer(references, schemas)
    paths: dict[str, dict[str, Any]] = {}
    for door, route in _every_route(doors):
        paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(door, route)
    for _, route in _every_route(doors):
        if route.query:
            schemas.pop(references[route.query, "validation"]["$ref"].removeprefix(_SCHEMAS), None)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {_problem_name(status): _problem(text) for status, text in _PROBLEMS.items()},
            "securitySchemes": {
                "user": {"type": "http", "scheme": "bearer", "description": "A signed-in person's access token."},
                "task": {"type": "http", "scheme": "bearer", "description": "The queue's own token."},
            },
        },
    }


class _Writer:
    def __init__(self, references: References, schemas: dict[str, Any]) -> None:
        self._references = references
        self._schemas = schemas

    def operation(self, door: Door, route: Route) -> dict[str, Any]:
        """One route as an Operation Object."""
        written: dict[str, Any] = {
            "operationId": f"{door.name}_{route.handler.__name__}",
            "tags": list(door.tags),
            "summary": route.summary,
            "description": route.description,
            "parameters": [*self._path(route), *self._query(route), *_headers(route)],
            "responses": {str(route.status): self._success(route), **_problems(route)},
            "security": _SECURITY[route.policy],
        }
        if route.body is not None:
            written["requestBody"] = self._body(route.body)
        return {key: value for key, value in written.items() if value or key == "security"}

    def _path(self, route: Route) -> Iterator[dict[str, Any]]:
        schema = {"type": "string", "minLength": 1, "maxLength": 128}
        return ({"name": name, "in": "path", "required": True, "schema": schema} for name in route.parameters)

    def _query(self, route: Route) -> Iterator[dict[str, Any]]:
        if route.query is None:
            return
        name = self._references[route.query, "validation"]["$ref"].removeprefix(_SCHEMAS)
        model = self._schemas[name]
        for field, schema in model.get("properties", {}).items():
            yield {"name": field, "in": "query", "required": field in model.get("required", []), "schema": schema}

    def _body(self, body: type[BaseModel] | str) -> dict[str, Any]:
        if isinstance(body, str):
            return {"required": True, "content": {body: {}}}
        required = any(field.is_required() for field in body.model_fields.values())
        return {"required": required, "content": {JSON: {"schema": self._references[body, "validation"]}}}

    def _success(self, route: Route) -> dict[str, Any]:
        if route.answers is None:
            return {"description": "Done."}
        if isinstance(route.answers, str):
            return {"description": "Done.", "content": {route.answers: {}}}
        schema = self._references[route.answers, "serialization"]
        return {"description": "Done.", "content": {JSON: {"schema": schema}}}


def _schemas(doors: Sequence[Door]) -> tuple[References, dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
    for _, route in _every_route(doors):
        for model, mode in ((route.body, "validation"), (route.query, "validation"), (route.answers, "serialization")):
            if isinstance(model, type):
                wanted[model, mode] = None  # type: ignore[index]
    references, definitions = models_json_schema(list(wanted), ref_template=_SCHEMAS + "{model}")
    return references, definitions.get("$defs", {})  # type: ignore[return-value]


def _every_route(doors: Sequence[Door]) -> Iterator[tuple[Door, Route]]:
    return ((door, route) for door in doors for route in door.routes.all)


def _headers(route: Route) -> Iterator[dict[str, Any]]:
    if route.idempotent:
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        text = "The same key and request again get the first answer, for 24 hours."
        yield {"name": IDEMPOTENCY_HEADER, "in": "header", "required": False, "schema": schema, "description": text}


def _problems(route: Route) -> dict[str, Reference]:
    possible = {
        "400": isinstance(route.body, type),
        "401": route.policy is not Policy.PUBLIC,
        "403": route.policy is Policy.ADMIN,
        "404": bool(route.parameters),
        "409": route.idempotent,
        "413": route.body is not None,
        "415": route.body is not None,
        "422": isinstance(route.body, type) or not route.is_event,
        "429": route.limited,
        "default": True,
    }
    return {
        status: {"$ref": f"#/components/responses/{_problem_name(status)}"}
        for status in _PROBLEMS
        if possible.get(status) or status in map(str, route.refuses)
    }


def _problem_name(status: str) -> str:
    return f"Problem{status.capitalize()}"


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}}
