"""A document made chapters of, in the request: a novel of 200,000 words takes about a second, so no job is needed.

The same document again makes nothing twice: a chapter's id is derived from where in the document it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.artifact import digest_of
from shared.domain.asset import Asset, AssetType
from shared.domain.book import Book, Section, short_title
from shared.domain.book_import import (
    MAX_PARTS,
    BookOutline,
    FoundLanguage,
    Imported,
    NewImport,
    PartOutline,
    SkippedPart,
    chosen_numbers,
)
from shared.domain.book_outline import at_depth
from shared.domain.errors import Fault, InvalidInput, ReelprintError, StorageFailed, TooLarge
from shared.domain.guess_language import guess_language
from shared.domain.project import Chapter, ChapterSource, NewChapter, Project
from shared.ports.books import BookReader
from shared.ports.storage import Storage
from shared.services.keep_assets import Assets
from shared.services.keep_projects import Chapters, Projects
from shared.services.records import new_id
from shared.services.split_text import split_text

MAX_REFERENCE = 500  # code points that are kept of one
_COVER_TYPES = ("image/png", "image/jpeg", "image/jpg", "image/webp")


@dataclass(frozen=True)
class _Part:
    """A section with its number among the chapters, or its id among what is left out."""

    section: Section
    number: int
    id: str


class ImportBook:
    """`max_chapter_bytes` bounds a chapter's text; a longer part comes in pieces."""

    def __init__(
        self,
        reader: BookReader,
        uploads: Storage,
        assets: Assets,
        projects: Projects,
        chapters: Chapters,
        max_chapter_bytes: int,
    ) -> None:
        self._reader = reader
        self._uploads = uploads
        self._assets = assets
        self._projects = projects
        self._chapters = chapters
        self._max_bytes = max_chapter_bytes

    def revision(self, owner: str, project_id: str, asset_id: str) -> str:
        """What an outline depends on: the project's language, the document's bytes, and how they are read."""
        project = self._projects.get(owner, project_id)
        asset = self._assets.ready(owner, asset_id, AssetType.DOCUMENT)
        said = [asset.id, asset.generation, asset.upload_sha256, self._reader.version, *_language_of(project)]
        return digest_of(said)[:32]

    def outline(self, owner: str, project_id: str, asset_id: str, depth: int | None = None) -> BookOutline:
        """What a document holds; nothing is made. Raises NotFound, Conflict while it is not ready, and what reading raises."""
        project = self._projects.get(owner, project_id)
        book, parts = self._read(self._assets.ready(owner, asset_id, AssetType.DOCUMENT), depth)
        return BookOutline(
            asset_id=asset_id,
            format=book.format,
            facts=book.facts,
            language=_language(None, project, book),
            encoding=book.encoding,
            cover_media_type=book.cover.media_type if book.cover else "",
            chapters=[_outlined(part) for part in parts if not part.id],
            skipped=[_skipped(part) for part in parts if part.id],
            dropped=dict(book.dropped),
            remarks=list(book.remarks),
        )

    def __call__(self, owner: str, project_id: str, wish: NewImport) -> Imported:
        """Make chapters. Raises NotFound, Conflict, InvalidInput for parts that are not there, and what reading raises."""
        project = self._projects.get(owner, project_id)
        asset = self._assets.ready(owner, wish.asset_id, AssetType.DOCUMENT)
        book, parts = self._read(asset, wish.depth)
        chosen = _chosen(parts, wish)
        there = self._chapters.all_of(owner, project_id)
        language = _language(wish, project, book, is_empty=not there)
        made, chapters, remarks = self._make(project, asset, chosen, there, again=wish.again)
        cover, cover_remarks = self._keep_cover(project, asset, book)
        self._note(project, book, language, cover)
        return Imported(
            project_id=project_id,
            asset_id=asset.id,
            made=made,
            chapters=chapters,
            skipped=[_skipped(part) for part in parts if part.id and part not in chosen],
            language=language,
            cover_asset_id=cover,
            remarks=[*book.remarks, *remarks, *cover_remarks],
        )

    def _read(self, asset: Asset, depth: int | None) -> tuple[Book, list[_Part]]:
        with self._uploads.open(asset.upload_key) as stream:
            book = self._reader.read(stream)
        parts = list(_numbered(at_depth(book.sections, depth)))
        if len(parts) > MAX_PARTS:
            raise TooLarge(
                f"The book has {len(parts):,} parts; at most {MAX_PARTS:,} are taken. Ask for a smaller depth."
            )
        return book, parts

    def _make(
        self, project: Project, asset: Asset, chosen: Sequence[_Part], there: Sequence[Chapter], *, again: bool
    ) -> tuple[int, list[Chapter], list[str]]:
        position = max((chapter.position for chapter in there), default=0)
        known = {chapter.id: chapter for chapter in there}
        seen: Counter[str] = Counter()
        made, chapters, remarks = 0, [], []
        for part in chosen:
            pieces = split_text(part.section.text, self._max_bytes)
            if len(pieces) > 1:
                remarks.append(
                    f"{part.section.title!r} is larger than a chapter may be, and comes in {len(pieces)} pieces."
                )
            for source, new in _drafts(asset, part.section, pieces):
                key = digest_of([project.owner, project.id, source.model_dump(), new.title])
                seen[key] += 1
                chapter_id = new_id("chp") if again else f"chp_{digest_of([key, seen[key]])[:24]}"
                chapter = known.get(chapter_id)
                is_new = False
                if chapter is None:
                    chapter, is_new = self._chapters.import_one(
                        project.owner, project.id, new, chapter_id, position + 1, source
                    )
                made += is_new
                position += is_new
                chapters.append(chapter)
        return made, chapters, remarks

    def _keep_cover(self, project: Project, asset: Asset, book: Book) -> tuple[str, list[str]]:
        """The cover as an asset of its own, ingested as any picture; its id, or a remark why there is none."""
        cover = book.cover
        if cover is None:
            return "", []
        if cover.media_type not in _COVER_TYPES:
            return "", [f"The cover is {cover.media_type}, which is not taken: PNG, JPEG and WebP are."]
        name = short_title(f"Cover of {book.facts.title or asset.name}")
        try:
            kept = self._assets.create(
                project.owner, AssetType.BACKGROUND, name, cover.data, f"cover of {asset.id} {asset.generation}"
            )
        except StorageFailed:
            raise
        except ReelprintError as error:
            return "", [f"The cover was not kept: {error.detail}"]
        return kept.id, []

    def _note(self, project: Project, book: Book, language: FoundLanguage, cover: str) -> None:
        facts: dict[str, Any] = {"book": book.facts, "language": language.code}
        if language.source == "request":
            facts["language_given"] = True
        if not project.author and book.facts.authors:
            facts["author"] = short_title(", ".join(book.facts.authors))
        if cover:
            facts["cover_asset_id"] = cover
        self._projects.note(project.owner, project.id, facts)


def _numbered(sections: Sequence[Section]) -> Iterator[_Part]:
    chapters = skipped = 0
    for section in sections:
        if section.left_out is None:
            chapters += 1
            yield _Part(section, chapters, "")
        else:
            skipped += 1
            yield _Part(section, chapters + 1, f"s{skipped}")


def _chosen(parts: Sequence[_Part], wish: NewImport) -> list[_Part]:
    """The parts asked for, in the book's order. Raises InvalidInput for ids and numbers that are not there."""
    unknown = sorted(set(wish.include) - {part.id for part in parts})
    if unknown:
        fix = "Name ids of the skipped parts that GET .../import/{asset_id} lists."
        faults = [
            Fault(pointer="/include", code="unknown-part", detail="no such part is left out", found=name, fix=fix)
            for name in unknown
        ]
        raise InvalidInput(f"Some of the parts to include are not there. {fix}", faults=faults)
    numbers = chosen_numbers(wish.chapters, sum(not part.id for part in parts))
    chosen = [part for part in parts if (part.id in wish.include if part.id else part.number in numbers)]
    if not chosen:
        raise InvalidInput("Nothing of the book was chosen: all its parts are left out. Name some of them in include.")
    return chosen


def _drafts(asset: Asset, section: Section, pieces: Sequence[str]) -> Iterator[tuple[ChapterSource, NewChapter]]:
    for number, text in enumerate(pieces, 1):
        mark = f" ({number}/{len(pieces)})" if len(pieces) > 1 else ""
        title = short_title(section.title)[: 200 - len(mark)] + mark
        source = ChapterSource(
            asset_id=asset.id,
            reference=section.reference[:MAX_REFERENCE],
            level=section.level,
            parts=list(section.parts),
            piece=number,
            pieces=len(pieces),
        )
        yield source, NewChapter(title=title, text=text)


def _outlined(part: _Part) -> PartOutline:
    section = part.section
    return PartOutline(
        number=part.number,
        title=section.title,
        level=section.level,
        parts=list(section.parts),
        words=section.words,
        characters=len(section.text),
        reference=section.reference,
    )


def _skipped(part: _Part) -> SkippedPart:
    section = part.section
    if section.left_out is None:
        raise ValueError(f"{section.title!r} is not left out")
    return SkippedPart(
        id=part.id,
        title=section.title,
        reason=section.left_out,
        words=section.words,
        characters=len(section.text),
        reference=section.reference,
        before=part.number,
    )


def _language_of(project: Project) -> tuple[str, bool]:
    return project.language, project.language_given


def _language(wish: NewImport | None, project: Project, book: Book, *, is_empty: bool = True) -> FoundLanguage:
    """Who says which language it is: the request, then whoever made the project, the book, and last its text.

    A project that has chapters keeps its language, unless the request names another.
    """
    if wish and wish.language:
        return FoundLanguage(code=wish.language, source="request")
    if project.language_given or not is_empty:
        return FoundLanguage(code=project.language, source="project")
    if book.facts.language:
        return FoundLanguage(code=book.facts.language, source="book")
    code, confidence = guess_language("\n".join(section.text for section in book.chapters or book.sections))
    if code:
        return FoundLanguage(code=code, source="detected", confidence=confidence)
    return FoundLanguage(code=project.language, source="project")
