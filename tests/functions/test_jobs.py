"""The doors of jobs: through the functions framework where one request is enough, over a real server where work is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from flask.testing import FlaskClient

from functions._http.openapi import openapi
from functions.doors import DOORS
from functions.jobs import door
from shared.domain.job import JobStatus, JobType, Priority
from shared.wiring import App
from tests.support.framework import door_client
from tests.support.jobs import progressed, quiet_app, running_job, served
from tests.support.studio import ended, new_chapter, running_studio
from tests.support.task_door import eventually

API = "/api/v1"
TRANSLATION = {"text": "Good morning.", "source_language": "en", "target_language": "es"}
ASK = {"type": "translation", "input": TRANSLATION}
ELSE = {"X-Test-User": "somebody-else"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path / "studio") as made, served(made):
        yield made


@pytest.fixture
def client(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "functions.jobs", "jobs")


@pytest.fixture
def worker(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return door_client(tmp_path, monkeypatch, "functions.worker", "worker")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_studio(tmp_path_factory.mktemp("studio"), accounts="open") as (_, made):
        yield made


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert body["status"] == status and body["type"].startswith("urn:reelprint:problem:") and body["request_id"]
    return body


# One request


@pytest.mark.media
def test_a_job_is_made_with_all_that_was_said_of_it(client: FlaskClient) -> None:
    said = {"title": "Letters", "description": "To read.", "metadata": {"shelf": "4"}, "priority": "high"}
    made = client.post(f"{API}/jobs", json=ASK | said)
    assert made.status_code == 201
    body = made.get_json()
    assert body | said == body
    assert (body["status"], body["attempt"], body["percentage"], body["event_seq"]) == ("pending", 1, 0, 1)
    assert client.get(f"{API}/jobs/{body['id']}").get_json() == body


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"priority": "soon"}, "/priority"),
        ({"title": "x" * 201}, "/title"),
        ({"description": "x" * 2001}, "/description"),
        ({"metadata": {"a": 1}}, "/metadata/a"),
        ({"metadata": {str(n): "" for n in range(65)}}, "/metadata"),
        ({"metadata": {str(n): "x" * 1000 for n in range(20)}}, "/metadata"),
        ({"type": "nonsense"}, "/type"),
        ({"input": {**TRANSLATION, "tongue": "en"}}, "/input/tongue"),
        ({"webhook": {"url": "https://example.com", "secret": "weak"}}, "/webhook/secret"),
        ({"webhook": {"url": "http://127.0.0.1/"}}, "/webhook/url"),
        ({"extra": 1}, "/extra"),
    ],
)
@pytest.mark.media
def test_what_is_wrong_with_a_wish_is_pointed_at(client: FlaskClient, said: dict[str, Any], pointer: str) -> None:
    body = problem(client.post(f"{API}/jobs", json=ASK | said), 422)
    assert [fault["pointer"] for fault in body["errors"]] == [pointer]
    assert "weak" not in json.dumps(body)
    assert client.get(f"{API}/jobs").get_json()["items"] == []


def test_a_type_without_an_engine_answers_so_and_the_document_says_it(client: FlaskClient) -> None:
    given = {"type": "choreography", "input": {"song_asset_id": "ast_1"}}
    assert problem(client.post(f"{API}/jobs", json=given), 422)["type"].endswith("engine-unavailable")
    document = openapi(DOORS)
    schemas = document["components"]["schemas"]
    for name in ("NewVoiceClone", "NewChoreography", "NewLiveSession"):
        assert "engine-unavailable" in schemas[name]["description"]
    assert "engine-unavailable" in document["paths"][f"{API}/jobs"]["post"]["description"]


def test_every_type_and_its_parameters_are_published() -> None:
    schemas = openapi(DOORS)["components"]["schemas"]
    mapping = schemas["NewJob"]["discriminator"]["mapping"]
    assert set(mapping) == {kind.value for kind in JobType}
    for kind, reference in mapping.items():
        shape = schemas[reference.rpartition("/")[2]]
        assert shape["properties"]["type"]["const"] == kind
        asked = schemas[shape["properties"]["input"]["$ref"].rpartition("/")[2]]
        assert asked["additionalProperties"] is False and asked["properties"]


def test_every_post_that_makes_or_moves_a_job_honours_an_idempotency_key() -> None:
    posts = {route.path: route.idempotent for route in door.routes.all if route.method == "POST"}
    assert posts == {
        f"{API}/jobs": True,
        f"{API}/jobs/{{job_id}}/retry": True,
        f"{API}/jobs/{{job_id}}/cancel": False,  # twice is no error
        f"{API}/jobs/{{job_id}}/events/ticket": False,  # a ticket handed out twice could be used once all the same
    }


@pytest.mark.media
def test_the_same_key_makes_one_job(client: FlaskClient, app: App) -> None:
    key = {"Idempotency-Key": "one"}
    first = client.post(f"{API}/jobs", json=ASK, headers=key)
    again = client.post(f"{API}/jobs", json=ASK, headers=key)
    assert first.get_json() == again.get_json() and again.headers["Idempotent-Replay"] == "true"
    problem(client.post(f"{API}/jobs", json=ASK | {"title": "x"}, headers=key), 422)
    assert app.documents.count("jobs") == 1


def test_a_key_at_work_waits_its_turn(client: FlaskClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    job = running_job(app, status=JobStatus.FAILED)

    def meanwhile(owner: str, job_id: str) -> Any:
        inner = client.post(f"{API}/jobs/{job.id}/retry", headers={"Idempotency-Key": "one"})
        seen.append(inner.status_code)
        assert inner.headers["Retry-After"]
        return app.jobs.get(owner, job_id)[0]

    monkeypatch.setattr(app.jobs, "retry", meanwhile)
    assert client.post(f"{API}/jobs/{job.id}/retry", headers={"Idempotency-Key": "one"}).status_code == 200
    assert seen == [409]


def test_a_change_with_if_match_is_of_that_very_job(client: FlaskClient, app: App) -> None:
    job = running_job(app)
    etag = client.get(f"{API}/jobs/{job.id}").headers["ETag"]
    said = {"title": "New", "description": "Words", "metadata": {"a": "b"}, "priority": "low"}
    changed = client.patch(f"{API}/jobs/{job.id}", json=said, headers={"If-Match": etag})
    assert changed.status_code == 200 and changed.get_json() | said == changed.get_json()
    assert changed.headers["ETag"] != etag
    problem(client.patch(f"{API}/jobs/{job.id}", json={"title": "Newer"}, headers={"If-Match": etag}), 412)
    assert client.get(f"{API}/jobs/{job.id}").get_json()["title"] == "New"
    problem(client.patch(f"{API}/jobs/{job.id}", json={"status": "completed"}), 422)


def test_the_same_is_not_sent_twice_to_who_polls(client: FlaskClient, app: App) -> None:
    job = running_job(app)
    for path in (f"{API}/jobs/{job.id}", f"{API}/jobs/{job.id}/progress"):
        etag = client.get(path).headers["ETag"]
        same = client.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.data) == (304, b"")
        progressed(app, job, len(path) % 7 + 2)
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_progress_stays_the_same_while_a_look_finds_nothing_new(client: FlaskClient, app: App) -> None:
    from tests.support.jobs import records_of

    job = running_job(app)
    path = f"{API}/jobs/{job.id}/progress"
    before = client.get(path)
    looked = [job.steps[0].model_copy(update={"round": 7})]
    records_of(app).update(job.owner, job.id, lambda current: current.model_copy(update={"steps": looked}))
    assert client.get(path, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    assert before.get_json()["steps"] == [
        {"name": "voice", "weight": 100, "status": "running", "done": 1, "total": 9, "reused": 0, "message": ""}
    ]


def test_a_list_filters_sorts_and_pages(client: FlaskClient, app: App) -> None:
    for n, priority in enumerate((Priority.LOW, Priority.URGENT, Priority.NORMAL)):
        running_job(app, id=f"job_{n}", priority=priority)
    running_job(app, id="job_done", status=JobStatus.COMPLETED, type=JobType.NARRATION)

    def names(**query: Any) -> list[str]:
        answer = client.get(f"{API}/jobs", query_string=query)
        assert answer.status_code == 200, answer.get_json()
        return [job["id"].removeprefix("job_") for job in answer.get_json()["items"]]

    assert names() == ["done", "2", "1", "0"]
    assert names(sort="created_at") == ["0", "1", "2", "done"]
    assert names(sort="-priority", status="running") == ["1", "2", "0"]
    assert names(type="narration") == ["done"]
    assert names(priority="urgent") == ["1"]
    assert names(created_after="2099-01-01T00:00:00Z") == []
    assert len(names(created_before="2099-01-01T00:00:00+02:00")) == 4
    first = client.get(f"{API}/jobs", query_string={"page_size": 3}).get_json()
    token = {"page_token": first["next_page_token"], "page_size": 3}
    rest = client.get(f"{API}/jobs", query_string=token).get_json()
    assert [job["id"] for job in rest["items"]] == ["job_0"] and rest["next_page_token"] is None
    problem(client.get(f"{API}/jobs", query_string=token | {"sort": "created_at"}), 422)
    problem(client.get(f"{API}/jobs", query_string=token | {"status": "running"}), 422)
    problem(client.get(f"{API}/jobs", query_string=token, headers=ELSE), 422)
    for wrong in (
        {"sort": "title"},
        {"created_after": "yesterday"},
        {"created_after": "2024-01-01T00:00:00"},
        {"x": 1},
    ):
        problem(client.get(f"{API}/jobs", query_string=wrong), 422)


def test_another_users_job_is_not_there(client: FlaskClient, app: App) -> None:
    job = running_job(app)
    path = f"{API}/jobs/{job.id}"
    calls: list[Callable[[], Any]] = [
        lambda: client.get(path, headers=ELSE),
        lambda: client.get(f"{path}/progress", headers=ELSE),
        lambda: client.get(f"{path}/result", headers=ELSE),
        lambda: client.get(f"{path}/files/a.wav", headers=ELSE),
        lambda: client.patch(path, json={"title": "Mine"}, headers=ELSE),
        lambda: client.post(f"{path}/cancel", headers=ELSE),
        lambda: client.post(f"{path}/retry", headers=ELSE),
        lambda: client.post(f"{path}/events/ticket", headers=ELSE),
    ]
    for call in calls:
        problem(call(), 404)
    assert client.get(f"{API}/jobs", headers=ELSE).get_json()["items"] == []
    assert client.get(path).get_json()["status"] == "running"


def test_a_body_too_large_or_of_another_type_is_refused(client: FlaskClient) -> None:
    problem(client.post(f"{API}/jobs", data=b"x" * (1024 * 1024 + 1), content_type="application/json"), 413)
    problem(client.post(f"{API}/jobs", data=b"<a/>", content_type="text/xml"), 415)
    problem(client.post(f"{API}/jobs", data=b"{", content_type="application/json"), 400)


@pytest.mark.media
def test_too_many_open_jobs_are_a_429_that_says_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet_app(tmp_path / "studio", max_open_jobs="1") as app, served(app):
        client = door_client(tmp_path, monkeypatch, "functions.jobs", "jobs")
        assert client.post(f"{API}/jobs", json=ASK).status_code == 201
        refused = client.post(f"{API}/jobs", json=ASK)
        problem(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0


def test_an_echo_is_heard_once_the_queue_has_delivered_it(worker: FlaskClient, app: App) -> None:
    from shared.services.echo import EchoTask

    sent = worker.post(f"{API}/worker/test-echo", json={"message": "anybody?"})
    assert sent.status_code == 202
    name = sent.get_json()["name"]
    problem(worker.get(sent.get_json()["href"]), 404)
    assert worker.get(sent.get_json()["task"]).get_json()["state"] == "scheduled"
    app.echo.deliver(EchoTask(owner="local", name=name, message="anybody?", sent_at=app.clock.now()))
    assert worker.get(sent.get_json()["href"]).get_json()["message"] == "anybody?"
    problem(worker.get(sent.get_json()["href"], headers=ELSE), 404)


# The whole way


def finished(client: httpx.Client, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    made = client.post("/jobs", json={"type": kind, "input": given})
    assert made.status_code == 201, made.text
    job = ended(client, made.json()["id"])
    assert job["status"] == "completed", job["error"]
    return job


@pytest.mark.media
def test_speech_is_made_listed_and_fetched(studio: httpx.Client) -> None:
    job = finished(studio, "text_to_speech", {"segments": [{"text": "The lamp is lit."}, {"text": "Nobody knows."}]})
    files = studio.get(f"/jobs/{job['id']}/result").json()["files"]
    assert [file["name"] for file in files] == ["speech.json", "speech-001.wav", "speech-002.wav"]
    for file in files:
        assert file["uri"].startswith("media://")
        answer = studio.get(str(studio.base_url).removesuffix(f"{API}/") + file["href"])
        assert answer.status_code == 200 and answer.headers["Content-Type"] == file["content_type"]
    part = studio.get(f"/jobs/{job['id']}/files/speech-001.wav", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")


@pytest.mark.media
def test_an_echo_comes_back(studio: httpx.Client) -> None:
    sent = studio.post("/worker/test-echo", json={"message": "hello"}).json()
    eventually(lambda: studio.get(f"/worker/test-echo/{sent['name']}").status_code == 200)
    assert studio.get(f"/worker/task/{sent['name']}").json()["attempts"] == 1


@pytest.mark.media
def test_a_composed_blueprint_is_rendered_again_by_its_id(studio: httpx.Client) -> None:
    project, chapter = new_chapter(studio, "It rained.")
    small = {"frame": {"width": 320, "height": 180}, "profile": "preview"}
    narrated = finished(studio, "narration", {"project_id": project, "chapter_id": chapter, **small})
    job = finished(studio, "video_generation", {"blueprint_id": narrated["blueprints"]["en"]})
    assert [step["name"] for step in job["steps"]] == ["render"]
    names = {file["name"] for file in studio.get(f"/jobs/{job['id']}/result").json()["files"]}
    assert {"video.mp4", "video.captions.en.vtt"} <= names
    film = studio.get(f"/jobs/{job['id']}/files/video.mp4").content
    assert film == studio.get(f"/jobs/{narrated['id']}/files/en.mp4").content


@pytest.mark.media
def test_a_render_that_runs_is_stopped_within_five_seconds(studio: httpx.Client) -> None:
    project, chapter = new_chapter(studio, "The rain had not stopped since the morning. " * 25)
    given = {"project_id": project, "chapter_id": chapter, "captions": "burned"}
    job = studio.post("/jobs", json={"type": "narration", "input": given}).json()

    def renderers() -> list[psutil.Process]:
        found = psutil.Process().children(recursive=True)
        return [process for process in found if job["id"] in _environment(process).get("RENDER_ID", "")]

    eventually(lambda: bool(renderers()))
    assert studio.post(f"/jobs/{job['id']}/cancel").json()["status"] == "cancelled"
    give_up_at = time.monotonic() + 5
    while renderers():
        assert time.monotonic() < give_up_at, "the renderer still runs"
        time.sleep(0.02)
    assert studio.get(f"/jobs/{job['id']}").json()["status"] == "cancelled"


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}
