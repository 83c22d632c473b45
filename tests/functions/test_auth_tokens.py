"""Access tokens: what is forged, altered, confused, stale or oversized opens nothing, and what is ours does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dev_server import Server
from shared.adapters.access_tokens.jose import LIFETIME_S, JoseAccessTokens, sign, verify_signature
from shared.domain.access_key import AccessKey, new_access_key
from shared.domain.errors import NotAuthenticated
from tests.support.accounts import bearer, fresh_user
from tests.support.clock import HeldClock
from tests.support.studio import running_studio

VECTORS = json.loads((Path(__file__).parents[1] / "data/jose/json_web_signature_test.json").read_text("utf-8"))
GROUPS: list[dict[str, Any]] = VECTORS["testGroups"]
# Vector 357, "ValidMac", is told to be valid. 367 ("invalidBase64Padding") and 370 ("invalidBase64PaddingInPayload") are
# told to be invalid, and are the same bytes under the same key: whatever they were meant to show is not in them.
SAME_BYTES_AS_357 = (367, 370)
# Told to be valid, with a "?" amid the base64url of header or payload. RFC 7515 (section 2 and appendix C) has no such
# character, and the signature is over the text without it: only a decoder that skips what it does not know takes them.
FOREIGN_CHARACTER = (372, 373)
KEY = new_access_key("now")
HEADER = {"alg": "HS256", "kid": "now", "typ": "at+jwt"}


def vectors() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return ((group, test) for group in GROUPS for test in group["tests"])


def key_of(group: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = group.get("private") or group["public"]
    return found


def secrets_of(group: dict[str, Any]) -> dict[str, bytes]:
    """What a verifier could be misled into taking for its secret: the shared key, or bytes that everybody knows."""
    key = key_of(group)
    if key["kty"] == "oct":
        return {key["kid"]: decoded(key["k"])}
    known = json.dumps(group.get("public", key), separators=(",", ":")).encode()
    return {key["kid"]: known}


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def passes(test: dict[str, Any], group: dict[str, Any]) -> bool:
    try:
        verify_signature(test["jws"], secrets_of(group))
    except ValueError:
        return False
    return True


def test_the_vectors_that_say_two_things_are_the_ones_named() -> None:
    by_number = {test["tcId"]: (json.dumps(group.get("private")), test) for group, test in vectors()}
    key, valid = by_number[357]
    assert valid["result"] == "valid"
    for number in SAME_BYTES_AS_357:
        other_key, moot = by_number[number]
        assert (other_key, moot["jws"], moot["result"]) == (key, valid["jws"], "invalid")
    for number in FOREIGN_CHARACTER:
        assert "?" in by_number[number][1]["jws"] and by_number[number][1]["result"] == "valid"


def test_no_invalid_vector_passes_and_every_valid_one_of_our_algorithm_does() -> None:
    seen = {"refused": 0, "passed": 0}
    for group, test in vectors():
        is_ours = key_of(group)["kty"] == "oct"
        expected = is_ours and test["result"] == "valid" and test["tcId"] not in FOREIGN_CHARACTER
        if test["tcId"] in SAME_BYTES_AS_357:
            expected = True
        assert passes(test, group) is expected, f"{group['comment']} {test['tcId']} {test['comment']}"
        seen["passed" if expected else "refused"] += 1
    assert seen == {"refused": 401 - 10, "passed": 10}


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def tokens(clock: HeldClock) -> JoseAccessTokens:
    return JoseAccessTokens([KEY], clock)


def claims(clock: HeldClock, **changed: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    made = {"iss": "reelprint", "aud": "reelprint-api", "sub": "usr_1", "sid": "ses_1", "iat": now, "exp": now + 900}
    return {name: value for name, value in {**made, **changed}.items() if value is not ...}


def raw_token(header: bytes, payload: bytes, secret: bytes = KEY.secret, digest: str = "sha256") -> str:
    """A token signed by hand, so that header and payload may be anything."""
    first, second = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload))
    mac = hmac.digest(secret, f"{first}.{second}".encode(), digest)
    return f"{first}.{second}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def token_of(found: dict[str, Any], header: dict[str, Any] = HEADER) -> str:
    return raw_token(json.dumps(header).encode(), json.dumps(found).encode())


def test_what_is_issued_is_read_until_its_time_is_up(tokens: JoseAccessTokens, clock: HeldClock) -> None:
    token = tokens.issue("usr_1", "ses_1")
    read = tokens.read(token)
    assert (read.uid, read.session_id, LIFETIME_S) == ("usr_1", "ses_1", 900)
    assert tokens.read(token_of(claims(clock))) == read
    clock.advance(LIFETIME_S - 1)
    assert tokens.read(token) == read
    clock.advance(1)
    with pytest.raises(NotAuthenticated):
        tokens.read(token)


def test_a_signature_is_checked_once_and_the_time_with_every_call(
    tokens: JoseAccessTokens, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def counted(token: str, secrets: dict[str, bytes]) -> Any:
        checked.append(token)
        return verify_signature(token, secrets)

    monkeypatch.setattr("shared.adapters.access_tokens.jose.verify_signature", counted)
    token = tokens.issue("usr_1", "ses_1")
    forged = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")
    for _ in range(3):
        assert tokens.read(token).uid == "usr_1"
        with pytest.raises(NotAuthenticated):
            tokens.read(forged)
    assert checked.count(token) == 1 and checked.count(forged) == 3
    clock.advance(-3600)  # the clock was set back: the token is of the future now
    with pytest.raises(NotAuthenticated):
        tokens.read(token)
    clock.advance(3600 + LIFETIME_S)
    with pytest.raises(NotAuthenticated):
        tokens.read(token)


def test_keys_are_changed_without_anybody_signing_in_again(clock: HeldClock) -> None:
    old, new = new_access_key("old"), new_access_key("new")
    issued = JoseAccessTokens([old], clock).issue("usr_1", "ses_1")
    between = JoseAccessTokens([new, old], clock)
    assert between.read(issued).uid == "usr_1"
    fresh = between.issue("usr_1", "ses_1")
    after = JoseAccessTokens([new], clock)
    assert after.read(fresh).uid == "usr_1"
    with pytest.raises(NotAuthenticated):
        after.read(issued)
    with pytest.raises(NotAuthenticated):  # the name is the same, the key is not
        JoseAccessTokens([AccessKey("new", old.secret)], clock).read(fresh)


CLAIMS: dict[str, dict[str, Any]] = {
    "no-expiry": {"exp": ...},
    "no-subject": {"sub": ...},
    "no-session": {"sid": ...},
    "no-audience": {"aud": ...},
    "no-issuer": {"iss": ...},
    "no-issue-time": {"iat": ...},
    "one-more": {"role": "admin"},
    "other-audience": {"aud": "another-api"},
    "audience-in-a-list": {"aud": ["reelprint-api"]},
    "other-issuer": {"iss": "elsewhere"},
    "issuer-null": {"iss": None},
    "expiry-as-text": {"exp": "99999999999"},
    "expiry-true": {"exp": True},
    "expiry-null": {"exp": None},
    "expiry-fraction": {"exp": 1715947800.5},
    "expiry-negative": {"exp": -1},
    "expiry-far": {"exp": 2**39},
    "expiry-huge": {"exp": 10**400},
    "expiry-infinite": {"exp": float("inf")},
    "expiry-nan": {"exp": float("nan")},
    "issued-true": {"iat": True},
    "issued-in-a-list": {"iat": [0]},
    "issued-tomorrow": {"iat": 1715947200 + 86_400, "exp": 1715947200 + 86_400 + 900},
    "issued-after-expiry": {"iat": 1715947200 + 1000, "exp": 1715947200 + 900},
    "subject-a-number": {"sub": 1},
    "subject-a-list": {"sub": ["usr_1"]},
    "subject-empty": {"sub": ""},
    "subject-a-path": {"sub": "../usr_1"},
    "subject-reserved": {"sub": "__id1__"},
    "subject-with-nul": {"sub": "usr_1\0"},
    "subject-endless": {"sub": "u" * 129},
    "session-a-map": {"sid": {"$ne": ""}},
    "session-with-newline": {"sid": "ses_1\n"},
}


@pytest.mark.parametrize("changed", CLAIMS.values(), ids=CLAIMS.keys())
def test_claims_that_are_not_ours_are_refused_though_well_signed(
    tokens: JoseAccessTokens, clock: HeldClock, changed: dict[str, Any]
) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.read(token_of(claims(clock, **changed)))


HEADERS: dict[str, dict[str, Any]] = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "another-hash": {"alg": "HS512"},
    "public-key": {"alg": "RS256"},
    "no-algorithm": {"alg": ...},
    "algorithm-in-a-list": {"alg": ["HS256"]},
    "no-key": {"kid": ...},
    "unknown-key": {"kid": "then"},
    "key-by-path": {"kid": "../../dev/null"},
    "key-a-number": {"kid": 1},
    "key-null": {"kid": None},
    "another-purpose": {"typ": "JWT"},
    "no-type": {"typ": ...},
    "brings-its-key": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "points-to-a-key": {"jku": "https://evil.example/keys"},
    "brings-a-certificate": {"x5c": ["MIIB"]},
    "critical-extension": {"crit": ["exp"], "exp": 1},
    "unencoded-payload": {"b64": False, "crit": ["b64"]},
    "nested": {"cty": "JWT"},
    "compressed": {"zip": "DEF"},
}


@pytest.mark.parametrize("changed", HEADERS.values(), ids=HEADERS.keys())
def test_headers_that_are_not_ours_are_refused_though_well_signed(
    tokens: JoseAccessTokens, clock: HeldClock, changed: dict[str, Any]
) -> None:
    header = {name: value for name, value in {**HEADER, **changed}.items() if value is not ...}
    with pytest.raises(NotAuthenticated):
        tokens.read(token_of(claims(clock), header))


def test_a_key_twice_is_refused_in_header_and_claims(tokens: JoseAccessTokens, clock: HeldClock) -> None:
    header, body = json.dumps(HEADER).encode(), json.dumps(claims(clock)).encode()
    for twice in (
        raw_token(header, body[:-1] + b', "sub": "usr_2"}'),
        raw_token(header, b'{"exp": 1, ' + body[1:]),
        raw_token(header[:-1] + b', "alg": "none"}', body),
    ):
        with pytest.raises(NotAuthenticated):
            tokens.read(twice)
    assert tokens.read(raw_token(header, body))


ALTERED: dict[str, Callable[[str], str]] = {
    "empty": lambda token: "",
    "dots": lambda token: "..",
    "unsigned": lambda token: token.rpartition(".")[0] + ".",
    "no-signature": lambda token: token.rpartition(".")[0],
    "a-fourth-part": lambda token: token + ".AAAA",
    "padded": lambda token: token + "=",
    "signature-bits-left-over": lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    "space-before": lambda token: " " + token,
    "newline-after": lambda token: token + "\n",
    "nul-after": lambda token: token + "\0",
    "another-alphabet": lambda token: token.replace("_", "/").replace("-", "+") + "/",
    "full-width": lambda token: token.replace("e", "ｅ", 1),
    "short-signature": lambda token: token[:-4],
    "long-signature": lambda token: token + "AAAA",
    "swapped": lambda token: ".".join([token.split(".")[1], token.split(".")[0], token.split(".")[2]]),
    "json": lambda token: json.dumps({"payload": token.split(".")[1], "protected": token.split(".")[0], "signature": ""}),
    "twice": lambda token: token + token,
    "megabyte": lambda token: token + "A" * 1_000_000,
    "oversize": lambda token: "A" * 3000 + "." + "A" * 10 + "." + "A" * 43,
}  # fmt: skip


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED.keys())
def test_an_altered_token_is_refused(tokens: JoseAccessTokens, alter: Callable[[str], str]) -> None:
    altered = alter(tokens.issue("usr_1", "ses_1"))
    with pytest.raises(NotAuthenticated):
        tokens.read(altered)


def test_every_single_altered_character_is_noticed(tokens: JoseAccessTokens) -> None:
    token = tokens.issue("usr_1", "ses_1")
    for place, char in enumerate(token):
        altered = token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
        with pytest.raises(NotAuthenticated):
            tokens.read(altered)


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"[" * 1300, b'{"a":' * 200 + b"1" + b"}" * 200, b'{"exp": 1e999}',
     b"{\"exp\": NaN}", b"{'sub': 1}", b'\xef\xbb\xbf{"sub": 1}'],
)  # fmt: skip
def test_a_payload_that_is_no_object_of_ours_is_refused_though_well_signed(
    tokens: JoseAccessTokens, payload: bytes
) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.read(raw_token(json.dumps(HEADER).encode(), payload))


def test_a_refusal_tells_nothing_of_its_reason(tokens: JoseAccessTokens, clock: HeldClock) -> None:
    said = set()
    for bad in ("", token_of(claims(clock, exp=1)), token_of(claims(clock), {**HEADER, "alg": "none"})):
        with pytest.raises(NotAuthenticated) as refused:
            tokens.read(bad)
        said.add(refused.value.detail)
    assert len(said) == 1


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio"), accounts="required") as running:
        yield running


FORGERS: dict[str, Callable[[AccessKey, dict[str, Any]], str]] = {
    "alg-none": lambda key, found: raw_token(b'{"alg":"none","typ":"at+jwt"}', json.dumps(found).encode()),
    "kid-as-secret": lambda key, found: sign(HEADER | {"kid": key.kid}, json.dumps(found).encode(), key.kid.encode() * 9),
    "empty-secret": lambda key, found: raw_token(
        json.dumps(HEADER | {"kid": key.kid}).encode(), json.dumps(found).encode(), b""
    ),
    "hash-of-secret": lambda key, found: sign(
        HEADER | {"kid": key.kid}, json.dumps(found).encode(), hashlib.sha256(key.secret).digest()
    ),
    "other-session": lambda key, found: sign(
        HEADER | {"kid": key.kid}, json.dumps(found | {"sid": "ses_made_up"}).encode(), key.secret
    ),
    "other-user": lambda key, found: sign(
        HEADER | {"kid": key.kid}, json.dumps(found | {"sub": "usr_made_up"}).encode(), key.secret
    ),
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGERS.values(), ids=FORGERS.keys())
def test_forged_tokens_open_no_door(
    studio: tuple[Server, httpx.Client], forge: Callable[[AccessKey, dict[str, Any]], str]
) -> None:
    server, client = studio
    anna = fresh_user(server.app)
    folder = server.app.settings.data_dir
    key = AccessKey("local", decoded((folder / "access-key").read_text()))
    found = json.loads(decoded(anna.tokens.access_token.split(".")[1]))
    answer = client.get("/auth/profile", headers=bearer(forge(key, found)))
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/auth/profile", headers=anna.headers).status_code == 200


def test_the_machines_own_key_is_made_once_and_readable_by_its_owner_alone(studio: tuple[Server, httpx.Client]) -> None:
    path = studio[0].app.settings.data_dir / "access-key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(decoded(path.read_text())) == 32
