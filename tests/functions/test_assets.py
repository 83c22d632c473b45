"""/assets over HTTP: announced, brought, confirmed, listed, changed, fetched and deleted; by whom it belongs to alone."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import google_crc32c
import httpx
import pytest
from PIL import Image

from functions.dev_server import Server
from shared.domain.blueprint import parse_blueprint
from tests.support.accounts import fresh_user
from tests.support.studio import running_studio
from tests.support.uploads import announced, put, sent, settled

Studio = tuple[Server, httpx.Client]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running_studio(tmp_path_factory.mktemp("studio"), accounts="required") as made:
        yield made


@pytest.fixture
def client(studio: Studio) -> Iterator[httpx.Client]:
    """Somebody new."""
    server, _ = studio
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=fresh_user(server.app).headers, timeout=60) as made:
        yield made


def png(width: int = 300, height: int = 300, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def checksum(data: bytes) -> str:
    return b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def ready(client: httpx.Client, kind: str, data: bytes, name: str = "file") -> dict[str, object]:
    asset = settled(client, sent(client, kind, data, name)["id"])
    assert asset["status"] == "ready", asset["reason"]
    return asset


def codes(answer: httpx.Response, status: int) -> list[str]:
    assert answer.status_code == status, answer.text
    return [fault["code"] for fault in answer.json()["errors"]]


def test_an_upload_is_announced_brought_confirmed_and_fetched(client: httpx.Client) -> None:
    data = png()
    offer = announced(client, "background", data, name="Übersicht.png", crc32c=checksum(data), content_type="image/png")
    door = f"/assets/{offer['asset']['id']}"
    assert codes(client.post(f"{door}/confirm"), 409) == ["not-uploaded"]
    assert put(offer["upload"], data).status_code == 200
    asset = client.post(f"{door}/confirm").json()
    assert client.post(f"{door}/confirm").json()["generation"] == asset["generation"]
    assert codes(client.post(f"{door}/confirm", json={"generation": "1"}), 409) == ["differs"]
    assert settled(client, asset["id"])["status"] == "ready"
    assert client.post(f"{door}/confirm").json()["status"] == "ready"
    link = client.get(f"{door}/download").json()
    fetched = put(link, b"")
    assert fetched.content == data and fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert fetched.headers["Content-Disposition"].startswith('attachment; filename="_bersicht.png"')
    assert fetched.headers["Content-Type"] == "application/octet-stream"
    thumbnail = put(client.get(f"{door}/download", params={"file": "thumbnail"}).json(), b"")
    assert thumbnail.headers["Content-Type"] == "image/jpeg" and thumbnail.content[:2] == b"\xff\xd8"
    assert client.get(f"{door}/download", params={"file": "sound"}).status_code == 404


def test_a_session_of_pieces_brings_an_upload_too(client: httpx.Client) -> None:
    data = png()
    offer = announced(client, "background", data)
    assert offer["resumable"]["protocol"] == "content-range"
    offer["resumable"]["headers"]["Content-Range"] = f"bytes 0-{len(data) - 1}/{len(data)}"
    assert put(offer["resumable"], data).status_code in (200, 201)
    assert settled(client, offer["asset"]["id"])["status"] == "ready"


def test_other_bytes_than_announced_are_not_taken(client: httpx.Client) -> None:
    data = png()
    offer = announced(client, "background", data, crc32c=checksum(data))
    assert put(offer["upload"], data + b"x").status_code >= 400
    assert put(offer["upload"], bytes(len(data))).status_code >= 400
    assert codes(client.post(f"/assets/{offer['asset']['id']}/confirm"), 409) == ["not-uploaded"]


def test_what_differs_in_storage_is_told_and_never_ingested(studio: Studio, client: httpx.Client) -> None:
    asset = announced(client, "background", png())["asset"]
    studio[0].app.uploads.put(asset["upload_key"], b"something else")
    answer = client.post(f"/assets/{asset['id']}/confirm")
    assert codes(answer, 409) == ["differs"]
    assert answer.json()["errors"][0]["pointer"] == "/size" and answer.json()["errors"][0]["found"] == "14"
    assert client.get(f"/assets/{asset['id']}").json()["status"] == "pending"


def test_an_upload_comes_once(client: httpx.Client) -> None:
    data = png()
    offer = announced(client, "background", data)
    assert put(offer["upload"], data).status_code == 200
    assert put(offer["upload"], data).status_code == 412


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"content_type": "image/svg+xml"}, 422),
        ({"content_type": "text/html"}, 422),
        ({"size": 33 * 1024 * 1024}, 413),
        ({"size": 0}, 422),
        ({"crc32c": "abc"}, 422),
        ({"name": "two\nlines"}, 422),
        ({"type": "spell"}, 422),
        ({"key": "users/other/ast_1"}, 422),
    ],
)
def test_an_announcement_that_cannot_be(client: httpx.Client, wrong: dict[str, object], status: int) -> None:
    about = {"type": "background", "name": "a", "size": 10, "content_type": "image/png"}
    assert client.post("/assets/uploads", json={**about, **wrong}).status_code == status
    assert client.get("/assets").json()["items"] == []


def test_the_same_key_announces_and_sends_once(client: httpx.Client) -> None:
    about = {"type": "background", "name": "a", "size": 10, "content_type": "image/png"}
    key = {"Idempotency-Key": "first"}
    answers = [client.post("/assets/uploads", json=about, headers=key).json() for _ in range(2)]
    assert answers[0] == answers[1]
    one, again = (sent(client, "background", png(), **{"Idempotency-Key": "k"}) for _ in range(2))
    assert one["id"] == again["id"]
    files = {"file": ("file", png(colour="blue"))}
    answer = client.post("/assets", data={"type": "background"}, files=files, headers={"Idempotency-Key": "k"})
    assert codes(answer, 422) == ["idempotency-key-reused"]
    assert len(client.get("/assets").json()["items"]) == 2


def test_anothers_asset_is_not_there(studio: Studio, client: httpx.Client) -> None:
    asset = ready(client, "background", png())
    other = fresh_user(studio[0].app).headers
    door = f"/assets/{asset['id']}"
    answers = [
        client.get(door, headers=other),
        client.patch(door, json={"name": "mine"}, headers=other),
        client.delete(door, headers=other),
        client.delete(door, params={"force": "true"}, headers=other),
        client.post(f"{door}/confirm", headers=other),
        client.get(f"{door}/download", headers=other),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert client.get(door).json()["name"] == asset["name"]


def test_lists_are_filtered_and_their_tokens_bound(studio: Studio, client: httpx.Client) -> None:
    for name in ("harbour a", "harbour b", "lamp"):
        ready(client, "background", png(), name)
    ready(client, "script", b"The lamp was lit.", "harbour c")

    def names(**query: str) -> list[str]:
        return [asset["name"] for asset in client.get("/assets", params=query).json()["items"]]

    assert names() == ["harbour c", "lamp", "harbour b", "harbour a"]
    assert names(type="background", name_prefix="harbour") == ["harbour a", "harbour b"]
    assert names(name_prefix="harbour ", status="ready") == ["harbour a", "harbour b", "harbour c"]
    assert names(status="failed") == names(name_prefix="Harbour") == []
    first = client.get("/assets", params={"type": "background", "page_size": 2}).json()
    token = first["next_page_token"]
    rest = client.get("/assets", params={"type": "background", "page_size": 2, "page_token": token}).json()
    assert [a["name"] for a in first["items"] + rest["items"]] == ["lamp", "harbour b", "harbour a"]
    assert client.get("/assets", params={"type": "script", "page_token": token}).status_code == 422
    other = fresh_user(studio[0].app).headers
    answer = client.get("/assets", params={"type": "background", "page_token": token}, headers=other)
    assert answer.status_code == 422


def test_a_change_needs_the_revision_that_was_read(client: httpx.Client) -> None:
    door = f"/assets/{ready(client, 'background', png())['id']}"
    etag = client.get(door).headers["ETag"]
    assert client.get(door, headers={"If-None-Match": etag}).status_code == 304
    changed = client.patch(door, json={"name": "  lamp "}, headers={"If-Match": etag})
    assert changed.json()["name"] == "lamp" and changed.headers["ETag"] != etag
    assert client.patch(door, json={"name": "sea"}, headers={"If-Match": etag}).status_code == 412
    assert client.patch(door, json={"description": "by night"}).json()["name"] == "lamp"
    assert client.patch(door, json={"status": "ready"}).status_code == 422


def test_what_is_needed_is_deleted_by_force_alone(studio: Studio, client: httpx.Client) -> None:
    app = studio[0].app
    asset = app.assets.get(
        app.accounts.sessions.authenticate(token_of(client)).uid, str(ready(client, "background", png())["id"])
    )
    key = f"media://{asset.media_key}"
    still = {"type": "still", "id": "a", "asset": "cover", "timeline_start": 0, "duration": 30}
    blueprint = parse_blueprint(
        {
            "schema_version": "1.0",
            "kind": "narration",
            "task_id": "film",
            "output": {"width": 160, "height": 90, "frame_rate": {"num": 30, "den": 1}, "uri": "media://films/a.mp4"},
            "assets": {
                "cover": {
                    "uri": key,
                    "media_type": "image/png",
                    "sha256": asset.sha256,
                    "probe": asset.probe.model_dump(mode="json"),
                }
            },
            "tracks": [{"id": "v", "kind": "video", "items": [still]}],
        }
    )
    record = app.renders.keep(asset.owner, blueprint, "blueprints/a.json", "ab" * 32)
    job = {"owner": asset.owner, "status": "running", "input": {"cover_asset_id": asset.id}}
    app.documents.create("jobs", f"job_{asset.id}", job)
    app.documents.create("plans", f"pln_{asset.id}", {"owner": asset.owner, "assets": ["another", asset.id]})
    answer = client.delete(f"/assets/{asset.id}")
    assert codes(answer, 409) == ["needed-by-job", "needed-by-plan", "needed-by-blueprint"]
    assert [fault["found"] for fault in answer.json()["errors"]] == [f"job_{asset.id}", f"pln_{asset.id}", record]
    app.documents.delete("plans", f"pln_{asset.id}")
    app.documents.put("jobs", f"job_{asset.id}", {**job, "status": "pending", "input": {"voices": {"en": [asset.id]}}})
    assert codes(client.delete(f"/assets/{asset.id}"), 409) == ["needed-by-job", "needed-by-blueprint"]
    app.documents.put("jobs", f"job_{asset.id}", {**job, "status": "failed"})
    assert codes(client.delete(f"/assets/{asset.id}"), 409) == ["needed-by-blueprint"]
    assert client.delete(f"/assets/{asset.id}", params={"force": "true"}).status_code == 204
    assert client.get(f"/assets/{asset.id}").status_code == 404
    assert app.uploads.stat(asset.upload_key) is None
    assert not app.media.list(f"{asset.folder}/").items


def token_of(client: httpx.Client) -> str:
    return client.headers["Authorization"].partition(" ")[2]


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, data in entries.items():
            book.writestr(name.replace("__", "/"), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("portrait", png(100, 300), "256 on the shorter side"),
        ("background", b"\x89PNG\r\n\x1a\n" + bytes(99), "does not decode"),
        ("background", png(6000, 6000), "25,000,000"),
        ("script", b"lamp \xff light", "UTF-8"),
        ("script", b"   \n ", "empty"),
        ("document", zipped(mimetype=b"application/java-archive"), "neither EPUB nor DOCX"),
        ("document", zipped(mimetype=b"application/epub+zip")[:-30], "directory is missing"),
        ("document", b"PK\x03\x04" + bytes(40) + b"PK\x05\x06" + bytes(4) + b"\xff" * 14, "65,535 parts"),
    ],
)
def test_what_cannot_be_used_fails_with_the_reason(client: httpx.Client, kind: str, data: bytes, says: str) -> None:
    asset = settled(client, sent(client, kind, data)["id"])
    assert asset["status"] == "failed" and says in asset["reason"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("background", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("portrait", b"GIF89a" + bytes(50)),
        ("song", b"#EXTM3U\nfile:///etc/passwd"),
        ("move_clip", b"ffconcat version 1.0\nfile /etc/passwd"),
        ("voice_sample", b"RIFF\0\0\0\0WEBP" + bytes(50)),
        ("script", b"%PDF-1.7"),
        ("document", b"\0\x01\x02"),
    ],
)
def test_what_begins_as_something_else_is_not_taken(client: httpx.Client, kind: str, data: bytes) -> None:
    assert client.post("/assets", data={"type": kind}, files={"file": ("a", data)}).status_code == 415
    asset = announced(client, kind, data)
    put(asset["upload"], data)
    settled_one = settled(client, asset["asset"]["id"])
    assert settled_one["status"] == "failed" and "begin as none" in settled_one["reason"]


def test_scripts_give_their_text_and_books_are_recognised(client: httpx.Client) -> None:
    script = ready(client, "script", b"\xef\xbb\xbfOne.\r\nTwo.")
    assert script["characters"] == 9
    link = client.get(f"/assets/{script['id']}/download", params={"file": "text"}).json()
    assert put(link, b"").content == b"One.\nTwo."
    epub = zipped(mimetype=b"application/epub+zip")
    docx = zipped(**{"[Content_Types].xml": b"<a/>", "word__document.xml": b"<b/>"})
    for data, codec in (
        (epub, "epub+zip"),
        (docx, "wordprocessingml"),
        (b"%PDF-1.7\n%%EOF", "pdf"),
        (b"# A", "text/plain"),
    ):
        assert codec in str(ready(client, "document", data)["codec"])


def test_a_portrait_comes_with_its_crop(client: httpx.Client) -> None:
    portrait = ready(client, "portrait", png(600, 900))
    assert portrait["crop"]["side"] == 600  # type: ignore[index]  # the record is plain JSON
    assert (portrait["width"], portrait["height"]) == (600, 900)


def test_a_quota_holds_for_a_hundred_at_once_and_is_given_back(tmp_path: Path) -> None:
    with running_studio(tmp_path, quota_assets="5", quota_bytes="1000") as (server, client):
        about = {"type": "background", "name": "a", "size": 100, "content_type": "image/png"}
        with ThreadPoolExecutor(8) as pool:
            statuses = [
                a.status_code for a in pool.map(lambda _: client.post("/assets/uploads", json=about), range(20))
            ]
        assert sorted(statuses) == [201] * 5 + [413] * 15
        for asset in client.get("/assets").json()["items"][:2]:
            assert client.delete(f"/assets/{asset['id']}").status_code == 204
        answer = client.post("/assets/uploads", json={**about, "size": 701})
        assert answer.status_code == 413 and "1,000" in answer.json()["detail"]
        offer = announced(client, "background", bytes(700))
        usage = server.app.documents.get("asset_usage", "local")
        assert usage and usage.data == {"owner": "local", "count": 4, "bytes": 1000}
        put(offer["upload"], bytes(700))
