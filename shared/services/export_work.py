"""An export as its record tells it: begun, so far along, completed or failed; and its finished files, published at the end.

A record that is gone, ended, or at another attempt is never touched: deliveries and runs may be doubled, late, out of order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.domain.artifact import canonical_json
from shared.domain.errors import NotFound, PreconditionFailed, ReelprintError
from shared.domain.export import ExportRecord, ExportResult, ExportStatus
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.storage import Storage
from shared.services.records import Records

COLLECTION = "exports"


def export_records(documents: Documents, clock: Clock) -> Records[ExportRecord]:
    return Records(documents, clock, COLLECTION, ExportRecord, "export")


class ExportWork:
    """One attempt's."""

    def __init__(
        self, documents: Documents, clock: Clock, media: Storage, owner: str, export_id: str, attempt: int
    ) -> None:
        self._records = export_records(documents, clock)
        self._clock = clock
        self._media = media
        self._owner, self._id, self._attempt = owner, export_id, attempt

    def current(self) -> ExportRecord | None:
        """The export, while this work on it is wanted."""
        try:
            record = self._records.get(self._owner, self._id)
        except NotFound:
            return None
        return record if self._is_wanted(record) else None

    def begin(self, execution: str) -> ExportRecord | None:
        """Put it on record as being worked on; None where that is not wanted (any more)."""
        return self._change({"status": ExportStatus.RUNNING, "execution": execution})

    def step(self, percentage: int, message: str) -> None:
        """Tell how far it is; a percentage never falls."""
        self._change({"percentage": percentage, "message": message}, least=percentage)

    def keep(self, data: bytes | Path, content_type: str, suffix: str) -> tuple[str, str, int]:
        """Store a finished file under its hash, create-only: (key, SHA-256, bytes). Made again, it is the same file."""
        digest, size = measured(data)
        key = f"users/{self._owner}/{self._id}/{digest[:32]}{suffix}"
        try:
            if isinstance(data, Path):
                self._media.put_file(key, data, content_type=content_type, if_generation=0)
            else:
                self._media.put(key, data, content_type=content_type, if_generation=0)
        except PreconditionFailed:
            pass  # an earlier run brought it
        return key, digest, size

    def complete(self, result: ExportResult) -> bool:
        """End it well: from now on its files are shown. False where nobody waits (any more)."""
        key, _, _ = self.keep(canonical_json(result.model_dump(mode="json")), "application/json", ".result.json")
        done = {"status": ExportStatus.COMPLETED, "percentage": 100, "message": "", "error": None}
        return self._change({**done, "result_key": key, "finished_at": self._clock.now()}) is not None

    def fail(self, error: ReelprintError) -> None:
        told = {"status": ExportStatus.FAILED, "message": error.detail, "error": error.as_record()}
        self._change({**told, "finished_at": self._clock.now()})

    def note(self, error: ReelprintError) -> None:
        """Keep why a run broke off, should no later one end well."""
        self._change({"error": error.as_record()})

    def _change(self, facts: Mapping[str, Any], least: int = 0) -> ExportRecord | None:
        changed: list[ExportRecord] = []

        def change(record: ExportRecord) -> ExportRecord | None:
            changed.clear()
            if not self._is_wanted(record) or record.percentage > least > 0:
                return None
            changed.append(record.model_copy(update=dict(facts)))
            return changed[0]

        try:
            self._records.update(self._owner, self._id, change)
        except NotFound:
            return None
        return changed[0] if changed else None

    def _is_wanted(self, record: ExportRecord) -> bool:
        return not record.status.is_final and record.attempt == self._attempt


def measured(data: bytes | Path) -> tuple[str, int]:
    """SHA-256 and size in bytes."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest(), len(data)
    with data.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), data.stat().st_size
