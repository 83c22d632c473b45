"""The ground that attacks are tried on: one running studio, somebody whose things are wanted, and somebody who wants them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from functions.dev_server import Server
from shared.ports.storage import every_object
from tests.support.accounts import SignedIn, bearer

# What an attempt may leave behind: that it was counted, that the queue saw to it, and an answer for who sends it again.
LEDGERS = ("throttles", "sent_mails", "idempotency_keys")
State = dict[tuple[str, ...], str]


@dataclass(frozen=True)
class Ground:
    """`anna` has a password, and `things`: a project, a plan, a job and so on, by the names that paths have for them.

    `eve` is somebody new with every attack; `client` has signed in as nobody.
    """

    server: Server
    client: httpx.Client
    anna: SignedIn
    eve: SignedIn
    ada: SignedIn  # an admin
    things: Mapping[str, str]

    @property
    def secret(self) -> bytes:
        """What access tokens are signed with here."""
        text = (self.server.app.settings.data_dir / "access-key").read_text()
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a token that would let anna in, but for what is changed."""
        now = int(time.time())
        made = {"iss": "reelprint", "aud": "reelprint-api", "sub": self.anna.uid, "sid": self.anna.tokens.session_id}
        return {**made, "iat": now, "exp": now + 600, **changed}

    def opens_nothing(self, token: str) -> None:
        """As a bearer token it reads nothing, makes nothing and removes nothing."""
        headers = bearer(token)
        refused(self.client.get("/auth/profile", headers=headers), 401)
        refused(self.client.post("/projects", json={"title": "By a forger"}, headers=headers), 401)
        refused(self.client.delete(f"/projects/{self.things['project_id']}", headers=headers), 401)

    def raw(self, head: str, body: bytes = b"", *, then: bytes = b"") -> tuple[int, bytes]:
        """Status and the rest of the answer to bytes as they are. `head` is the request without its Host."""
        place = urlsplit(self.server.url)
        line, _, rest = head.partition("\r\n")
        hosted = "" if "host:" in rest.lower() else f"Host: {place.netloc}\r\n"
        with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) as connection:
            connection.sendall(f"{line}\r\n{hosted}{rest}\r\n\r\n".encode("latin-1") + body)
            if then:
                connection.sendall(then)
            connection.shutdown(socket.SHUT_WR)
            with closing(connection.makefile("rb")) as answer:
                status = answer.readline().split()
                return int(status[1]), answer.read()


Case = Callable[[Ground], Iterator[None] | None]
CASES: dict[str, Case] = {}


def attack(case: Case) -> Case:
    """Enter a case under its own name. What it does before a `yield` only prepares; from there on nothing may change."""
    return enter(case.__name__, case)


def enter(name: str, case: Case) -> Case:
    title = name.replace("_", "-")
    assert title not in CASES, f"two attacks are called {title}"
    CASES[title] = case
    return case


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an attack was answered with."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def everything(server: Server) -> State:
    """All that the studio has on record and in storage, but for LEDGERS, once its queues are empty."""
    deadline = time.monotonic() + 60
    while any(queue.scheduled or queue.active for queue in server.app.tasks.state()):
        assert time.monotonic() < deadline, "the queues do not come to rest"
        time.sleep(0.01)
    with closing(sqlite3.connect(server.app.settings.data_dir / "documents.sqlite3")) as database:
        rows = database.execute("SELECT collection, id, data FROM documents").fetchall()
    state: State = {("documents", kind, name): data for kind, name, data in rows if kind not in LEDGERS}
    for storage in (server.app.uploads, server.app.media):
        for info in every_object(storage, ""):
            state[storage.bucket, info.key] = f"{info.generation} {info.crc32c}"
    return state


def token_of(claims: Mapping[str, Any], secret: bytes, **header: Any) -> str:
    """A token signed by hand; what is None in the header is left out of it."""
    given = {"alg": "HS256", "kid": "local", "typ": "at+jwt", **header}
    head = json.dumps({name: value for name, value in given.items() if value is not None})
    return signed(head.encode(), json.dumps(claims).encode(), secret)


def signed(head: bytes, payload: bytes, secret: bytes, digest: str = "sha256") -> str:
    text = f"{unpadded(head)}.{unpadded(payload)}"
    return f"{text}.{unpadded(hmac.digest(secret, text.encode(), digest))}"


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def picture(kind: str = "PNG", size: tuple[int, int] = (16, 9), **options: Any) -> bytes:
    """A small picture, as a file's bytes."""
    out = io.BytesIO()
    Image.new("RGB", size, (20, 90, 160)).save(out, kind, **options)
    return out.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
