"""Parts of a book that are no chapters, told by what stands in them: for books that say nothing about it themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from shared.domain.book import LeftOut
from shared.domain.book_blocks import Block, Mark
from shared.domain.heading_words import AT_THE_END, reason_of_title

_FEW_WORDS = 2000  # what is longer is prose, whatever it is called
_LATE = 0.7  # of a book's blocks: where its notes and index may begin
_COPYRIGHT_WORDS = 800


def leave_out_licence(blocks: Sequence[Block]) -> list[Block]:
    """Project Gutenberg's own words before its START line and after its END line, as it marks them itself."""
    begins = next((at + 1 for at, block in enumerate(blocks) if is_licence_line(block.text, "start")), 0)
    ends = next((at for at, block in enumerate(blocks) if is_licence_line(block.text, "end")), len(blocks))
    if ends < begins:
        return list(blocks)
    licence = [*range(begins), *range(ends, len(blocks))]
    changed = list(blocks)
    for at in licence:
        changed[at] = replace(changed[at], left_out=LeftOut.LICENCE)
    return changed


def is_licence_line(text: str, edge: str) -> bool:
    """Whether a line is Project Gutenberg's START or END mark, in any of the forms it has had."""
    said = " ".join(text[:200].casefold().split())
    if "project gutenberg" not in said:
        return False
    stars = said.startswith("***") and f"{edge} of th" in said[:24]
    return stars or (edge == "end" and said.startswith("end of th") and len(said) < 160)


def leave_out_by_title(blocks: Sequence[Block], marks: Sequence[Mark]) -> list[Block]:
    """What a mark calls "Contents", "Copyright", "Index", "Notes": where it is short, and at the end where it must be."""
    changed = list(blocks)
    places = sorted({mark.at: mark for mark in marks}.values(), key=lambda mark: mark.at)
    for here, following in pairwise([*places, Mark(len(blocks), "")]):
        reason = reason_of_title(here.title)
        words = sum(block.words for block in blocks[here.at : following.at])
        is_early = reason in AT_THE_END and here.at < _LATE * len(blocks)
        if reason is None or is_early or (words > _FEW_WORDS and reason not in AT_THE_END):
            continue
        for at in range(here.at, min(following.at, len(blocks))):
            changed[at] = replace(changed[at], left_out=changed[at].left_out or reason)
    return changed


def looks_like_copyright(text: str) -> bool:
    """Whether a page is one of rights: short, with an ISBN or the words that reserve rights."""
    said = text.casefold()
    signs = ("all rights reserved", "isbn", "todos los derechos reservados", "tous droits réservés", "alle rechte")
    return len(text.split()) <= _COPYRIGHT_WORDS and any(sign in said for sign in signs)
