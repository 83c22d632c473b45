"""Attacks on uploads by way of storage: announced as one thing, brought as another, confirmed for somebody else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import google_crc32c

from tests.functions.attacks_files import HTML, judged
from tests.functions.attacks_ground import Ground, attack, picture, refused


def announced(ground: Ground, data: bytes, **changed: Any) -> dict[str, Any]:
    """The offer for a picture of eve's."""
    checksum = b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()
    wish = {
        "type": "background",
        "name": "cover.png",
        "size": len(data),
        "content_type": "image/png",
        "crc32c": checksum,
    }
    answer = ground.client.post("/assets/uploads", json={**wish, **changed}, headers=ground.eve.headers)
    assert answer.status_code == 201, answer.text
    offer: dict[str, Any] = answer.json()
    return offer


def brought(ground: Ground, offer: dict[str, Any], data: bytes, **headers: str) -> int:
    request = offer["upload"]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = ground.client.request(
        request["method"], request["url"], headers={**request["headers"], **given}, content=data
    )
    return answer.status_code


@attack
def upload_confirmed_before_it_came(ground: Ground) -> Iterator[None]:
    asset = announced(ground, picture())["asset"]["id"]
    yield
    refused(ground.client.post(f"/assets/{asset}/confirm", json={}, headers=ground.eve.headers), 409)


@attack
def upload_of_other_bytes_than_announced(ground: Ground) -> Iterator[None]:
    offer = announced(ground, picture())
    yield
    other = bytes(reversed(picture()))
    assert brought(ground, offer, other) == 400
    assert brought(ground, offer, picture() + b"more") == 400
    assert brought(ground, offer, picture()[:-1]) == 400
    assert brought(ground, offer, picture(), content_type="text/html") == 403
    refused(ground.client.post(f"/assets/{offer['asset']['id']}/confirm", json={}, headers=ground.eve.headers), 409)


@attack
def upload_over_what_was_confirmed(ground: Ground) -> Iterator[None]:
    offer = announced(ground, picture())
    assert brought(ground, offer, picture()) == 200
    confirmed = ground.client.post(f"/assets/{offer['asset']['id']}/confirm", json={}, headers=ground.eve.headers)
    assert confirmed.status_code == 200 and judged(ground, ground.eve, offer["asset"]["id"])["status"] == "ready"
    yield
    assert brought(ground, offer, picture()) == 412
    wrong = ground.client.post(
        f"/assets/{offer['asset']['id']}/confirm", json={"generation": "1"}, headers=ground.eve.headers
    )
    refused(wrong, 409)


@attack
def upload_confirmed_by_somebody_else(ground: Ground) -> Iterator[None]:
    offer = announced(ground, picture())
    assert brought(ground, offer, picture()) == 200
    yield
    refused(ground.client.post(f"/assets/{offer['asset']['id']}/confirm", json={}, headers=ground.anna.headers), 404)


@attack
def upload_that_chooses_its_key(ground: Ground) -> None:
    plain = {"type": "background", "name": "a.png", "size": 10, "content_type": "image/png"}
    for name, value in {"upload_key": f"users/{ground.anna.uid}/x", "owner": ground.anna.uid, "id": "ast_x",
                        "status": "ready", "media_key": "a", "generation": "1"}.items():  # fmt: skip
        answer = ground.client.post("/assets/uploads", json={**plain, name: value}, headers=ground.eve.headers)
        assert f"/{name}" in [fault["pointer"] for fault in refused(answer, 422)["errors"]]


@attack
def upload_of_a_size_that_cannot_be(ground: Ground) -> None:
    for size in (0, -1, 10**15, 2**63 - 1, 1.5, "ten", None):
        wish = {"type": "background", "name": "a.png", "size": size, "content_type": "image/png"}
        answer = ground.client.post("/assets/uploads", json=wish, headers=ground.eve.headers)
        assert answer.status_code in (413, 422), f"{size}: {answer.text}"


@attack
def upload_of_a_type_that_browsers_run(ground: Ground) -> None:
    for kind in (
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "image/png\r\nX: y",
        "*/*",
        "",
        "image/png;a=b\x00",
    ):
        wish = {"type": "background", "name": "a.png", "size": 10, "content_type": kind}
        answer = ground.client.post("/assets/uploads", json=wish, headers=ground.eve.headers)
        assert answer.status_code in (415, 422), f"{kind}: {answer.text}"


@attack
def upload_whose_name_ends_a_header(ground: Ground) -> None:
    for name in ("a\r\nSet-Cookie: x=1", "a\0.png", "", "a" * 1000):
        wish = {"type": "background", "name": name, "size": 10, "content_type": "image/png"}
        refused(ground.client.post("/assets/uploads", json=wish, headers=ground.eve.headers), 422)


@attack
def upload_downloaded_in_place(ground: Ground) -> Iterator[None]:
    """A page called a picture: what is downloaded of it is saved, never run."""
    offer = announced(ground, HTML, name='"; filename=evil.html; x="\'<script>.png')
    assert brought(ground, offer, HTML) == 200
    asset = offer["asset"]["id"]
    ground.client.post(f"/assets/{asset}/confirm", json={}, headers=ground.eve.headers)
    assert judged(ground, ground.eve, asset)["status"] == "failed"
    yield
    link = ground.client.get(f"/assets/{asset}/download", headers=ground.eve.headers)
    if link.status_code == 200:
        answer = ground.client.get(link.json()["url"], headers=link.json()["headers"])
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "filename=evil.html" not in answer.headers["Content-Disposition"].replace('"', "").split(";")
    else:
        refused(link, 409)


@attack
def download_link_of_another_file(ground: Ground) -> Iterator[None]:
    offer = announced(ground, picture())
    assert brought(ground, offer, picture()) == 200
    ground.client.post(f"/assets/{offer['asset']['id']}/confirm", json={}, headers=ground.eve.headers)
    assert judged(ground, ground.eve, offer["asset"]["id"])["status"] == "ready"
    link = ground.client.get(f"/assets/{offer['asset']['id']}/download", headers=ground.eve.headers).json()
    yield
    theirs = f"users/{ground.anna.uid}/{ground.things['asset_id']}"
    bent = link["url"].replace(f"users/{ground.eve.uid}/{offer['asset']['id']}", theirs)
    assert urlsplit(bent).path.endswith(theirs)
    assert ground.client.get(bent, headers=link["headers"]).status_code == 403
    in_place = link["url"].replace("attachment", "inline")
    assert in_place == link["url"] or ground.client.get(in_place, headers=link["headers"]).status_code == 403


@attack
def lost_update_of_an_asset(ground: Ground) -> Iterator[None]:
    url = f"/assets/{ground.things['asset_id']}"
    stale = ground.anna.headers | {"If-Match": ground.client.get(url, headers=ground.anna.headers).headers["ETag"]}
    assert ground.client.patch(url, json={"name": "harbour.png"}, headers=stale).status_code == 200
    yield
    refused(ground.client.patch(url, json={"name": "evil.png"}, headers=stale), 412)
    for name in ("owner", "upload_key", "media_key", "status", "type"):
        refused(ground.client.patch(url, json={name: "x"}, headers=ground.anna.headers), 422)
