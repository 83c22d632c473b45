"""Access tokens: short-lived and signed, saying whose session a call belongs to. They grant nothing by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class AccessClaims:
    """What a token says: whose it is and of which session. What its bearer may do is on the user's record."""

    uid: str
    session_id: str
    expires_at: datetime


class AccessTokens(Protocol):
    @property
    def lifetime_s(self) -> int: ...

    def issue(self, uid: str, session_id: str) -> str:
        """A token that holds for `lifetime_s` from now."""
        ...

    def read(self, token: str) -> AccessClaims:
        """What a token says. Raises NotAuthenticated unless it is one of ours, unchanged, for us and still good."""
        ...
