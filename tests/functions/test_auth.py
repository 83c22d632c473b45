"""Accounts through their doors, over HTTP, with the real queue writing the letters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.wrappers import Request

from functions._http.guard import Policy
from functions._http.same_origin import require_same_origin
from functions.auth import COOKIE
from functions.dev_server import Server
from functions.doors import DOORS
from shared.domain.asset import AssetType
from shared.domain.errors import Forbidden
from shared.domain.user import Role
from shared.ports.documents import Where
from shared.ports.storage import every_object
from shared.services.throttle import FREE_ATTEMPTS
from tests.support.accounts import (
    PASSWORD,
    SignedIn,
    awaited_letter,
    bearer,
    fresh_user,
    letters,
    register,
    sign_in,
    token_in,
)
from tests.support.studio import new_chapter, running_studio

Studio = tuple[Server, httpx.Client]
OTHER = "quite another sentence"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("studio")
    with running_studio(folder, accounts="required", address_attempts="100000") as (server, _):
        yield server


@pytest.fixture
def studio(served: Server) -> Iterator[Studio]:
    """The studio, and a client that nobody has signed in with yet."""
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=60) as client:
        yield served, client


def data_of(studio: Studio) -> Path:
    return studio[0].app.settings.data_dir


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    """All that an answer tells, but for its time and number."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body, {name.lower() for name in answer.headers}


def test_the_whole_way_from_registering_to_signing_out(studio: Studio) -> None:
    _, client = studio
    email = register(client, data_of(studio), "mara")
    tokens = sign_in(client, email.upper())
    profile = client.get("/auth/profile").json()
    assert (profile["email"], profile["username"], profile["role"]) == (email, "mara", "user")
    made = client.post("/projects", json={"title": "Tales"})
    assert made.status_code == 201 and made.json()["owner"] == profile["id"]
    assert client.post("/auth/logout").status_code == 204
    assert client.get("/auth/profile").status_code == 401
    assert client.post("/auth/refresh", json={"refresh_token": tokens.refresh_token}).status_code == 401


def test_a_known_address_registers_like_an_unknown_one_and_only_its_owner_is_told(studio: Studio) -> None:
    _, client = studio
    email = register(client, data_of(studio), "nora")
    answers = [
        told(client.post("/auth/register", json={"email": asked, "username": name, "password": PASSWORD}))
        for asked, name in ((email, "nora-again"), ("unknown@example.test", "unheard-of"))
    ]
    assert answers[0] == answers[1] and answers[0][0] == 202
    assert "Token" not in awaited_letter(data_of(studio) / "outbox", email, "already").get_content()
    sign_in(client, email)


def test_a_username_is_public_and_taken_once(studio: Studio) -> None:
    _, client = studio
    register(client, data_of(studio), "olga")
    wish = {"email": "other@example.test", "username": "OLGA", "password": PASSWORD}
    assert "username" in problem(client.post("/auth/register", json=wish), 409)["detail"]


def test_a_registration_is_told_every_fault_at_once_and_never_its_password(studio: Studio) -> None:
    wish = {"email": "nobody", "username": "?", "password": "hunter2", "is_admin": True}
    answer = studio[1].post("/auth/register", json=wish)
    faults = {fault["pointer"]: fault["code"] for fault in problem(answer, 422)["errors"]}
    assert faults == {
        "/email": "not-an-address",
        "/username": "not-a-username",
        "/password": "password-too-short",
        "/is_admin": "extra-forbidden",
    }
    assert "hunter2" not in answer.text


def test_known_and_unknown_accounts_are_refused_and_locked_alike(studio: Studio) -> None:
    server, client = studio
    known = fresh_user(server.app, password=PASSWORD).email
    for attempt in range(FREE_ATTEMPTS + 1):
        answers = [
            client.post("/auth/login", json={"email": email, "password": f"wrong password {attempt}"})
            for email in (known, f"un{known}")
        ]
        first, second = map(told, answers)
        assert first[0] == second[0] == (401 if attempt < FREE_ATTEMPTS else 429)
        assert first[2] == second[2]
        if attempt < FREE_ATTEMPTS:
            assert first == second
        else:
            assert all(1 <= int(answer.headers["Retry-After"]) <= 30 for answer in answers)
            assert all(f"in {answer.headers['Retry-After']} s" in answer.json()["detail"] for answer in answers)
    right = client.post("/auth/login", json={"email": known, "password": PASSWORD})
    assert right.status_code == 429  # or the lock would tell when the guess is right


def test_the_same_work_is_done_for_known_and_unknown_accounts(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    server, client = studio
    known = fresh_user(server.app, password=PASSWORD).email
    passwords = server.app.accounts.signing_in._hashing._passwords
    hashed: list[str] = []
    verify = type(passwords).verify

    def counting(self: object, password_hash: str, password: str) -> bool:
        hashed.append(password_hash.rpartition("$")[0].rpartition("$")[0])  # the parameters, without salt and hash
        return verify(passwords, password_hash, password)

    monkeypatch.setattr(type(passwords), "verify", counting)
    for email in (known, "unknown-" + known):
        client.post("/auth/login", json={"email": email, "password": "wrong password"})
    assert len(hashed) == 2 and hashed[0] == hashed[1] == "$argon2id$v=19$m=19456,t=2,p=1"


def test_being_remembered_lasts_for_weeks(studio: Studio) -> None:
    server, client = studio
    email = fresh_user(server.app, password=PASSWORD).email
    asked = [
        client.post("/auth/login", json={"email": email, "password": PASSWORD, "remember_me": remember})
        for remember in (False, True)
    ]
    short, long = (answer.json() for answer in asked)
    assert short["refresh_expires_at"] < long["refresh_expires_at"]
    assert "Max-Age" not in asked[0].headers["Set-Cookie"]  # gone with the browser
    assert "Max-Age=2592000;" in asked[1].headers["Set-Cookie"]  # thirty days
    assert (short["token_type"], short["expires_in"]) == ("Bearer", 900)


def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(studio: Studio) -> None:
    server, client = studio
    email = fresh_user(server.app, password=PASSWORD).email
    answer = client.post("/auth/login", json={"email": email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-refresh=") and "Domain" not in cookie
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_cookie_refreshes_for_pages_of_this_origin_only(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    cookie = {"Cookie": f"{COOKIE}={anna.tokens.refresh_token}"}
    for elsewhere in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:1"},
    ):
        assert client.post("/auth/refresh", headers=cookie | elsewhere).status_code == 403, elsewhere
    answer = client.post("/auth/refresh", headers=cookie | {"Sec-Fetch-Site": "same-origin", "Origin": server.url})
    assert answer.status_code == 200
    fresh = answer.json()
    assert (
        fresh["refresh_token"] != anna.tokens.refresh_token and fresh["refresh_token"] in answer.headers["Set-Cookie"]
    )
    assert client.post("/auth/refresh", json={"refresh_token": fresh["refresh_token"]}).status_code == 200


def test_an_origin_that_cannot_be_read_is_not_ours() -> None:
    for origin in ("http://[::1", "//", "", "null"):
        request = Request({"HTTP_HOST": "studio.example", "HTTP_ORIGIN": origin, "wsgi.url_scheme": "https"})
        with pytest.raises(Forbidden):
            require_same_origin(request)


def test_signing_out_takes_the_cookie_away(studio: Studio) -> None:
    anna = fresh_user(studio[0].app)
    cookie = studio[1].post("/auth/logout", headers=anna.headers).headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=;") and "Max-Age=0" in cookie and "Secure" in cookie


def test_a_replayed_refresh_token_ends_the_session_for_both(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    stolen = anna.tokens.refresh_token
    second = client.post("/auth/refresh", json={"refresh_token": stolen}).json()
    third = client.post("/auth/refresh", json={"refresh_token": second["refresh_token"]}).json()
    assert client.get("/auth/profile", headers=bearer(third["access_token"])).status_code == 200
    assert client.post("/auth/refresh", json={"refresh_token": stolen}).status_code == 401
    assert client.get("/auth/profile", headers=bearer(third["access_token"])).status_code == 401
    assert client.post("/auth/refresh", json={"refresh_token": third["refresh_token"]}).status_code == 401


@pytest.mark.parametrize("token", ["", "nothing", "a.b.c", "usr_x.ses_x." + "A" * 64, "x" * 512])
def test_a_made_up_refresh_token_is_refused_and_changes_nothing(studio: Studio, token: str) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    ours = f"{anna.uid}.{anna.tokens.session_id}." + "A" * 64
    for made_up in (token, ours):
        assert client.post("/auth/refresh", json={"refresh_token": made_up}).status_code == 401
    assert client.post("/auth/refresh", json={"refresh_token": anna.tokens.refresh_token}).status_code == 200


def test_sessions_are_listed_and_ended_one_by_one_and_all_at_once(studio: Studio) -> None:
    server, client = studio
    anna, otto = fresh_user(server.app, password=PASSWORD), fresh_user(server.app)
    phone = client.post(
        "/auth/login", json={"email": anna.email, "password": PASSWORD}, headers={"User-Agent": "Phone\x7f 9"}
    ).json()
    listed = client.get("/auth/sessions", headers=anna.headers).json()["items"]
    assert {view["id"]: view["is_current"] for view in listed} == {
        anna.tokens.session_id: True,
        phone["session_id"]: False,
    }
    assert "Phone 9" in [view["client"] for view in listed]
    assert not {"token_hash", "tag_key", "sealed_successor"} & set(listed[0])
    for somebody in (otto.headers, {}):
        answer = client.delete(f"/auth/sessions/{phone['session_id']}", headers=somebody)
        assert answer.status_code == (404 if somebody else 401)
    assert client.delete(f"/auth/sessions/{phone['session_id']}", headers=anna.headers).status_code == 204
    assert client.get("/auth/profile", headers=bearer(phone["access_token"])).status_code == 401
    third = client.post("/auth/login", json={"email": anna.email, "password": PASSWORD}).json()
    assert client.delete("/auth/sessions?keep_current=true", headers=anna.headers).status_code == 204
    assert client.get("/auth/profile", headers=bearer(third["access_token"])).status_code == 401
    assert client.delete("/auth/sessions", headers=anna.headers).status_code == 204
    assert client.get("/auth/profile", headers=anna.headers).status_code == 401


def test_sessions_come_in_pages_that_are_their_users_own(studio: Studio) -> None:
    server, client = studio
    anna, otto = fresh_user(server.app), fresh_user(server.app)
    for _ in range(4):
        server.app.accounts.sessions.open(anna.uid, version=1)

    def page(who: SignedIn, token: str = "") -> httpx.Response:
        query = {"page_size": "2", **({"page_token": token} if token else {})}
        return client.get("/auth/sessions", params=query, headers=who.headers)

    whole = [view["id"] for view in client.get("/auth/sessions", headers=anna.headers).json()["items"]]
    found: list[str] = []
    token = ""
    while token is not None:
        listed = page(anna, token).json()
        assert len(listed["items"]) <= 2
        found += [view["id"] for view in listed["items"]]
        token = listed["next_page_token"]
    assert found == whole and len(whole) == 5
    token = page(anna).json()["next_page_token"]
    for foreign in (
        page(otto, token),
        page(anna, token[:-1] + "x"),
        client.get("/voices", params={"page_token": token}, headers=anna.headers),
    ):
        assert foreign.status_code == 422, foreign.text


def test_a_profile_is_changed_only_as_it_was_read(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    read = client.get("/auth/profile", headers=anna.headers)
    seen = anna.headers | {"If-Match": read.headers["ETag"]}
    changed = client.patch("/auth/profile", json={"display_name": "Anna"}, headers=seen)
    assert (changed.status_code, changed.json()["display_name"]) == (200, "Anna")
    assert client.patch("/auth/profile", json={"display_name": "Otto"}, headers=seen).status_code == 412
    assert client.patch("/auth/profile", json={"role": "admin"}, headers=anna.headers).status_code == 422
    client.post("/auth/refresh", json={"refresh_token": anna.tokens.refresh_token})
    known = client.get("/auth/profile", headers=anna.headers | {"If-None-Match": changed.headers["ETag"]})
    assert known.status_code == 304  # a sign-in or a refresh is no change of the profile


def test_a_changed_password_ends_every_other_session_and_is_told_by_letter(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app, password=PASSWORD)
    phone = client.post("/auth/login", json={"email": anna.email, "password": PASSWORD}).json()

    def change(current: str, new: str) -> httpx.Response:
        return client.post(
            "/auth/password", json={"current_password": current, "new_password": new}, headers=anna.headers
        )

    wrong = problem(change("not the password", OTHER), 422)
    assert [fault["pointer"] for fault in wrong["errors"]] == ["/current_password"]
    weak = problem(change(PASSWORD, "password1"), 422)
    assert [(fault["pointer"], fault["code"]) for fault in weak["errors"]] == [("/new_password", "password-common")]
    assert change(PASSWORD, OTHER).status_code == 204
    assert client.get("/auth/profile", headers=anna.headers).status_code == 200
    assert client.get("/auth/profile", headers=bearer(phone["access_token"])).status_code == 401
    assert client.post("/auth/refresh", json={"refresh_token": phone["refresh_token"]}).status_code == 401
    assert client.post("/auth/login", json={"email": anna.email, "password": PASSWORD}).status_code == 401
    assert client.post("/auth/login", json={"email": anna.email, "password": OTHER}).status_code == 200
    assert awaited_letter(data_of(studio) / "outbox", anna.email, "was changed")


def test_a_forgotten_password_is_set_by_letter_once(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app, password=PASSWORD)
    answers = [
        told(client.post("/auth/password/forgot", json={"email": email})) for email in (anna.email, "un@known.test")
    ]
    assert answers[0] == answers[1] and answers[0][0] == 202
    token = token_in(awaited_letter(data_of(studio) / "outbox", anna.email, "new password"))
    weak = client.post("/auth/password/reset", json={"token": token, "new_password": "password1"})
    assert problem(weak, 422)["errors"][0]["code"] == "password-common"
    reset = {"token": token, "new_password": OTHER}
    assert client.post("/auth/password/reset", json=reset).status_code == 204
    assert problem(client.post("/auth/password/reset", json=reset), 422)["errors"][0]["code"] == "token-invalid"
    assert token not in client.post("/auth/password/reset", json=reset).text
    assert client.get("/auth/profile", headers=anna.headers).status_code == 401
    sign_in(client, anna.email, OTHER)
    assert letters(data_of(studio) / "outbox", "un@known.test") == []


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forged_forwarding_header_moves_no_throttle(tmp_path: Path, proxies: int) -> None:
    given = {"accounts": "required", "address_attempts": "3", "trusted_proxies": str(proxies)}
    with running_studio(tmp_path, **given) as (_, client):

        def attempt(number: int, forwarded: str) -> int:
            wish = {"email": f"person{number}@example.test"}
            return client.post("/auth/password/forgot", json=wish, headers={"X-Forwarded-For": forwarded}).status_code

        assert [attempt(n, f"203.0.113.{n}, 198.51.100.7") for n in range(4)] == [202, 202, 202, 429]
        assert attempt(9, "198.51.100.8") == (202 if proxies else 429)


def test_every_route_that_is_not_open_to_all_asks_who_is_there(studio: Studio) -> None:
    server, client = studio
    asked = 0
    for door in DOORS:
        for route in door.routes.all:
            if route.policy is Policy.PUBLIC:
                continue
            path = route.path.replace("{", "x").replace("}", "x")
            user = fresh_user(server.app).headers if route.policy is Policy.TASK else {}
            for headers in ({}, {"Authorization": "Bearer nothing"}, user):
                answer = client.request(route.method, f"{server.url}{path}", headers=headers)
                assert answer.status_code == 401, f"{route.method} {path}"
            asked += 1
    assert asked > 30


def test_admin_routes_are_for_admins(studio: Studio) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    routes = [route for door in DOORS for route in door.routes.all if route.policy is Policy.ADMIN]
    assert len(routes) == 6
    for route in routes:
        path = route.path.replace("{user_id}", anna.uid)
        answer = client.request(route.method, f"{server.url}{path}", headers=anna.headers, json={"role": "admin"})
        assert problem(answer, 403)["type"].endswith("forbidden")
    assert client.get("/auth/profile", headers=anna.headers).json()["role"] == "user"


def test_admins_list_users_in_pages_and_by_role(studio: Studio) -> None:
    server, client = studio
    ada = fresh_user(server.app, role=Role.ADMIN)
    people = {fresh_user(server.app).uid for _ in range(5)}
    seen: list[str] = []
    token = ""
    while token is not None:
        page = client.get("/users", params={"page_size": 2, "page_token": token}, headers=ada.headers).json()
        assert len(page["items"]) <= 2 and "password" not in str(page) and "sessions" not in str(page)
        seen += [user["id"] for user in page["items"]]
        token = page["next_page_token"]
    assert people <= set(seen) and len(seen) == len(set(seen))
    admins = client.get("/users", params={"role": "admin"}, headers=ada.headers).json()["items"]
    assert ada.uid in [user["id"] for user in admins] and not people & {user["id"] for user in admins}
    assert client.get("/users", params={"role": "king"}, headers=ada.headers).status_code == 422


def test_a_role_given_or_taken_counts_with_the_next_call(studio: Studio) -> None:
    server, client = studio
    ada, anna = fresh_user(server.app, role=Role.ADMIN), fresh_user(server.app)
    read = client.get(f"/users/{anna.uid}", headers=ada.headers)
    seen = ada.headers | {"If-Match": read.headers["ETag"]}
    assert client.patch(f"/users/{anna.uid}", json={"role": "admin"}, headers=seen).status_code == 200
    assert client.get("/users", headers=anna.headers).status_code == 200
    assert client.patch(f"/users/{anna.uid}", json={"role": "user"}, headers=seen).status_code == 412
    assert client.patch(f"/users/{anna.uid}", json={"role": "user"}, headers=ada.headers).status_code == 200
    assert client.get("/users", headers=anna.headers).status_code == 403
    assert client.patch(f"/users/{ada.uid}", json={"role": "user"}, headers=ada.headers).status_code == 409
    assert client.patch("/users/usr_none", json={"role": "user"}, headers=ada.headers).status_code == 404


def test_a_disabled_user_is_shut_out_of_every_door_at_once(studio: Studio) -> None:
    server, client = studio
    ada, anna = fresh_user(server.app, role=Role.ADMIN), fresh_user(server.app, password=PASSWORD)
    assert client.get("/projects", headers=anna.headers).status_code == 200
    disabled = client.patch(f"/users/{anna.uid}", json={"status": "disabled"}, headers=ada.headers)
    assert disabled.json()["status"] == "disabled"
    for path in ("/projects", "/jobs", "/assets", "/auth/profile", "/worker/status"):
        assert client.get(path, headers=anna.headers).status_code == 401
    assert client.post("/auth/refresh", json={"refresh_token": anna.tokens.refresh_token}).status_code == 401
    assert client.post("/auth/login", json={"email": anna.email, "password": PASSWORD}).status_code == 401
    assert client.patch(f"/users/{anna.uid}", json={"status": "active"}, headers=ada.headers).status_code == 200
    sign_in(client, anna.email)


def test_a_deleted_user_goes_with_all_that_is_theirs_and_nobody_elses(studio: Studio) -> None:
    server, client = studio
    ada, anna, otto = fresh_user(server.app, role=Role.ADMIN), fresh_user(server.app), fresh_user(server.app)
    for person in (anna, otto):
        client.headers.update(person.headers)
        project, chapter = new_chapter(client)
        assert client.post(f"/projects/{project}/planning/chapters/{chapter}/generate", json={}).status_code == 200
        raw = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
        server.app.assets.create(person.uid, AssetType.BACKGROUND, "cover", raw)
    gone = client.delete(f"/users/{anna.uid}", headers=ada.headers)
    assert (gone.status_code, gone.json()["status"]) == (202, "deleting")
    assert client.get("/projects", headers=anna.headers).status_code == 401
    deadline = time.monotonic() + 30
    while client.get(f"/users/{anna.uid}", headers=ada.headers).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.get(f"/users/{anna.uid}", headers=ada.headers).status_code == 404
    documents = server.app.documents
    for collection in ("projects", "chapters", "plans", "assets", "blueprints", "jobs"):
        assert documents.count(collection, [Where("owner", "==", anna.uid)]) == 0
        if collection in ("projects", "chapters", "plans"):
            assert documents.count(collection, [Where("owner", "==", otto.uid)]) == 1
    assert not list(every_object(server.app.uploads, f"users/{anna.uid}/"))
    assert list(every_object(server.app.uploads, f"users/{otto.uid}/"))
    assert client.get("/projects", headers=otto.headers).json()["items"]
    for left in ("users", "credentials"):
        assert documents.get(left, anna.uid) is None
    assert fresh_again(server, anna.email, anna.username)


def fresh_again(server: Server, email: str, username: str) -> bool:
    """Whether address and name are free for somebody else."""
    return bool(server.app.accounts.registering.add(email, username, Role.USER).id)


def test_nothing_personal_and_nothing_secret_reaches_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running_studio(tmp_path, accounts="required") as (_, client):
        email = register(client, tmp_path, "penelope")
        tokens = sign_in(client, email)
        client.post("/auth/login", json={"email": email, "password": "wrong but personal"})
        client.post("/auth/refresh", json={"refresh_token": tokens.refresh_token})
        client.post("/auth/password/forgot", json={"email": email})
        awaited_letter(tmp_path / "outbox", email, "new password")
        client.post("/auth/logout")
    said = capfd.readouterr().err
    for event in ("account.created", "account.signed-in", "account.sign-in-refused", "account.signed-out"):
        assert event in said
    secrets = [token_in(letter) for letter in letters(tmp_path / "outbox", email)]
    for word in ("penelope", PASSWORD, "wrong but personal", tokens.refresh_token, tokens.access_token, *secrets):
        assert word not in said


def test_an_open_studio_asks_nobody(tmp_path: Path) -> None:
    with running_studio(tmp_path) as (_, client):
        assert client.post("/projects", json={"title": "Mine"}).json()["owner"] == "local"
