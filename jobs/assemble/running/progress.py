"""What the world sees of a running render: one record in documents, `renders/{render_id}`, and JSON lines in the log.

Several tasks work on one render, and each would count from its own end. So one record has one author: the first task
(index 0) tells how far it is and why it failed. The others write one thing only, that the video is published, which is
true whoever says it; how they failed is in their log and exit code, and the platform runs them again. Once the video is
published, no slower task takes that back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from jobs.assemble.running.log import Log
from shared.domain.errors import ReelprintError
from shared.ports.documents import Documents, Transaction

COLLECTION = "renders"
MIN_INTERVAL_S = 1.0
COMPLETED = "completed"


class Progress:
    """Writes the record at most once a second while the render runs, and its end at once.

    `uri` is where the video is published: a record of another video under the same id starts anew. `now` counts seconds.
    """

    def __init__(
        self,
        documents: Documents,
        render_id: str,
        trace: str = "",
        *,
        uri: str = "",
        task_index: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._id = render_id
        self._uri = uri
        self._is_author = task_index == 0
        self._log = Log(render_id, task_index, trace)
        self._now = now
        self._written = float("-inf")
        self._percentage = 0
        self._lock = threading.Lock()

    def step(self, percentage: int, message: str) -> None:
        """Tell how far it is; what is not written now is told with the next step. A percentage never falls.

        A store that cannot be written does not stop the render.
        """
        with self._lock:
            self._percentage = max(self._percentage, percentage)
            if not self._is_author or self._now() - self._written < MIN_INTERVAL_S:
                return
            try:
                self._write("running", message)
            except ReelprintError as exc:
                self.log("WARNING", f"The record could not be written: {exc.detail}")

    def finish(self, report: dict[str, Any]) -> None:
        with self._lock:
            self._percentage = 100
            self._write(COMPLETED, "finished", report=report)
        self.log("INFO", "finished", **report)

    def fail(self, error: ReelprintError) -> None:
        """Mark the record; a store that cannot be written does not hide the failure itself."""
        self._log.error(error)
        if not self._is_author:
            return
        try:
            with self._lock:
                status = "cancelled" if error.type == "cancelled" else "failed"
                self._write(status, error.detail, error=error.as_record())
        except ReelprintError as exc:
            self.log("ERROR", f"The record could not be written: {exc.detail}", error=exc.as_record())

    def log(self, severity: str, message: str, **facts: Any) -> None:
        self._log.line(severity, message, **facts)

    def _write(self, status: str, message: str, **facts: Any) -> None:
        self._written = self._now()

        def put(record: Transaction) -> None:
            found = record.get(COLLECTION, self._id)
            before = found.data if found and found.data.get("uri", "") == self._uri else {}
            if before.get("status") == COMPLETED and not (status == COMPLETED and self._is_author):
                return
            told = {"status": status, "percentage": max(self._percentage, before.get("percentage", 0))}
            record.put(COLLECTION, self._id, {**told, "message": message, "uri": self._uri, **facts})

        self._documents.transaction(put)


class Phase:
    """A stretch of the percentage, from `span[0]` to `span[1]`, filled by parts that are worked on side by side."""

    def __init__(self, progress: Progress, span: tuple[int, int], total: int, doing: str, unit: str) -> None:
        self._progress = progress
        self._span = span
        self._total = total
        self._doing, self._unit = doing, unit
        self._done: dict[Hashable, int] = {}
        self._lock = threading.Lock()
        self._tell(0)

    def reach(self, part: Hashable, amount: int) -> None:
        """So much of one part is done, in the phase's units; a part never goes back."""
        with self._lock:
            self._done[part] = max(self._done.get(part, 0), amount)
            done = min(sum(self._done.values()), self._total)
        self._tell(done)

    def _tell(self, done: int) -> None:
        first, last = self._span
        share = done / self._total if self._total else 1
        self._progress.step(
            first + int((last - first) * share), f"{self._doing}: {done:,} of {self._total:,} {self._unit}"
        )
