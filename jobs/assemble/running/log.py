"""The job's log: one JSON object a line on standard error, in the shape Cloud Logging reads."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import ReelprintError


@dataclass(frozen=True)
class Log:
    """What every line of one task carries. `trace` is a full resource name: projects/PROJECT/traces/ID.

    A line holds facts of ours: addresses, numbers, error sentences. No caption, title or variable of the environment.
    """

    render_id: str = ""
    task_index: int = 0
    trace: str = ""

    def line(self, severity: str, message: str, **facts: Any) -> None:
        written: dict[str, Any] = {"severity": severity, "message": message, "render_id": self.render_id}
        written["task_index"] = self.task_index
        if self.trace:
            written["logging.googleapis.com/trace"] = self.trace
        sys.stderr.write(json.dumps(written | facts, ensure_ascii=False) + "\n")
        sys.stderr.flush()

    def error(self, error: ReelprintError) -> None:
        """The error with its type, its sentence and every fault."""
        self.line("ERROR", error.detail, error=error.as_record())
