"""What the world sees of a running render: one record in documents, and JSON lines in the log."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from shared.domain.errors import ReelprintError
from shared.ports.documents import Documents

COLLECTION = "renders"
MIN_INTERVAL_S = 1.0


class Progress:
    """Writes `renders/{render_id}` at most once a second, and at each change of status at once."""

    def __init__(self, documents: Documents, render_id: str, trace: str = "") -> None:
        self._documents = documents
        self._id = render_id
        self._trace = trace
        self._written = 0.0
        self._lock = threading.Lock()

    def step(self, percentage: int, message: str) -> None:
        with self._lock:
            if time.monotonic() - self._written < MIN_INTERVAL_S:
                return
            self._write({"status": "running", "percentage": percentage, "message": message})

    def finish(self, report: dict[str, Any]) -> None:
        with self._lock:
            self._write({"status": "completed", "percentage": 100, "message": "finished", "report": report})
        self.log("INFO", "finished", **report)

    def fail(self, error: ReelprintError) -> None:
        """Mark the record; a store that cannot be written does not hide the failure itself."""
        self.log("ERROR", error.detail, error=error.as_record())
        try:
            with self._lock:
                status = "cancelled" if error.type == "cancelled" else "failed"
                self._write({"status": status, "message": error.detail, "error": error.as_record()})
        except ReelprintError as exc:
            self.log("ERROR", f"The record could not be written: {exc.detail}")

    def log(self, severity: str, message: str, **facts: Any) -> None:
        """One line in the shape Cloud Logging reads."""
        line: dict[str, Any] = {"severity": severity, "message": message, "render_id": self._id, **facts}
        if self._trace:
            line["logging.googleapis.com/trace"] = self._trace
        sys.stderr.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stderr.flush()

    def _write(self, data: dict[str, Any]) -> None:
        self._documents.put(COLLECTION, self._id, data)
        self._written = time.monotonic()
