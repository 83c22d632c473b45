"""An import as it is asked for and answered: which parts of a book become chapters, and what became of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.blueprint.model import LanguageCode
from shared.domain.book import BookFacts, BookFormat, LeftOut
from shared.domain.errors import Fault, InvalidInput
from shared.domain.project import Chapter

MAX_PARTS = 5000  # of one book
_RANGE = re.compile(r" {0,8}([0-9]{1,4})(?: {0,8}- {0,8}([0-9]{1,4}))? {0,8}")


def _ranges(text: str) -> str:
    if any(not _RANGE.fullmatch(piece) for piece in text.split(",")):
        raise ValueError("chapters are written as numbers and ranges of them, for example 1-3,5")
    return text


Selection = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_ranges)]
PartId = Annotated[str, StringConstraints(pattern=r"^s[0-9]{1,4}$")]


class NewImport(BaseModel):
    """A document that is ready, to be made chapters of.

    `chapters` chooses among them by the numbers that the outline gives ("1-3,5"); all of them unless said. `include` names
    parts that are left out otherwise, by their ids there ("s2"). `depth` is how many levels of the contents become chapters
    of their own: 1 keeps what stands under a chapter in it. `language` is the book's, where it names none or a wrong one.
    What was imported before is not made twice, unless `again` asks for it.
    """

    model_config = ConfigDict(extra="forbid")

    asset_id: Annotated[str, Field(min_length=1, max_length=128)]
    chapters: Selection | None = None
    include: Annotated[list[PartId], Field(max_length=MAX_PARTS)] = []
    depth: Annotated[int, Field(ge=1, le=16)] | None = None
    language: LanguageCode | None = None
    again: bool = False


class PartOutline(BaseModel):
    """A part that becomes a chapter. `number` counts from 1; `level` and `parts` say where in the book it stands."""

    number: int
    title: str
    level: int
    parts: list[str]
    words: int
    characters: int
    reference: str


class SkippedPart(BaseModel):
    """A part that is left out, and why; `before` is the number of the chapter it comes ahead of in the book."""

    id: str
    title: str
    reason: LeftOut
    words: int
    characters: int
    reference: str
    before: int


class FoundLanguage(BaseModel):
    """The language of a book's chapters, and who said so; `confidence` from 0 to 1 where it was told from the text."""

    code: LanguageCode
    source: Literal["request", "project", "book", "detected"]
    confidence: float | None = None


class BookOutline(BaseModel):
    """What a document holds, before anything is made of it. `dropped` counts what is in no part: page numbers, references
    to notes, hidden text; `remarks` say what had to be decided.
    """

    asset_id: str
    format: BookFormat
    facts: BookFacts
    language: FoundLanguage
    encoding: str
    cover_media_type: str
    chapters: list[PartOutline]
    skipped: list[SkippedPart]
    dropped: dict[str, int]
    remarks: list[str]


class Imported(BaseModel):
    """The chapters of a book, in its order: `made` of them now, the others before. Of the skipped parts none was made one."""

    project_id: str
    asset_id: str
    made: int
    chapters: list[Chapter]
    skipped: list[SkippedPart]
    language: FoundLanguage
    cover_asset_id: str
    remarks: list[str]


def chosen_numbers(selection: str | None, count: int) -> set[int]:
    """The numbers a selection names, of 1 to `count`. Raises InvalidInput for one that is not there."""
    if selection is None:
        return set(range(1, count + 1))
    chosen: set[int] = set()
    for piece in selection.split(","):
        found = _RANGE.fullmatch(piece)
        first = int(found[1]) if found else 0
        last = int(found[2] or first) if found else 0
        if not 1 <= first <= last <= count:
            fix = f"The book has chapters 1 to {count}. Name some of these."
            fault = Fault(
                pointer="/chapters",
                code="unknown-chapter",
                detail="such chapters are not there",
                found=piece[:40],
                fix=fix,
            )
            raise InvalidInput(f"The selection of chapters does not fit the book. {fix}", faults=[fault])
        chosen |= set(range(first, last + 1))
    return chosen
