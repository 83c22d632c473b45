"""What a run tells of itself, on its record and in the log. A store that cannot be written hides no failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from jobs.assemble.running.failures import exit_code
from jobs.assemble.running.log import Log
from jobs.assemble.running.retries import Retry
from shared.domain.errors import ReelprintError

STEP_S = 1.0  # between two writes of progress
Tell = Callable[[ReelprintError], None]


class Told:
    """`fail` ends the record for a failure whose exit code is among `final`; `note` keeps why another run may be needed."""

    def __init__(
        self,
        log: Log,
        codes: Mapping[type[ReelprintError], int],
        final: Collection[int],
        *,
        step: Callable[[int, str], None],
        fail: Tell,
        note: Tell,
    ) -> None:
        self._log, self._codes, self._final = log, codes, final
        self._step, self._fail, self._note = step, fail, note
        self._retry = Retry(time.sleep)
        self._written = float("-inf")

    def step(self, percentage: int, message: str) -> None:
        if time.monotonic() - self._written < STEP_S:
            return
        self._written = time.monotonic()
        try:
            self._step(percentage, message)
        except ReelprintError as exc:
            self._log.line("WARNING", f"The record could not be written: {exc.detail}")

    def fail(self, error: ReelprintError) -> None:
        self._log.error(error)
        try:
            if exit_code(error, self._codes) in self._final:
                self._retry(self._fail, error)
            else:
                self._note(error)
        except ReelprintError as exc:
            self._log.line("ERROR", f"The record could not be written: {exc.detail}")
