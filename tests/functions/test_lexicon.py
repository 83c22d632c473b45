"""The lexicon through its doors: entries kept under ETags, what they hit, and what is marked by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from tests.support.studio import new_chapter, running_studio

TEXT = "Mara lit the lamp.\n\nTobias slept.\n\nMara wept, and MARA rose."
MARA = {"language": "en", "pattern": "Mara", "respelling": "Mah-ra"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture
def client(studio: tuple[Server, httpx.Client]) -> httpx.Client:
    return studio[1]


@pytest.fixture
def place(client: httpx.Client) -> tuple[str, str]:
    """The paths of a fresh project's lexicon and of its chapter's desk."""
    project, chapter = new_chapter(client, TEXT)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    client.post(f"{desk}/generate", json={})
    return f"/projects/{project}/planning/lexicon", desk


def marks(client: httpx.Client, desk: str) -> list[bool]:
    return [segment["needs_revision"] for segment in client.get(f"{desk}/plan").json()["segments"]]


def test_an_entry_is_made_read_changed_listed_and_deleted(client: httpx.Client, place: tuple[str, str]) -> None:
    lexicon, _ = place
    made = client.post(lexicon, json={**MARA, "ipa": "ˈmɑːrə"})
    assert made.status_code == 201, made.text
    path = f"{lexicon}/{made.json()['id']}"
    read = client.get(path)
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.json().items() >= {**MARA, "ipa": "ˈmɑːrə", "case_sensitive": False, "speaker": None}.items()
    assert {engine["engine"]: engine["uses"] for engine in read.json()["engines"]} == {
        "flite": "respelling",
        "espeak": "respelling",
    }
    assert all("takes no IPA" in engine["detail"] for engine in read.json()["engines"])
    changed = client.put(path, json={**MARA, "respelling": "May-ra"}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json()["ipa"], changed.json()["respelling"]) == (200, None, "May-ra")
    assert client.put(path, json=MARA, headers={"If-Match": read.headers["ETag"]}).status_code == 412
    assert client.delete(path, headers={"If-Match": read.headers["ETag"]}).status_code == 412
    assert [entry["id"] for entry in client.get(lexicon).json()["items"]] == [made.json()["id"]]
    assert client.delete(path, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    assert client.get(path).status_code == 404


def test_lists_come_in_pages_by_pattern(client: httpx.Client, place: tuple[str, str]) -> None:
    lexicon, _ = place
    for word in ("lamp", "bell", "sea"):
        assert client.post(lexicon, json={**MARA, "pattern": word}).status_code == 201
    first = client.get(lexicon, params={"page_size": 2}).json()
    query = {"page_size": 2, "page_token": first["next_page_token"]}
    second = client.get(lexicon, params=query).json()
    assert [entry["pattern"] for entry in first["items"] + second["items"]] == ["bell", "lamp", "sea"]
    assert second["next_page_token"] is None


def test_exactly_what_an_entry_hits_is_marked_and_listed(client: httpx.Client, place: tuple[str, str]) -> None:
    lexicon, desk = place
    entry = client.post(lexicon, json=MARA).json()
    assert entry["marked"] == 2
    assert marks(client, desk) == [True, False, True]
    first = client.get(f"{lexicon}/{entry['id']}/hits", params={"page_size": 1}).json()
    token = first["next_page_token"]
    second = client.get(f"{lexicon}/{entry['id']}/hits", params={"page_size": 1, "page_token": token}).json()
    assert [hit["spoken"] for hit in first["items"] + second["items"]] == [
        "Mah-ra lit the lamp.",
        "Mah-ra wept, and Mah-ra rose.",
    ]
    assert second["next_page_token"] is None
    assert client.get(f"{lexicon}/{entry['id']}/hits", params={"page_token": "chp_none:3"}).status_code == 422
    history = client.get(f"{desk}/history").json()["items"]
    assert (history[0]["operation"], history[0]["summary"]) == ("lexicon", "2 segment(s) sound otherwise")
    client.post(f"{desk}/undo")
    assert marks(client, desk) == [False, False, False]


@pytest.mark.media
def test_the_sound_of_exactly_what_is_hit_is_another(
    studio: tuple[Server, httpx.Client], place: tuple[str, str]
) -> None:
    server, client = studio
    lexicon, desk = place
    segments = client.get(f"{desk}/plan").json()["segments"]
    for segment in segments:
        server.app.voice_segment.make(segment["text"], "flite/slt", {})

    def heard() -> list[int]:
        return [client.get(f"{desk}/segments/{s['segment_id']}/audio").status_code for s in segments]

    assert heard() == [200, 200, 200]
    entry = client.post(lexicon, json=MARA).json()
    assert heard() == [404, 200, 404]
    server.app.voice_segment.make("Mah-ra lit the lamp.", "flite/slt", {})
    assert heard() == [200, 200, 404]
    client.delete(f"{lexicon}/{entry['id']}")
    assert heard() == [200, 200, 200]


def test_an_entry_sent_twice_is_made_once(client: httpx.Client, place: tuple[str, str]) -> None:
    lexicon, _ = place
    key = {"Idempotency-Key": f"mara-{place[0].split('/')[2]}"}
    first, again = (client.post(lexicon, json=MARA, headers=key) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    twin = client.post(lexicon, json={**MARA, "pattern": "mara"})
    assert (twin.status_code, twin.json()["type"]) == (409, "urn:reelprint:problem:already-exists")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"respelling": None}, ""),
        ({"pattern": "…"}, ""),
        ({"pattern": ""}, "/pattern"),
        ({"language": "?"}, "/language"),
        ({"ipa": "/x/"}, "/ipa"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    client: httpx.Client, place: tuple[str, str], change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(place[0], json={**MARA, **change})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_an_entry_is_found_in_its_own_project_only(client: httpx.Client, place: tuple[str, str]) -> None:
    entry = client.post(place[0], json=MARA).json()["id"]
    other = client.post("/projects", json={"title": "Other"}).json()["id"]
    for path in (f"/projects/{other}/planning/lexicon/{entry}", f"/projects/{other}/planning/lexicon/{entry}/hits"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/projects/{other}/planning/lexicon/{entry}").status_code == 404
