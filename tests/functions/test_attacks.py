"""Attacks, each by its name: refused as it should be, with nothing changed afterwards.

The cases are in the attacks_*.py beside this file; those on somebody else's things are made from the registry of routes,
so that a new door is attacked from its first day.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from inspect import isgeneratorfunction
from typing import Any

import httpx
import pytest

from functions._http.guard import Policy
from functions._http.route import Route
from functions.doors import DOORS
from shared.domain.blueprint import parse_blueprint
from shared.domain.user import Role
from tests.functions import attacks_files, attacks_people, attacks_tokens, attacks_uploads, attacks_wire
from tests.functions.attacks_ground import CASES, Case, Ground, everything, picture, refused, sha256
from tests.support.accounts import PASSWORD, SignedIn, fresh_user
from tests.support.assembly import colour, production
from tests.support.jobs import running_job
from tests.support.studio import running_studio

COLLECTIONS = (attacks_files, attacks_people, attacks_tokens, attacks_uploads, attacks_wire)
OWNED = [route for door in DOORS for route in door.routes.all if route.policy is Policy.USER and route.parameters]
PROJECT = {"title": "The Harbour"}
# What a route's owner would send. A new route whose body is not here is refused by the model, and its test says so.
BODIES: dict[str, dict[str, Any]] = {
    "replace_project": PROJECT,
    "create_chapter": {"title": "Second", "text": "Another lamp."},
    "change_chapter": {"title": "Changed"},
    "generate": {},
    "edit_segment": {"text": "Changed."},
    "change_job": {"title": "Changed"},
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    settings = {"accounts": "required", "address_attempts": "100000"}
    with running_studio(tmp_path_factory.mktemp("studio"), **settings) as (server, client):
        app = server.app
        anna = fresh_user(app, password=PASSWORD)
        made = Ground(server, client, anna, anna, fresh_user(app, role=Role.ADMIN), {})
        yield replace(made, things=things_of(made, anna))


def things_of(ground: Ground, owner: SignedIn) -> dict[str, str]:
    """One of each kind, made through the doors where there is one, by the names that paths have for them."""
    app, client, headers = ground.server.app, ground.client, owner.headers
    project = client.post("/projects", json=PROJECT, headers=headers).json()["id"]
    text = {"title": "The lamp", "text": "Who lit the lamp? Nobody did. It has burned since I was a boy."}
    chapter = client.post(f"/projects/{project}/chapters", json=text, headers=headers).json()["id"]
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    plan = client.post(f"{desk}/generate", json={}, headers=headers).json()
    files = {"file": ("cover.png", picture())}
    asset = client.post("/assets", data={"type": "background"}, files=files, headers=headers).json()["id"]
    until_ok(ground, owner, f"/assets/{asset}", status="ready")
    key = f"blueprints/{owner.uid}.json"
    blueprint = parse_blueprint(production([colour("c", 0, 1)]))
    app.media.put(key, blueprint.model_dump_json(by_alias=True).encode())
    echo = client.post("/worker/test-echo", json={}, headers=headers).json()["name"]
    until_ok(ground, owner, f"/worker/test-echo/{echo}")
    return {
        "project_id": project,
        "chapter_id": chapter,
        "segment_id": str(plan["segments"][0]["segment_id"]),
        "asset_id": asset,
        "job_id": running_job(app, owner.uid).id,
        "blueprint_id": app.renders.keep(owner.uid, blueprint, key, sha256(owner.uid.encode())),
        "session_id": owner.tokens.session_id,
        "name": echo,
    }


def until_ok(ground: Ground, owner: SignedIn, path: str, **found: str) -> None:
    """A path answers, with these values where some are given; the queue has done its work."""
    deadline = time.monotonic() + 60
    while True:
        answer = ground.client.get(path, headers=owner.headers)
        if answer.status_code == 200 and answer.json().items() >= found.items():
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)


def tried(ground: Ground, case: Case) -> None:
    """One attack: what it prepares, then what may change nothing."""
    steps = case(ground) if isgeneratorfunction(case) else iter([None])
    assert steps is not None
    next(steps)
    before = everything(ground.server)
    if isgeneratorfunction(case):
        assert list(steps) == [], "a case prepares once"
    else:
        case(ground)
    after = everything(ground.server)
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == set()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_attack_is_refused_and_changes_nothing(ground: Ground, case: Case) -> None:
    tried(replace(ground, eve=fresh_user(ground.server.app)), case)


def asked(ground: Ground, route: Route, who: SignedIn) -> httpx.Response:
    """A route of anna's things, asked as its owner would."""
    path = ground.server.url + route.path.format(**ground.things)
    body = BODIES.get(route.handler.__name__)
    match route.handler.__name__:
        case "upload_chapter":
            kind = {"Content-Type": "text/plain"}
            return ground.client.post(path, params={"title": "T"}, content=b"A lamp.", headers=who.headers | kind)
        case "replace_plan":
            body = {"segments": plan_of(ground)["segments"]}
        case "follow_events":
            with ground.client.stream("GET", path, headers=who.headers) as answer:
                if answer.status_code != 200:
                    answer.read()
                return answer
    return ground.client.request(route.method, path, json=body, headers=who.headers)


def plan_of(ground: Ground) -> dict[str, Any]:
    desk = "/projects/{project_id}/planning/chapters/{chapter_id}/plan".format(**ground.things)
    found: dict[str, Any] = ground.client.get(desk, headers=ground.anna.headers).json()
    return found


@pytest.mark.parametrize("route", OWNED, ids=[f"{route.method} {route.path}" for route in OWNED])
def test_somebody_elses_things_are_not_there(ground: Ground, route: Route) -> None:
    eve = fresh_user(ground.server.app)
    before = everything(ground.server)
    refused(asked(ground, route, eve), 404)
    assert everything(ground.server) == before


def test_their_owner_gets_through_where_a_stranger_does_not(ground: Ground) -> None:
    """The same requests, so that 404 was the stranger's and not the request's. What ends a thing comes last."""
    owner = fresh_user(ground.server.app)
    own = replace(ground, anna=owner, things=things_of(ground, owner))
    last = ("PUT", "DELETE")

    def order(route: Route) -> tuple[bool, int, int]:
        return route.method == "DELETE", last.index(route.method) if route.method in last else -1, -len(route.segments)

    for route in sorted(OWNED, key=lambda route: (route.path.endswith("{session_id}"), order(route))):
        answer = asked(own, route, owner)
        is_early = route.handler.__name__ in ("read_result", "read_file")  # 409: the job has made nothing yet
        is_gone = route.handler.__name__ == "retry_job"
        assert answer.status_code < 300 or (answer.status_code == 409 and (is_early or is_gone)), (
            f"{route.method} {route.path}: {answer.status_code} {answer.text[:300]}"
        )


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60 and len(OWNED) >= 20
    assert {case.__module__ for case in CASES.values()} == {module.__name__ for module in COLLECTIONS}


def test_a_change_is_noticed(ground: Ground) -> None:
    def changing(ground: Ground) -> None:
        ground.client.post("/projects", json={"title": "Made all the same"}, headers=ground.eve.headers)

    with pytest.raises(AssertionError, match="projects"):
        tried(replace(ground, eve=fresh_user(ground.server.app)), changing)
