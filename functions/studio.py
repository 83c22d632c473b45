"""The studio behind the doors: built on first use, once a process, with the guards that answer for who calls."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass

from functions._http.guard import AccountGuard, Guard, OpenGuard, TaskTokenGuard
from shared.config import read_settings
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.wiring import App, build


@dataclass(frozen=True)
class Studio:
    """What a call finds in `call.app`."""

    app: App
    guard: Guard
    task_guard: Guard

    @property
    def documents(self) -> Documents:
        return self.app.documents

    @property
    def clock(self) -> Clock:
        return self.app.clock

    @property
    def cors_origins(self) -> Collection[str]:
        return self.app.settings.cors_origins.split(",") if self.app.settings.cors_origins else ()


def open_studio(app: App) -> Studio:
    """A studio whose users sign in; with `accounts` open, one whose only user is whoever reaches its loopback address."""
    guard = OpenGuard() if app.settings.accounts == "open" else AccountGuard(app.accounts.sessions.authenticate)
    return Studio(app, guard, TaskTokenGuard(app.task_token))


_lock = threading.Lock()
_studio: Studio | None = None


def studio() -> Studio:
    """The process's studio. Raises Misconfigured where the settings are wrong."""
    global _studio  # noqa: PLW0603  # one studio a process is what a Cloud Function instance is
    with _lock:
        if _studio is None:
            _studio = open_studio(build(read_settings()))
        return _studio


def use_studio(chosen: Studio | None) -> Studio | None:
    """Put another studio in place, the local server's or a test's, and return the one before it.

    None: the next use builds one from the settings.
    """
    global _studio
    with _lock:
        before, _studio = _studio, chosen
        return before
