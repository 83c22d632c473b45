"""Work that is tried again when it fails in a way that may pass by itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from shared.domain.errors import ReelprintError

T = TypeVar("T")
TRIES, FIRST_WAIT_S = 3, 0.5


class Retry:
    """Runs work up to TRIES times. `wait` sleeps for so many seconds; `spread` draws a factor between two bounds.

    The wait doubles each time, give or take a fifth: many tasks that met the same failure do not come back at once.
    """

    def __init__(self, wait: Callable[[float], None], spread: Callable[[float, float], float] = random.uniform) -> None:
        self.wait = wait
        self.spread = spread

    def __call__(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """What `work` returns. Raises its error at once where another try would only repeat it, else that of the last."""
        for attempt in range(1, TRIES + 1):
            try:
                return work(*arguments, **options)
            except ReelprintError as exc:
                if not exc.retryable or attempt == TRIES:
                    raise
                self.wait(FIRST_WAIT_S * 2 ** (attempt - 1) * self.spread(0.8, 1.2))
        raise AssertionError("unreachable")
