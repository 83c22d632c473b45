"""A bell that rings when a job changed in this process, so that its followers need not wait for their next look."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[str], None]  # takes the job's id; called from any thread, and must come back at once


class JobBell:
    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change from now on; the answer undoes it."""
        self._listeners = (*self._listeners, listener)
        return lambda: self._forget(listener)

    def ring(self, job_id: str) -> None:
        for listener in self._listeners:
            listener(job_id)

    def _forget(self, listener: Listener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)
