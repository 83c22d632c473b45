"""Bringing files to a studio as its clients do, and waiting for what it makes of them."""

from __future__ import annotations

import time
from typing import Any

import httpx

Raw = dict[str, Any]


def announced(client: httpx.Client, kind: str, data: bytes, **more: Any) -> Raw:
    """The offer for an upload of `data`; `more` goes with the announcement."""
    about = {"type": kind, "name": "file", "size": len(data), "content_type": "application/octet-stream"}
    answer = client.post("/assets/uploads", json={**about, **more})
    assert answer.status_code == 201, answer.text
    offer: Raw = answer.json()
    return offer


def put(request: Raw, data: bytes) -> httpx.Response:
    """Carry out a signed request."""
    return httpx.request(request["method"], request["url"], headers=request["headers"], content=data)


def sent(client: httpx.Client, kind: str, data: bytes, name: str = "file", **headers: str) -> Raw:
    """An asset by multipart, just taken in."""
    answer = client.post("/assets", data={"type": kind}, files={"file": (name, data)}, headers=headers)
    assert answer.status_code == 201, answer.text
    asset: Raw = answer.json()
    return asset


def settled(client: httpx.Client, asset_id: str, seconds: float = 60) -> Raw:
    """The asset once it is ready or has failed."""
    deadline = time.monotonic() + seconds
    while True:
        asset: Raw = client.get(f"/assets/{asset_id}").json()
        if asset["status"] in ("ready", "failed"):
            return asset
        assert time.monotonic() < deadline, f"the asset is still {asset['status']}: {asset['message']}"
        time.sleep(0.05)
