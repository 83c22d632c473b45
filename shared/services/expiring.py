"""Documents that end by themselves: `expires_at` is seconds since 1970, null for never."""

from __future__ import annotations

import threading
from contextlib import suppress

from shared.domain.errors import RevisionConflict
from shared.ports.clock import Clock
from shared.ports.documents import Document, Documents, Where

SWEEP_EVERY_S = 60.0
_SWEPT_AT_ONCE = 50


def is_live(document: Document | None, now: float) -> bool:
    """Whether it is there and has not ended."""
    return document is not None and (document.data["expires_at"] is None or document.data["expires_at"] > now)


class Sweeper:
    """Removes what has ended, a few at a time and once a minute at most, while others are written."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def sweep(self, collection: str) -> None:
        now = self._clock.now().timestamp()
        with self._lock:
            if abs(now - self._last.get(collection, -SWEEP_EVERY_S)) < SWEEP_EVERY_S:
                return
            self._last[collection] = now
        ended = self._documents.query(collection, [Where("expires_at", "<=", now)], limit=_SWEPT_AT_ONCE)
        for document in ended.items:
            with suppress(RevisionConflict):  # it was made anew meanwhile
                self._documents.delete(collection, document.id, if_revision=document.revision)
