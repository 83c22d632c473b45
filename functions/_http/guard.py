"""Who may call. Every route names a policy; the application brings the guards that answer for it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.domain.errors import NotAuthenticated

MIN_TOKEN_CHARS = 32


class Policy(StrEnum):
    PUBLIC = "public"  # anybody: health, documentation
    USER = "user"  # a signed-in person
    TASK = "task"  # the queue and the event bus, nobody else


@dataclass(frozen=True)
class Principal:
    """Who is calling. `uid` owns what is made; "" is nobody in particular."""

    uid: str
    roles: frozenset[str] = frozenset()


NOBODY = Principal(uid="")


class HeaderLookup(Protocol):
    """Request headers, found by name whatever its case."""

    def get(self, key: str, /) -> str | None: ...


class Guard(Protocol):
    def authenticate(self, headers: HeaderLookup) -> Principal:
        """Tell who sent these headers. Raises NotAuthenticated."""
        ...


@dataclass(frozen=True)
class OpenGuard:
    """The single-user studio on a laptop: whoever reaches it is its one user. Never for a shared address."""

    uid: str = "local"

    def authenticate(self, headers: HeaderLookup) -> Principal:
        return Principal(uid=self.uid, roles=frozenset({"user", "admin"}))


class TaskTokenGuard:
    """Lets in whoever carries the one bearer token that the queue was given."""

    def __init__(self, token: str) -> None:
        """`token` is at least 32 visible ASCII characters. Raises ValueError otherwise, without repeating it."""
        if len(token) < MIN_TOKEN_CHARS or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError(f"a task token has at least {MIN_TOKEN_CHARS} visible ASCII characters; this one has not")
        self._expected = token.encode()

    def authenticate(self, headers: HeaderLookup) -> Principal:
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._expected):
            raise NotAuthenticated(
                "This door opens for the task queue only; no valid task token came with the request. "
                "Put the work on the queue instead of calling the door."
            )
        return Principal(uid="queue", roles=frozenset({"task"}))
