"""What a vendor lists, fetched once a day: a list that failed is not asked for again at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from shared.domain.errors import EngineUnavailable, ReelprintError

T = TypeVar("T")
KEPT_S = 24 * 3600.0
FAILURE_KEPT_S = 30.0


class Catalogue(Generic[T]):
    """`fetch` is called by one thread at a time. An older list serves on while the vendor cannot be reached."""

    def __init__(self, fetch: Callable[[], T], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: T | None = None
        self._failure: ReelprintError | None = None
        self._good_until = float("-inf")

    def __call__(self) -> T:
        """Raises what `fetch` raised last, where there is no list at all; EngineUnavailable always."""
        if self._kept is not None and self._monotonic() < self._good_until:
            return self._kept
        with self._lock:
            if self._monotonic() >= self._good_until:
                self._renew()
            if self._kept is not None and not isinstance(self._failure, EngineUnavailable):
                return self._kept
            assert self._failure is not None  # noqa: S101 - no list means that fetching it failed
            raise self._failure

    def _renew(self) -> None:
        try:
            self._kept, self._failure = self._fetch(), None
            self._good_until = self._monotonic() + KEPT_S
        except ReelprintError as exc:
            self._failure = exc.with_traceback(None)
            self._good_until = self._monotonic() + FAILURE_KEPT_S
