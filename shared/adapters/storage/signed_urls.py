"""Signed URLs of Cloud Storage's V4 scheme: one algorithm to make them and to check them.

A canonical text of the request (method, path, sorted query, chosen headers) is hashed; the hash is signed together with a
time and a scope, and the signature joins the query. Source: Cloud Storage, "V4 signing process with your own program"
and "Canonical requests". Signing is a callable on the string to sign, so that a key in IAM, in a file or in memory are
all one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from shared.domain.errors import Fault, Forbidden, InvalidInput, MalformedRequest, ReelprintError
from shared.ports.storage import MAX_EXPIRES_S

RSA, HMAC = "GOOG4-RSA-SHA256", "GOOG4-HMAC-SHA256"
_SCOPE = "auto/storage/goog4_request"
_PREFIX = "X-Goog-"
_OWN = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
_STAMP = "%Y%m%dT%H%M%SZ"
_CLOCKS_DIFFER = timedelta(minutes=15)  # by at most as much may a signer's clock be ahead
_LATER = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True)
class Signer:
    """`access_id` names the key to whoever checks: an account's e-mail address, or an HMAC key's id."""

    algorithm: str
    access_id: str
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True)
class Received:
    """A request as it came: `path` and `query` undecoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def hmac_signer(access_id: str, secret: str) -> Signer:
    """A signer of GOOG4-HMAC-SHA256: the secret is bound to day and scope before it signs."""

    def sign(string_to_sign: bytes) -> bytes:
        key = b"GOOG4" + secret.encode()
        for part in string_to_sign.split(b"\n")[2].split(b"/"):
            key = hmac.digest(key, part, "sha256")
        return hmac.digest(key, string_to_sign, "sha256")

    return Signer(HMAC, access_id, sign)


def object_path(bucket: str, key: str, prefix: str = "") -> str:
    """The path of an object on the wire, as Cloud Storage reads it back."""
    return f"{prefix}/{quote(bucket, safe='')}/{quote(key, safe='/~')}"


def stamp_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_STAMP)


def sign_url(
    signer: Signer,
    method: str,
    origin: str,
    path: str,
    expires_s: int,
    stamp: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """A URL at `origin` (scheme and host). `path` goes out as it stands; `headers` must come with the request.

    `stamp` is the time of signing, as `stamp_of` writes it. Raises InvalidInput for a lifetime nobody would accept.
    """
    if not 1 <= expires_s <= MAX_EXPIRES_S:
        raise InvalidInput(f"A signed URL lives 1 to {MAX_EXPIRES_S:,} seconds; {expires_s:,} were asked for.")
    named = {"host": origin.partition("://")[2], **{name.lower(): value for name, value in (headers or {}).items()}}
    signed_headers = ";".join(sorted(named))
    scope = f"{stamp[:8]}/{_SCOPE}"
    own = (signer.algorithm, f"{signer.access_id}/{scope}", stamp, str(expires_s), signed_headers)
    pairs = [*(query or {}).items(), *zip((_PREFIX + name for name in _OWN), own, strict=False)]
    canonical = canonical_request(method, path, pairs, named)
    signature = signer.sign(string_to_sign(signer.algorithm, stamp, scope, canonical)).hex()
    return f"{origin}{path}?{_canonical_query(pairs)}&{_PREFIX}Signature={signature}"


def canonical_request(
    method: str, path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], body: str = ""
) -> str:
    """`headers` are those that are signed, by lower-case name; `body` the hash of it, where the request tells one."""
    values = {name: " ".join(value.split()) for name, value in headers.items()}
    lines = "".join(f"{name}:{values[name]}\n" for name in sorted(values))
    payload = body or values.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join((method, path, _canonical_query(query), lines, ";".join(sorted(values)), payload))


def string_to_sign(algorithm: str, stamp: str, scope: str, canonical: str) -> bytes:
    return "\n".join((algorithm, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())).encode()


def check_url(signer: Signer, request: Received, now: datetime) -> None:
    """Let a request pass that `signer` signed and whose time has not run out.

    Raises MalformedRequest and Forbidden; the fault's code is Cloud Storage's own, in kebab-case.
    """
    pairs = query_pairs(request.query)
    given = dict(pairs)
    missing = [_PREFIX + name for name in _OWN if _PREFIX + name not in given]
    if missing:
        raise _refused(MalformedRequest, "authorization-query-parameters-error", f"Missing: {', '.join(missing)}.")
    algorithm, credential, stamp, expires, signed_headers, signature = (given[_PREFIX + name] for name in _OWN)
    signed_at = _moment(stamp)
    scope = f"{stamp[:8]}/{_SCOPE}"
    if not _LATER.fullmatch(expires) or int(expires) > MAX_EXPIRES_S:
        raise _refused(MalformedRequest, "invalid-argument", f"X-Goog-Expires is 1 to {MAX_EXPIRES_S} seconds.")
    headers = _signed_headers(request, signed_headers)
    others = [(name, value) for name, value in pairs if name != f"{_PREFIX}Signature"]
    canonical = canonical_request(request.method, request.path, others, headers)
    expected = signer.sign(string_to_sign(signer.algorithm, stamp, scope, canonical)).hex()
    genuine = (algorithm, credential) == (signer.algorithm, f"{signer.access_id}/{scope}")
    if not hmac.compare_digest(expected, signature.encode("ascii", "replace").decode()) or not genuine:
        raise _refused(Forbidden, "signature-does-not-match", "The signature is not that of this very request.")
    if not signed_at - _CLOCKS_DIFFER <= now < signed_at + timedelta(seconds=int(expires)):
        raise _refused(MalformedRequest, "expired-token", "The URL is not valid at this time; ask for a new one.")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """A query decoded strictly. Raises MalformedRequest for what is no UTF-8."""
    try:
        parts = [part.partition("=") for part in query.split("&") if part]
        return [(unquote(name, errors="strict"), unquote(value, errors="strict")) for name, _, value in parts]
    except UnicodeDecodeError as exc:
        raise _refused(MalformedRequest, "invalid-argument", "The query is no UTF-8.") from exc


def _canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(
        f"{name}={value}" for name, value in sorted((quote(n, safe="~"), quote(v, safe="~")) for n, v in pairs)
    )


def _signed_headers(request: Received, names: str) -> dict[str, str]:
    """The headers a signature covers. Every x-goog- header must be among them: each changes what the request does."""
    wanted = names.split(";")
    if wanted != sorted(set(wanted)) or "host" not in wanted or names != names.lower():
        raise _refused(MalformedRequest, "invalid-argument", "X-Goog-SignedHeaders is a sorted list with the host.")
    loose = [name for name in request.headers if name.startswith("x-goog-") and name not in wanted]
    absent = [name for name in wanted if name not in request.headers]
    if loose or absent:
        detail = f"Not signed: {', '.join(loose) or 'none'}; signed and not sent: {', '.join(absent) or 'none'}."
        raise _refused(Forbidden, "malformed-security-header", detail)
    return {name: request.headers[name] for name in wanted}


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError as exc:
        raise _refused(MalformedRequest, "invalid-argument", "X-Goog-Date is a time such as 20240517T120000Z.") from exc


def _refused(kind: type[ReelprintError], code: str, detail: str) -> ReelprintError:
    return kind(detail, faults=[Fault(pointer="/query", code=code, detail=detail)])
