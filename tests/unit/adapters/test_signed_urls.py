"""V4 signed URLs: Google's own vectors, a second opinion on each, and what must not pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.storage.signed_urls import (
    RSA,
    Received,
    Signer,
    canonical_request,
    check_url,
    hmac_signer,
    object_path,
    sign_url,
    stamp_of,
    string_to_sign,
)
from shared.domain.errors import Forbidden, InvalidInput, MalformedRequest, ReelprintError
from tests.support.google_key import ACCOUNT, DATA, private_key
from tests.support.v4_verifier import hmac_check, is_genuine, rsa_check

VECTORS = json.loads((DATA / "url_signer_v4_test_data.json").read_text(encoding="utf-8-sig"))
URLS: list[dict[str, Any]] = VECTORS["signingV4Tests"]
NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
LOCAL = hmac_signer("local", "a secret of this test")


@pytest.fixture(scope="module")
def google() -> Signer:
    key = private_key()
    return Signer(RSA, ACCOUNT["client_email"], lambda text: key.sign(text, padding.PKCS1v15(), SHA256()))


def origin_of(case: dict[str, Any]) -> str:
    style = case.get("urlStyle")
    if style == "BUCKET_BOUND_HOSTNAME":
        return f"{case['scheme']}://{case['bucketBoundHostname']}"
    return f"{case['scheme']}://{case['bucket']}." + HOST if style else f"{case['scheme']}://{HOST}"


def path_of(case: dict[str, Any], *, quoted: bool) -> str:
    name = case.get("object", "")
    name = quote(name, safe="/~") if quoted else name
    return f"/{name}" if case.get("urlStyle") else f"/{case['bucket']}" + (f"/{name}" if name else "")


HOST = "storage.googleapis.com"
by_description = pytest.mark.parametrize("case", URLS, ids=lambda case: str(case["description"]))


def test_all_vectors_are_there() -> None:
    assert (len(URLS), len(VECTORS["postPolicyV4Tests"])) == (22, 11)
    assert sum("expectedCanonicalRequest" in case for case in URLS) == 20


@by_description
def test_a_vectors_url_is_made_to_the_letter(case: dict[str, Any], google: Signer) -> None:
    url = sign_url(
        google,
        case["method"],
        origin_of(case),
        path_of(case, quoted=False),
        case["expiration"],
        case["timestamp"],
        headers=case.get("headers"),
        query=case.get("queryParameters"),
    )
    assert url == case["expectedUrl"]


@by_description
def test_a_second_opinion_verifies_the_vector_and_refuses_another_of_its_kind(case: dict[str, Any]) -> None:
    public = private_key().public_key().public_numbers()
    check, headers = rsa_check(public.n, public.e), case.get("headers", {})
    assert is_genuine(check, case["method"], case["expectedUrl"], headers)
    assert not is_genuine(check, "DELETE", case["expectedUrl"], headers)
    assert not is_genuine(check, case["method"], case["expectedUrl"].replace("Expires=", "Expires=9"), headers)


@pytest.mark.parametrize(
    "case", [case for case in URLS if "expectedCanonicalRequest" in case], ids=lambda case: str(case["description"])
)
def test_the_canonical_request_and_the_string_to_sign_are_googles(case: dict[str, Any]) -> None:
    """With the date as requests carry it, the path as the wire should have it, and the account the hashes were made of."""
    stamp = case["timestamp"].replace("-", "").replace(":", "")
    scope = f"{stamp[:8]}/auto/storage/goog4_request"
    headers = {"host": urlsplit(origin_of(case)).netloc}
    headers |= {name.lower(): value for name, value in case.get("headers", {}).items()}
    query = [
        *case.get("queryParameters", {}).items(),
        ("X-Goog-Algorithm", RSA),
        ("X-Goog-Credential", f"{ACCOUNT['client_email'].replace('test-project', 'dummy-project')}/{scope}"),
        ("X-Goog-Date", stamp),
        ("X-Goog-Expires", str(case["expiration"])),
        ("X-Goog-SignedHeaders", ";".join(sorted(headers))),
    ]
    canonical = canonical_request(case["method"], path_of(case, quoted=True), query, headers)
    assert canonical == case["expectedCanonicalRequest"].replace("test-project", "dummy-project")
    assert string_to_sign(RSA, stamp, scope, canonical).decode() == case["expectedStringToSign"]


def signed(
    method: str = "PUT",
    path: str = "/storage/uploads/users/ana/clip%201",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    signer: Signer = LOCAL,
    expires_s: int = 600,
) -> tuple[str, dict[str, str]]:
    """(URL, headers to send) of a request to the local server."""
    headers = {"content-type": "video/mp4", "x-goog-if-generation-match": "0"} if headers is None else headers
    url = sign_url(
        signer, method, "http://127.0.0.1:8080", path, expires_s, stamp_of(NOW), headers=headers, query=query
    )
    return url, {"host": "127.0.0.1:8080", **headers}


def received(method: str, url: str, headers: Mapping[str, str]) -> Received:
    parts = urlsplit(url)
    return Received(method, parts.path, parts.query, headers)


def refusal(method: str, url: str, headers: Mapping[str, str], now: datetime = NOW) -> tuple[type[Exception], str]:
    with pytest.raises(ReelprintError) as refused:
        check_url(LOCAL, received(method, url, headers), now)
    assert "secret" not in refused.value.detail
    return type(refused.value), refused.value.faults[0].code


def test_what_was_signed_passes_until_its_time_is_over() -> None:
    url, headers = signed()
    assert is_genuine(hmac_check("a secret of this test"), "PUT", url, headers)
    for later in (-900, 0, 599.999):
        check_url(LOCAL, received("PUT", url, headers), NOW + timedelta(seconds=later))
    for later in (-901, 600, 10**6):
        assert refusal("PUT", url, headers, NOW + timedelta(seconds=later)) == (MalformedRequest, "expired-token")


def test_headers_beside_the_signed_ones_may_come_unless_they_are_googles() -> None:
    url, headers = signed()
    check_url(LOCAL, received("PUT", url, {**headers, "user-agent": "curl", "accept": "*/*"}), NOW)
    for name in ("x-goog-hash", "x-goog-meta-owner", "x-goog-acl", "x-goog-resumable"):
        assert refusal("PUT", url, {**headers, name: "x"}) == (Forbidden, "malformed-security-header")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD", "put", ""])
def test_another_method_is_refused(method: str) -> None:
    assert refusal(method, *signed()) == (Forbidden, "signature-does-not-match")


@pytest.mark.parametrize("name", ["content-type", "x-goog-if-generation-match", "host"])
def test_a_signed_header_that_is_another_or_absent_is_refused(name: str) -> None:
    url, headers = signed()
    assert refusal("PUT", url, {**headers, name: headers[name] + "1"}) == (Forbidden, "signature-does-not-match")
    absent = {other: value for other, value in headers.items() if other != name}
    assert refusal("PUT", url, absent) == (Forbidden, "malformed-security-header")


def test_every_single_changed_character_of_the_url_is_refused() -> None:
    url, headers = signed(query={"response-content-disposition": 'attachment; filename="x"'})
    start = url.index("/storage")
    passed = []
    for place in range(start, len(url)):
        for other in ("0", "A", "%"):
            changed = url[:place] + other + url[place + 1 :]
            if changed != url:
                try:
                    check_url(LOCAL, received("PUT", changed, headers), NOW)
                except (Forbidden, MalformedRequest):
                    continue
                passed.append(changed[place - 3 : place + 4])
    assert passed == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X-Goog-Algorithm=GOOG4-HMAC-SHA256", "X-Goog-Algorithm=GOOG4-RSA-SHA256"),
        ("X-Goog-Algorithm=GOOG4-HMAC-SHA256", "X-Goog-Algorithm=none"),
        ("X-Goog-Credential=local", "X-Goog-Credential=root"),
        ("%2Fauto%2F", "%2Feurope%2F"),
        ("20240517%2F", "20240518%2F"),
        ("X-Goog-Date=20240517", "X-Goog-Date=20240518"),
        ("X-Goog-Date=20240517T120000Z", "X-Goog-Date=now"),
        ("X-Goog-Expires=600", "X-Goog-Expires=601"),
        ("X-Goog-Expires=600", "X-Goog-Expires=604801"),
        ("X-Goog-Expires=600", "X-Goog-Expires=-1"),
        ("X-Goog-Expires=600", "X-Goog-Expires=%D9%A3"),
        ("X-Goog-Expires=600", "X-Goog-Expires=600&X-Goog-Expires=600"),
        ("X-Goog-Signature=", "X-Goog-Signature=&x="),
        ("X-Goog-Signature=", "X-Goog-Signature=%C3%A9"),
        ("X-Goog-Signature=", "X-Goog-Signature=%ff"),
        ("content-type%3Bhost%3B", "host%3Bcontent-type%3B"),
        ("content-type%3Bhost%3B", "host%3B"),
        ("content-type%3Bhost%3Bx-goog-if-generation-match", "content-type"),
        ("content-type%3B", "Content-Type%3B"),
        ("clip%201", "clip 1"),
        ("clip%201", "clip%2b1"),
        ("/users/", "//users/"),
        ("/users/", "/users/../users/"),
        ("/users/", "/%75sers/"),
    ],
)
def test_forgeries_are_refused(before: str, after: str) -> None:
    url, headers = signed()
    assert before in url
    assert refusal("PUT", url.replace(before, after), headers)[0] in (Forbidden, MalformedRequest)


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_a_parameter_that_is_missing_is_named(name: str) -> None:
    url, headers = signed()
    changed = url.replace(f"X-Goog-{name}=", f"x-other-{name}=")
    assert refusal("PUT", changed, headers) == (MalformedRequest, "authorization-query-parameters-error")


def test_an_unsigned_request_is_refused() -> None:
    for url in ("/storage/uploads/a", "/storage/uploads/a?", "/storage/uploads/a?&&="):
        assert refusal("GET", url, {"host": "127.0.0.1:8080"})[0] is MalformedRequest


def test_another_secret_or_another_id_signs_for_nobody() -> None:
    for signer in (hmac_signer("local", "another secret"), hmac_signer("other", "a secret of this test")):
        assert refusal("PUT", *signed(signer=signer)) == (Forbidden, "signature-does-not-match")


@pytest.mark.parametrize("expires_s", [0, -1, 604_801])
def test_a_lifetime_nobody_would_accept_is_not_signed(expires_s: int) -> None:
    with pytest.raises(InvalidInput):
        signed(expires_s=expires_s)


@given(
    key=st.text(min_size=1, max_size=40).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    values=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4),
    method=st.sampled_from(["GET", "PUT"]),
)
def test_any_key_and_query_pass_and_two_opinions_agree(key: str, values: dict[str, str], method: str) -> None:
    values = {f"q{name}": value for name, value in values.items()}
    url, headers = signed(method, object_path("uploads", key, "/storage"), {}, values)
    assert url.isascii()
    check_url(LOCAL, received(method, url, headers), NOW)
    assert is_genuine(hmac_check("a secret of this test"), method, url, headers)
