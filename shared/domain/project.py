"""Projects and chapters: what a narrator works on. The text itself lies in storage; a document only points to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.blueprint.model import LanguageCode
from shared.domain.book import BookFacts
from shared.domain.carry_over import CarriedOver
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
    """A book, course or series. `language` is that of its chapters; `language_given` whether somebody chose it.

    `book` is what the book it was imported from says of itself, `cover_asset_id` the picture on that one's front.
    """

    title: Title
    author: str = ""
    language: LanguageCode = "en"
    language_given: bool = False
    book: BookFacts | None = None
    cover_asset_id: str = ""


class ChapterSource(BaseModel):
    """Where an imported chapter comes from: a document, and the place in it.

    `level` is 1 for the outermost; `parts` are the titles it stands under. One too large for a chapter comes in several
    `pieces`, of which this is number `piece`.
    """

    asset_id: str
    reference: str
    level: int = 1
    parts: list[str] = []
    piece: int = 1
    pieces: int = 1


class NewChapter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title
    text: Annotated[str, Field(min_length=1, max_length=8_000_000)]


class ChapterChanges(BaseModel):
    """What may be changed of a chapter; what is left out stays. After a new text the plan is made anew, and keeps what matches."""

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
    source: ChapterSource | None = None


class PlanRecord(Stored):
    """A plan without its segments, which lie in storage at `segments_key`: a long chapter's outgrow a document.

    `options` are those it was last planned with. `position` is its place in its own history, which reaches from `tail` to
    `head`; all are 0 for a plan from before there was one.
    """

    project_id: str
    chapter_id: str
    segments_key: str
    segment_count: int
    text_sha256: str
    is_complete: bool = False
    completed_at: datetime | None = None
    options: dict[str, Any] = {}
    assets: list[str] = []  # what it needs: the recordings that cloned voices in it are made of
    position: int = 0
    head: int = 0
    tail: int = 0


class ChapterPlan(BaseModel):
    """R4.2, as answered. `carried_over` tells, where it was planned anew over another, what stayed of that."""

    id: str
    project_id: str
    chapter_id: str
    segments: list[Segment]
    is_complete: bool
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    carried_over: CarriedOver | None = None


class ChangedChapter(Chapter):
    """A chapter after a change. Where its text changed and it has a plan, `carried_over` tells what stayed of that."""

    carried_over: CarriedOver | None = None
