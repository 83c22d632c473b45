"""The glossary and the state of translation through their doors, and a narration that follows the one by the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from tests.support import language_doubles as doubles
from tests.support.language_doubles import Double
from tests.support.studio import ended, new_chapter, running_studio

TEXT = "Mara lit the lamp.\n\nTobias slept.\n\nThe lamp of Mara burned for 2 hours, and LAMP by lamp went out."
TEXTS = ["One bell.", "Two {n} bells.", "Bad luck."]
LAMP = {"source_language": "en", "target_language": "es", "source": "lamp", "target": "farol"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture
def client(studio: tuple[Server, httpx.Client]) -> httpx.Client:
    return studio[1]


@pytest.fixture
def place(client: httpx.Client) -> tuple[str, str]:
    """The paths of a fresh project's glossary and of its chapter's desk."""
    project, chapter = new_chapter(client, TEXT)
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    client.post(f"{desk}/generate", json={})
    return f"/projects/{project}/planning/glossary", desk


def test_a_term_is_made_read_changed_listed_and_deleted(client: httpx.Client, place: tuple[str, str]) -> None:
    glossary, _ = place
    made = client.post(glossary, json=LAMP)
    assert made.status_code == 201, made.text
    path = f"{glossary}/{made.json()['id']}"
    read = client.get(path)
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.json().items() >= {**LAMP, "case_sensitive": False}.items()
    changed = client.put(path, json={**LAMP, "target": "lámpara"}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json()["target"]) == (200, "lámpara")
    assert client.put(path, json=LAMP, headers={"If-Match": read.headers["ETag"]}).status_code == 412
    assert client.delete(path, headers={"If-Match": read.headers["ETag"]}).status_code == 412
    assert [term["id"] for term in client.get(glossary).json()["items"]] == [made.json()["id"]]
    assert client.delete(path, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    assert client.get(path).status_code == 404


def test_lists_come_in_pages_by_source(client: httpx.Client, place: tuple[str, str]) -> None:
    for word in ("lamp", "bell", "sea"):
        assert client.post(place[0], json={**LAMP, "source": word}).status_code == 201
    first = client.get(place[0], params={"page_size": 2}).json()
    second = client.get(place[0], params={"page_size": 2, "page_token": first["next_page_token"]}).json()
    assert [term["source"] for term in first["items"] + second["items"]] == ["bell", "lamp", "sea"]


def test_the_segments_that_a_term_is_met_in_are_listed(client: httpx.Client, place: tuple[str, str]) -> None:
    path = f"{place[0]}/{client.post(place[0], json=LAMP).json()['id']}/hits"
    first = client.get(path, params={"page_size": 1}).json()
    second = client.get(path, params={"page_size": 1, "page_token": first["next_page_token"]}).json()
    assert [(hit["text"][:13], hit["times"]) for hit in first["items"] + second["items"]] == [
        ("Mara lit the ", 1),
        ("The lamp of M", 3),
    ]
    assert second["next_page_token"] is None
    assert client.get(path, params={"page_token": "chp_none:3"}).status_code == 422
    french = client.post(place[0], json={**LAMP, "source_language": "fr"}).json()["id"]
    assert client.get(f"{place[0]}/{french}/hits").json() == {"items": [], "next_page_token": None}


def test_a_term_sent_twice_is_made_once(client: httpx.Client, place: tuple[str, str]) -> None:
    key = {"Idempotency-Key": f"lamp-{place[0].split('/')[2]}"}
    first, again = (client.post(place[0], json=LAMP, headers=key) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert client.post(place[0], json={**LAMP, "source": "Lamp"}).status_code == 409
    assert client.post(place[0], json={**LAMP, "target_language": "fr"}).status_code == 201
    assert client.post(place[0], json={**LAMP, "case_sensitive": True}).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"source": "…"}, ""),
        ({"source": ""}, "/source"),
        ({"target_language": "en"}, ""),
        ({"source_language": "?"}, "/source_language"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    client: httpx.Client, place: tuple[str, str], change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(place[0], json={**LAMP, **change})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_term_is_found_in_its_own_project_and_goes_with_it(client: httpx.Client, place: tuple[str, str]) -> None:
    term = client.post(place[0], json=LAMP).json()["id"]
    other = client.post("/projects", json={"title": "Other"}).json()["id"]
    for path in (f"/projects/{other}/planning/glossary/{term}", f"/projects/{other}/planning/glossary/{term}/hits"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/projects/{other}/planning/glossary/{term}").status_code == 404
    assert client.delete(f"/projects/{place[0].split('/')[2]}").status_code == 204
    assert client.get(f"{place[0]}/{term}").status_code == 404


@pytest.mark.media
def test_the_state_of_translation_is_told_with_what_is_missing(client: httpx.Client) -> None:
    state = client.get("/generate/translation/status").json()
    by_name = {engine["name"]: engine for engine in state["engines"]}
    assert list(by_name) == ["apertium", "libretranslate", "google", "llm"]
    assert by_name["apertium"]["is_available"] and ["en", "es"] in by_name["apertium"]["pairs"]
    assert by_name["apertium"]["confidence"] == "engine"
    assert "REELPRINT_GOOGLE_TRANSLATE_KEY" in by_name["google"]["reason"]
    assert not state["llm"]["is_available"] and "REELPRINT_LLM" in state["llm"]["reason"]


@pytest.mark.media
def test_a_given_term_is_followed_by_an_engine_that_knows_no_glossary(client: httpx.Client) -> None:
    given = {"source_language": "en", "target_language": "es", "segments": ["The lamp of {name} is old.", "Hello."]}
    wish = {**given, "glossary": [{"source": "lamp", "target": "farol"}]}
    job = ended(client, client.post("/jobs", json={"type": "translation", "input": wish}).json()["id"])
    assert job["status"] == "completed", job["error"]
    items = client.get(f"/jobs/{job['id']}/files/translation.json").json()["items"]
    assert "farol" in items[0]["translated_text"] and "{name}" in items[0]["translated_text"]
    shape = {"text", "translated_text", "source_language", "target_language", "confidence"}
    assert [set(item) for item in items] == [shape, shape]


@pytest.mark.media
def test_a_model_that_is_set_up_translates_with_context_and_flags_what_it_loses(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        asked.append(json.loads(messages[1]["content"]))
        text = asked[-1]["text"].upper().replace("{N}", "{M}")
        return json.dumps({"translated_text": text + (" {else}" if "BAD" in text else "")})

    settings = {"llm": "openai", "llm_model": "model-1", "llm_key": doubles.KEY, "translation_engines": "llm"}
    with (
        Double(doubles.openai(reply)) as double,
        running_studio(tmp_path, llm_url=f"{double.url}/v1", **settings) as (_, client),
    ):
        state = client.get("/generate/translation/status").json()
        assert state["llm"] == {
            "is_available": True, "reason": "", "name": "openai", "model": "model-1", "context_tokens": 8192, "paid": True,
        }  # fmt: skip
        wish = {"source_language": "en", "target_language": "de", "segments": TEXTS}
        job = ended(client, client.post("/jobs", json={"type": "translation", "input": wish}).json()["id"])
        assert job["status"] == "completed", job["error"]
        items = client.get(f"/jobs/{job['id']}/files/translation.json").json()["items"]
    assert [item["translated_text"] for item in items[:2]] == ["ONE BELL.", "TWO {n} BELLS."]
    (first,) = (one for one in asked if one["text"] == TEXTS[0])
    assert (first["before"], first["after"]) == ("", TEXTS[1])
    assert sum("Two" in one["text"] for one in asked) == 2  # as it is, and masked
    assert "flags" not in items[1]
    assert items[2]["confidence"] == 0 and "{else}" in items[2]["flags"][0]
