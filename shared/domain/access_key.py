"""Keys that sign access tokens: read from settings, refused where they are weak."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MIN_BYTES = 32  # as long as the hash (RFC 7518, section 3.2)
_MIN_DISTINCT = 16  # random bytes show some 30 different ones among 32; what shows fewer was typed, not drawn
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class AccessKey:
    """`kid` names the key in tokens."""

    kid: str
    secret: bytes = field(repr=False)

    def __str__(self) -> str:
        """As settings have it."""
        return f"{self.kid}:{base64.urlsafe_b64encode(self.secret).decode().rstrip('=')}"


def new_access_key(kid: str) -> AccessKey:
    return AccessKey(kid, secrets.token_bytes(MIN_BYTES))


def parse_access_keys(text: str) -> list[AccessKey]:
    """`kid:secret` pairs parted by commas, each secret base64url of 32 random bytes or more; "" is none.

    Raises ValueError with every problem of every key, by its place, without a word of what was found.
    """
    pairs = [pair.strip().partition(":") for pair in text.split(",")] if text.strip() else []
    keys = [AccessKey(kid, _decoded(secret)) for kid, _, secret in pairs]
    if problems := [problem for place, key in enumerate(keys, 1) for problem in _problems(place, key, keys)]:
        raise ValueError("; ".join(problems))
    return keys


def _problems(place: int, key: AccessKey, keys: Sequence[AccessKey]) -> Iterator[str]:
    if not _KID.fullmatch(key.kid):
        yield f"key {place} needs a name before the colon: letters, digits, '.', '_', '-'"
    if any(key.kid == other.kid for other in keys[: place - 1]):
        yield f"key {place} has the name of another"
    if len(key.secret) < MIN_BYTES:
        yield f"key {place} needs {MIN_BYTES} bytes or more in base64url; make one with `openssl rand -base64 32`"
    elif len(set(key.secret)) < _MIN_DISTINCT:
        yield f"key {place} is not random; make one with `openssl rand -base64 32`"


def _decoded(secret: str) -> bytes:
    """The bytes of base64 in either alphabet; none for anything else, which is too short then."""
    plain = secret.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
