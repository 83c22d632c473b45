"""A book as it was read: who wrote it, and its parts in reading order, each to be narrated or left out with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel

MAX_TITLE = 200  # code points, as a chapter's title may have
MAX_FACT, MAX_PROSE = 500, 5000  # code points of a name, and of a description or a statement of rights
MAX_NAMES = 50  # authors, and identifiers


class BookFormat(StrEnum):
    EPUB = "epub"
    DOCX = "docx"
    PDF = "pdf"
    TEXT = "text"
    MARKDOWN = "markdown"
    TEI = "tei"


class LeftOut(StrEnum):
    """Why a part is not made a chapter of, unless it is asked for."""

    COVER = "cover"
    TITLE_PAGE = "title-page"
    CONTENTS = "contents"
    COPYRIGHT = "copyright"  # copyright page, imprint, colophon
    LICENCE = "licence"  # what a library put before or after the book
    NOTES = "notes"  # footnotes and endnotes
    INDEX = "index"  # index, glossary, bibliography, lists of pictures
    FRONT_MATTER = "front-matter"  # the book itself declares it so
    BACK_MATTER = "back-matter"
    NOT_LINEAR = "not-linear"  # an EPUB's reading order passes it by


class BookFacts(BaseModel):
    """What a book says of itself, as found. `language` is a BCP 47 tag, "" where it names none; `date` as written there."""

    title: str = ""
    authors: list[str] = []
    language: str = ""
    identifiers: list[str] = []
    publisher: str = ""
    date: str = ""
    description: str = ""
    rights: str = ""

    def bounded(self) -> BookFacts:
        """As much of it as a record holds; a book may say anything of itself, at any length."""
        return BookFacts(
            title=self.title[:MAX_FACT],
            authors=[name[:MAX_FACT] for name in self.authors[:MAX_NAMES]],
            language=self.language,
            identifiers=[name[:MAX_FACT] for name in self.identifiers[:MAX_NAMES]],
            publisher=self.publisher[:MAX_FACT],
            date=self.date[:MAX_FACT],
            description=self.description[:MAX_PROSE],
            rights=self.rights[:MAX_PROSE],
        )


@dataclass(frozen=True)
class Cover:
    """The picture on the front, as it lies in the book: not decoded yet, so to be trusted with nothing."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Section:
    """One part of a book. `level` is 1 for the outermost; `parts` are the titles it stands under, outermost first.

    `reference` says where in the file it begins (a file of an EPUB with its fragment, a page of a PDF, a paragraph).
    """

    title: str
    level: int
    text: str
    reference: str
    parts: tuple[str, ...] = ()
    left_out: LeftOut | None = None

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(frozen=True)
class Book:
    """`sections` in reading order. `dropped` counts what no part holds (page numbers, references to notes, hidden text).

    `encoding` is that of a text file, "" elsewhere; `remarks` are sentences for a person: what had to be decided.
    """

    format: BookFormat
    facts: BookFacts
    sections: Sequence[Section]
    cover: Cover | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    encoding: str = ""
    remarks: Sequence[str] = ()

    @property
    def chapters(self) -> list[Section]:
        return [section for section in self.sections if section.left_out is None]

    @property
    def skipped(self) -> list[Section]:
        return [section for section in self.sections if section.left_out is not None]


def short_title(text: str) -> str:
    """One line of at most MAX_TITLE code points; what is longer ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 1].rstrip()}…"
