"""Projects and chapters: what a narrator works on. The text itself lies in storage; a document only points to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.blueprint.model import LanguageCode
from shared.domain.plan import Segment

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Stored(BaseModel):
    """A record as it is kept and answered; `owner` is the uid it belongs to."""

    model_config = ConfigDict(extra="ignore")

    id: str
    owner: str
    created_at: datetime
    updated_at: datetime


class NewProject(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title
    author: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    language: LanguageCode = "en"


class Project(Stored):
    """A book, course or series. `language` is that of its chapters."""

    title: Title
    author: str = ""
    language: LanguageCode = "en"


class NewChapter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title
    text: Annotated[str, Field(min_length=1, max_length=8_000_000)]


class ChapterChanges(BaseModel):
    """What may be changed of a chapter; what is left out stays. A new text leaves an old plan to be generated anew."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    text: Annotated[str, Field(min_length=1, max_length=8_000_000)] | None = None
    position: Annotated[int, Field(ge=1, le=100_000)] | None = None


class Chapter(Stored):
    """One chapter. `text_key` names its text in the media bucket; `characters` counts code points."""

    project_id: str
    title: Title
    position: int
    characters: int
    text_key: str
    text_sha256: str


class PlanRecord(Stored):
    """A plan without its segments, which lie in storage at `segments_key`: a long chapter's outgrow a document."""

    project_id: str
    chapter_id: str
    segments_key: str
    segment_count: int
    text_sha256: str
    is_complete: bool = False
    completed_at: datetime | None = None


class ChapterPlan(BaseModel):
    """R4.2, as answered."""

    id: str
    project_id: str
    chapter_id: str
    segments: list[Segment]
    is_complete: bool
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
