"""Plain text: decoded, unwrapped, without a library's licence; chapters by lines that are headings."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters.books.flow import clean
from shared.adapters.books.inline_marks import without_marks
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Limits
from shared.domain.book import Book, BookFacts, BookFormat
from shared.domain.book_blocks import Block
from shared.domain.book_matter import is_licence_line, leave_out_by_title, leave_out_licence
from shared.domain.book_outline import cut, marks_by_headings, title_page_first
from shared.domain.errors import TooLarge
from shared.domain.heading_lines import find_headings
from shared.domain.line_wraps import unwrapped, words_in, wrapping_of

_FIELDS = {
    "title": "title",
    "author": "authors",
    "language": "language",
    "release date": "date",
    "posting date": "date",
}


def read_plain(text: str, encoding: str, limits: Limits) -> Book:
    """A book of decoded text, whatever its line ends. Raises TooLarge beyond the number of paragraphs."""
    paragraphs = split_paragraphs(text, limits)
    facts = _facts([lines for lines, _ in paragraphs])
    blocks = find_headings(leave_out_licence(_blocks(paragraphs, text)))
    marks = marks_by_headings(blocks)
    blocks = leave_out_by_title(title_page_first(blocks, marks, facts.title or "\0"), marks)
    remarks = [f"The text was read as {encoding}."]
    if not marks:
        remarks.append("No headings were found: the text is one chapter.")
    return Book(BookFormat.TEXT, facts, cut(blocks, marks), encoding=encoding, remarks=remarks)


def split_paragraphs(text: str, limits: Limits) -> list[tuple[list[str], int]]:
    """(lines, number of the first) of what blank lines part. Licence marks stand alone, whatever is around them."""
    found: list[tuple[list[str], int]] = []
    lines: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        is_mark = is_licence_line(line, "start") or is_licence_line(line, "end")
        if lines and (is_mark or not line.strip()):
            found.append((lines, number - len(lines)))
            lines = []
        if is_mark:
            found.append(([line], number))
        elif line.strip():
            lines.append(line)
        if len(found) > limits.blocks:
            raise TooLarge(f"The text has more than {limits.blocks:,} paragraphs. Bring a smaller one.")
    if lines:
        found.append((lines, number - len(lines) + 1))
    return found


def _blocks(paragraphs: Sequence[tuple[list[str], int]], text: str) -> list[Block]:
    wrapping = wrapping_of([line.rstrip() for line in lines] for lines, _ in paragraphs)
    known = words_in(text) if wrapping.width else frozenset()
    blocks = []
    for lines, number in paragraphs:
        rows = [clean(line.replace("\t", " ")) for line in lines]
        is_prose = wrapping.is_prose([line.rstrip() for line in lines])
        whole = unwrapped(rows, known) if is_prose else "\n".join(rows)
        spoken = without_marks(whole, "_")
        if spoken.strip():
            blocks.append(Block(spoken, anchor=f"line {number}"))
    return blocks


def _facts(paragraphs: Sequence[Sequence[str]]) -> BookFacts:
    """What Project Gutenberg's header says, before its START line; nothing of a text without one."""
    start = next((at for at, lines in enumerate(paragraphs) if is_licence_line(lines[0], "start")), 0)
    found: dict[str, list[str]] = {}
    for lines in paragraphs[:start]:
        for line in lines:
            name, colon, value = line.partition(":")
            field = _FIELDS.get(name.strip().casefold())
            if colon and field and value.strip():
                found.setdefault(field, []).append(clean(value.partition("[")[0].replace("\t", " ")).strip())

    def first(name: str) -> str:
        return next(iter(found.get(name, [])), "")

    return BookFacts(
        title=first("title"),
        authors=found.get("authors", []),
        language=language_tag(first("language")),
        date=first("date"),
    )
