"""Markdown: headings by # and by underlining, inline marks gone, one paragraph a block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.adapters.books.flow import clean
from shared.adapters.books.inline_marks import spoken
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Limits
from shared.domain.book import Book, BookFacts, BookFormat, LeftOut
from shared.domain.book_blocks import Block
from shared.domain.book_matter import leave_out_by_title
from shared.domain.book_outline import cut, marks_by_headings, title_page_first
from shared.domain.errors import TooLarge

_FENCES = ("```", "~~~")


def is_markdown(text: str) -> bool:
    """Whether a text is marked up at all: a heading with #, or underlined with =. Everything else reads as plain text."""
    lines = text.replace("\r\n", "\n").split("\n")
    pairs = zip(["", *lines], lines, strict=False)
    return any(_atx(line) is not None or (_underline(line) == 1 and before.strip() != "") for before, line in pairs)


def read_markdown(text: str, encoding: str, limits: Limits) -> Book:
    """Raises TooLarge beyond the number of paragraphs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    facts, first = _front_matter(lines)
    reader = _Reader(limits)
    for number, line in enumerate(lines[first:], first + 1):
        reader.line(number, line)
    reader.end()
    marks = marks_by_headings(reader.blocks)
    title = facts.title or next((block.text for block in reader.blocks if block.heading == 1), "")
    facts = facts.model_copy(update={"title": facts.title or title})
    blocks = leave_out_by_title(title_page_first(reader.blocks, marks, title or "\0"), marks)
    remarks = [f"The text was read as {encoding}."]
    return Book(BookFormat.MARKDOWN, facts, cut(blocks, marks), None, dict(reader.dropped), encoding, remarks)


@dataclass
class _Reader:
    limits: Limits
    blocks: list[Block] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    _lines: list[str] = field(default_factory=list)
    _begun: int = 0
    _fence: str = ""

    def line(self, number: int, line: str) -> None:
        bare = line.strip()
        if self._fence or bare.startswith(_FENCES):
            self._code(number, bare, line)
        elif not bare or _is_rule(bare):
            self._underlined(bare)
        elif (heading := _atx(line)) is not None:
            self.end()
            self._add(number, heading[1], heading[0])
        elif _underline(bare) and self._lines:
            self._heading(_underline(bare))
        elif _begins_item(bare):
            self.end()
            self._take(number, line)
        else:
            self._take(number, line)

    def _underlined(self, bare: str) -> None:
        """A blank line ends a paragraph; a line of dashes under one makes it a heading, and is a pause elsewhere."""
        if bare and self._lines and _underline(bare):
            self._heading(_underline(bare))
        else:
            self.end()

    def _heading(self, level: int) -> None:
        text, self._lines = " ".join(line.strip() for line in self._lines), []
        self._add(self._begun, text, level)

    def _code(self, number: int, bare: str, line: str) -> None:
        if not self._fence:
            self.end()
            self._fence = bare[:3]
        elif bare.startswith(self._fence):
            self._fence = ""
            self._verbatim()
        else:
            self._take(number, line)

    def _verbatim(self) -> None:
        rows, self._lines = [clean(line.replace("\t", " ")) for line in self._lines], []
        if any(rows):
            self._keep(Block("\n".join(rows), anchor=f"line {self._begun}"))

    def _take(self, number: int, line: str) -> None:
        if not self._lines:
            self._begun = number
        self._lines.append(line)

    def end(self) -> None:
        """The paragraph is whole: its lines are one, but where two spaces or a backslash end one."""
        lines, self._lines = self._lines, []
        if lines and all(line.lstrip().startswith("|") for line in lines):
            self._table(lines)
        elif lines:
            text = "".join(_with_its_end(line) for line in lines)
            note = _note(text)
            self._add(self._begun, note or text, 0, LeftOut.NOTES if note else None)

    def _table(self, lines: Sequence[str]) -> None:
        rows = [line.strip().strip("|").split("|") for line in lines]
        said = [
            "\t".join(cell.strip() for cell in row) for row in rows if not all(set(c.strip()) <= set("-:") for c in row)
        ]
        self._add(self._begun, "\n".join(said), 0)

    def _add(self, number: int, text: str, heading: int, left_out: LeftOut | None = None) -> None:
        plain, notes = spoken(text)
        if notes:
            self.dropped["note-references"] += notes
        rows = [clean(row).strip() for row in plain.split("\n")]
        if any(rows):
            self._keep(Block("\n".join(rows).strip("\n"), heading, anchor=f"line {number}", left_out=left_out))

    def _keep(self, block: Block) -> None:
        if len(self.blocks) >= self.limits.blocks:
            raise TooLarge(f"The text has more than {self.limits.blocks:,} paragraphs. Bring a smaller one.")
        self.blocks.append(block)


def _atx(line: str) -> tuple[int, str] | None:
    """(level, text) of a heading with #."""
    bare = line.strip()
    level = len(bare) - len(bare.lstrip("#"))
    if not 1 <= level <= 6 or len(line) - len(line.lstrip(" ")) > 3 or bare[level : level + 1] not in ("", " ", "\t"):
        return None
    text = bare[level:].strip()
    closed = text.rstrip("#")
    text = closed.rstrip() if closed != text and closed[-1:] in (" ", "\t", "") else text
    return (level, text) if text else None


def _underline(line: str) -> int:
    """The level a line gives to the one above it: 1 for ===, 2 for ---, 0 for none."""
    bare = line.strip()
    if len(bare) < 3:
        return 0
    return 1 if set(bare) == {"="} else 2 if set(bare) == {"-"} else 0


def _is_rule(bare: str) -> bool:
    signs = set(bare) - {" "}
    return len(signs) == 1 and signs <= set("-*_") and sum(sign != " " for sign in bare) >= 3


def _begins_item(bare: str) -> bool:
    number, dot, _ = bare.partition(". ")
    return bare.startswith(("- ", "* ", "+ ")) or (bool(dot) and number.isdecimal() and len(number) <= 9)


def _with_its_end(line: str) -> str:
    """A line without what marks quotation or list items, and with a line's end only where one is asked for."""
    bare = line.strip()
    bare = bare.lstrip("> ") if bare.startswith(">") else bare
    if bare.startswith(("- ", "* ", "+ ")):
        bare = bare[2:]
    if line.endswith("  ") or bare.endswith("\\"):
        return bare.removesuffix("\\").rstrip() + "\n"
    return f"{bare} "


def _note(text: str) -> str:
    """What a note says; "" for other paragraphs."""
    name, colon, rest = text.partition("]:")
    return rest.strip() if colon and name.startswith("[^") and len(name) < 64 else ""


def _front_matter(lines: Sequence[str]) -> tuple[BookFacts, int]:
    """What a block of "name: value" between --- at the very beginning says, and the number of lines it takes."""
    if not lines or lines[0].strip() != "---":
        return BookFacts(), 0
    end = next((at for at, line in enumerate(lines[1:200], 1) if line.strip() in ("---", "...")), 0)
    said = {}
    for line in lines[1:end]:
        name, colon, value = line.partition(":")
        if colon and value.strip():
            said[name.strip().lower()] = value.strip().strip("\"'")
    authors = [said[name] for name in ("author", "authors", "creator") if name in said]
    language = language_tag(said.get("lang") or said.get("language", ""))
    facts = BookFacts(
        title=said.get("title", ""),
        authors=authors[:1],
        language=language,
        publisher=said.get("publisher", ""),
        date=said.get("date", ""),
        description=said.get("description", ""),
        rights=said.get("rights", ""),
    )
    return facts, end + 1 if end else 0
