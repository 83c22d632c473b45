"""PDF by pypdf: its text layer. A PDF knows places of letters on pages; lines, running heads and paragraphs are told here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

from shared.adapters.books.flow import clean
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Budget
from shared.adapters.books.pdf_edges import without_edges
from shared.adapters.books.pdf_lines import Line, heading_levels, read_lines
from shared.domain.book import Book, BookFacts, BookFormat, short_title
from shared.domain.book_blocks import Block, Mark
from shared.domain.book_matter import leave_out_by_title, leave_out_licence
from shared.domain.book_outline import cut, marks_by_headings, title_page_first
from shared.domain.errors import CorruptAsset, TooLarge, UnsupportedMedia
from shared.domain.heading_lines import find_headings, rank_of
from shared.domain.line_wraps import Wrapping, unwrapped, words_in, wrapping_of

_SENTENCE_END = frozenset(".!?…:”’\"')]»")
_OUTLINE_LINES = 2000
_OUTLINE_DEPTH = 8


@dataclass(frozen=True)
class _Bookmark:
    title: str
    page: int
    level: int
    parts: tuple[str, ...]


def read_pdf(stream: BinaryIO, budget: Budget) -> Book:
    """Raises UnsupportedMedia for an encrypted PDF and for one without a text layer, CorruptAsset, TooLarge."""
    reader = _opened(stream)
    pages = _pages(reader, budget)
    _require_text(pages)
    kept, dropped = without_edges(pages)
    lines = [line for page in kept for line in page]
    bookmarks = _bookmarks(reader, budget)
    blocks = leave_out_licence(_blocks(lines, {_key(mark.title) for mark in bookmarks}, {}))
    facts = _facts(reader)
    remarks = _remarks(pages)
    marks = _marks(bookmarks, blocks)
    if not marks:
        blocks, marks, told = _by_headings(lines, blocks)
        remarks.append(f"The PDF has no outline: {told}.")
    blocks = leave_out_by_title(title_page_first(blocks, marks, facts.title or "\0"), marks)
    return Book(BookFormat.PDF, facts, cut(blocks, marks), None, dropped, remarks=remarks)


def _by_headings(lines: Sequence[Line], blocks: Sequence[Block]) -> tuple[list[Block], list[Mark], str]:
    """(blocks, marks, by what they were told): headings by their words, or by larger letters where these tell more."""
    by_words = find_headings(blocks)
    marks = marks_by_headings(by_words)
    by_size = leave_out_licence(_blocks(lines, set(), heading_levels(lines)))
    large = marks_by_headings(by_size)
    if len(large) > max(len(marks), 1):
        return by_size, large, "chapters were told by headings in larger letters"
    told = "chapters were told by the words of headings" if marks else "the text is one chapter"
    return by_words, marks, told


def _opened(stream: BinaryIO) -> Any:
    import pypdf

    try:
        reader = pypdf.PdfReader(stream, strict=False)
        is_locked = reader.is_encrypted
    except Exception as exc:  # pypdf fails in many ways on broken files: PdfReadError, KeyError, RecursionError ...
        raise CorruptAsset(f"The PDF cannot be opened ({exc.__class__.__name__}). Save it anew.") from exc
    if is_locked:
        raise UnsupportedMedia("The PDF is encrypted. Bring a copy without a password and without restrictions.")
    return reader


def _pages(reader: Any, budget: Budget) -> list[list[Line]]:
    """The lines of each page."""
    limits, size = budget.limits, 0
    try:
        count = len(reader.pages)
        if count > limits.pages:
            raise TooLarge(f"The PDF has {count:,} pages; at most {limits.pages:,} are taken. Split it.")
        pages = []
        for number, page in enumerate(reader.pages):
            budget.check_time()
            pages.append(read_lines(page, number))
            size += sum(len(line.text) for line in pages[-1])
            if size > limits.text:
                raise TooLarge("The PDF has more text than is taken. Split it.")
    except TooLarge:
        raise
    except Exception as exc:  # as above, page by page
        raise CorruptAsset(f"The PDF's text cannot be read ({exc.__class__.__name__}). Save it anew.") from exc
    return pages


def _require_text(pages: Sequence[Sequence[Line]]) -> None:
    letters = sum(sign.isalpha() for page in pages for line in page for sign in line.text)
    if letters < max(1, len(pages)):
        raise UnsupportedMedia(
            f"The PDF has {len(pages)} page(s) and no text layer: it seems to be scanned, so its pages are pictures. Run text "
            "recognition (OCR) over it first, or bring the book as EPUB, DOCX or text."
        )


def _remarks(pages: Sequence[Sequence[Line]]) -> list[str]:
    empty = [str(number) for number, page in enumerate(pages, 1) if not page]
    if not empty:
        return []
    named = ", ".join(empty[:20]) + (" and more" if len(empty) > 20 else "")
    return [f"{len(empty)} page(s) have no text, only pictures if anything: {named}."]


def _blocks(lines: Sequence[Line], titles: set[str], levels: Mapping[int, int]) -> list[Block]:
    """Paragraphs: a line that could have held the next word, and ends a sentence, is a paragraph's last.

    `levels` are those of lines known as headings, by their place; such that follow each other at one level are one.
    """
    width = wrapping_of([[line.text for line in lines]]) if lines else Wrapping(0)
    known = words_in(" ".join(line.text for line in lines))
    blocks: list[Block] = []
    paragraph: list[Line] = []
    for at, (line, following) in enumerate(pairwise([*lines, Line("", 0.0, -1)])):
        paragraph.append(line)
        level, after = levels.get(at, 0), levels.get(at + 1, 0)
        is_alone = not level and (_stands_alone(line.text, titles) or _stands_alone(following.text, titles))
        if level != after or is_alone or (not level and _ends(line.text, following.text, width)):
            text = unwrapped([line.text for line in paragraph], known, hyphenates=True)
            blocks.append(Block(text, level, anchor=f"page {paragraph[0].page + 1}"))
            paragraph = []
    if paragraph:
        text = unwrapped([line.text for line in paragraph], known, hyphenates=True)
        blocks.append(Block(text, levels.get(len(lines) - 1, 0), anchor=f"page {paragraph[0].page + 1}"))
    return blocks


def _stands_alone(text: str, titles: set[str]) -> bool:
    return bool(text) and (rank_of(text) is not None or _key(text) in titles)


def _ends(text: str, following: str, width: Wrapping) -> bool:
    if not width.width:
        return text[-1:] in _SENTENCE_END
    fits = len(text) < 0.85 * width.width and not width.is_full(text, following)
    return fits and (text[-1:] in _SENTENCE_END or len(text) < 0.5 * width.width)


def _bookmarks(reader: Any, budget: Budget) -> list[_Bookmark]:
    """The outline, as far as it leads to pages."""
    try:
        return list(_outline(reader, reader.outline, 1, (), [0], budget))
    except TooLarge:
        raise
    except Exception:  # a broken outline is none: headings are looked for instead, and the remarks say so
        return []


def _outline(
    reader: Any, entries: Any, level: int, parts: tuple[str, ...], seen: list[int], budget: Budget
) -> list[_Bookmark]:
    found: list[_Bookmark] = []
    title = ""
    for entry in entries:
        seen[0] += 1
        if seen[0] > _OUTLINE_LINES or level > _OUTLINE_DEPTH:
            return found
        if isinstance(entry, list):
            below = (*parts, title) if title else parts
            found += _outline(reader, entry, level + 1, below, seen, budget)
            continue
        title = short_title(clean(str(entry.title or "").replace("\n", " ")))
        page = reader.get_destination_page_number(entry)
        if page is not None and page >= 0 and title:
            found.append(_Bookmark(title, page, level, parts))
    return found


def _marks(bookmarks: Sequence[_Bookmark], blocks: Sequence[Block]) -> list[Mark]:
    """Where each bookmark's title stands on its page; else where the page begins."""
    starts: dict[str, int] = {}
    for at, block in enumerate(blocks):
        starts.setdefault(block.anchor, at)
    marks = []
    for bookmark in bookmarks:
        page = f"page {bookmark.page + 1}"
        first = starts.get(page)
        if first is None:
            later = (
                starts[f"page {number}"]
                for number in range(bookmark.page + 2, bookmark.page + 4)
                if f"page {number}" in starts
            )
            first = next(later, None)
        if first is None:
            continue
        marks.append(
            Mark(_title_at(blocks, first, bookmark.title), bookmark.title, bookmark.level, bookmark.parts, page)
        )
    return marks


def _title_at(blocks: Sequence[Block], first: int, title: str) -> int:
    key, page = _key(title), blocks[first].anchor
    at = first
    while at < len(blocks) and blocks[at].anchor == page:
        if key and (_key(blocks[at].text) == key or (len(key) > 8 and _key(blocks[at].text[:200]).startswith(key))):
            return at
        at += 1
    return first


def _key(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _facts(reader: Any) -> BookFacts:
    try:
        said = reader.metadata or {}
        found = {
            name: clean(str(said.get(f"/{name}") or "")).strip()
            for name in ("Title", "Author", "Subject", "CreationDate")
        }
        catalog = reader.trailer["/Root"]
        language = language_tag(str(catalog.get("/Lang") or ""))
    except Exception:  # broken metadata is none; the text is what was asked for
        return BookFacts()
    date = found["CreationDate"].removeprefix("D:")[:8]
    return BookFacts(
        title=found["Title"],
        authors=[found["Author"]] if found["Author"] else [],
        language=language,
        date=f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdecimal() else "",
        description=found["Subject"],
    )
