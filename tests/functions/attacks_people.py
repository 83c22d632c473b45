"""Attacks on people: races, finding out who is known, climbing to a role, riding on a browser, overwriting each other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from functions._http.guard import Policy
from functions.auth import COOKIE
from functions.doors import DOORS
from shared.services.user_records import get_user
from tests.functions.attacks_ground import Ground, attack, enter, refused
from tests.support.accounts import PASSWORD, awaited_letter, bearer, fresh_user, letters, token_in

AT_ONCE = 4


def at_once(calls: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Start all of them in the same moment."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def posted(ground: Ground, path: str, bodies: Sequence[dict[str, Any]]) -> list[httpx.Response]:
    return at_once([lambda body=body: ground.client.post(path, json=body) for body in bodies])  # type: ignore[misc]


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    """All that an answer tells, but for its number."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body, {name.lower() for name in answer.headers}


@attack
def race_for_one_username(ground: Ground) -> Iterator[None]:
    bodies = [{"email": f"racer{n}@example.test", "username": "the-one", "password": PASSWORD} for n in range(AT_ONCE)]
    found = Counter(answer.status_code for answer in posted(ground, "/auth/register", bodies))
    assert found == {202: 1, 409: AT_ONCE - 1}
    yield
    late = {"email": "late@example.test", "username": "THE-ONE", "password": PASSWORD}
    refused(ground.client.post("/auth/register", json=late), 409)


@attack
def race_to_confirm_one_letter(ground: Ground) -> Iterator[None]:
    email, outbox = "raced@example.test", ground.server.app.settings.data_dir / "outbox"
    wish = {"email": email, "username": "raced", "password": PASSWORD}
    assert ground.client.post("/auth/register", json=wish).status_code == 202
    token = token_in(awaited_letter(outbox, email, "Confirm"))
    found = Counter(answer.status_code for answer in posted(ground, "/auth/verify-email", [{"token": token}] * AT_ONCE))
    assert found[200] == 1 and set(found) <= {200, 409, 422}
    yield
    refused(ground.client.post("/auth/verify-email", json={"token": token}), 422)


@attack
def race_of_two_refreshes_makes_no_second_branch(ground: Ground) -> Iterator[None]:
    token = ground.eve.tokens.refresh_token
    answers = posted(ground, "/auth/refresh", [{"refresh_token": token}] * AT_ONCE)
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert {answer.status_code for answer in answers} == {200} and len(successors) == 1
    yield
    answers = posted(ground, "/auth/refresh", [{"refresh_token": token}] * AT_ONCE)  # within the grace: the very same
    assert {answer.json()["refresh_token"] for answer in answers} == successors


@attack
def race_of_two_password_resets_with_one_token(ground: Ground) -> Iterator[None]:
    app = ground.server.app
    token = app.accounts.passwords.reset_token(get_user(app.documents, ground.eve.uid))
    bodies = [{"token": token, "new_password": f"sentence number {n} of many"} for n in range(2)]
    found = Counter(answer.status_code for answer in posted(ground, "/auth/password/reset", bodies))
    assert found[204] == 1 and set(found) <= {204, 409, 422}
    awaited_letter(app.settings.data_dir / "outbox", ground.eve.email, "was changed")
    yield
    refused(ground.client.post("/auth/password/reset", json=bodies[0]), 422)
    ground.opens_nothing(ground.eve.tokens.access_token)


@attack
def enumeration_by_signing_in(ground: Ground) -> None:
    """Same answer, same headers, and one hash of the same cost for known and unknown."""
    hasher = type(ground.server.app.accounts.signing_in._hashing._passwords)
    costs: list[str] = []
    verify = hasher.verify

    def counting(self: Any, password_hash: str, password: str) -> bool:
        costs.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(self, password_hash, password))

    hasher.verify = counting  # type: ignore[method-assign]
    try:
        wrong = [{"email": email, "password": "wrong"} for email in (ground.anna.email, "un" + ground.anna.email)]
        first, second = (told(ground.client.post("/auth/login", json=body)) for body in wrong)
    finally:
        hasher.verify = verify  # type: ignore[method-assign]
    assert first == second and first[0] == 401
    assert len(costs) == 2 and costs[0] == costs[1]


@attack
def enumeration_by_registering(ground: Ground) -> Iterator[None]:
    outbox = ground.server.app.settings.data_dir / "outbox"
    answers = [
        told(ground.client.post("/auth/register", json={"email": email, "username": name, "password": PASSWORD}))
        for email, name in ((ground.anna.email, "not-anna"), ("nobody-yet@example.test", "nobody-yet"))
    ]
    assert answers[0] == answers[1] and answers[0][0] == 202
    awaited_letter(outbox, "nobody-yet@example.test", "Confirm")
    assert "Token" not in awaited_letter(outbox, ground.anna.email, "already").get_content()
    yield
    assert ground.client.get("/auth/profile", headers=ground.anna.headers).json()["email"] == ground.anna.email


@attack
def enumeration_by_forgetting(ground: Ground) -> Iterator[None]:
    outbox = ground.server.app.settings.data_dir / "outbox"
    known, unknown = (
        told(ground.client.post("/auth/password/forgot", json={"email": email}))
        for email in (ground.eve.email, "never-seen@example.test")
    )
    assert known == unknown and known[0] == 202
    awaited_letter(outbox, ground.eve.email, "new password")
    assert letters(outbox, "never-seen@example.test") == []
    yield


@attack
def enumeration_by_the_case_of_an_address(ground: Ground) -> None:
    for email in (ground.anna.email.upper(), ground.anna.email.replace("@", "+tag@")):
        answer = ground.client.post("/auth/password/forgot", json={"email": "x" + email})
        assert told(answer) == told(ground.client.post("/auth/password/forgot", json={"email": "y" + email}))


def _admin_door(method: str, path: str) -> Callable[[Ground], None]:
    def case(ground: Ground) -> None:
        for user in (ground.anna.uid, ground.eve.uid, "usr_nobody"):
            url = ground.server.url + path.replace("{user_id}", user)
            refused(ground.client.request(method, url, json={"role": "admin"}, headers=ground.eve.headers), 403)

    return case


for _route in (route for door in DOORS for route in door.routes.all if route.policy is Policy.ADMIN):
    enter(f"admin_door_{_route.handler.__name__}", _admin_door(_route.method, _route.path))


@attack
def an_admin_who_was_made_a_user_again_looks_after_nobody(ground: Ground) -> Iterator[None]:
    from shared.domain.user import Role

    former = fresh_user(ground.server.app, role=Role.ADMIN)
    assert ground.client.get("/users", headers=former.headers).status_code == 200
    answer = ground.client.patch(f"/users/{former.uid}", json={"role": "user"}, headers=ground.ada.headers)
    assert answer.status_code == 200
    yield
    refused(ground.client.delete(f"/users/{ground.anna.uid}", headers=former.headers), 403)


@attack
def admins_neither_raise_nor_end_themselves(ground: Ground) -> None:
    own = f"/users/{ground.ada.uid}"
    refused(ground.client.patch(own, json={"role": "user"}, headers=ground.ada.headers), 409)
    refused(ground.client.delete(own, headers=ground.ada.headers), 409)


MORE: dict[str, Any] = {
    "role": "admin",
    "status": "active",
    "id": "usr_chosen",
    "owner": "usr_chosen",
    "is_admin": True,
    "password_hash": "$argon2id$",
    "email_verified": True,
    "__proto__": {"role": "admin"},
    "created_at": "2000-01-01T00:00:00Z",
}


def _one_field_more(method: str, path: str, body: dict[str, Any]) -> Callable[[Ground], None]:
    def case(ground: Ground) -> None:
        for name, value in MORE.items():
            url = path.format(**ground.things)
            answer = ground.client.request(method, url, json={**body, name: value}, headers=ground.anna.headers)
            found = refused(answer, 422)
            assert f"/{name}" in [fault["pointer"] for fault in found["errors"]], name

    return case


ACCOUNT = {"email": "climber@example.test", "username": "climber", "password": PASSWORD}
SPOKEN = {"type": "text_to_speech", "input": {"text": "Good morning."}}
enter("mass_assignment_at_register", _one_field_more("POST", "/auth/register", ACCOUNT))
enter("mass_assignment_at_login", _one_field_more("POST", "/auth/login", {"email": "a@b.test", "password": "x"}))
enter("mass_assignment_at_profile", _one_field_more("PATCH", "/auth/profile", {"display_name": "Anna"}))
enter("mass_assignment_at_project", _one_field_more("POST", "/projects", {"title": "Tales"}))
enter("mass_assignment_at_project_change", _one_field_more("PUT", "/projects/{project_id}", {"title": "Tales"}))
enter("mass_assignment_at_job_change", _one_field_more("PATCH", "/jobs/{job_id}", {"title": "Mine"}))


@attack
def mass_assignment_at_a_new_job(ground: Ground) -> None:
    for name, value in {
        "owner": ground.anna.uid,
        "status": "completed",
        "result": {"files": []},
        "id": "job_x",
    }.items():
        refused(ground.client.post("/jobs", json={**SPOKEN, name: value}, headers=ground.eve.headers), 422)


@attack
def a_job_upon_somebody_elses_chapter(ground: Ground) -> None:
    given = {"project_id": ground.things["project_id"], "chapter_id": ground.things["chapter_id"]}
    refused(ground.client.post("/jobs", json={"type": "narration", "input": given}, headers=ground.eve.headers), 404)


@attack
def a_refresh_by_cookie_from_another_site(ground: Ground) -> None:
    cookie = {"Cookie": f"{COOKIE}={ground.anna.tokens.refresh_token}"}
    for caused in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                   {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:1"},
                   {"Origin": "http://127.0.0.1.evil.example"}, {"Referer": ground.server.url}):  # fmt: skip
        refused(ground.client.post("/auth/refresh", headers=cookie | caused), 403)


@attack
def a_form_of_another_site(ground: Ground) -> None:
    """What a page can send without asking the browser first: its content type is none that a door reads."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {**ground.anna.headers, "Content-Type": kind}
        refused(ground.client.post("/projects", content=b'{"title": "Planted"}', headers=headers), 415)


@attack
def cors_is_closed_to_a_foreign_origin(ground: Ground) -> None:
    preflight = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost:99999"):
        answers = [
            ground.client.get("/auth/profile", headers={**ground.anna.headers, "Origin": origin}),
            ground.client.get("/worker/ping", headers={"Origin": origin}),
            ground.client.options("/auth/profile", headers={"Origin": origin, **preflight}),
        ]
        for answer in answers:
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@attack
def somebody_elses_idempotency_key(ground: Ground) -> Iterator[None]:
    key = {"Idempotency-Key": "a key that eve has seen".replace(" ", "-")}
    body = {"title": "Anna's own"}
    first = ground.client.post("/projects", json=body, headers=ground.anna.headers | key)
    assert first.status_code == 201
    yes = ground.client.post("/projects", json=body, headers=ground.eve.headers | key)
    assert yes.status_code == 201 and yes.json()["owner"] == ground.eve.uid and yes.json()["id"] != first.json()["id"]
    yield
    refused(ground.client.post("/projects", json={"title": "Other"}, headers=ground.anna.headers | key), 422)
    again = ground.client.post("/projects", json=body, headers=ground.anna.headers | key)
    assert again.json()["id"] == first.json()["id"] and again.headers["Idempotent-Replay"] == "true"
    refused(ground.client.post("/projects", json=body, headers=bearer("nothing") | key), 401)


@attack
def idempotency_keys_that_are_no_keys(ground: Ground) -> None:
    for key in (b"", b"k" * 256, b"two words", "clé".encode("latin-1")):
        headers = [(b"Idempotency-Key", key), (b"Authorization", ground.eve.headers["Authorization"].encode())]
        refused(ground.client.post("/projects", json={"title": "T"}, headers=headers), 422)


def _lost_update(read: str, method: str, path: str, body: dict[str, Any]) -> Callable[[Ground], Iterator[None]]:
    """Two who have read the same; the second to write is told so."""

    def case(ground: Ground) -> Iterator[None]:
        stale = ground.client.get(read.format(**ground.things), headers=ground.anna.headers).headers["ETag"]
        url = path.format(**ground.things)
        seen = ground.anna.headers | {"If-Match": stale}
        assert ground.client.request(method, url, json=body, headers=seen).status_code == 200
        yield
        for etag in (stale, '"made-up"', 'W/"1"', "1"):
            headers = ground.anna.headers | {"If-Match": etag}
            refused(ground.client.request(method, url, json=body, headers=headers), 412)

    return case


PLAN = "/projects/{project_id}/planning/chapters/{chapter_id}"
enter("lost_update_of_a_profile", _lost_update("/auth/profile", "PATCH", "/auth/profile", {"display_name": "A. H."}))
enter("lost_update_of_a_job", _lost_update("/jobs/{job_id}", "PATCH", "/jobs/{job_id}", {"title": "Another title"}))
enter(
    "lost_update_of_a_plan", _lost_update(f"{PLAN}/plan", "PATCH", f"{PLAN}/segments/{{segment_id}}", {"text": "Mine."})
)
