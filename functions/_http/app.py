"""What the kit itself needs of the application; a door's services are the door's own business."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from functions._http.guard import Guard
from shared.ports.clock import Clock
from shared.ports.documents import Documents


class HttpApp(Protocol):
    @property
    def documents(self) -> Documents: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def cors_origins(self) -> Collection[str]:
        """Whose pages may call from a browser, besides those that a door itself serves."""
        ...

    @property
    def guard(self) -> Guard:
        """Answers for routes of Policy.USER and Policy.ADMIN."""
        ...

    @property
    def task_guard(self) -> Guard:
        """Answers for routes of Policy.TASK."""
        ...
