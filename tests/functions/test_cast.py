"""A project's cast through its doors: one person a character over all chapters, changed by hand, heard in its own voices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from tests.support import language_doubles as doubles
from tests.support.accounts import fresh_user
from tests.support.harbour import ONE, TWO, Book
from tests.support.studio import ended, running_studio

Running = tuple[Server, httpx.Client]
TALK = (
    "Mara, Tobias and Ines sat down.\n\n“Who lit the lamp?” asked Mara.\n\n“It was cold.”\n\n“So it was.”\n\n“Yes.”\n\n"
    "Ines rose. “Good night,” said Ines.\n"
)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture
def book(studio: Running) -> Book:
    return Book(studio[1])


def test_one_person_is_one_character_in_all_chapters(book: Book) -> None:
    book.ask("GET", book.cast, status=404)
    people = book.generate()
    assert {name: (one["aliases"], one["gender"], one["lines"]) for name, one in people.items()} == {
        "narrator": ([], "", 0),
        "Mara": (["Mara Vell", "Miss Vell"], "female", 6),
        "Tobias": ([], "male", 4),
        "Tom": (["Old Tom"], "male", 2),
    }
    assert people["Mara"]["chapters"] == book.chapters
    assert people["Tom"]["age"] == "senior"
    assert [name for name, one in people.items() if one["is_narrator"]] == ["narrator"]
    assert book.generate() == people, "found again, nothing changes"
    first = book.ask("GET", f"{book.cast}?page_size=3")
    rest = book.ask("GET", f"{book.cast}?page_size=3&page_token={first['next_page_token']}")
    assert [one["name"] for one in first["items"] + rest["items"]] == ["narrator", "Mara", "Tobias", "Tom"]


def test_plans_speak_by_the_casts_names(book: Book) -> None:
    book.plan()
    assert "Miss Vell" in book.speakers(1), "a chapter alone cannot know better"
    book.generate()
    assert set(book.speakers(1)) == {"narrator", "Mara", "Tobias", "Tom"}
    book.ask("POST", f"{book.desk(1)}/undo")
    assert "Miss Vell" in book.speakers(1)
    book.ask("POST", f"{book.desk(1)}/generate", {"fresh": True})
    assert set(book.speakers(1)) == {"narrator", "Mara", "Tobias", "Tom"}


def test_a_cast_of_chapters_that_are_named_grows_by_others(book: Book) -> None:
    people = book.generate(chapters=book.chapters[:1])
    assert people["Mara"]["chapters"] == book.chapters[:1]
    grown = book.generate(chapters=book.chapters[1:])
    assert {one["id"] for one in grown.values()} == {one["id"] for one in people.values()}
    assert grown["Mara"]["aliases"] == ["Mara Vell", "Miss Vell"]
    book.ask("POST", f"{book.cast}/generate", {"chapters": ["chp_none"]}, 422)


def test_a_new_name_is_every_segments_and_stays(book: Book) -> None:
    book.plan()
    tom = book.generate()["Tom"]
    lexicon = f"{book.path}/planning/lexicon"
    entry = {"language": "en", "pattern": "ask", "respelling": "arsk", "speaker": "Tom"}
    book.ask("POST", lexicon, entry, 201)
    changed = book.ask("PATCH", f"{book.cast}/{tom['id']}", {"name": "Thomas Reed", "age": "adult"})
    assert (changed["id"], changed["aliases"], changed["age"]) == (tom["id"], ["Old Tom", "Tom"], "adult")
    assert "Thomas Reed" in book.speakers(0) and "Thomas Reed" in book.speakers(1)
    history = book.ask("GET", f"{book.desk(1)}/history")["items"]
    assert (history[0]["operation"], history[0]["summary"]) == ("cast", "1 segment(s) under their speakers' new names")
    book.ask("POST", f"{book.desk(1)}/undo")
    assert "Tom" in book.speakers(1)
    assert [one["speaker"] for one in book.ask("GET", lexicon)["items"]] == ["Thomas Reed"]
    again = book.generate()
    assert again["Thomas Reed"] == changed and "Tom" not in again
    assert "Thomas Reed" in book.speakers(1)
    taken = book.ask("PATCH", f"{book.cast}/{tom['id']}", {"name": "mara vell"}, 409)
    assert "Mara" in taken["detail"]
    book.ask("PATCH", f"{book.cast}/narrator", {"name": "Ishmael"}, 422)


def test_two_that_are_made_one_stay_one_and_can_be_parted(book: Book) -> None:
    book.plan()
    people = book.generate()
    mara, tom = people["Mara"], people["Tom"]
    one = book.ask("POST", f"{book.cast}/{mara['id']}/merge", {"character_id": tom["id"]})
    assert (one["name"], one["lines"]) == ("Mara", 8)
    assert one["aliases"] == ["Mara Vell", "Miss Vell", "Tom", "Old Tom"]
    assert set(book.speakers(0)) == {"narrator", "Mara", "Tobias"}
    marked = [segment["text"] for segment in book.segments(1) if segment["needs_revision"]]
    assert marked == ["“Don’t ask me,” said Tom."], "exactly what sounds otherwise now"
    assert book.generate()["Mara"] == one
    assert book.ask("GET", f"{book.cast}/{tom['id']}")["id"] == mara["id"]
    book.ask("POST", f"{book.cast}/{mara['id']}/merge", {"character_id": mara["id"]}, 422)

    own = book.ask("POST", f"{book.cast}/{mara['id']}/split", {"alias": "miss vell", "name": "The aunt"})
    assert (own["name"], own["aliases"], own["lines"]) == ("The aunt", ["Miss Vell"], 2)
    assert "The aunt" in book.speakers(1) and "The aunt" not in book.speakers(0)
    people = book.generate()
    assert people["The aunt"] == own and "Miss Vell" not in people["Mara"]["aliases"]
    book.ask("POST", f"{book.cast}/{mara['id']}/split", {"alias": "Tobias"}, 422)


def test_who_is_nobody_stays_away_and_the_narrator_reads_them(book: Book) -> None:
    book.plan()
    tom = book.generate()["Tom"]
    book.ask("DELETE", f"{book.cast}/{tom['id']}", status=204)
    assert "Tom" not in book.speakers(0) + book.speakers(1)
    assert "Tom" not in book.generate()
    assert "Tom" not in book.speakers(1)
    book.ask("GET", f"{book.cast}/{tom['id']}", status=404)
    book.ask("DELETE", f"{book.cast}/narrator", status=409)


def test_a_change_is_made_to_what_was_read_or_not_at_all(book: Book) -> None:
    tom = book.generate()["Tom"]["id"]
    path = f"{book.cast}/{tom}"
    seen = book.client.get(path).headers["ETag"]
    changed = book.client.patch(path, json={"gender": "female"}, headers={"If-Match": seen})
    assert changed.status_code == 200 and changed.headers["ETag"] != seen
    assert book.client.get(path, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 304
    for method, door, body in (
        ("PATCH", path, {"gender": "male"}),
        ("POST", f"{path}/merge", {"character_id": "narrator"}),
        ("POST", f"{path}/split", {"alias": "Old Tom"}),
        ("DELETE", path, None),
        ("POST", f"{book.cast}/voices", {}),
        ("POST", f"{book.cast}/generate", {}),
    ):
        book.ask(method, door, body, 412, If_Match=seen)
    assert book.generate()["Tom"]["gender"] == "female", "what a user says goes before what is found"


def test_a_correction_stays_and_lines_around_it_are_weighed_by_it(book: Book) -> None:
    book.plan()
    book.generate()
    line = book.line(1, "How should I know")
    assert (line["speaker"], line["evidence"], line["decided_by"]) == ("Mara", "alternation", "rules")
    path = f"{book.desk(1)}/lines/{line['key']}"
    before = book.client.get(f"{book.cast}/{line['character_id']}").headers["ETag"]
    said = book.ask("PUT", path, {"speaker": "Old Tom"})
    counted = book.client.get(f"{book.cast}/{line['character_id']}", headers={"If-None-Match": before})
    assert (counted.status_code, counted.json()["lines"]) == (200, 5)
    assert (said["speaker"], said["confidence"], said["decided_by"]) == ("Tom", 1.0, "user")
    assert book.speakers(1)[3] == "Tom"
    assert book.people()["Tom"]["lines"] == 3
    book.ask("POST", f"{book.desk(1)}/generate", {"fresh": True})
    book.generate()
    assert book.speakers(1)[3] == "Tom"
    book.ask("PATCH", f"{book.path}/chapters/{book.chapters[1]}", {"text": "It rained.\n\n" + TWO})
    assert book.line(1, "How should I know")["speaker"] == "Tom"
    assert book.speakers(1)[4] == "Tom"
    book.ask("PATCH", f"{book.cast}/{said['character_id']}", {"name": "Thomas"})
    assert book.line(1, "How should I know")["speaker"] == "Thomas"
    assert book.ask("DELETE", path)["decided_by"] == "rules"
    assert book.speakers(1)[4] == "Mara"
    book.ask("PUT", f"{book.desk(1)}/lines/000000000000", {"speaker": "Tom"}, 404)


def test_a_segment_that_is_given_to_somebody_is_a_correction(book: Book) -> None:
    book.generate()
    book.plan()
    segment = book.segments(1)[3]
    book.ask("PATCH", f"{book.desk(1)}/segments/{segment['segment_id']}", {"speaker": "Ines"})
    line = book.line(1, "How should I know")
    assert (line["speaker"], line["decided_by"], line["character_id"]) == ("Ines", "user", "")
    assert book.generate()["Ines"]["lines"] == 1, "who was named by hand joins the cast"
    book.ask("POST", f"{book.desk(1)}/generate", {})
    assert book.speakers(1)[3] == "Ines"
    book.ask("PUT", f"{book.desk(1)}/lines/{line['key']}", {"speaker": "Tobias"})
    assert book.speakers(1)[3] == "Tobias"
    book.ask("DELETE", f"{book.desk(1)}/lines/{line['key']}")
    assert book.speakers(1)[3] == "Mara"


def test_doubtful_lines_can_be_looked_at_alone(book: Book) -> None:
    book.chapters.append(book.chapter(TALK))
    book.generate()
    everything = book.lines(2)
    doubtful = book.lines(2, doubtful=True)
    assert doubtful and [line for line in everything if line["doubtful"]] == doubtful
    assert all(line["confidence"] < 0.7 and not line["is_voiced"] for line in doubtful)
    assert [line for line in everything if not line["doubtful"]] == book.lines(2, doubtful=False)
    first = book.client.get(f"{book.desk(2)}/lines", params={"page_size": 3}).json()
    rest = book.lines(2, page_token=first["next_page_token"])
    assert first["items"] + rest == everything
    assert TALK[everything[0]["start"] : everything[0]["end"]] == everything[0]["text"] == "“Who lit the lamp?”"


def test_without_a_cast_lines_are_read_and_corrected_all_the_same(book: Book) -> None:
    book.plan()
    line = book.line(1, "How should I know")
    book.ask("PUT", f"{book.desk(1)}/lines/{line['key']}", {"speaker": "Tobias"})
    assert book.speakers(1)[3] == "Tobias"
    assert book.generate()["Tobias"]["lines"] == 5


def test_everybody_gets_a_voice_of_their_own(book: Book) -> None:
    book.generate()
    cast = book.ask("POST", f"{book.cast}/voices", {})
    voices = {one["name"]: one["voices"]["en"] for one in cast["characters"]}
    assert len(set(voices.values())) == 4 and cast["shared"] == []
    genders = {voice["id"]: voice["gender"] for voice in all_voices(book)}
    assert [genders[voices[name]] for name in ("Mara", "Tobias", "Tom")] == ["female", "male", "male"]
    tobias = book.people()["Tobias"]["id"]
    book.ask("PATCH", f"{book.cast}/{tobias}", {"voices": {"en": "flite/kal16"}})
    anew = book.ask("POST", f"{book.cast}/voices", {"keep": False, "narrator": "flite/rms"})
    found = {one["name"]: one["voices"]["en"] for one in anew["characters"]}
    assert (found["narrator"], found["Tobias"], len(set(found.values()))) == ("flite/rms", "flite/kal16", 4)
    kept = book.ask("POST", f"{book.cast}/voices", {})
    assert {one["name"]: one["voices"]["en"] for one in kept["characters"]} == found
    spanish = book.ask("POST", f"{book.cast}/voices", {"language": "es", "providers": ["espeak"]})
    assert all(one["voices"]["es"].startswith("espeak/es") for one in spanish["characters"])
    assert all(one["voices"]["en"] == found[one["name"]] for one in spanish["characters"])
    book.ask("POST", f"{book.cast}/voices", {"providers": ["nobody"]}, 422)
    book.ask("POST", f"{book.cast}/voices", {"narrator": "espeak/es"}, 422)
    book.ask("PATCH", f"{book.cast}/{tobias}", {"voices": {"en": "espeak/es"}}, 422)
    gone = book.ask("PATCH", f"{book.cast}/{tobias}", {"voices": {"en": None}})
    assert gone["voices"].keys() == {"es"}


def all_voices(book: Book) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    token = ""
    while token is not None:
        page = book.ask("GET", f"/voices?language=en&page_size=200&page_token={token}")
        found, token = found + page["items"], page["next_page_token"]
    return found


def test_a_model_decides_what_is_doubtful_once(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        asked.append(json.loads(messages[1]["content"]))
        ines = next(one["id"] for one in asked[-1]["roster"] if one["name"] == "Ines")
        return json.dumps({"lines": [{"quotation": n, "speaker": ines} for n in asked[-1]["quotations"]]})

    settings = {"llm": "openai", "llm_model": "model-1", "llm_key": doubles.KEY}
    with (
        doubles.Double(doubles.openai(reply)) as double,
        running_studio(tmp_path, llm_url=f"{double.url}/v1", **settings) as (_, client),
    ):
        book = Book(client, TALK)
        found = book.ask("POST", f"{book.cast}/generate", {})
        decided = [line for line in book.lines(0) if line["decided_by"] == "llm"]
        assert decided and all((line["speaker"], line["confidence"]) == ("Ines", 0.9) for line in decided)
        assert found["chapters"][0]["decided_by"] == {"user": 0, "llm": len(decided), "rules": 5 - len(decided)}
        assert (found["asked"] >= len(decided), found["stopped"], len(asked)) == (True, "", 1)
        book.plan()
        book.generate()
        assert len(asked) == 1, "nothing is asked twice"
        assert "Ines" in book.speakers(0)
        book.ask("PUT", f"{book.desk(0)}/lines/{decided[0]['key']}", {"speaker": "Mara"})
        assert book.line(0, decided[0]["text"])["decided_by"] == "user"
        book.chapters.append(book.chapter(TALK.replace("Yes", "No")))
        book.plan()
        assert len(asked) == 2, "planning asks about a chapter that is new"
        assert {line["decided_by"] for line in book.lines(1)} == {"llm", "rules"}


@pytest.mark.media
def test_a_production_and_an_export_are_heard_in_the_casts_voices(studio: Running, book: Book) -> None:
    server, client = studio
    book.generate()
    voices = {one["name"]: one["voices"]["en"] for one in book.ask("POST", f"{book.cast}/voices", {})["characters"]}
    wish = {"project_id": book.id, "chapter_id": book.chapters[1]}
    voices["Tobias"] = "flite/kal16"
    own = {**wish, "voices": {"en": {"Tobias": voices["Tobias"]}}}
    job = book.ask("POST", "/jobs", {"type": "narration", "input": {**own, "profile": "preview"}}, 201)
    assert ended(client, job["id"])["status"] == "completed"
    for segment in book.segments(1):
        said = server.app.voice_segment.find(segment["text"], voices[segment["speaker"]], {}, "local")
        assert said is not None, segment["speaker"]
        heard = client.get(f"{book.desk(1)}/segments/{segment['segment_id']}/audio")
        assert heard.status_code == (404 if segment["speaker"] == "Tobias" else 200), segment["speaker"]
    export = {"formats": ["srt"], "chapters": book.chapters[1:]}
    book.ask("POST", f"{book.path}/exports", export, 409)
    ready = {**export, "options": {"voices": {"Tobias": voices["Tobias"]}}}
    assert book.client.post(f"{book.path}/exports", json=ready).status_code in (201, 202)


def test_what_goes_takes_its_cast_along(studio: Running, book: Book) -> None:
    documents = studio[0].app.documents
    book.generate()
    assert documents.get("casts", book.id) and documents.get("cast_lines", book.chapters[0])
    book.ask("DELETE", f"{book.path}/chapters/{book.chapters[0]}", status=204)
    assert documents.get("cast_lines", book.chapters[0]) is None
    assert book.people()["Mara"]["chapters"] == book.chapters[1:]
    book.ask("DELETE", book.path, status=204)
    assert documents.get("casts", book.id) is None and documents.get("cast_lines", book.chapters[1]) is None


def test_a_stranger_finds_no_cast(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_studio(tmp_path_factory.mktemp("people"), accounts="required") as (server, client):
        anna, eve = fresh_user(server.app), fresh_user(server.app)
        client.headers.update(anna.headers)
        book = Book(client, ONE)
        tom = book.generate()["Old Tom"]["id"]
        key = book.lines(0)[0]["key"]
        client.headers.update(eve.headers)
        for method, path, body in (
            ("POST", f"{book.cast}/generate", {}),
            ("GET", book.cast, None),
            ("POST", f"{book.cast}/voices", {}),
            ("GET", f"{book.cast}/{tom}", None),
            ("PATCH", f"{book.cast}/{tom}", {"name": "Eve"}),
            ("POST", f"{book.cast}/{tom}/merge", {"character_id": "narrator"}),
            ("POST", f"{book.cast}/{tom}/split", {"alias": "Tom"}),
            ("DELETE", f"{book.cast}/{tom}", None),
            ("GET", f"{book.desk(0)}/lines", None),
            ("PUT", f"{book.desk(0)}/lines/{key}", {"speaker": "Eve"}),
            ("DELETE", f"{book.desk(0)}/lines/{key}", None),
        ):
            book.ask(method, path, body, 404)
