"""A book cut into its parts, at marks: those its contents name, or those its headings make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from shared.domain.book import LeftOut, Section, short_title
from shared.domain.book_blocks import Block, Mark, first_words, heading_title, joined, leading_headings
from shared.domain.heading_words import is_part_title

_MOSTLY_BELOW = 0.25  # a level whose own text is less than this share of all stands for parts, not chapters
_TITLE_PAGE_WORDS = 60


def cut(blocks: Sequence[Block], marks: Sequence[Mark]) -> list[Section]:
    """The sections of a book, in reading order: every block lies in exactly one.

    A part's heading alone ("Part One") is no section: it is put before the first section under it.
    """
    begins = _begins(blocks, marks)
    sections: list[Section] = []
    waiting: list[Block] = []  # headings that the next section begins with
    for here, following in pairwise([*_under_parts(begins, blocks), Mark(len(blocks), "")]):
        run = blocks[here.at : following.at]
        kept = [block for block in run if block.left_out is None]
        if kept and all(block.heading for block in kept) and _goes_on(here, following, blocks):
            waiting += kept
        elif kept:
            sections.append(_section(here, [*waiting, *kept], kept))
            waiting = []
        sections += _left_out(here, run, is_whole=not kept)
    if waiting:
        sections.append(_section(begins[-1], waiting, waiting))
    return sections


def _begins(blocks: Sequence[Block], marks: Sequence[Mark]) -> list[Mark]:
    """One mark for each place that has any, in order; what lies before the first has one of its own."""
    inside = sorted((mark for mark in marks if mark.at < len(blocks)), key=lambda mark: mark.at)
    begins = [_one_of(list(same)) for _, same in groupby(inside, key=lambda mark: mark.at)]
    if blocks and (not begins or begins[0].at > 0):
        begins.insert(0, Mark(0, ""))
    return begins


def _one_of(marks: Sequence[Mark]) -> Mark:
    """Of several marks at one place the innermost counts: it names the others among its parts, or they join its title."""
    last = max(marks, key=lambda mark: mark.level)
    beside = [mark.title for mark in marks if mark.level == last.level and mark.title]
    title = short_title(". ".join(dict.fromkeys(beside)))
    return replace(last, title=title, reference=marks[0].reference)


def _under_parts(marks: Sequence[Mark], blocks: Sequence[Block]) -> Iterator[Mark]:
    """The marks, those of flat contents put under the parts they follow: "Part One" with a heading alone, then chapters."""
    part: Mark | None = None
    for here, following in pairwise([*marks, Mark(len(blocks), "")]):
        run = blocks[here.at : following.at]
        is_heading = bool(run) and all(block.heading for block in run)
        if part is None or here.level < part.level or (here.level == part.level and is_part_title(here.title)):
            part = here if is_heading and is_part_title(here.title) and following.level == here.level else None
            yield here
        elif part.title in here.parts:
            yield here
        else:
            place = part.level - 1
            yield replace(here, level=here.level + 1, parts=(*here.parts[:place], part.title, *here.parts[place:]))


def _goes_on(here: Mark, following: Mark, blocks: Sequence[Block]) -> bool:
    """Whether a lone heading belongs to what follows it: always, but at the end and before what is left out."""
    return following.at < len(blocks) and blocks[following.at].left_out is None and following.level >= here.level


def _section(mark: Mark, blocks: Sequence[Block], own: Sequence[Block]) -> Section:
    title = mark.title or heading_title(leading_headings(own)) or first_words(own)
    reference = mark.reference or own[0].reference
    return Section(short_title(title), mark.level, joined(blocks), reference, mark.parts)


def _left_out(mark: Mark, run: Sequence[Block], *, is_whole: bool) -> list[Section]:
    """What a run has that is not read: one section for each reason and file."""
    groups: dict[tuple[LeftOut, str], list[Block]] = {}
    for block in run:
        if block.left_out is not None:
            groups.setdefault((block.left_out, block.file), []).append(block)
    sections = []
    for (reason, _), blocks in groups.items():
        own = mark.title if is_whole and len(groups) == 1 else ""
        headings = [block for block in blocks if block.heading][:1]
        title = own or heading_title(headings) or first_words(blocks)
        sections.append(
            Section(title or reason.value, mark.level, joined(blocks), blocks[0].reference, mark.parts, reason)
        )
    return sections


def marks_by_headings(blocks: Sequence[Block]) -> list[Mark]:
    """Marks made of headings alone: at the levels that hold the book's chapters, and the parts above them.

    Deeper headings stay in the text. A single outermost heading over all others is the book's own title.
    """
    heads = [(at, block.heading) for at, block in enumerate(blocks) if block.heading and block.left_out is None]
    levels = sorted({level for _, level in heads})
    if not levels:
        return []
    own = _own_words(blocks, levels)
    total = sum(own.values()) or 1
    depth = _chapter_depth(levels, own, total, [level for _, level in heads])
    wanted = levels[:depth]
    if len(wanted) > 1 and sum(level == wanted[0] for _, level in heads) == 1 and heads[0][1] == wanted[0]:
        wanted = wanted[1:]  # the book's title
    return _nested(blocks, [(at, level) for at, level in heads if level in wanted], wanted)


def _chapter_depth(levels: Sequence[int], own: dict[int, int], total: int, heads: Sequence[int]) -> int:
    """How many of the levels, from the outermost, hold parts and chapters."""
    depth, above = 1, own[levels[0]]
    while depth < len(levels) and above < _MOSTLY_BELOW * total and heads.count(levels[depth]) > 1:
        above += own[levels[depth]]
        depth += 1
    return depth


def _own_words(blocks: Sequence[Block], levels: Sequence[int]) -> dict[int, int]:
    """Words that stand directly under a heading of each level."""
    own = dict.fromkeys(levels, 0)
    level = 0
    for block in blocks:
        if block.left_out is not None:
            continue
        if block.heading:
            level = block.heading
        elif level:
            own[level] += block.words
    return own


def _nested(blocks: Sequence[Block], heads: Sequence[tuple[int, int]], wanted: Sequence[int]) -> list[Mark]:
    marks: list[Mark] = []
    above: list[tuple[int, str]] = []
    previous = (-2, 0)
    for at, level in heads:
        if previous == (at - 1, level):  # a title of two lines
            previous = (at, level)
            continue
        title = heading_title(_run_of(blocks, at, wanted))
        above = [(outer, name) for outer, name in above if outer < level]
        parts = tuple(name for _, name in above)
        marks.append(Mark(at, title, wanted.index(level) + 1, parts))
        above.append((level, title))
        previous = (at, level)
    return marks


def _run_of(blocks: Sequence[Block], at: int, wanted: Sequence[int]) -> list[Block]:
    """A heading with those that go on with it: of the same level, or deeper than any that makes a mark."""
    run = [blocks[at]]
    for block in blocks[at + 1 :]:
        goes_on = block.heading == blocks[at].heading or block.heading > max(wanted)
        if not block.heading or not goes_on:
            return run
        run.append(block)
    return run


def title_page_first(blocks: Sequence[Block], marks: Sequence[Mark], title: str) -> list[Block]:
    """The blocks, those before the first mark left out as a title page where they are few and name the book."""
    first = marks[0].at if marks else 0
    front = [block for block in blocks[:first] if block.left_out is None]
    words = " ".join(" ".join(block.text.split()) for block in front).casefold()
    if not front or sum(block.words for block in front) > _TITLE_PAGE_WORDS or title.casefold() not in words:
        return list(blocks)
    before = [replace(block, left_out=block.left_out or LeftOut.TITLE_PAGE) for block in blocks[:first]]
    return [*before, *blocks[first:]]


def at_depth(sections: Sequence[Section], depth: int | None) -> list[Section]:
    """The sections with those deeper than `depth` levels taken into the one they stand under; all as they are for None."""
    if depth is None:
        return list(sections)
    merged: list[Section] = []
    last: int | None = None  # the chapter that deeper ones may go on
    for section in sections:
        if section.left_out is not None or section.level <= depth:
            last = len(merged) if section.left_out is None else last
            merged.append(section)
            continue
        raised = _raised(section, depth)
        if last is not None and _path(merged[last]) == _path(raised):
            text = f"{merged[last].text}\n\n{section.text}"
            merged[last] = replace(merged[last], text=text)
        else:
            last = len(merged)
            merged.append(raised)
    return merged


def _raised(section: Section, depth: int) -> Section:
    """A deep section as the one of `depth` levels that it stands under."""
    if len(section.parts) < depth:
        return section
    return replace(section, title=section.parts[depth - 1], level=depth, parts=section.parts[: depth - 1])


def _path(section: Section) -> tuple[str, ...]:
    return (*section.parts, section.title)
