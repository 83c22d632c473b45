"""What may be changed of segments, many at once."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.domain.plan import PauseMs, Speaker, VoiceId


class BulkChanges(BaseModel):
    """What may be changed of segments; what is left out stays.

    `reset_text` goes back to what the original says; `pause_ms` null to the house's own pause. Another `speaker` is a
    correction, which planning anew keeps.
    """

    model_config = ConfigDict(extra="forbid")

    voice: VoiceId | None = None
    speaker: Speaker | None = None
    skipped: bool | None = None
    needs_revision: bool | None = None
    pause_ms: PauseMs | None = None
    reset_text: bool = False

    def values(self) -> dict[str, Any]:
        """What `plan_edits.change` takes."""
        given = self.model_dump(exclude_none=True, exclude={"reset_text"})
        given |= {"pause_ms": self.pause_ms} if "pause_ms" in self.model_fields_set else {}
        return given | ({"text": None} if self.reset_text else {})
