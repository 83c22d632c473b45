"""The audit log as JSON lines on stderr, in the shape Cloud Logging reads."""

from __future__ import annotations

import json
import sys

from shared.ports.audit import AuditEvent
from shared.ports.clock import Clock

_WARNINGS = {
    AuditEvent.SIGN_IN_REFUSED,
    AuditEvent.LOCKED,
    AuditEvent.ADDRESS_THROTTLED,
    AuditEvent.REFRESH_REPLAYED,
}


class LogAudit:
    """One line an event, in one write, so that threads do not mix theirs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(self, event: AuditEvent, uid: str, **facts: str | int) -> None:
        line = {
            "severity": "WARNING" if event in _WARNINGS else "INFO",
            "message": event.value,
            "time": self._clock.now().isoformat(),
            "audit": {"event": event.value, "uid": uid, **facts},
        }
        sys.stderr.write(json.dumps(line) + "\n")
