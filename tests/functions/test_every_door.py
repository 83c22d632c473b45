"""All doors together: described by one valid OpenAPI document, each path served by one door, each route guarded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from openapi_spec_validator import validate

from functions import main
from functions._http.door import find_door
from functions._http.guard import Policy
from functions._http.openapi import openapi
from functions._http.pagination import Listing, PageQuery
from functions.doors import DOORS, ENTRY_POINTS
from tests.support.studio import running_studio

OPEN_TO_ALL = {
    "/api/v1/auth/register",
    "/api/v1/auth/verify-email",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/password/forgot",
    "/api/v1/auth/password/reset",
    "/api/v1/projects/{project_id}/planning/health",
    "/api/v1/blueprints/schema",
    "/api/v1/worker/ping",
    "/api/v1/openapi.json",
    "/api/v1/docs",
}


def test_the_document_of_the_whole_api_is_valid() -> None:
    document = json.loads(json.dumps(openapi(DOORS)))
    validate(document)
    assert len(document["paths"]) >= 25


def test_no_two_doors_serve_one_route() -> None:
    routes = Counter((route.method, route.path) for door in DOORS for route in door.routes.all)
    assert [route for route, times in routes.items() if times > 1] == []
    for door in DOORS:
        for route in door.routes.all:
            path = route.path.replace("{", "").replace("}", "")
            assert find_door(DOORS, route.method, path) is door, path


def test_only_the_listed_routes_are_open_to_all() -> None:
    assert {r.path for door in DOORS for r in door.routes.all if r.policy is Policy.PUBLIC} == OPEN_TO_ALL


def test_every_list_comes_in_pages() -> None:
    for route in (route for door in DOORS for route in door.routes.all):
        if isinstance(route.answers, type) and issubclass(route.answers, Listing):
            assert route.query is not None and issubclass(route.query, PageQuery), route.path


# A form is one asset by its own digest of key and owner; a ticket handed out twice could be used once all the same.
OTHERWISE = {"/api/v1/assets", "/api/v1/jobs/{job_id}/events/ticket"}


def test_every_post_that_makes_something_honours_an_idempotency_key() -> None:
    making = [route for door in DOORS for route in door.routes.all if route.method == "POST" and route.status == 201]
    assert len(making) >= 5
    assert {route.path for route in making if not route.idempotent} <= OTHERWISE


def test_event_doors_are_for_the_queue() -> None:
    for door in DOORS:
        expected = {Policy.TASK} if door.name.startswith("on_") else {Policy.USER, Policy.ADMIN, Policy.PUBLIC}
        assert {route.policy for route in door.routes.all} <= expected, door.name


def test_every_entry_point_can_be_deployed_by_its_name() -> None:
    for name, entry in ENTRY_POINTS.items():
        assert getattr(main, name) is entry


def test_the_same_route_answers_without_the_version(tmp_path: Path) -> None:
    with running_studio(tmp_path) as (server, client):
        bare = client.get(f"{server.url}/api/worker/ping")
        assert bare.json() == client.get("/worker/ping").json() == {"status": "ok"}
        assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
        missing = client.get(f"{server.url}/nothing/here")
        assert missing.status_code == 404
        assert missing.headers["Content-Type"] == "application/problem+json"
        wrong = client.request("DELETE", f"{server.url}/api/v1/worker/ping")
        assert wrong.status_code == 405
        assert "GET" in wrong.headers["Allow"]
