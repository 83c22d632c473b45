"""EPUB 2 and 3: container, package, reading order; cut where the book's own contents say chapters begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from shared.adapters.books.archive import Archive, open_archive
from shared.adapters.books.limits import Budget
from shared.adapters.books.markup_text import parse_loosely
from shared.adapters.books.matter import reason_of
from shared.adapters.books.nav import Contents, Entry, read_nav, read_ncx
from shared.adapters.books.opf import Item, Package, read_package
from shared.adapters.books.svg_picture import picture_inside
from shared.adapters.books.xhtml import Page, read_page
from shared.adapters.books.xml import Node, parse_xml
from shared.domain.book import Book, BookFormat, Cover, LeftOut
from shared.domain.book_blocks import Block, Mark, heading_title, leading_headings
from shared.domain.book_matter import leave_out_by_title, leave_out_licence, looks_like_copyright
from shared.domain.book_outline import cut, marks_by_headings
from shared.domain.charset import decode_text
from shared.domain.errors import CorruptAsset

_XHTML = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_CONTENTS_WORDS = 3000
_MOSTLY_LINKS = 0.6  # of a page's words, where it is a list of contents


@dataclass
class _Reading:
    """A book as far as it is read: all blocks in order, and where each file and wanted anchor begins."""

    blocks: list[Block] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[str, str], int] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    loose: int = 0  # files that were not well-formed
    missing: int = 0  # files that the reading order names


def read_epub(stream: BinaryIO, budget: Budget) -> Book:
    """Raises UnsupportedMedia for a locked book, CorruptAsset, TooLarge."""
    with open_archive(stream, budget) as archive:
        package = read_package(archive, budget.limits)
        contents = _contents(archive, package, budget)
        reading = _read_spine(archive, package, contents, budget)
        blocks = leave_out_licence(reading.blocks)
        marks = _marks(contents.entries, reading, blocks, package.facts.title)
        if not marks:
            marks = marks_by_headings(blocks)
            reading.remarks.append("The book has no list of contents: chapters were told by its headings.")
        blocks = leave_out_by_title(blocks, marks)
        if reading.missing:
            reading.remarks.append(f"{reading.missing} files of the reading order are not in the book.")
        if reading.loose:
            reading.remarks.append(f"{reading.loose} of the book's files are not well-formed and were read loosely.")
        return Book(
            BookFormat.EPUB,
            package.facts,
            cut(blocks, marks),
            _cover(archive, package.cover, reading.remarks),
            dict(reading.dropped),
            remarks=reading.remarks,
        )


def _contents(archive: Archive, package: Package, budget: Budget) -> Contents:
    """EPUB 3's contents; EPUB 2's where there are none, or where they list nothing. Files by their name in the ZIP."""
    found = Contents([], [])
    for item, read in ((package.nav, read_nav), (package.ncx, read_ncx)):
        name = archive.find(item.name) if item and not found.entries else None
        if name and item:
            contents = read(_parse(archive, name, budget)[0], item.name)
            found = Contents(contents.entries, [*found.landmarks, *contents.landmarks])
    entries = [replace(entry, file=archive.find(entry.file) or entry.file) for entry in found.entries]
    return Contents(_below_the_title(entries, package.facts.title), found.landmarks)


def _below_the_title(entries: list[Entry], title: str) -> list[Entry]:
    """Contents whose one outermost line is the book's own title begin below it."""
    outer = [entry for entry in entries if entry.level == 1]
    if len(outer) != 1 or len(entries) < 3 or outer[0].title.casefold() != title.casefold():
        return entries
    return [replace(entry, level=max(1, entry.level - 1), parts=entry.parts[1:]) for entry in entries]


def _parse(archive: Archive, name: str, budget: Budget) -> tuple[Node, bool]:
    """A file's tree, and whether it had to be read loosely."""
    data = archive.read(name)
    try:
        return parse_xml(data, budget.limits, name), False
    except CorruptAsset:
        return parse_loosely(decode_text(data)[0], budget.limits), True


def _read_spine(archive: Archive, package: Package, contents: Contents, budget: Budget) -> _Reading:
    reading = _Reading()
    wanted: dict[str, set[str]] = {}
    for entry in contents.entries:
        wanted.setdefault(entry.file, set()).add(entry.fragment)
    kinds = _kinds_of_files(archive, package, contents)
    for item, is_linear in package.spine:
        name = archive.find(item.name)
        if item.media_type not in _XHTML or name in reading.starts:
            continue
        if name is None:
            reading.missing += 1
            continue
        root, is_loose = _parse(archive, name, budget)
        reading.loose += is_loose
        page = read_page(root, name, budget.limits, wanted.get(name, ()))
        reason = _reason_of_page(page, kinds.get(name, []), item, is_linear=is_linear)
        _add(reading, name, page, reason)
    return reading


def _add(reading: _Reading, name: str, page: Page, reason: LeftOut | None) -> None:
    base = len(reading.blocks)
    reading.starts[name] = base
    reading.places |= {(name, anchor): base + at for anchor, at in page.flow.places.items()}
    reading.blocks += [
        replace(block, left_out=block.left_out or reason) if reason else block for block in page.flow.blocks
    ]
    reading.dropped += page.flow.dropped


def _kinds_of_files(archive: Archive, package: Package, contents: Contents) -> dict[str, list[str]]:
    """What guide and landmarks call a whole file; a landmark inside a file says nothing about all of it."""
    named = [([kind], file) for kind, file in package.guide]
    named += [(kinds, file) for kinds, file, fragment in contents.landmarks if not fragment]
    found: dict[str, list[str]] = {}
    for kinds, file in named:
        found.setdefault(archive.find(file) or file, []).extend(kinds)
    return found


def _reason_of_page(page: Page, kinds: list[str], item: Item, *, is_linear: bool) -> LeftOut | None:
    text_starts = "bodymatter" in kinds or "text" in kinds or "start" in kinds
    reason = None if text_starts else reason_of(kinds)
    if reason is None and "nav" in item.properties:
        reason = LeftOut.CONTENTS
    if reason is None and not is_linear:
        reason = LeftOut.NOT_LINEAR
    if (
        reason is None
        and page.links >= 3
        and page.words <= _CONTENTS_WORDS
        and page.linked > _MOSTLY_LINKS * page.words
    ):
        reason = LeftOut.CONTENTS
    if reason is None and looks_like_copyright(" ".join(block.text for block in page.flow.blocks[:200])):
        reason = LeftOut.COPYRIGHT if page.words <= 800 else None
    return reason


def _marks(entries: Sequence[Entry], reading: _Reading, blocks: Sequence[Block], title: str) -> list[Mark]:
    marks = []
    for entry in entries:
        at = reading.places.get((entry.file, entry.fragment)) if entry.fragment else None
        start = reading.starts.get(entry.file)
        if at is None and start is None:
            continue
        reference = f"{entry.file}#{entry.fragment}" if at is not None else entry.file
        marks.append(Mark(at if at is not None else start or 0, entry.title, entry.level, entry.parts, reference))
    lost = sum(bool(entry.file) for entry in entries) - len(marks)
    if lost:
        reading.remarks.append(f"{lost} lines of the contents lead to nothing that is read in order.")
    return [*marks, *_unlisted(marks, reading, blocks)] if marks else []


def _unlisted(marks: Sequence[Mark], reading: _Reading, blocks: Sequence[Block]) -> Iterable[Mark]:
    """Marks for files that the contents forgot. A file without a heading of a chapter's rank goes on with the one before."""
    marked = sorted(marks, key=lambda mark: mark.at)
    ranks = [blocks[mark.at].heading for mark in marked if mark.at < len(blocks) and blocks[mark.at].heading]
    starts = sorted(reading.starts.values())
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        run = blocks[start:end]
        if not run or run[0].left_out or any(start <= mark.at < end for mark in marked):
            continue
        before = next((mark for mark in reversed(marked) if mark.at < start), None)
        goes_on = before is not None and any(block.left_out is None for block in blocks[before.at : start])
        is_chapter = 0 < run[0].heading <= max(ranks, default=0)
        if is_chapter or not goes_on:
            title = heading_title(leading_headings(run))
            yield Mark(
                start, title, before.level if before and goes_on else 1, before.parts if before and goes_on else ()
            )


def _cover(archive: Archive, item: Item | None, remarks: list[str]) -> Cover | None:
    name = archive.find(item.name) if item else None
    if name is None or item is None:
        return None
    data = archive.read(name)
    if item.media_type == "image/svg+xml" and (inside := picture_inside(data)):
        remarks.append("The cover is an SVG drawing: the picture inside it was taken, without what is drawn over it.")
        return Cover(*inside)
    return Cover(data, item.media_type)
