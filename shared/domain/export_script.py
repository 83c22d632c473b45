"""What an export works on, pinned when it was asked for: whatever is edited meanwhile changes nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from shared.domain.export import ExportFormat


class Voice(BaseModel):
    """The sound of one line: a WAV in the media bucket. `samples` and `pauses` (start, end) count at `rate`.

    `gain_half_db` brings it to the level of all other voices, in half decibels.
    """

    key: str
    sha256: str
    samples: int
    rate: int
    gain_half_db: int = 0
    pauses: list[tuple[int, int]] = []


class ScriptLine(BaseModel):
    """One segment that is heard. `start` and `end` are code points of the chapter; `pause_ms` is the silence after it."""

    segment_id: str
    start: int
    end: int
    text: str
    pause_ms: int
    voice: Voice


class ChapterScript(BaseModel):
    """A chapter as it is read: its text, at `text_key`, and the lines that are heard of it, in order."""

    chapter_id: str
    title: str
    language: str
    text_key: str
    plan_revision: int
    lines: list[ScriptLine]


class Cover(BaseModel):
    key: str
    media_type: str
    width: int
    height: int

    @property
    def suffix(self) -> str:
        return ".png" if self.media_type == "image/png" else ".jpg"


class BookScript(BaseModel):
    """The whole book. `chapters` are keys of chapters' scripts, in order; `cover_note` says why there is no cover."""

    export_id: str
    project_id: str
    created_at: datetime
    formats: list[ExportFormat]
    title: str
    author: str
    narrator: str
    language: str
    year: int | None
    description: str
    words: bool
    aac_kbps: int
    mp3_kbps: int
    cover: Cover | None
    cover_note: str = ""
    chapters: list[str]

    def wants(self, *formats: ExportFormat) -> bool:
        """Whether any of these was asked for."""
        return not set(formats).isdisjoint(self.formats)


def rates_of(lines: Sequence[ScriptLine]) -> list[int]:
    """The sample rates of all voices, each once, the lowest first."""
    return sorted({line.voice.rate for line in lines})
