"""A circuit breaker for each remote engine: one that keeps failing is left alone for a while, then tried by one.

Failures are counted in this process: a success or a failure writes nothing. Opening and closing are documents, so that every
process, and the page that shows the engines, knows within KNOWN_FOR_S; and the one probe of a half-open breaker is taken by
compare-and-set.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from pydantic import BaseModel

from shared.domain.errors import EngineBusy, EngineFailed
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction

COLLECTION = "breakers"
FAILURES = 5  # in a row, until it opens
COOL = timedelta(seconds=30)  # until a probe is let through
PROBE = timedelta(seconds=150)  # what a probe may take until another one is
KNOWN_FOR_S = 2.0


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerView(BaseModel):
    """`until` is when the next request is let through, where it is not closed; `reason` the failure that opened it."""

    state: BreakerState = BreakerState.CLOSED
    until: datetime | None = None
    reason: str = ""


@dataclass
class _Known:
    failures: int = 0
    view: BreakerView = field(default_factory=BreakerView)
    read_at: datetime | None = None


class Breaker:
    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def view(self, engine: str) -> BreakerView:
        """As it stands, for all processes."""
        known = self._of(engine)
        now = self._clock.now()
        if known.read_at is None or (now - known.read_at).total_seconds() >= KNOWN_FOR_S:
            found = self._documents.get(COLLECTION, engine)
            known.view, known.read_at = BreakerView.model_validate(found.data) if found else BreakerView(), now
        return known.view

    @contextmanager
    def guard(self, engine: str) -> Iterator[None]:
        """One request. Raises EngineBusy, without making it, while the breaker is open.

        EngineFailed within counts; a refusal, a wrong setting, or an engine that asks to wait is an answer, and does not.
        """
        self._admit(engine)
        try:
            yield
        except EngineFailed as exc:
            self._failed(engine, exc.detail)
            raise
        except Exception:
            self._answered(engine)
            raise
        self._answered(engine)

    def is_open(self, engine: str) -> bool:
        return self.view(engine).state is not BreakerState.CLOSED

    def _admit(self, engine: str) -> None:
        view, now = self.view(engine), self._clock.now()
        if view.state is BreakerState.CLOSED:
            return
        if (view.until and view.until > now) or not self._take_probe(engine):
            wait = max(1, ceil((view.until - now).total_seconds())) if view.until else 1
            raise EngineBusy(f"{engine} is left alone after failing: {view.reason}", retry_after_s=wait)

    def _take_probe(self, engine: str) -> bool:
        """Whether this request is the one that tries."""
        now = self._clock.now()

        def work(transaction: Transaction) -> BreakerView | None:
            found = transaction.get(COLLECTION, engine)
            view = BreakerView.model_validate(found.data) if found else BreakerView()
            if view.state is BreakerState.CLOSED or (view.until and view.until > now):
                return None
            probing = view.model_copy(update={"state": BreakerState.HALF_OPEN, "until": now + PROBE})
            transaction.put(COLLECTION, engine, probing.model_dump(mode="json"))
            return probing

        probing = self._documents.transaction(work)
        self._of(engine).read_at = None
        return probing is not None

    def _failed(self, engine: str, reason: str) -> None:
        known = self._of(engine)
        with self._lock:
            known.failures += 1
            opens = known.failures >= FAILURES or known.view.state is not BreakerState.CLOSED
        if opens:
            self._write(engine, BreakerView(state=BreakerState.OPEN, until=self._clock.now() + COOL, reason=reason))

    def _answered(self, engine: str) -> None:
        known = self._of(engine)
        known.failures = 0
        if known.view.state is not BreakerState.CLOSED:
            self._write(engine, BreakerView())

    def _write(self, engine: str, view: BreakerView) -> None:
        self._documents.put(COLLECTION, engine, view.model_dump(mode="json"))
        known = self._of(engine)
        known.view, known.read_at = view, self._clock.now()

    def _of(self, engine: str) -> _Known:
        with self._lock:
            return self._known.setdefault(engine, _Known())
