"""Paragraphs as dialogue needs them: a line that a quotation or its tag runs over is no end of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.dialogue_tags import opens_with_tag
from shared.domain.language_rules import LanguageRules
from shared.domain.line_breaks import Block, blocks, continues
from shared.domain.plan import Delimiter
from shared.domain.quotations import Quotation, quotations, speaks_by_dashes

_MOST_LINES = 80  # that one speech may run over where each sentence has a line of its own
_JOINED = 50  # one paragraph in so many joined of lines shows that lines are sentences
_MARKS = "\"“‘«„'「『"


class Paragraph(NamedTuple):
    """Where a paragraph begins and ends (exclusive), its quotations, and of how many lines with units of their own."""

    start: int
    end: int
    quotes: list[Quotation]
    lines: int


def quoted_paragraphs(text: str, rules: LanguageRules) -> list[Paragraph]:
    """Every paragraph.

    Blank lines always part paragraphs. Where each line is a unit of its own (one sentence a line), lines are joined while
    a quotation is open, and before a line that goes on in lower case or begins with the tag of what was just said.
    """
    dashes = rules.code == "en" and speaks_by_dashes(text)
    groups: list[list[Block]] = []
    for block in blocks(text):
        if groups and _joins(text, groups[-1], block, rules):
            groups[-1].append(block)
        else:
            groups.append([block])
    return [_paragraph(text, parts, rules, dashes) for parts in groups]


def is_line_by_line(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether a text has a line for each sentence, so that its paragraphs are not known."""
    return sum(paragraph.lines > 1 for paragraph in paragraphs) * _JOINED > len(paragraphs)


def _paragraph(text: str, parts: Sequence[Block], rules: LanguageRules, dashes: bool) -> Paragraph:
    start, end = parts[0].start, parts[-1].end
    return Paragraph(start, end, quotations(text, start, end, rules.code, dashes=dashes), len(parts))


def _joins(text: str, parts: list[Block], block: Block, rules: LanguageRules) -> bool:
    last = parts[-1]
    if last.delimiter != Delimiter.NEWLINE or len(parts) >= _MOST_LINES:
        return False
    opened = quotations(text, parts[0].start, last.end, rules.code)
    if opened and not opened[-1].closed and not opened[-1].raya:
        return _closes_later(text, block, opened[-1], rules)
    first = text[block.start : block.start + 1]
    if not opened or first in _MARKS:
        return False
    ends_quoted = not text[opened[-1].end : last.end].strip()
    return ends_quoted and (continues(text, block.start) or opens_with_tag(text, block.start, rules, faint=False))


def _closes_later(text: str, block: Block, quote: Quotation, rules: LanguageRules) -> bool:
    """Whether the line goes on with the open quotation, and opens none of its own."""
    return text[quote.start] != text[block.start : block.start + 1]
