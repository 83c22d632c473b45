"""Exports: finished audiobooks. What is asked for, what is on record, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.blueprint.model import LanguageCode
from shared.domain.job import VoiceName
from shared.domain.plan import Speaker
from shared.domain.project import Stored

MAX_CHAPTERS = 2000  # of one book
MAX_OPEN = 20  # exports of one user, pending or running

Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class ExportFormat(StrEnum):
    """What a narrated book can become. `m4b` and `epub` are one file; of the others each chapter has its own."""

    M4B = "m4b"
    MP3 = "mp3"
    WAV = "wav"
    ACX = "acx"
    EPUB = "epub"
    SRT = "srt"
    VTT = "vtt"


class ExportStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (ExportStatus.COMPLETED, ExportStatus.FAILED, ExportStatus.CANCELLED)


class ExportOptions(BaseModel):
    """How an export is made; what is left out comes from the project.

    `language` (BCP 47) may only be nearer than the project's: "en-GB" for "en". `voices` casts by speaker, as the chapters
    were voiced: {"narrator": "flite/slt"}. `words` marks single words in `vtt`. Rates in kbit/s; `acx` is always 192.
    """

    model_config = ConfigDict(extra="forbid")

    title: Line = ""
    author: Line = ""
    narrator: Line = ""
    language: LanguageCode | None = None
    year: Annotated[int, Field(ge=1, le=9999)] | None = None
    description: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] = ""
    cover_asset_id: Annotated[str, StringConstraints(max_length=128)] | None = None
    voices: Annotated[dict[Speaker, VoiceName], Field(max_length=500)] = {}
    words: bool = False
    aac_kbps: Annotated[int, Field(ge=32, le=256)] = 64  # plenty for one voice at 44.1 kHz
    mp3_kbps: Literal[64, 80, 96, 112, 128, 160, 192, 224, 256, 320] = 192


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("something is named twice; name each once")
    return values


class NewExport(BaseModel):
    """What is to be made, of which chapters: "all", or their ids; the book has them in the project's order."""

    model_config = ConfigDict(extra="forbid")

    formats: Annotated[list[ExportFormat], Field(min_length=1, max_length=7), AfterValidator(_each_once)]
    chapters: (
        Literal["all"] | Annotated[list[str], Field(min_length=1, max_length=MAX_CHAPTERS), AfterValidator(_each_once)]
    ) = "all"
    options: ExportOptions = ExportOptions()


class ExportFile(BaseModel):
    """One finished file. `size` in bytes; `chapter_id` where it is one chapter's; `url` is a path of this API."""

    format: ExportFormat
    chapter_id: str | None = None
    name: str
    content_type: str
    size: int
    sha256: str
    url: str = ""


class MadeFile(ExportFile):
    """The same, with where it lies in the media bucket and what it is saved as."""

    key: str
    saved_as: str


class ExportResult(BaseModel):
    """What a finished export made: its files, and what was measured and checked."""

    files: list[MadeFile]
    reports: dict[str, Any]


class ExportRecord(Stored):
    """An export on record. `script_key` names what was pinned at its start, `result_key` what came of it."""

    project_id: str
    formats: list[ExportFormat]
    options: ExportOptions
    chapters: list[str]
    script_key: str
    status: ExportStatus = ExportStatus.PENDING
    percentage: int = 0
    message: str = ""
    error: dict[str, Any] | None = None
    attempt: int = 1
    execution: str = ""
    result_key: str = ""
    finished_at: datetime | None = None

    @property
    def folder(self) -> str:
        """Where its own files lie in the media bucket."""
        return f"users/{self.owner}/{self.id}"


class ExportSummary(BaseModel):
    """An export in a list: without its files."""

    id: str
    project_id: str
    formats: list[ExportFormat]
    status: ExportStatus
    percentage: int
    message: str
    error: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class Export(ExportSummary):
    """An export as it is answered. `files` and `reports` are empty until it is completed: nothing half made is shown."""

    chapters: list[str]
    options: ExportOptions
    files: list[ExportFile] = []
    reports: dict[str, Any] = {}


class ExportTask(BaseModel):
    """A look at an export; `look` counts them, `lost` how often its execution vanished."""

    model_config = ConfigDict(extra="forbid")

    owner: str
    export_id: str
    attempt: int = 1
    look: int = 0
    lost: int = 0

    @property
    def name(self) -> str:
        """Of its execution, and the beginning of its tasks'."""
        return f"{self.export_id}-a{self.attempt}-{self.lost}"
