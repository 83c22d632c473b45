"""Text as a reader of some markup meets it, gathered into blocks: nothing lost, nothing joined that stood apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.adapters.books.limits import Limits
from shared.domain.book import LeftOut
from shared.domain.book_blocks import Block
from shared.domain.errors import TooLarge

_SPACES = str.maketrans("\n\r\t", "   ")


def _unseen() -> dict[int, str | None]:
    """Characters that are not text: soft hyphens, joiners of words and lines, controls. What Windows-1252 has in place
    of the upper controls is meant by them, as browsers take it.
    """
    table: dict[int, str | None] = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF, 0x7F, *range(9), *range(0x0E, 0x20)])
    table |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # halves of characters, as broken PDFs have them
    for code in range(0x80, 0xA0):
        if code != 0x85:  # a line's end, white space to everybody
            table[code] = bytes([code]).decode("windows-1252", errors="ignore") or None
    return table


_UNSEEN = _unseen()


def clean(line: str) -> str:
    """One line without what is not text, and with single spaces; a tab between the cells of a table stays."""
    cells = (" ".join(cell.translate(_UNSEEN).split()) for cell in line.split("\t"))
    return "\t".join(cell for cell in cells if cell)


class Flow:
    """Blocks of one file. `places` are the blocks at which the wanted anchors stand."""

    def __init__(self, file: str, limits: Limits, wanted: Iterable[str] = ()) -> None:
        self.file = file
        self.blocks: list[Block] = []
        self.places: dict[str, int] = {}
        self.dropped: Counter[str] = Counter()
        self.heading = 0
        self.left_out: LeftOut | None = None
        self._limits = limits
        self._wanted = frozenset(wanted)
        self._pieces: list[str] = []
        self._anchor = ""
        self._is_line_due = False

    def text(self, text: str, *, keeps_lines: bool = False) -> None:
        """Text as it is written; its line ends are spaces unless they are kept."""
        if self._is_line_due and not text.isspace():
            self.line()
        self._pieces.append(text.replace("\r\n", "\n").replace("\t", " ") if keeps_lines else text.translate(_SPACES))

    def line(self) -> None:
        """A line ends here, within the block."""
        self._pieces.append("\n")
        self._is_line_due = False

    def line_edge(self) -> None:
        """What comes next begins a line, unless one begins there already."""
        self._is_line_due = bool(self._pieces) and self._pieces[-1] != "\n"

    def cell(self) -> None:
        """A table's cell begins or ends here."""
        self._pieces.append("\t")

    def anchor(self, name: str) -> None:
        """A place with a name. One that somebody refers to begins a block, unless it stands inside a word."""
        if name not in self._wanted or name in self.places:
            return
        if self._pieces and self._pieces[-1][-1:].isspace():
            self.flush()
        self.places[name] = len(self.blocks)
        self._anchor = self._anchor or name

    def name_place(self, name: str) -> None:
        """What the next block's place is called."""
        self._anchor = name

    def flush(self) -> None:
        """The block ends here. Empty ones are none; a blank line inside one stays."""
        self._is_line_due = False
        if not self._pieces:
            return
        lines = [clean(line).strip() for line in "".join(self._pieces).split("\n")]
        self._pieces = []
        text = "\n".join(lines).strip("\n")
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        if not text:
            return
        if len(self.blocks) >= self._limits.blocks:
            raise TooLarge(f"The book has more than {self._limits.blocks:,} paragraphs. Bring a smaller one.")
        self.blocks.append(Block(text, self.heading, self.file, self._anchor, self.left_out))
        self._anchor = ""
