"""Pages of other origins: none may call unless the settings name it, and then that one alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient

from shared.config import read_settings
from shared.domain.errors import Misconfigured
from tests.support import kit_door
from tests.support.accounts import fresh_user
from tests.support.kit_door import KitApp
from tests.support.studio import running_studio

OURS, OTHER = "https://studio.example", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,if-match"}


def told(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control")}


def test_unless_set_nobody_is_let_in(books: FlaskClient) -> None:
    for origin in (OURS, OTHER, "null"):
        for answer in (
            books.get("/api/v1/books", headers={"Origin": origin}),
            books.options("/api/v1/books/1", headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_only_the_origins_that_are_set_are_let_in(books: FlaskClient, kit_app: KitApp) -> None:
    kit_app.cors_origins = (OURS,)
    read = books.get("/api/v1/books/1", headers={"Origin": OURS})
    assert read.headers["Access-Control-Allow-Origin"] == OURS
    assert "ETag" in read.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in read.headers
    asked = books.options("/api/v1/books/1", headers={"Origin": OURS, **PREFLIGHT})
    assert asked.status_code == 204 and "PUT" in asked.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "If-Match", "Idempotency-Key"} <= {
        name.strip() for name in asked.headers["Access-Control-Allow-Headers"].split(",")
    }
    for other in (OTHER, "null", OURS + ".evil.example", OURS.upper()):
        refused = books.get("/api/v1/books/1", headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in refused.headers and "Origin" in refused.headers["Vary"]
    failed = books.post("/api/v1/failures/conflict", headers={"Origin": OURS})
    assert failed.status_code == 409 and failed.headers["Access-Control-Allow-Origin"] == OURS
    kit_door._current.clear()  # where there is no application there is no list of origins
    assert "Access-Control-Allow-Origin" not in books.get("/api/v1/health", headers={"Origin": OURS}).headers


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("studio")
    with running_studio(folder, accounts="required", cors_origins=f"{OURS},http://localhost:5173") as (server, client):
        yield client, fresh_user(server.app).headers


def test_the_local_server_lets_in_who_is_set(studio: tuple[httpx.Client, dict[str, str]]) -> None:
    client, headers = studio
    page = {"Origin": OURS, "Sec-Fetch-Site": "cross-site"}
    assert told(client.options("/auth/profile", headers={**page, **PREFLIGHT}))["access-control-allow-origin"] == OURS
    read = client.get("/auth/profile", headers={**headers, **page})
    assert read.status_code == 200 and told(read)["access-control-allow-origin"] == OURS
    assert client.get("/auth/profile", headers=page).status_code == 401  # being let in is not being known
    for elsewhere in ({"Origin": OTHER}, {**page, "Host": "studio.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = client.get("/auth/profile", headers={**headers, **elsewhere})
        assert refused.status_code == 403 and not told(refused)


@pytest.mark.parametrize(
    "wrong", ["*", "studio.example", "https://a.example/", "https://a.example, https://b.example", "null"]
)
def test_what_is_no_list_of_origins_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(Misconfigured, match="CORS_ORIGINS"):
        read_settings({"REELPRINT_DATA_DIR": str(tmp_path), "REELPRINT_CORS_ORIGINS": wrong})
