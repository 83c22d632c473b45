"""Who may call. Every route names a policy; the application brings the guards that answer for it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.domain.errors import Forbidden, NotAuthenticated

MIN_TOKEN_CHARS = 32
ADMIN = "admin"  # the role that Policy.ADMIN asks for


class Policy(StrEnum):
    PUBLIC = "public"  # anybody: health, documentation
    USER = "user"  # a signed-in person
    ADMIN = "admin"  # a signed-in person who looks after the others
    TASK = "task"  # the queue and the event bus, nobody else


@dataclass(frozen=True)
class Principal:
    """Who is calling. `uid` owns what is made; "" is nobody in particular. `session` is the sign-in it comes from."""

    uid: str
    roles: frozenset[str] = frozenset()
    session: str = ""


NOBODY = Principal(uid="")


class HeaderLookup(Protocol):
    """Request headers, found by name whatever its case."""

    def get(self, key: str, /) -> str | None: ...


class Guard(Protocol):
    def authenticate(self, headers: HeaderLookup) -> Principal:
        """Tell who sent these headers. Raises NotAuthenticated."""
        ...


def admit(policy: Policy, guard: Guard, task_guard: Guard, headers: HeaderLookup) -> Principal:
    """Decide who calls and whether they may: the one place that does. Raises NotAuthenticated, Forbidden."""
    if policy is Policy.PUBLIC:
        return NOBODY
    principal = (task_guard if policy is Policy.TASK else guard).authenticate(headers)
    if policy is Policy.ADMIN and ADMIN not in principal.roles:
        raise Forbidden("This is for admins only. Ask one of them.")
    return principal


@dataclass(frozen=True)
class OpenGuard:
    """The single-user studio on a laptop: whoever reaches it is its one user. Never for a shared address."""

    uid: str = "local"

    def authenticate(self, headers: HeaderLookup) -> Principal:
        return Principal(uid=self.uid, roles=frozenset({"user", ADMIN}))


class SessionCaller(Protocol):
    @property
    def uid(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def session_id(self) -> str: ...


class AccountGuard:
    """Lets in whoever carries the access token of a live session. `read` tells whose it is, and as what, right now."""

    def __init__(self, read: Callable[[str], SessionCaller]) -> None:
        self._read = read

    def authenticate(self, headers: HeaderLookup) -> Principal:
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated(
                "This needs an access token, and none came along. Sign in by POST /api/v1/auth/login and send "
                "Authorization: Bearer with the token."
            )
        caller = self._read(token.strip())
        return Principal(uid=caller.uid, roles=frozenset({"user", caller.role}), session=caller.session_id)


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
