"""Access tokens as JSON Web Tokens, signed with HMAC-SHA256 by joserfc, and read with suspicion.

joserfc checks the signature and the encoding. What it leaves open is closed here: a size, one algorithm, one exact
header, claims that are all there, of the right types and none twice. Nothing of a token is believed before its signature.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from shared.domain.access_key import AccessKey
from shared.domain.errors import NotAuthenticated
from shared.ports.access_tokens import AccessClaims
from shared.ports.clock import Clock

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

ALGORITHM = "HS256"
TYPE = "at+jwt"  # RFC 9068: a token of another purpose is none of ours, should one ever be signed with the same key
ISSUER = "reelprint"
AUDIENCE = "reelprint-api"
LIFETIME_S = 15 * 60
MAX_TOKEN_CHARS = 2048
_REMEMBERED = 1024  # tokens, of 2 KB at most, whose signature one process need not check again
_SKEW_S = 60  # how far ahead the clock of the machine that issued a token may be
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_MAX_TIME = 2**40  # far beyond any real second since 1970, far below what overflows a date


class JoseAccessTokens:
    """The first of `keys` signs; all of them verify, so that a new key can be put first and an old one taken off later."""

    lifetime_s = LIFETIME_S

    def __init__(self, keys: Sequence[AccessKey], clock: Clock) -> None:
        self._signing = keys[0]
        self._secrets = {key.kid: key.secret for key in keys}
        self._clock = clock
        # A signature once right stays right. When a token may be used is looked at every time, and a forged one is never
        # remembered: what raises is not kept.
        self._verified = lru_cache(maxsize=_REMEMBERED)(self._verify)

    def issue(self, uid: str, session_id: str) -> str:
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": uid,
            "sid": session_id,
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        header = {"alg": ALGORITHM, "kid": self._signing.kid, "typ": TYPE}
        return sign(header, json.dumps(claims, separators=(",", ":")).encode(), self._signing.secret)

    def read(self, token: str) -> AccessClaims:
        try:
            issued, found = self._verified(token)
            if not issued - _SKEW_S <= self._clock.now().timestamp() < found.expires_at.timestamp():
                raise ValueError("not at this time")
            return found
        except ValueError as exc:
            # The reason would only help whoever forges.
            raise NotAuthenticated("The access token is not valid (any more). Refresh it, or sign in again.") from exc

    def _verify(self, token: str) -> tuple[int, AccessClaims]:
        """When a token of ours was issued, in seconds since 1970, and what it says. Raises ValueError."""
        header, payload = verify_signature(token, self._secrets)
        if header != {"alg": ALGORITHM, "kid": header.get("kid"), "typ": TYPE}:
            raise ValueError("another header")
        claims = strict_object(payload)
        if set(claims) != {"iss", "aud", "sub", "sid", "iat", "exp"}:
            raise ValueError("claims are missing, or too many")
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise ValueError("for somebody else")
        uid, session_id = _identifier(claims["sub"]), _identifier(claims["sid"])
        issued, expires = _seconds(claims["iat"]), _seconds(claims["exp"])
        if not 0 < expires - issued <= LIFETIME_S:
            raise ValueError("of another lifetime")
        return issued, AccessClaims(uid, session_id, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=expires))


def sign(header: Mapping[str, Any], payload: bytes, secret: bytes) -> str:
    """A JSON Web Signature in compact form."""
    from joserfc import jws

    return jws.serialize_compact(dict(header), payload, _key(secret), algorithms=[ALGORITHM])


def verify_signature(token: str, secrets: Mapping[str, bytes]) -> tuple[Mapping[str, Any], bytes]:
    """Header and payload of a compact HMAC-SHA256 signature by one of `secrets`, named by `kid`. Raises ValueError.

    Base64url must be exact (RFC 7515, section 2): no padding, no other characters, no bits left over.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    if len(token) > MAX_TOKEN_CHARS or not _COMPACT.fullmatch(token):
        raise ValueError("not the form of a token")
    header = strict_object(_decoded(token.partition(".")[0]))
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kid, str) or kid not in secrets:
        raise ValueError("another algorithm or an unknown key")
    try:
        found = jws.deserialize_compact(token, _key(secrets[kid]), algorithms=[ALGORITHM])
    except JoseError as exc:
        raise ValueError("the signature does not fit") from exc
    return header, found.payload


@lru_cache(maxsize=16)
def _key(secret: bytes) -> OctKey:
    from joserfc.jwk import OctKey

    return OctKey.import_key(secret)  # half the cost of a check, so once a key and not once a call


def strict_object(data: bytes) -> Mapping[str, Any]:
    """A JSON object without a key twice, numbers that are small whole ones. Raises ValueError for anything else."""
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_int=_small_integer,
            parse_float=_refused,
            parse_constant=_refused,
        )
    except RecursionError as exc:
        raise ValueError("nested beyond reason") from exc
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _small_integer(digits: str) -> int:
    if len(digits) > len(str(_MAX_TIME)):
        raise ValueError("a number beyond reason")
    return int(digits)


def _refused(_: str) -> NoReturn:
    raise ValueError("no whole number")


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("no identifier")
    return value


def _seconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_TIME:  # a bool is an int, and no time
        raise ValueError("no time")
    return value
