"""Sessions: one sign-in on one device, kept alive by refresh tokens that are each good for one use.

A refresh token is `uid.session.secret`, of which the secret is 32 random bytes and a 16-byte tag. Only the hash of the
newest is kept. The tag, made under the session's own key, tells a token that once was ours from one that was made up:
the first, used again, means that somebody copied it, and ends the session; the second is merely refused.

A client may refresh twice at the same moment, or never hear the answer. For that the token before the newest is honoured
for GRACE, and gets the very successor it got before: it is kept sealed under the token itself (a one-time pad), so that
nobody can read it out of the record.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

GRACE = timedelta(seconds=10)
MAX_TOKEN_CHARS = 512
_SECRET_BYTES, _TAG_BYTES = 32, 16
_SECRET = re.compile(r"[A-Za-z0-9_-]{64}")  # base64url of both, without padding: 48 is a multiple of 3
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class Use(StrEnum):
    """What a refresh token turned out to be."""

    NEWEST = "newest"
    REPEATED = "repeated"  # the one before, within the grace
    REPLAYED = "replayed"  # spent: somebody has a copy
    UNKNOWN = "unknown"


class Session(BaseModel):
    """A session on record. Hashes, keys and seals are hexadecimal; `client` is what the device called itself."""

    model_config = ConfigDict(extra="ignore")

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    remembered: bool = False
    client: str = ""
    tag_key: str
    token_hash: str
    previous_hash: str = ""
    sealed_successor: str = ""
    rotated_at: datetime | None = None

    def judge(self, secret: bytes, now: datetime) -> Use:
        """What `secret` is to this session."""
        found = _hash(secret)
        if hmac.compare_digest(found, self.token_hash):
            return Use.NEWEST
        if not hmac.compare_digest(secret[_SECRET_BYTES:], _tag(self.tag_key, secret[:_SECRET_BYTES])):
            return Use.UNKNOWN
        is_previous = bool(self.previous_hash) and hmac.compare_digest(found, self.previous_hash)
        in_grace = self.rotated_at is not None and timedelta(0) <= now - self.rotated_at <= GRACE
        return Use.REPEATED if is_previous and in_grace else Use.REPLAYED

    def rotated(self, spent: bytes, now: datetime) -> tuple[Self, bytes]:
        """The session after its newest token was used, and the secret of the next one."""
        fresh = new_secret(self.tag_key)
        update = {
            "token_hash": _hash(fresh),
            "previous_hash": _hash(spent),
            "sealed_successor": _pad(spent, fresh).hex(),
            "rotated_at": now,
            "used_at": now,
        }
        return self.model_copy(update=update), fresh

    def successor(self, repeated: bytes) -> bytes:
        """The secret that followed `repeated`."""
        return _pad(repeated, bytes.fromhex(self.sealed_successor))


class Tokens(BaseModel):
    """What a sign-in or a refresh gives. `expires_in` is in seconds; the refresh token is good for one use."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, no token
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime
    issued_at: datetime
    remembered: bool
    session_id: str


class SessionView(BaseModel):
    """A session as its user sees it."""

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    remembered: bool
    client: str
    is_current: bool


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token taken apart."""

    uid: str
    session_id: str
    secret: bytes

    @classmethod
    def parse(cls, text: str) -> RefreshToken | None:
        """None for what cannot be one of ours."""
        parts = text.split(".") if len(text) <= MAX_TOKEN_CHARS else []
        if len(parts) != 3 or not (_ID.fullmatch(parts[0]) and _ID.fullmatch(parts[1]) and _SECRET.fullmatch(parts[2])):
            return None
        return cls(parts[0], parts[1], base64.urlsafe_b64decode(parts[2]))

    def __str__(self) -> str:
        return f"{self.uid}.{self.session_id}.{base64.urlsafe_b64encode(self.secret).decode()}"

    def __repr__(self) -> str:
        return f"RefreshToken(uid={self.uid!r}, session_id={self.session_id!r})"


def new_session(
    session_id: str, now: datetime, expires_at: datetime, *, remembered: bool, client: str
) -> tuple[Session, bytes]:
    """A fresh session and the secret of its first token."""
    tag_key = secrets.token_hex(32)
    secret = new_secret(tag_key)
    session = Session(
        id=session_id,
        created_at=now,
        used_at=now,
        expires_at=expires_at,
        remembered=remembered,
        client=client,
        tag_key=tag_key,
        token_hash=_hash(secret),
    )
    return session, secret


def new_secret(tag_key: str) -> bytes:
    fresh = secrets.token_bytes(_SECRET_BYTES)
    return fresh + _tag(tag_key, fresh)


def _tag(tag_key: str, fresh: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(tag_key), fresh, "sha256")[:_TAG_BYTES]


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _pad(key: bytes, text: bytes) -> bytes:
    """`text` under a pad that only the holder of `key` can make, and back again: each key pads one text, once."""
    stream = hashlib.shake_256(b"reelprint refresh successor" + key).digest(len(text))
    return bytes(a ^ b for a, b in zip(stream, text, strict=True))
