"""The doors of exports, over a real server: asked for, refused with what to do, followed, cancelled, tried again, fetched."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from shared.ports.documents import Where
from shared.services.delete_user import keepers_of
from tests.support.accounts import SignedIn, fresh_user
from tests.support.studio import TEXT, new_chapter, running_studio, served_studio

pytestmark = pytest.mark.media
Running = tuple[Server, httpx.Client]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


def voice_all(server: Server, client: httpx.Client, project: str, chapter: str) -> list[str]:
    """Plan a chapter and speak all of it; its segments' ids."""
    plan = client.post(f"/projects/{project}/planning/chapters/{chapter}/generate", json={}).json()
    spoken = [segment for segment in plan["segments"] if any(ch.isalnum() for ch in segment["text"])]
    for segment in spoken:
        server.app.voice_segment.make(segment["text"], "flite/slt", {})
    return [segment["segment_id"] for segment in spoken]


def narrated(studio: Running, text: str = TEXT) -> tuple[str, str]:
    """(exports' path, chapter id) of a project with one voiced chapter."""
    server, client = studio
    project, chapter = new_chapter(client, text)
    voice_all(server, client, project, chapter)
    return f"/projects/{project}/exports", chapter


def ended(client: httpx.Client, path: str, seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        export: dict[str, Any] = client.get(path).json()
        if export["status"] in ("completed", "failed", "cancelled"):
            return export
        assert time.monotonic() < deadline, export
        time.sleep(0.1)


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_narrated_chapter_becomes_every_format(studio: Running) -> None:
    _, client = studio
    path, chapter = narrated(studio)
    formats = ["m4b", "mp3", "wav", "acx", "epub", "srt", "vtt"]
    answer = client.post(path, json={"formats": formats, "options": {"words": True}})
    assert answer.status_code == 202 and answer.json()["status"] == "pending" and answer.json()["files"] == []
    export = ended(client, f"{path}/{answer.json()['id']}")
    assert export["status"] == "completed", export
    assert {file["format"] for file in export["files"]} == set(formats)
    assert export["percentage"] == 100 and export["reports"]["captions"]["words"] == "estimated"
    for file in export["files"]:
        whole = client.get(file["url"].removeprefix("/api/v1"))
        assert whole.status_code == 200 and whole.headers["Content-Type"].startswith(file["content_type"])
        assert (len(whole.content), hashlib.sha256(whole.content).hexdigest()) == (file["size"], file["sha256"])
        assert file["chapter_id"] == (None if file["name"].startswith("book.") else chapter)
        part = client.get(file["url"].removeprefix("/api/v1"), headers={"Range": "bytes=0-9"})
        assert part.status_code == 206 and part.content == whole.content[:10]
    vtt = client.get(f"{path}/{export['id']}/files/0001.vtt").text
    assert vtt.startswith("WEBVTT") and "“Who <00:00:0" in vtt
    srt = client.get(f"{path}/{export['id']}/files/0001.srt").text
    assert "1\n00:00:00,760 --> " in srt and "“Who lit the lamp?” asked Mara." in srt
    assert client.get(f"{path}/{export['id']}/files/book.pdf").status_code == 404
    again = client.get(
        f"{path}/{export['id']}", headers={"If-None-Match": client.get(f"{path}/{export['id']}").headers["ETag"]}
    )
    assert again.status_code == 304

    listed = client.get(path, params={"page_size": 1}).json()
    assert [item["id"] for item in listed["items"]] == [export["id"]] and "files" not in listed["items"][0]
    assert client.delete(f"{path}/{export['id']}").status_code == 204
    assert client.get(f"{path}/{export['id']}").status_code == 404
    assert not studio[0].app.media.list(f"users/local/{export['id']}/").items


def test_what_is_not_ready_is_refused_with_what_to_do(studio: Running) -> None:
    server, client = studio
    project, chapter = new_chapter(client)
    path = f"/projects/{project}/exports"
    no_plan = client.post(path, json={"formats": ["m4b"]})
    assert no_plan.status_code == 409 and no_plan.json()["errors"][0]["code"] == "no-plan"
    names = voice_all(server, client, project, chapter)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    client.patch(f"{desk}/segments/{names[1]}", json={"text": "Nobody ever did that."})
    not_voiced = client.post(path, json={"formats": ["m4b"]})
    fault = not_voiced.json()["errors"][0]
    assert not_voiced.status_code == 409 and fault["found"] == names[1] and "1 of 3" in fault["detail"]
    assert fault["pointer"] == "/chapters/0" and "narration voices the chapter" in fault["fix"]
    other_cast = client.post(path, json={"formats": ["m4b"], "options": {"voices": {"narrator": "flite/rms"}}})
    assert other_cast.status_code == 409 and "3 of 3" in other_cast.json()["errors"][0]["detail"]
    assert not server.app.media.list("users/local/exp_").items  # nothing stays of what was refused

    wishes: list[dict[str, Any]] = [
        {"formats": []},
        {"formats": ["m4b", "m4b"]},
        {"formats": ["ogg"]},
        {"formats": ["m4b"], "chapters": ["chp_of_another"]},
        {"formats": ["m4b"], "options": {"language": "es"}},
        {"formats": ["m4b"], "options": {"voices": {"narrator": "flite/nobody"}}},
        {"formats": ["mp3"], "options": {"mp3_kbps": 191}},
    ]
    for wrong in wishes:
        assert client.post(path, json=wrong).status_code == 422, wrong
    empty = client.post("/projects", json={"title": "Empty"}).json()["id"]
    assert client.post(f"/projects/{empty}/exports", json={"formats": ["m4b"]}).status_code == 409
    client.patch(f"/projects/{project}/chapters/{chapter}", json={"text": "Other."})
    gone = client.post(path, json={"formats": ["m4b"], "options": {"cover_asset_id": "ast_none"}})
    assert gone.status_code == 404


def test_the_same_key_is_one_export_and_two_are_made_side_by_side(studio: Running) -> None:
    _, client = studio
    path, _ = narrated(studio)
    key = {"Idempotency-Key": "book-1"}
    one = client.post(path, json={"formats": ["m4b"]}, headers=key).json()
    assert client.post(path, json={"formats": ["m4b"]}, headers=key).json()["id"] == one["id"]
    other = client.post(path, json={"formats": ["m4b", "epub"]}).json()
    done = [ended(client, f"{path}/{export['id']}") for export in (one, other)]
    assert [export["status"] for export in done] == ["completed", "completed"]
    assert len(client.get(path).json()["items"]) == 2


def test_an_export_is_its_owners_alone(tmp_path: Path) -> None:
    with running_studio(tmp_path, accounts="required") as (server, client):
        anna, eve = fresh_user(server.app), fresh_user(server.app)
        path = f"{project_of(server, client, anna)}/exports"
        export = client.post(path, json={"formats": ["srt"]}, headers=anna.headers).json()
        until(lambda: client.get(f"{path}/{export['id']}", headers=anna.headers).json()["status"] == "completed")
        mine = f"{path}/{export['id']}"
        for method, url in (
            ("GET", path),
            ("GET", mine),
            ("DELETE", mine),
            ("POST", f"{mine}/retry"),
            ("GET", f"{mine}/files/0001.srt"),
        ):
            assert client.request(method, url, headers=eve.headers).status_code == 404, url
        assert client.post(path, json={"formats": ["srt"]}, headers=eve.headers).status_code == 404
        assert client.get(f"{mine}/files/0001.srt", headers=anna.headers).status_code == 200
        assert client.get(f"/projects/prj_other/exports/{export['id']}", headers=anna.headers).status_code == 404
        app = server.app
        for keeper in keepers_of(app.documents, app.jobs, app.uploads, app.media):
            keeper(anna.uid)
        assert app.documents.count("exports", [Where("owner", "==", anna.uid)]) == 0
        assert not app.media.list(f"users/{anna.uid}/").items


def project_of(server: Server, client: httpx.Client, who: SignedIn) -> str:
    project = client.post("/projects", json={"title": "T"}, headers=who.headers).json()["id"]
    text = {"title": "One", "text": "A lamp burned."}
    chapter = client.post(f"/projects/{project}/chapters", json=text, headers=who.headers).json()["id"]
    desk = f"/projects/{project}/planning/chapters/{chapter}/generate"
    assert client.post(desk, json={}, headers=who.headers).status_code == 200
    server.app.voice_segment.make("A lamp burned.", "flite/slt", {})
    return f"/projects/{project}"


def sleeping_ffmpeg(folder: Path) -> tuple[Path, Path]:
    """A program in ffmpeg's place that answers what it can do, then sleeps in its work; and where it writes its process id."""
    program, marker = folder / "ffmpeg", folder / "at-work"
    lines = ['case "$*" in *-encoders*|*anullsrc*) exec ffmpeg "$@";; esac', f'echo $$ > "{marker}"', "exec sleep 60"]
    program.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    program.chmod(0o755)
    return program, marker


def test_cancelling_stops_the_work_within_seconds_and_a_retry_completes_it(tmp_path: Path) -> None:
    program, marker = sleeping_ffmpeg(tmp_path)
    with running_studio(tmp_path / "data", ffmpeg=str(program)) as running:
        _, client = running
        path, _ = narrated(running)
        export = f"{path}/{client.post(path, json={'formats': ['m4b']}).json()['id']}"
        until(lambda: marker.exists() and marker.read_text().strip() != "")
        assert client.post(f"{export}/retry").status_code == 409
        assert client.get(f"{export}/files/book.m4b").status_code == 409
        assert client.delete(export).status_code == 204
        pid = int(marker.read_text())
        until(lambda: not is_running(pid))
        assert client.get(export).json()["status"] == "cancelled"
        program.write_text('#!/bin/sh\nexec ffmpeg "$@"\n')
        assert client.post(f"{export}/retry").status_code == 202
        assert ended(client, export)["status"] == "completed"


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_server_and_job_leave_an_export_that_is_completed_later(tmp_path: Path) -> None:
    program, marker = sleeping_ffmpeg(tmp_path)
    data = tmp_path / "data"
    with running_studio(data, ffmpeg=str(program)) as running:
        path, _ = narrated(running)
        export = f"{path}/{running[1].post(path, json={'formats': ['srt', 'm4b']}).json()['id']}"
        until(lambda: marker.exists() and marker.read_text().strip() != "")
        execution = next((data / "executions").glob("exp_*"))
        program.write_text('#!/bin/sh\nexec ffmpeg "$@"\n')
        os.kill(supervisor_of(execution), signal.SIGKILL)  # its guard kills the job with it
        until(lambda: not is_running(int(marker.read_text())))
        found = running[1].get(export).json()
        assert found["status"] == "running" and found["files"] == []
    with served_studio(data) as (_, client):  # the queue's look finds it lost, and starts it anew
        done = ended(client, export)
        assert done["status"] == "completed" and len(done["files"]) == 3


def supervisor_of(execution: Path) -> int:
    return int(json.loads((execution / "state.json").read_text())["pid"])
