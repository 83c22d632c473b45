"""Audit: what happened to accounts, under names that do not change, for whoever has to look back."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class AuditEvent(StrEnum):
    REGISTRATION_ASKED = "account.registration-asked"
    CREATED = "account.created"
    SIGNED_IN = "account.signed-in"
    SIGN_IN_REFUSED = "account.sign-in-refused"
    LOCKED = "account.locked"
    ADDRESS_THROTTLED = "account.address-throttled"
    SIGNED_OUT = "account.signed-out"
    SESSION_REVOKED = "account.session-revoked"
    REFRESH_REPLAYED = "account.refresh-replayed"
    PASSWORD_CHANGED = "account.password-changed"  # noqa: S105 - the name of an event
    PASSWORD_RESET = "account.password-reset"  # noqa: S105
    PROFILE_CHANGED = "account.profile-changed"
    ROLE_CHANGED = "account.role-changed"
    STATUS_CHANGED = "account.status-changed"
    DELETION_STARTED = "account.deletion-started"
    DELETED = "account.deleted"


class Audit(Protocol):
    def record(self, event: AuditEvent, uid: str, **facts: str | int) -> None:
        """Write one line. `uid` is "" for nobody known; `facts` are ids, roles and numbers, never anything personal."""
        ...
