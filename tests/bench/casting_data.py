"""The quotations of LitBank (CC BY 4.0) for `tests.bench.casting`: texts, quotations in code points, speakers, and the split.

A third of the authors, drawn by a hash of their names, is held out: no rule was written and no weight fitted on their books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HELD_OUT_OF = 3  # every third author, by hash

_AUTHORS = """
Alcott 514; Alger 18581 5348; Austen 1342 158; Bower 1206; A.Bronte 969; C.Bronte 1260; E.Bronte 768; Brown 2095; Burnett 113;
Burney 6053; Butler 2084; Carroll 11; Cather 24 44; Chesnutt 472; Chesterton 1695; Chopin 160; Christie 1155; Collins 155;
Conrad 219 974; Crane 73; Davis 876; Defoe 521; Dickens 1400 730 766; Doyle 1661 2852; Dreiser 233; DuBois 15265; Eliot 145 550;
Ferber 12677; Fielding 6593; Fitzgerald 805 9830; Ford 2775; Forster 2641 2891; Gaskell 4276; Gilman 32; Grey 3457 502;
Haggard 2166 711; Hardy 110 27; Hawthorne 33 77; Hope 95; Irving 41; James 208 209 432; Jewett 367; Johnston 2807;
Joyce 2814 4217 4300; Lawrence 217; Lewis 543; London 215; Maugham 351; Melville 11231; Montgomery 45; Oliphant 41286; Orczy 60;
Praed 4051; Rinehart 434; Rowson 171; Sewell 271; Stevenson 120; Stoker 345; Swift 829; Thackeray 599; Twain 74 76; Webster 238;
Wells 5230; Wharton 541; Wilde 174; Wodehouse 2005; Woolf 1245
"""


@dataclass(frozen=True)
class Spoken:
    """A quotation of the truth: code points, `end` exclusive, and the id of who speaks."""

    start: int
    end: int
    speaker: str


@dataclass(frozen=True)
class Excerpt:
    """About 2,000 words of a novel, one sentence a line, tokens parted by blanks."""

    title: str
    author: str
    text: str
    quotations: tuple[Spoken, ...]

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.author.encode()).hexdigest(), 16) % HELD_OUT_OF == 0

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(spoken.speaker for spoken in self.quotations))


def excerpts(folder: Path) -> list[Excerpt]:
    """Every excerpt that holds a quotation, by title. Raises FileNotFoundError where `folder` has none."""
    authors = dict(_authors())
    files = sorted((folder / "litbank").glob("*.ann"))
    if not files:
        raise FileNotFoundError(
            f"{folder}/litbank holds no .ann file: give DATA= the folder with the quotations' README"
        )
    found = [_read(path, authors[path.name.split("_")[0]]) for path in files]
    return [excerpt for excerpt in found if excerpt.quotations]


def _authors() -> Iterator[tuple[str, str]]:
    for entry in _AUTHORS.split(";"):
        author, *numbers = entry.split()
        yield from ((number, author) for number in numbers)


def _read(path: Path, author: str) -> Excerpt:
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    rows = list(_token_spans(text))
    quotes: dict[str, tuple[int, int]] = {}
    speakers: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, quote, *rest = line.split("\t")
        if kind == "QUOTE":
            first_row, first, last_row, last = map(int, rest[:4])
            quotes[quote] = rows[first_row][first][0], rows[last_row][last][1]
        elif kind == "ATTRIB":
            speakers[quote] = rest[0]
    spoken = sorted((*span, speakers[quote]) for quote, span in quotes.items() if quote in speakers)
    return Excerpt(path.stem.removesuffix("_brat"), author, text, tuple(Spoken(*item) for item in spoken))


def _token_spans(text: str) -> Iterator[list[tuple[int, int]]]:
    """Start and end of each token, row by row."""
    position = 0
    for row in text.split("\n"):
        spans, at = [], position
        for token in row.split(" "):
            if token:
                spans.append((at, at + len(token)))
            at += len(token) + 1
        yield spans
        position += len(row) + 1
