"""Tokens that go out by mail and are good for one use: 256 random bits, of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel

from shared.domain.errors import Fault, InvalidInput
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Reader
from shared.services.expiring import Sweeper, is_live

COLLECTION = "one_time_tokens"
MAX_TOKEN_CHARS = 256


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm-email"
    SET_PASSWORD = "set-password"  # noqa: S105 - the name of a purpose


class OneTimeToken(BaseModel):
    """A token on record. `version` is the credentials' when it was made: a password changed since makes it void."""

    purpose: Purpose
    subject: str
    version: int = 0
    expires_at: float


class OneTimeTokens:
    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._sweeper = Sweeper(documents, clock)

    def issue(self, purpose: Purpose, subject: str, lifetime: timedelta, version: int = 0) -> str:
        token = secrets.token_urlsafe(32)
        expires_at = (self._clock.now() + lifetime).timestamp()
        record = OneTimeToken(purpose=purpose, subject=subject, version=version, expires_at=expires_at)
        self._documents.create(COLLECTION, token_id(token), record.model_dump(mode="json"))
        self._sweeper.sweep(COLLECTION)
        return token

    def read(self, reader: Reader, token: str, purpose: Purpose) -> OneTimeToken:
        """What a token stands for. Raises InvalidInput unless it is ours, of this purpose, unused and not too old.

        Whoever acts on it deletes `token_id(token)` in the same transaction: that makes it good for one use.
        """
        document = reader.get(COLLECTION, token_id(token))
        if document is None or not is_live(document, self._clock.now().timestamp()):
            raise bad_token()
        found = OneTimeToken.model_validate(document.data)
        if found.purpose is not purpose:
            raise bad_token()
        return found


def token_id(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def bad_token() -> InvalidInput:
    detail = "This token was used, is too old, or never was one."
    fault = Fault(pointer="/token", code="token-invalid", detail=detail, fix="Ask for a new one.")
    return InvalidInput(f"{detail} Ask for a new one.", faults=[fault])
