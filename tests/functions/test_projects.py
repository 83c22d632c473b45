"""Projects, chapters and plans through their doors: made, ordered, changed, guarded by revisions, and gone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.studio import TEXT, new_chapter, running_studio


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_studio(tmp_path_factory.mktemp("studio")) as (_, client):
        yield client


def titles(client: httpx.Client, project: str) -> list[str]:
    return [chapter["title"] for chapter in client.get(f"/projects/{project}/chapters").json()["items"]]


def test_a_project_is_made_read_changed_listed_and_deleted(client: httpx.Client) -> None:
    made = client.post("/projects", json={"title": "Tales", "author": "Me", "language": "en"}).json()
    assert client.get(f"/projects/{made['id']}").json() == made
    changed = client.put(f"/projects/{made['id']}", json={"title": "More tales"}).json()
    assert (changed["title"], changed["created_at"]) == ("More tales", made["created_at"])
    assert made["id"] in [project["id"] for project in client.get("/projects").json()["items"]]
    assert client.delete(f"/projects/{made['id']}").status_code == 204
    assert client.get(f"/projects/{made['id']}").status_code == 404


def test_lists_come_in_pages(client: httpx.Client) -> None:
    project = client.post("/projects", json={"title": "T"}).json()["id"]
    for number in range(5):
        client.post(f"/projects/{project}/chapters", json={"title": str(number), "text": "Text."})
    seen, token = [], None
    while True:
        query = {"page_size": 2} | ({"page_token": token} if token else {})
        page = client.get(f"/projects/{project}/chapters", params=query).json()
        seen += [chapter["title"] for chapter in page["items"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == ["0", "1", "2", "3", "4"]


def test_chapters_keep_their_order_when_one_is_moved_or_gone(client: httpx.Client) -> None:
    project = client.post("/projects", json={"title": "T"}).json()["id"]
    made = [client.post(f"/projects/{project}/chapters", json={"title": t, "text": "Text."}).json() for t in "abcd"]
    client.patch(f"/projects/{project}/chapters/{made[3]['id']}", json={"position": 2})
    assert titles(client, project) == ["a", "d", "b", "c"]
    client.delete(f"/projects/{project}/chapters/{made[0]['id']}")
    client.post(f"/projects/{project}/chapters", json={"title": "e", "text": "Text."})
    assert titles(client, project) == ["d", "b", "c", "e"]


def test_a_chapter_gets_another_title_and_text(client: httpx.Client) -> None:
    project, chapter = new_chapter(client)
    path = f"/projects/{project}/chapters/{chapter}"
    assert client.get(f"{path}/text").text == TEXT
    changed = client.patch(path, json={"title": "Other", "text": "Short."}).json()
    assert (changed["title"], changed["characters"]) == ("Other", 6)
    assert client.get(f"{path}/text").text == "Short."
    assert client.get(path).json()["position"] == 1


def test_a_chapter_is_found_in_its_own_project_only(client: httpx.Client) -> None:
    _, chapter = new_chapter(client)
    other = client.post("/projects", json={"title": "Other"}).json()["id"]
    assert client.get(f"/projects/{other}/chapters/{chapter}").status_code == 404


def test_a_plan_is_changed_only_at_the_revision_that_was_read(client: httpx.Client) -> None:
    project, chapter = new_chapter(client)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    client.post(f"{desk}/generate", json={})
    read = client.get(f"{desk}/plan")
    segment, seen = read.json()["segments"][0]["segment_id"], {"If-Match": read.headers["ETag"]}
    first = client.patch(f"{desk}/segments/{segment}", json={"text": "One."}, headers=seen)
    assert first.status_code == 200
    assert first.headers["ETag"] != read.headers["ETag"]
    assert client.patch(f"{desk}/segments/{segment}", json={"text": "Two."}, headers=seen).status_code == 412
    whole = {"segments": read.json()["segments"]}
    assert client.put(f"{desk}/plan", json=whole, headers=seen).status_code == 412
    assert client.put(f"{desk}/plan", json=whole, headers={"If-Match": first.headers["ETag"]}).status_code == 200
    assert client.get(f"{desk}/plan").json()["segments"][0]["text"] != "One."


def test_segments_have_names_of_their_own(client: httpx.Client) -> None:
    project, chapter = new_chapter(client)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    segments = client.post(f"{desk}/generate", json={"max_kb": 1, "soft_length": 100}).json()["segments"]
    twins = [{**segment, "segment_id": "same"} for segment in segments]
    assert client.put(f"{desk}/plan", json={"segments": twins}).status_code == 422
    assert client.get("/projects/any-name/planning/health").json() == {"status": "ok", "project_id": "any-name"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:99999"},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:99999"},
        {"Origin": "http://localhost:no"},
        {"Origin": "http://evil@localhost"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_turned_away(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/projects", json={"title": "T"}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_engines_say_what_they_are(client: httpx.Client) -> None:
    status = client.get("/generate/tts/status").json()
    available = {engine["name"] for engine in status["speech"] if engine["is_available"]}
    assert available == {"flite", "espeak"}
    absent = [engine for engine in status["speech"] if engine["name"] not in available]
    assert {engine["name"] for engine in absent} == {"google", "azure", "zyphra", "openai"}
    assert all("REELPRINT_" in engine["reason"] for engine in absent), absent
    spanish = client.get("/voices", params={"language": "es"}).json()["items"]
    assert {voice["engine"] for voice in spanish} == {"espeak"}
    first = client.get("/voices", params={"page_size": 3}).json()
    rest = client.get("/voices", params={"page_size": 200, "page_token": first["next_page_token"]}).json()["items"]
    every = [voice["id"] for voice in first["items"] + rest]
    assert len(every) == len(set(every)) > 10
    other_filter = {"language": "es", "page_token": first["next_page_token"]}
    assert client.get("/voices", params=other_filter).status_code == 422
    assert client.get("/worker/status").json()["items"]
    assert client.get("/worker/task/nothing").status_code == 404
    assert client.get("/blueprints/schema").json()["title"] == "Blueprint"
