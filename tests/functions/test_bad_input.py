"""What goes wrong, told: every problem names what was found and what to do, and nothing half-made is left visible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from tests.support.studio import ended, new_chapter, running_studio

Studio = tuple[Server, httpx.Client]
GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document, which must be one, with a sentence to act on and the id to ask about."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["detail"] and problem["request_id"]
    return problem


def upload(client: httpx.Client, raw: bytes) -> httpx.Response:
    project = client.post("/projects", json={"title": "T"}).json()["id"]
    kind = {"Content-Type": "text/plain"}
    return client.post(f"/projects/{project}/chapters/upload", params={"title": "T"}, content=raw, headers=kind)


@pytest.mark.parametrize(
    ("raw", "status", "says"),
    [
        (b"", 422, "empty"),
        (b" \n\t\n ", 422, ""),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 415, "byte"),
        ("naïve café".encode("latin-1"), 415, "byte 2"),
        (b"a" * (4 * 1024 * 1024 + 1), 413, "4,194,304"),
    ],
    ids=["empty", "blank", "binary", "latin-1", "huge"],
)
def test_text_that_cannot_be_a_chapter(studio: Studio, raw: bytes, status: int, says: str) -> None:
    assert says in refused(upload(studio[1], raw), status)["detail"]


def test_a_bom_and_utf_16_are_read(studio: Studio) -> None:
    for raw in (b"\xef\xbb\xbfHello there.", "Hello there.".encode("utf-16")):
        answer = upload(studio[1], raw)
        assert answer.status_code == 201, answer.text
        assert answer.json()["characters"] == len("Hello there.")


@pytest.mark.media
@pytest.mark.parametrize(
    ("wish", "status", "says"),
    [
        ({"voices": {"en": {"narrator": "flite/nobody"}}}, 422, "flite/nobody"),
        ({"voices": {"en": {"narrator": "nothing/here"}}}, 422, "GET /api/v1/voices"),
        ({"translate_to": ["xx"]}, 422, "en-es"),
        ({"narrate": ["es"]}, 422, "translate_to"),
        ({"translate_to": ["en"]}, 422, "leave it out"),
        ({"cover_asset_id": "ast_nothing"}, 404, "ast_nothing"),
        ({"project_id": "prj_nothing"}, 404, "prj_nothing"),
    ],
)
def test_a_wish_that_cannot_be_met(studio: Studio, wish: dict[str, Any], status: int, says: str) -> None:
    client = studio[1]
    project, chapter = new_chapter(client)
    given = {"project_id": project, "chapter_id": chapter, **wish}
    answer = client.post("/jobs", json={"type": "narration", "input": given})
    problem = refused(answer, status)
    assert says in problem["detail"]
    assert client.get("/jobs", params={"status": "pending"}).json()["items"] == []


def test_every_fault_of_a_wish_comes_at_once(studio: Studio) -> None:
    given = {
        "project_id": 7,
        "voices": {"en": {"narrator": "no slash"}},
        "captions": "loud",
        "frame": {"width": 3},
        "x": 1,
    }
    problem = refused(studio[1].post("/jobs", json={"type": "narration", "input": given}), 422)
    pointers = {fault["pointer"] for fault in problem["errors"]}
    assert pointers >= {
        "/input/project_id",
        "/input/chapter_id",
        "/input/voices/en/narrator",
        "/input/captions",
        "/input/frame/width",
        "/input/x",
    }


def test_a_type_without_an_engine_says_so(studio: Studio) -> None:
    problem = refused(
        studio[1].post("/jobs", json={"type": "voice_clone", "input": {"voice_sample_asset_id": "ast_1"}}), 422
    )
    assert problem["type"].endswith("engine-unavailable")


def test_a_cover_that_is_not_a_picture(studio: Studio) -> None:
    answer = studio[1].post("/assets", data={"type": "background"}, files={"file": ("cover.png", b"not a picture")})
    assert "PNG, JPEG or WebP" in refused(answer, 415)["detail"]


def test_a_picture_that_does_not_decode_fails_with_the_reason(studio: Studio) -> None:
    client = studio[1]
    broken = b"\x89PNG\r\n\x1a\n" + b"\x00" * 200
    asset = client.post("/assets", data={"type": "background"}, files={"file": ("cover.png", broken)}).json()
    for _ in range(200):
        asset = client.get(f"/assets/{asset['id']}").json()
        if asset["status"] == "failed":
            break
    assert asset["status"] == "failed"
    assert "does not decode" in asset["reason"]
    project, chapter = new_chapter(client)
    given = {"project_id": project, "chapter_id": chapter, "cover_asset_id": asset["id"]}
    assert "does not decode" in refused(client.post("/jobs", json={"type": "narration", "input": given}), 409)["detail"]


def test_a_blueprint_with_ten_faults_lists_ten(studio: Studio) -> None:
    document = {
        "schema_version": "1.0",
        "kind": "opera",
        "task_id": "bad id",
        "output": {"width": 3, "height": 720, "frame_rate": {"num": 0}, "uri": "http://elsewhere"},
        "tracks": [
            {
                "id": "v",
                "kind": "video",
                "items": [
                    {"type": "still", "id": "a", "asset": "nothing", "timeline_start": 0, "duration": 10},
                    {"type": "gap", "id": "a", "timeline_start": 5, "duration": -1},
                ],
            }
        ],
        "markers": [{"kind": "beat", "start": 1.5}],
        "more": True,
    }
    problem = refused(studio[1].post("/blueprints/check", json=document), 422)
    assert len(problem["errors"]) >= 10
    assert len({fault["pointer"] for fault in problem["errors"]}) >= 10
    assert all(fault["code"] and fault["fix"] for fault in problem["errors"])


def test_a_missing_plan_and_a_wrong_revision(studio: Studio) -> None:
    client = studio[1]
    project, chapter = new_chapter(client)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    refused(client.get(f"{desk}/plan"), 404)
    plan = client.post(f"{desk}/generate", json={}).json()
    answer = client.put(f"{desk}/plan", json={"segments": plan["segments"]}, headers={"If-Match": '"99"'})
    refused(answer, 412)
    problem = refused(client.put(f"{desk}/plan", json={"segments": plan["segments"][1:]}), 422)
    assert problem["errors"][0]["code"] == "no-partition"


@pytest.mark.media
@pytest.mark.parametrize(
    ("setting", "says"),
    [("flite", "flite"), ("ffmpeg", "ffmpeg")],
)
def test_a_missing_program_is_named(tmp_path: Path, setting: str, says: str) -> None:
    with running_studio(tmp_path, **{setting: f"/nowhere/{setting}"}) as (_, client):
        project, chapter = new_chapter(client)
        wish = {"type": "narration", "input": {"project_id": project, "chapter_id": chapter}}
        answer = client.post("/jobs", json=wish)
        if setting == "flite":
            problem = refused(answer, 422)
        else:
            job = ended(client, answer.json()["id"])
            assert job["status"] == "failed"
            problem = job["error"]
        assert says in problem["detail"]
        assert "install" in problem["detail"].lower()


@pytest.mark.media
def test_a_task_that_always_fails_ends_the_job_with_the_reason(tmp_path: Path) -> None:
    silent = tmp_path / "flite"  # an engine that starts, says its version, and never speaks
    silent.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "version: flite-2.2"; exit 0;; -lv) echo "Voices available: slt"; exit 0;; '
        "esac\necho broken >&2; exit 3\n"
    )
    silent.chmod(0o755)
    with running_studio(tmp_path / "data", flite=str(silent), task_attempts="2") as (_, client):
        project, chapter = new_chapter(client)
        wish = {"type": "narration", "input": {"project_id": project, "chapter_id": chapter}}
        job = ended(client, client.post("/jobs", json=wish).json()["id"])
        assert job["status"] == "failed"
        assert job["message"].startswith("voice failed")
        assert "broken" in job["error"]["detail"]
        again = client.post(f"/jobs/{job['id']}/retry").json()
        assert again["attempt"] == 2


@pytest.mark.media
def test_a_job_can_be_cancelled_and_tried_again(studio: Studio) -> None:
    client = studio[1]
    project, chapter = new_chapter(client, "One sentence after another. " * 60)
    small = {"frame": {"width": 320, "height": 180}, "profile": "preview"}
    wish = {"type": "narration", "input": {"project_id": project, "chapter_id": chapter, **small}}
    job = client.post("/jobs", json=wish).json()
    assert client.post(f"/jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    assert ended(client, job["id"])["status"] == "cancelled"
    refused(client.get(f"/jobs/{job['id']}/result"), 409)
    assert client.post(f"/jobs/{job['id']}/retry").status_code == 200
    assert ended(client, job["id"])["status"] == "completed"
    refused(client.post(f"/jobs/{job['id']}/cancel"), 409)


def test_a_repeated_request_with_one_key_makes_one_job(studio: Studio) -> None:
    client = studio[1]
    key = {"Idempotency-Key": "the-same-key"}
    first = client.post("/projects", json={"title": "Once"}, headers=key)
    second = client.post("/projects", json={"title": "Once"}, headers=key)
    assert first.json()["id"] == second.json()["id"]
    refused(client.post("/projects", json={"title": "Other"}, headers=key), 422)


def test_queue_doors_open_for_the_queue_only(studio: Studio) -> None:
    server = studio[0]
    for door in ("on_job_task", "on_speech_task", "on_translation_task", "on_object_finalized"):
        answer = httpx.post(
            f"{server.url}/{door}", content=json.dumps({}), headers={"Content-Type": "application/json"}
        )
        refused(answer, 401)
