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
EVERYBODYS = {"preview_voice"}  # names what is nobody's own; voices that are somebody's have a test beside their doors
OWNED = [
    route
    for door in DOORS
    for route in door.routes.all
    if route.policy is Policy.USER and route.parameters and route.handler.__name__ not in EVERYBODYS
]
PROJECT = {"title": "The Harbour"}
# What a route's owner would send. A new route whose body is not here is refused by the model, and its test says so.
BODIES: dict[str, dict[str, Any]] = {
    "replace_project": PROJECT,
    "create_chapter": {"title": "Second", "text": "Another lamp."},
    "change_chapter": {"title": "Changed"},
    "generate": {},
    "edit_segment": {"text": "Changed."},
    "edit_segments": {"filter": {"all": True}, "changes": {"needs_revision": True}},
    "split_segment": {"position": 18, "texts": ["Who lit the lamp?", "Nobody did."]},
    "mark_completion": {"is_complete": True},
    "create_entry": {"language": "en", "pattern": "boy", "respelling": "boi"},
    "create_term": {"source_language": "en", "target_language": "es", "source": "boy", "target": "niño"},
    "replace_term": {"source_language": "en", "target_language": "es", "source": "lamp", "target": "farol"},
    "replace_entry": {"language": "en", "pattern": "lamp", "respelling": "laamp"},
    "change_job": {"title": "Changed"},
    "create_export": {"formats": ["srt"]},
    "generate_cast": {},
    "cast_voices": {},
    "change_character": {"age": "senior"},
    "split_character": {"alias": "the keeper"},
    "correct_line": {"speaker": "Tobias"},
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
    spoken = " “It burns,” said Mara. “Still,” said Tobias."
    text = {"title": "The lamp", "text": f"Who lit the lamp? Nobody did. It has burned since I was a boy.{spoken}"}
    chapter = client.post(f"/projects/{project}/chapters", json=text, headers=headers).json()["id"]
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    plan = client.post(f"{desk}/generate", json={}, headers=headers).json()
    for segment in plan["segments"]:
        app.voice_segment.make(segment["text"], "flite/slt", {})
    cast = f"/projects/{project}/cast"
    people = client.post(f"{cast}/generate", json={}, headers=headers).json()["characters"]
    mara, tobias = (next(one["id"] for one in people if one["name"] == name) for name in ("Mara", "Tobias"))
    client.patch(f"{cast}/{mara}", json={"aliases": ["the keeper"]}, headers=headers)
    line = client.get(f"{desk}/lines", headers=headers).json()["items"][0]["key"]
    entry = {"language": "en", "pattern": "harbour", "respelling": "harber"}
    entry_id = client.post(f"/projects/{project}/planning/lexicon", json=entry, headers=headers).json()["id"]
    term = {"source_language": "en", "target_language": "es", "source": "harbour", "target": "puerto"}
    term_id = client.post(f"/projects/{project}/planning/glossary", json=term, headers=headers).json()["id"]
    files = {"file": ("cover.png", picture())}
    asset = client.post("/assets", data={"type": "background"}, files=files, headers=headers).json()["id"]
    until_ok(ground, owner, f"/assets/{asset}", status="ready")
    book = {"file": ("book.txt", b"Who lit the lamp? Nobody did.")}
    document = client.post("/assets", data={"type": "document"}, files=book, headers=headers).json()["id"]
    until_ok(ground, owner, f"/assets/{document}", status="ready")
    key = f"blueprints/{owner.uid}.json"
    blueprint = parse_blueprint(production([colour("c", 0, 1)]))
    app.media.put(key, blueprint.model_dump_json(by_alias=True).encode())
    echo = client.post("/worker/test-echo", json={}, headers=headers).json()["name"]
    until_ok(ground, owner, f"/worker/test-echo/{echo}")
    wish = {"formats": ["srt"]}
    export = client.post(f"/projects/{project}/exports", json=wish, headers=headers).json()["id"]
    until_ok(ground, owner, f"/projects/{project}/exports/{export}", status="completed")
    return {
        "export_id": export,
        "term_id": term_id,
        "speech_id": client.post("/generate/text-to-speech", json={"text": "A lamp."}, headers=headers).json()[
            "speech"
        ]["id"],
        "file": "0001.srt",
        "project_id": project,
        "chapter_id": chapter,
        "segment_id": str(plan["segments"][0]["segment_id"]),
        "entry_id": entry_id,
        "character_id": mara,
        "other_id": tobias,
        "key": line,
        "asset_id": asset,
        "document_id": document,
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
        case "read_outline":
            path = path.replace(ground.things["asset_id"], ground.things["document_id"])
        case "import_book":
            body = {"asset_id": ground.things["document_id"]}
        case "merge_segments":
            names = [segment["segment_id"] for segment in plan_of(ground)["segments"]]
            body = {"segment_ids": names if len(names) > 1 else [*names, "another"]}
        case "merge_characters":
            body = {"character_id": ground.things["other_id"]}
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
    # A segment that is split is gone: all that is asked of it comes before, and what wants two of them after.
    desk = ("split_segment", "merge_segments", "undo", "redo")

    def order(route: Route) -> tuple[bool, int, int, int]:
        name = route.handler.__name__
        on_desk = desk.index(name) + 1 if name in desk else 0
        rank = last.index(route.method) if route.method in last else -1
        return route.method == "DELETE", rank, on_desk, -len(route.segments)

    for route in sorted(OWNED, key=lambda route: (route.path.endswith("{session_id}"), order(route))):
        answer = asked(own, route, owner)
        is_early = route.handler.__name__ in ("read_result", "read_file")  # 409: the job has made nothing yet
        # 409: not to be retried; its lines are not voiced as they were edited before.
        is_gone = route.handler.__name__ in ("retry_job", "retry_export", "create_export")
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
