"""A book cut at marks: every block in one section, and depth as the contents have it or less."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.book import LeftOut, Section
from shared.domain.book_blocks import Block, Mark, first_words, heading_title
from shared.domain.book_outline import at_depth, cut, marks_by_headings

REASONS = st.sampled_from([None, None, None, LeftOut.NOTES, LeftOut.CONTENTS])
BLOCKS = st.builds(
    Block,
    text=st.sampled_from(["One lamp.", "Part One", "Two stairs and a door.", "I"]),
    heading=st.sampled_from([0, 0, 0, 1, 2, 3]),
    file=st.sampled_from(["a", "b"]),
    left_out=REASONS,
)
MARKS = st.builds(Mark, at=st.integers(0, 12), title=st.sampled_from(["", "A", "Part Two"]), level=st.integers(1, 3))


@given(st.lists(BLOCKS, max_size=12), st.lists(MARKS, max_size=6))
def test_every_block_lies_in_exactly_one_section(blocks: list[Block], marks: list[Mark]) -> None:
    for chosen in (marks, marks_by_headings(blocks)):
        sections = cut(blocks, chosen)
        for is_read in (True, False):
            words = [word for s in sections if (s.left_out is None) is is_read for word in s.text.split()]
            meant = [word for b in blocks if (b.left_out is None) is is_read for word in b.text.split()]
            assert sorted(words) == sorted(meant)
            assert words == meant or not is_read  # what is read stays in its order
        assert all(section.title and section.text for section in sections)


@given(st.lists(BLOCKS, max_size=12), st.lists(MARKS, max_size=6), st.integers(1, 3))
def test_a_smaller_depth_loses_nothing(blocks: list[Block], marks: list[Mark], depth: int) -> None:
    sections = cut(blocks, marks)
    merged = at_depth(sections, depth)
    words = [word for s in merged for word in s.text.split()]
    assert sorted(words) == sorted(word for s in sections for word in s.text.split())
    assert len(merged) <= len(sections)


def test_depth_one_keeps_what_stands_under_a_chapter_in_it() -> None:
    sections = [
        Section("I", 2, "A Scandal\n\nI", "a#1", ("A Scandal",)),
        Section("Note", 2, "n", "a#n", ("A Scandal",), LeftOut.NOTES),
        Section("II", 2, "II", "a#2", ("A Scandal",)),
        Section("The League", 1, "The League", "b"),
        Section("I", 2, "x", "c#1", ("A Case",)),
    ]
    assert [(s.level, s.title, s.text, s.reference) for s in at_depth(sections, 1)] == [
        (1, "A Scandal", "A Scandal\n\nI\n\nII", "a#1"),
        (2, "Note", "n", "a#n"),
        (1, "The League", "The League", "b"),
        (1, "A Case", "x", "c#1"),
    ]
    assert at_depth(sections, None) == at_depth(sections, 2) == sections


def test_titles_of_several_headings() -> None:
    def title(*headings: tuple[int, str]) -> str:
        return heading_title(Block(text, level) for level, text in headings)

    assert title((2, "Chapter I."), (3, "The Lamp")) == "Chapter I. The Lamp"
    assert title((2, "IV"), (2, "The Lamp")) == "IV. The Lamp"
    assert title((2, "The Lamp"), (3, "I")) == "The Lamp"
    assert title((2, "Part the First"), (3, "The Lamp")) == "Part the First. The Lamp"
    assert title((1, "x" * 300))[-1] == "…" and len(title((1, "x" * 300))) == 200
    assert first_words([Block("One two three four five six seven eight")]) == "One two three four five six seven…"


def test_a_lone_part_heading_at_the_end_is_kept() -> None:
    blocks = [Block("I", 2), Block("Text."), Block("The End", 2)]
    assert [s.text for s in cut(blocks, [Mark(0, "I"), Mark(2, "The End")])] == ["I\n\nText.", "The End"]
