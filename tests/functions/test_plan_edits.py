"""The planning desk through its doors: split, merge, edit, undo, history, rows, completion, sounds; refused as told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from functions.doors import DOORS
from tests.support.accounts import fresh_user
from tests.support.studio import TEXT, new_chapter, running_studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture
def client(studio: tuple[Server, httpx.Client]) -> httpx.Client:
    return studio[1]


@pytest.fixture
def desk(client: httpx.Client) -> str:
    """The path of a fresh chapter's desk, planned."""
    project, chapter = new_chapter(client)
    path = f"/projects/{project}/planning/chapters/{chapter}"
    assert client.post(f"{path}/generate", json={}).status_code == 200
    return path


def plan_of(client: httpx.Client, desk: str) -> dict[str, Any]:
    answer = client.get(f"{desk}/plan")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert "".join(segment["original_text"] for segment in found["segments"]) == TEXT
    return found


def etag(client: httpx.Client, desk: str) -> dict[str, str]:
    return {"If-Match": client.get(f"{desk}/plan").headers["ETag"]}


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


def long_segment(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in plan["segments"] if "Far out" in s["text"])
    return found


def test_a_segment_is_split_merged_and_all_undone(client: httpx.Client, desk: str) -> None:
    before = plan_of(client, desk)
    whole = long_segment(before)
    position = whole["start_idx"] + whole["original_text"].index("Far out")
    split = client.post(f"{desk}/segments/{whole['segment_id']}/split", json={"position": position})
    assert split.status_code == 200, split.text
    told = split.json()
    assert (told["operation"], told["changed"], told["removed"]) == ("split", 2, [whole["segment_id"]])
    assert [segment["text"].split()[0] for segment in told["segments"]] == ["The", "Far"]
    assert split.headers["ETag"] == client.get(f"{desk}/plan").headers["ETag"]
    names = [segment["segment_id"] for segment in told["segments"]]
    merged = client.post(f"{desk}/merge", json={"segment_ids": names, "speaker": "Mara"}).json()
    assert merged["segments"][0]["segment_id"] == whole["segment_id"]
    assert merged["segments"][0]["speaker"] == "Mara"
    assert client.post(f"{desk}/undo").json()["changed"] == 2
    undone = client.post(f"{desk}/undo")
    assert undone.json()["can_undo"] is False and undone.json()["can_redo"] is True
    assert plan_of(client, desk)["segments"] == before["segments"]
    nothing = client.post(f"{desk}/undo")
    assert (nothing.status_code, nothing.json()["type"]) == (409, "urn:reelprint:problem:conflict")
    assert client.post(f"{desk}/redo").json()["segments"] == told["segments"]


def test_the_history_tells_what_was_done(client: httpx.Client, desk: str) -> None:
    name = plan_of(client, desk)["segments"][0]["segment_id"]
    client.patch(f"{desk}/segments/{name}", json={"text": "Who?"})
    client.post(f"{desk}/edits", json={"filter": {"all": True}, "changes": {"needs_revision": True}})
    client.post(f"{desk}/undo")
    items, token = [], None
    while True:
        query = {"page_size": 2} | ({"page_token": token} if token else {})
        page = client.get(f"{desk}/history", params=query).json()
        items += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
    assert [(item["seq"], item["operation"], item["is_current"]) for item in items] == [
        (3, "edit", False),
        (2, "edit", True),
        (1, "generate", False),
    ]
    assert {"at", "by", "summary", "segments_key", "revision"} <= items[0].keys()
    assert items[1]["by"] == "local"
    assert TEXT[1:10] not in str(items)


def test_many_segments_are_changed_as_one(client: httpx.Client, desk: str) -> None:
    before = plan_of(client, desk)["segments"]
    spoken = [segment["segment_id"] for segment in before if segment["speaker"] == before[0]["speaker"]]
    wish = {"filter": {"speaker": before[0]["speaker"]}, "changes": {"voice": "flite/rms", "pause_ms": 250}}
    told = client.post(f"{desk}/edits", json=wish).json()
    assert told["changed"] == len(spoken)
    after = plan_of(client, desk)["segments"]
    assert [s["segment_id"] for s in after if (s["voice"], s["pause_ms"]) == ("flite/rms", 250)] == spoken
    cleared = client.post(f"{desk}/edits", json={"filter": {"voice": "flite/rms"}, "changes": {"pause_ms": None}})
    assert [segment["pause_ms"] for segment in cleared.json()["segments"]] == [None] * len(spoken)
    client.patch(f"{desk}/segments/{spoken[0]}", json={"text": "Who?", "speaker": "Mara"})
    client.post(f"{desk}/edits", json={"filter": {"contains": "who?"}, "changes": {"reset_text": True}})
    reset = plan_of(client, desk)["segments"][0]
    assert (reset["text"], reset["speaker"]) == (before[0]["text"], "Mara")


@pytest.mark.parametrize(
    ("path", "body", "status", "faults"),
    [
        ("segments/{id}/split", {"position": 10**6}, 422, [("/position", "outside-segment")]),
        ("segments/{id}/split", {"position": 0}, 422, [("/position", "greater-than-equal")]),
        ("segments/{id}/split", {}, 422, [("/position", "missing")]),
        ("segments/{id}/split", {"position": 3, "texts": ["one"]}, 422, [("/texts", "too-short")]),
        ("segments/{id}/split", {"position": 3, "texts": ["one", "two " * 2000]}, 422, [("/texts/1", "beyond-caps")]),
        ("segments/nobody/split", {"position": 3}, 404, []),
        ("merge", {"segment_ids": ["{id}", "{id}"]}, 422, [("/segment_ids", "no-neighbours")]),
        ("merge", {"segment_ids": ["{id}"]}, 422, [("/segment_ids", "too-short")]),
        ("merge", {"segment_ids": ["{id}", "nobody"]}, 404, []),
        ("edits", {"filter": {}, "changes": {"skipped": True}}, 422, [("/filter", "value-error")]),
        ("edits", {"filter": {"all": True}, "changes": {}}, 422, [("", "value-error")]),
        ("edits", {"filter": {"all": True}, "changes": {"voice": "no/body"}}, 422, [("/voices", "unknown-voice")]),
        ("edits", {"filter": {"first": "nobody"}, "changes": {"skipped": True}}, 404, []),
        ("edits", {"filter": {"all": True}, "changes": {"text": "x"}}, 422, [("/changes/text", "extra-forbidden")]),
        (
            "edits",
            {"filter": {"all": True}, "changes": {"pause_ms": -1}},
            422,
            [("/changes/pause_ms", "greater-than-equal")],
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place(
    client: httpx.Client, desk: str, path: str, body: dict[str, Any], status: int, faults: list[tuple[str, str]]
) -> None:
    before = client.get(f"{desk}/plan")
    name = before.json()["segments"][0]["segment_id"]
    if "segment_ids" in body:
        body = {"segment_ids": [one.format(id=name) for one in body["segment_ids"]]}
    answer = client.post(f"{desk}/{path.format(id=name)}", json=body)
    assert answer.status_code == status, answer.text
    assert codes(answer) == faults
    assert client.get(f"{desk}/plan").headers["ETag"] == before.headers["ETag"]


@pytest.mark.parametrize("raw", [b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"speaker": "\\udfff"}'])
def test_halves_of_characters_and_nuls_are_refused(client: httpx.Client, desk: str, raw: bytes) -> None:
    name = plan_of(client, desk)["segments"][0]["segment_id"]
    headers = {"Content-Type": "application/json"}
    assert client.patch(f"{desk}/segments/{name}", content=raw, headers=headers).status_code in (400, 422)


def test_characters_are_not_torn(client: httpx.Client) -> None:
    project, chapter = new_chapter(client, "A family 👩\u200d👩\u200d👧 came. It left.")
    desk = f"/projects/{project}/planning/chapters/{chapter}"
    whole = client.post(f"{desk}/generate", json={}).json()["segments"][0]
    path = f"{desk}/segments/{whole['segment_id']}/split"
    for position in (10, 11, 12, 13):
        assert codes(client.post(path, json={"position": position})) == [("/position", "inside-character")]
    told = client.post(path, json={"position": 14}).json()
    assert [segment["end_idx"] for segment in told["segments"]] == [14, 29]
    assert told["segments"][0]["text"] == "A family 👩\u200d👩\u200d👧"


def test_if_match_holds_every_change_to_what_was_read(client: httpx.Client, desk: str) -> None:
    plan, seen = plan_of(client, desk), etag(client, desk)
    name, second = (segment["segment_id"] for segment in plan["segments"][:2])
    assert client.patch(f"{desk}/segments/{name}", json={"skipped": True}, headers=seen).status_code == 200
    late = [
        client.post(f"{desk}/segments/{name}/split", json={"position": 4}, headers=seen),
        client.post(f"{desk}/merge", json={"segment_ids": [name, second]}, headers=seen),
        client.post(f"{desk}/edits", json={"filter": {"all": True}, "changes": {"skipped": True}}, headers=seen),
        client.post(f"{desk}/undo", headers=seen),
        client.post(f"{desk}/redo", headers=seen),
        client.post(f"{desk}/generate", json={}, headers=seen),
        client.put(f"{desk}/completion", json={"is_complete": True}, headers=seen),
    ]
    assert [answer.status_code for answer in late] == [412] * len(late)
    fresh = client.post(f"{desk}/undo", headers=etag(client, desk))
    assert (fresh.status_code, fresh.json()["changed"]) == (200, 1)


def test_a_change_that_comes_between_check_and_work_counts(
    studio: tuple[Server, httpx.Client], desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if somebody wrote right after the door had compared If-Match: the work itself is held to it as well."""
    server, client = studio
    seen = etag(client, desk)
    name, second = (segment["segment_id"] for segment in plan_of(client, desk)["segments"][:2])
    client.patch(f"{desk}/segments/{name}", json={"skipped": True})
    now = etag(client, desk)
    monkeypatch.setattr(server.app.plans, "revision", lambda *_: int(seen["If-Match"].strip('"')))
    late = [
        client.patch(f"{desk}/segments/{name}", json={"skipped": False}, headers=seen),
        client.put(f"{desk}/plan", json={"segments": plan_of(client, desk)["segments"]}, headers=seen),
        client.post(f"{desk}/segments/{name}/split", json={"position": 5}, headers=seen),
        client.post(f"{desk}/merge", json={"segment_ids": [name, second]}, headers=seen),
        client.post(f"{desk}/edits", json={"filter": {"all": True}, "changes": {"skipped": True}}, headers=seen),
        client.post(f"{desk}/undo", headers=seen),
        client.post(f"{desk}/redo", headers=seen),
        client.post(f"{desk}/generate", json={}, headers=seen),
        client.put(f"{desk}/completion", json={"is_complete": True}, headers=seen),
    ]
    assert [answer.status_code for answer in late] == [412] * len(late)
    assert etag(client, desk) == now


def test_an_operation_sent_twice_is_done_once(client: httpx.Client, desk: str) -> None:
    for name in [segment["segment_id"] for segment in plan_of(client, desk)["segments"]][:2]:
        client.patch(f"{desk}/segments/{name}", json={"skipped": True})
    key = {"Idempotency-Key": f"undo-{desk[-20:].replace('/', '')}"}
    first = client.post(f"{desk}/undo", headers=key)
    again = client.post(f"{desk}/undo", headers=key)
    assert again.headers["Idempotent-Replay"] == "true"
    assert (again.json(), again.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert [segment["skipped"] for segment in plan_of(client, desk)["segments"]][:2] == [True, False]


def test_planning_anew_keeps_and_tells_what_it_kept(client: httpx.Client, desk: str) -> None:
    before = plan_of(client, desk)
    name = before["segments"][0]["segment_id"]
    client.patch(f"{desk}/segments/{name}", json={"text": "Who?", "speaker": "Mara", "pause_ms": 10})
    edited = plan_of(client, desk)["segments"]
    again = client.post(f"{desk}/generate", json={}).json()
    assert again["segments"] == edited
    assert again["carried_over"] == {"kept": len(edited), "new": 0, "dropped": 0}
    fresh = client.post(f"{desk}/generate", json={"fresh": True}).json()
    assert (fresh["segments"], fresh["carried_over"]) == (before["segments"], None)
    assert plan_of(client, desk)["carried_over"] is None
    client.post(f"{desk}/undo")
    assert plan_of(client, desk)["segments"] == edited


def test_another_text_of_the_chapter_plans_it_anew(client: httpx.Client, desk: str) -> None:
    chapter = desk.replace("/planning", "")
    before = plan_of(client, desk)["segments"]
    text = TEXT.replace("a bell rang", "a horn blew")
    told = client.patch(chapter, json={"text": text}).json()
    assert told["carried_over"] == {"kept": len(before) - 1, "new": 1, "dropped": 1}
    after = client.get(f"{desk}/plan").json()["segments"]
    assert "".join(segment["original_text"] for segment in after) == text
    assert [segment["needs_revision"] for segment in after] == [False] * (len(after) - 1) + [True]
    assert client.patch(chapter, json={"title": "Other"}).json()["carried_over"] is None


def test_rows_are_a_table_page_by_page(client: httpx.Client, desk: str) -> None:
    segments = plan_of(client, desk)["segments"]
    rows, token = [], None
    while True:
        page = client.get(f"{desk}/rows", params={"page_size": 2} | ({"page_token": token} if token else {})).json()
        rows += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
        # An edit between two pages moves nothing.
        client.patch(f"{desk}/segments/{segments[0]['segment_id']}", json={"pause_ms": len(rows)})
    assert [row["segment_id"] for row in rows] == [segment["segment_id"] for segment in segments]
    assert set(rows[0]) == {"row_key", "segment_id", "start", "end", "length", "voice", "delimiter"}
    assert all(row["length"] == row["end"] - row["start"] for row in rows)
    assert (rows[0]["start"], rows[-1]["end"]) == (0, len(TEXT))
    assert len({row["row_key"] for row in rows}) == len(rows)
    for token in ("x", "-1", "1" * 40, "٣"):
        assert client.get(f"{desk}/rows", params={"page_token": token}).status_code == 422


def test_completion_is_said_and_ends_with_the_next_change(client: httpx.Client) -> None:
    project, chapter = new_chapter(client)
    desk, whole = f"/projects/{project}/planning/chapters/{chapter}", f"/projects/{project}/planning"
    none = {"has_text": True, "has_plan": False, "is_complete": False, "completed_at": None}
    assert client.get(f"{desk}/completion").json().items() >= none.items()
    assert client.put(f"{desk}/completion", json={"is_complete": True}).status_code == 404
    client.post(f"{desk}/generate", json={})
    done = client.put(f"{desk}/completion", json={"is_complete": True}).json()
    assert done["is_complete"] and done["completed_at"]
    again = client.put(f"{desk}/completion", json={"is_complete": True}).json()
    assert again == done
    plan = plan_of(client, desk)
    assert (plan["is_complete"], plan["completed_at"]) == (True, done["completed_at"])
    assert client.get(f"{whole}/completion").json() == {
        "project_id": project,
        "has_text": True,
        "has_plan": True,
        "is_complete": True,
        "completed_at": done["completed_at"],
        "chapters": 1,
        "planned": 1,
        "complete": 1,
    }
    client.patch(f"{desk}/segments/{plan['segments'][0]['segment_id']}", json={"skipped": True})
    assert client.get(f"{whole}/completion").json()["is_complete"] is False
    listed = client.get(f"{whole}/chapters", params={"page_size": 1}).json()
    assert [item["chapter_id"] for item in listed["items"]] == [chapter]
    client.put(f"{desk}/completion", json={"is_complete": True})
    assert client.put(f"{desk}/completion", json={"is_complete": False}).json()["completed_at"] is None


@pytest.mark.media
def test_a_segment_is_heard_once_it_is_voiced(studio: tuple[Server, httpx.Client], desk: str) -> None:
    server, client = studio
    segment = plan_of(client, desk)["segments"][0]
    path = f"{desk}/segments/{segment['segment_id']}/audio"
    early = client.get(path)
    assert early.status_code == 404
    assert "narration" in early.json()["detail"]
    server.app.voice_segment.make(segment["text"], "flite/slt", {})
    heard = client.get(path)
    assert (heard.status_code, heard.headers["Content-Type"]) == (200, "audio/wav")
    assert heard.content.startswith(b"RIFF")
    part = client.get(path, headers={"Range": "bytes=8-11"})
    assert (part.status_code, part.content) == (206, b"WAVE")
    assert client.get(path, headers={"If-None-Match": heard.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.get(path, params={"voice": "flite/rms"}).status_code == 404
    assert client.get(path, params={"voice": "no/body"}).status_code == 422
    client.patch(f"{desk}/segments/{segment['segment_id']}", json={"text": "Edited."})
    assert client.get(path).status_code == 404
    client.patch(f"{desk}/segments/{segment['segment_id']}", json={"skipped": True})
    assert client.get(path).status_code == 409


def test_somebody_else_finds_nothing_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every route of the desk, asked by another user with ids that are right."""
    with running_studio(tmp_path_factory.mktemp("two"), accounts="required") as (server, client):
        anna, eve = fresh_user(server.app), fresh_user(server.app)
        client.headers.update(anna.headers)
        project, chapter = new_chapter(client)
        desk = f"/projects/{project}/planning/chapters/{chapter}"
        plan = client.post(f"{desk}/generate", json={}).json()
        new = {"language": "en", "pattern": "lamp", "respelling": "lahmp"}
        entry = client.post(f"/projects/{project}/planning/lexicon", json=new).json()["id"]
        names = [segment["segment_id"] for segment in plan["segments"]]
        before = client.get(f"{desk}/plan").headers["ETag"]
        bodies: dict[str, Any] = {
            "generate": {},
            "replace_plan": {"segments": plan["segments"]},
            "edit_segment": {"skipped": True},
            "split_segment": {"position": 5},
            "merge_segments": {"segment_ids": names[:2]},
            "edit_segments": {"filter": {"all": True}, "changes": {"skipped": True}},
            "mark_completion": {"is_complete": True},
            "create_entry": {**new, "pattern": "sea"},
            "replace_entry": new,
        }
        ids = {"project_id": project, "chapter_id": chapter, "segment_id": names[0], "entry_id": entry}
        routes = [
            route for door in DOORS if door.name in ("planning", "plan_edits", "lexicon") for route in door.routes.all
        ]
        asked = [route for route in routes if not route.path.endswith("/health")]
        assert len(asked) >= 20
        for route in asked:
            path = server.url + route.path.format(**ids)
            answer = client.request(route.method, path, json=bodies.get(route.handler.__name__), headers=eve.headers)
            assert answer.status_code == 404, f"{route.method} {route.path}: {answer.status_code}"
        assert client.get(f"{desk}/plan").headers["ETag"] == before
        assert client.get(f"/projects/{project}/planning/lexicon/{entry}").json()["pattern"] == "lamp"
