"""Attacks on sign-ins: tokens that are forged, confused, stale, stolen or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from functions.auth import COOKIE
from shared.domain.session import GRACE
from shared.services.user_records import USERS
from tests.functions.attacks_ground import Ground, attack, enter, refused, signed, token_of, unpadded
from tests.support.accounts import bearer, fresh_user

Forger = Callable[[Ground], str]


def _well_signed(head: bytes, payload: bytes) -> Forger:
    return lambda ground: signed(head, payload, ground.secret)


def _with_twin(ground: Ground, twin: str) -> str:
    """Ours in every respect, with one claim a second time."""
    payload = json.dumps(ground.claims())[:-1] + f", {twin}}}"
    return signed(b'{"alg":"HS256","kid":"local","typ":"at+jwt"}', payload.encode(), ground.secret)


def _unsigned(ground: Ground, algorithm: str) -> str:
    head = json.dumps({"alg": algorithm, "kid": "local", "typ": "at+jwt"}).encode()
    return f"{unpadded(head)}.{unpadded(json.dumps(ground.claims()).encode())}."


def _confused_hash(ground: Ground) -> str:
    head = b'{"alg":"HS512","kid":"local","typ":"at+jwt"}'
    return signed(head, json.dumps(ground.claims()).encode(), ground.secret, "sha512")


def _under_eves_signature(ground: Ground) -> str:
    head, _, signature = ground.eve.tokens.access_token.split(".")
    return f"{head}.{unpadded(json.dumps(ground.claims()).encode())}.{signature}"


def _now(ground: Ground) -> int:
    return int(ground.claims()["iat"])


BROUGHT = {"kty": "oct", "k": unpadded(b"eve's own key, long enough for it")}
FORGED: dict[str, Forger] = {
    "token_unsigned_alg_none": lambda g: _unsigned(g, "none"),
    "token_unsigned_alg_none_in_capitals": lambda g: _unsigned(g, "nOnE"),
    "token_empty_signature_of_hs256": lambda g: _unsigned(g, "HS256"),
    "token_alg_confused_with_hs512": _confused_hash,
    "token_alg_confused_with_rs256": lambda g: token_of(g.claims(), g.secret, alg="RS256"),
    "token_kid_is_a_path": lambda g: token_of(g.claims(), b"", kid="../../../../dev/null"),
    "token_kid_injects_sql": lambda g: token_of(g.claims(), b"a", kid="x' UNION SELECT 'a"),
    "token_kid_with_nul": lambda g: token_of(g.claims(), g.secret, kid="local\0"),
    "token_kid_is_a_list": lambda g: token_of(g.claims(), g.secret, kid=["local"]),
    "token_without_kid": lambda g: token_of(g.claims(), g.secret, kid=None),
    "token_brings_its_own_key": lambda g: token_of(g.claims(), b"eve's own key, long enough for it", jwk=BROUGHT),
    "token_points_to_a_key": lambda g: token_of(g.claims(), g.secret, jku="https://evil.example/keys.json"),
    "token_of_another_key": lambda g: token_of(g.claims(), b"thirty-two bytes of another key."),
    "token_of_another_purpose": lambda g: token_of(g.claims(), g.secret, typ="JWT"),
    "token_expired": lambda g: token_of(g.claims(iat=_now(g) - 900, exp=_now(g) - 1), g.secret),
    "token_not_yet_valid": lambda g: token_of(g.claims(iat=_now(g) + 300, exp=_now(g) + 900), g.secret),
    "token_that_would_last_for_years": lambda g: token_of(g.claims(exp=_now(g) + 10**9), g.secret),
    "token_for_another_audience": lambda g: token_of(g.claims(aud="another-api"), g.secret),
    "token_audience_in_a_list": lambda g: token_of(g.claims(aud=["reelprint-api"]), g.secret),
    "token_of_another_issuer": lambda g: token_of(g.claims(iss="https://evil.example"), g.secret),
    "token_subject_twice": lambda g: _with_twin(g, f'"sub": "{g.eve.uid}"'),
    "token_expiry_twice": lambda g: _with_twin(g, '"exp": 99999999999'),
    "token_expiry_beyond_reason": lambda g: token_of(g.claims(exp=10**400), g.secret),
    "token_expiry_infinite": lambda g: token_of(g.claims(exp=float("inf")), g.secret),
    "token_expiry_true": lambda g: token_of(g.claims(exp=True), g.secret),
    "token_expiry_as_text": lambda g: token_of(g.claims(exp=str(_now(g) + 600)), g.secret),
    "token_claims_a_role": lambda g: token_of(g.claims(role="admin"), g.secret),
    "token_subject_is_a_path": lambda g: token_of(g.claims(sub=f"../users/{g.anna.uid}"), g.secret),
    "token_session_is_a_query": lambda g: token_of(g.claims(sid={"$ne": ""}), g.secret),
    "token_of_eve_with_annas_session": lambda g: token_of(g.claims(sub=g.eve.uid), g.secret),
    "token_payload_under_another_signature": _under_eves_signature,
    "token_oversized": lambda g: token_of(g.claims(sid="s" * 20_000), g.secret),
    "token_payload_nests_beyond_reason": _well_signed(
        b'{"alg":"HS256","kid":"local","typ":"at+jwt"}', b"[" * 1000 + b"]" * 1000
    ),
    "token_refresh_used_as_access": lambda g: g.anna.tokens.refresh_token,
    "token_of_the_queue_used_as_a_users": lambda g: g.server.app.task_token,
    "token_of_dots": lambda g: "..",
}  # fmt: skip


def _opens_nothing(forger: Forger) -> Callable[[Ground], None]:
    return lambda ground: ground.opens_nothing(forger(ground))


for _name, _forger in FORGED.items():
    enter(_name, _opens_nothing(_forger))


@attack
def token_of_a_deleted_user(ground: Ground) -> Iterator[None]:
    gone = fresh_user(ground.server.app)
    refused_after = ground.client.delete(f"/users/{gone.uid}", headers=ground.ada.headers)
    assert refused_after.status_code == 202
    until_gone(ground, gone.uid)
    yield
    ground.opens_nothing(gone.tokens.access_token)
    refused(ground.client.post("/auth/refresh", json={"refresh_token": gone.tokens.refresh_token}), 401)


@attack
def token_of_a_disabled_user(ground: Ground) -> Iterator[None]:
    url, body = f"/users/{ground.eve.uid}", {"status": "disabled"}
    assert ground.client.patch(url, json=body, headers=ground.ada.headers).status_code == 200
    yield
    ground.opens_nothing(ground.eve.tokens.access_token)
    refused(ground.client.post("/auth/refresh", json={"refresh_token": ground.eve.tokens.refresh_token}), 401)


@attack
def token_of_a_signed_out_session(ground: Ground) -> Iterator[None]:
    assert ground.client.post("/auth/logout", headers=ground.eve.headers).status_code == 204
    yield
    ground.opens_nothing(ground.eve.tokens.access_token)
    refused(ground.client.post("/auth/refresh", json={"refresh_token": ground.eve.tokens.refresh_token}), 401)


@attack
def token_access_used_as_refresh(ground: Ground) -> None:
    refused(ground.client.post("/auth/refresh", json={"refresh_token": ground.anna.tokens.access_token}), 401)


@attack
def refresh_token_made_up_for_annas_session(ground: Ground) -> None:
    made_up = f"{ground.anna.uid}.{ground.anna.tokens.session_id}." + "A" * 64
    refused(ground.client.post("/auth/refresh", json={"refresh_token": made_up}), 401)
    assert ground.client.get("/auth/profile", headers=ground.anna.headers).status_code == 200


@attack
def refresh_replay_kills_the_family(ground: Ground) -> Iterator[None]:
    def refresh(token: str) -> dict[str, str]:
        answer = ground.client.post("/auth/refresh", json={"refresh_token": token})
        assert answer.status_code == 200
        tokens: dict[str, str] = answer.json()
        return tokens

    stolen = ground.eve.tokens.refresh_token
    second = refresh(stolen)
    third = refresh(second["refresh_token"])
    assert GRACE.total_seconds() > 0  # within it, the token before the newest is no theft: the stolen one is older
    refused(ground.client.post("/auth/refresh", json={"refresh_token": stolen}), 401)
    yield
    for tokens in (second, third):
        ground.opens_nothing(tokens["access_token"])
        refused(ground.client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}), 401)


@attack
def token_where_no_token_is_looked_for(ground: Ground) -> None:
    """Only the Authorization header counts: addresses get logged, and cookies travel by themselves."""
    token = ground.anna.tokens.access_token
    refused(ground.client.get("/auth/profile", params={"access_token": token}), 401)
    refused(ground.client.get("/auth/profile", headers={"Cookie": f"access_token={token}; {COOKIE}={token}"}), 401)
    for header in ("Basic", "Token", "Bearer\t", "Bearer Bearer"):
        refused(ground.client.get("/auth/profile", headers={"Authorization": f"{header} {token}"}), 401)


@attack
def two_tokens_in_two_headers(ground: Ground) -> None:
    lines = "\r\n".join(f"Authorization: Bearer {who.tokens.access_token}" for who in (ground.eve, ground.anna))
    status, _ = ground.raw(f"DELETE /api/v1/projects/{ground.things['project_id']} HTTP/1.1\r\n{lines}")
    assert status in (400, 401)


@attack
def token_of_a_user_on_the_queues_doors(ground: Ground) -> None:
    for door in ("on_job_task", "on_account_task", "on_object_finalized", "on_webhook_task", "on_echo_task"):
        for headers in (ground.eve.headers, ground.ada.headers, {}, bearer(ground.server.app.task_token[:-1])):
            refused(ground.client.post(f"{ground.server.url}/{door}", json={}, headers=headers), 401)


def until_gone(ground: Ground, uid: str) -> None:
    """The queue has removed a user: the studio is quiet again."""
    deadline = ground.server.app.clock.now().timestamp() + 60
    while ground.server.app.documents.get(USERS, uid) is not None:
        assert ground.server.app.clock.now().timestamp() < deadline
        ground.client.get("/worker/ping")
