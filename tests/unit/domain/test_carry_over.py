"""What stays of a plan when its chapter is planned anew."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.carry_over import CarriedOver, carry_over
from shared.domain.plan import Segment
from shared.domain.plan_edits import change, merge, split
from shared.domain.unchanged_text import WORDS, Block, unchanged_blocks
from shared.services.plan_chapter import segment_chapter

PARAGRAPHS = [f"The {word} of the harbour was lit. Nobody saw the {word} again." for word in "abcdefghij"]
TEXT = "\n\n".join(PARAGRAPHS)
TEXTS = st.lists(st.sampled_from(["One. ", "Two! ", "three ", "\n\n", "é", "One."]), max_size=25).map("".join)


def planned(text: str, soft_length: int = 400) -> list[Segment]:
    return segment_chapter(text, language="en", caps=[], soft_length=soft_length)


def carried(
    old: list[Segment], text: str, soft_length: int = 400, longest: int = 10**6
) -> tuple[list[Segment], CarriedOver]:
    return carry_over(old, planned(text, soft_length), lambda said: len(said) <= longest)


@given(TEXTS, TEXTS)
def test_blocks_are_what_both_texts_hold(old: str, new: str) -> None:
    for tokens in (None, WORDS):
        blocks = unchanged_blocks(old, new, tokens) if tokens else unchanged_blocks(old, new)
        at_old = at_new = 0
        for block in blocks:
            assert block.old >= at_old and block.new >= at_new and block.length > 0
            assert old[block.old : block.old + block.length] == new[block.new : block.new + block.length]
            at_old, at_new = block.old + block.length, block.new + block.length


@given(TEXTS)
def test_one_text_is_one_block(text: str) -> None:
    assert unchanged_blocks(text, text) == ([Block(0, 0, len(text))] if text else [])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("One. Two. Three.", "One. 2. Three.", ["One. ", ". Three."]),
        ("A. B. C. D.", "A. X. B. C. Y. D.", ["A. ", "B. C. ", "D."]),
        ("B. A. C.", "A. C.", ["A. C."]),
        ("One two", "One, two", ["One", " two"]),
    ],
)
def test_blocks_in_the_middle_are_found(old: str, new: str, same: list[str]) -> None:
    assert [old[block.old : block.old + block.length] for block in unchanged_blocks(old, new)] == same


def test_what_was_done_by_hand_outlives_planning_anew() -> None:
    plan = planned(TEXT)
    names = [segment.segment_id for segment in plan]
    plan = change(plan, {names[0]}, {"text": "Edited.", "voice": "flite/rms", "skipped": True})
    plan = change(plan, {names[1]}, {"speaker": "Mara", "pause_ms": 900, "needs_revision": True})
    plan = split(plan, names[2], plan[2].start_idx + 10)
    plan = merge(plan, names[5:7])
    again, told = carried(plan, TEXT)
    assert again == plan
    assert told == CarriedOver(kept=len(plan), new=0, dropped=0)


def test_a_change_of_the_text_costs_only_where_it_is() -> None:
    plan = planned(TEXT)
    plan = change(plan, {segment.segment_id for segment in plan}, {"voice": "flite/rms"})
    edited = TEXT.replace("Nobody saw the c again", "Somebody saw the c again").replace("the h again", "an h")
    again, told = carried(plan, f"A new beginning.\n\n{edited}")
    assert told == CarriedOver(kept=8, new=3, dropped=2)
    assert [segment.needs_revision for segment in again] == [n in (0, 3, 8) for n in range(11)]
    assert [segment.voice for segment in again] == ["" if segment.needs_revision else "flite/rms" for segment in again]
    kept = [segment for segment in again if not segment.needs_revision]
    assert [segment.segment_id for segment in kept] == [plan[n].segment_id for n in (0, 1, 3, 4, 5, 6, 8, 9)]


def test_other_cuts_come_where_nobody_worked() -> None:
    plan = planned(TEXT)
    plan = change(plan, {plan[3].segment_id}, {"text": "Mended words."})
    again, told = carried(plan, TEXT, soft_length=40)
    assert told == CarriedOver(kept=1, new=18, dropped=9)
    assert [segment.text for segment in again if not segment.needs_revision] == ["Mended words."]
    assert len({segment.segment_id for segment in again}) == len(again)


def test_what_no_engine_takes_any_more_is_planned_anew() -> None:
    plan = planned(TEXT)
    plan = change(plan, {plan[3].segment_id}, {"text": "long " * 100})
    again, told = carried(plan, TEXT, longest=300)
    assert (told.kept, told.new, again[3].text) == (9, 1, PARAGRAPHS[3])


def test_who_speaks_is_corrected_once() -> None:
    """A correction stays; a speaker that nobody set is as the rules have it now, and marked where that is another."""
    plan = planned(TEXT)
    corrected = change(plan, {plan[0].segment_id}, {"speaker": "Mara"})
    by_rules = [segment.model_copy(update={"speaker": "Tobias"}) for segment in corrected[1:2]]
    again, _ = carried([corrected[0], *by_rules, *corrected[2:]], TEXT)
    assert [segment.speaker for segment in again[:2]] == ["Mara", "narrator"]
    assert [segment.needs_revision for segment in again[:3]] == [False, True, False]


def test_a_repeated_line_keeps_its_place() -> None:
    song = "Row, row.\n\n" * 6
    plan = planned(song)
    plan = change(plan, {plan[4].segment_id}, {"voice": "flite/rms"})
    again, told = carried(plan, song)
    assert (again, told.new) == (plan, 0)
    longer, told = carried(plan, f"{song}The end.\n\n")
    assert [segment.voice for segment in longer].index("flite/rms") == 4
    assert (told.kept, told.new) == (6, 1)


def test_a_long_chapter_is_compared_in_a_moment() -> None:
    """A shuffled book of 20,000 sentences, all known and none in its place: the worst case ends."""
    rng = random.Random(3)
    sentences = [f"Sentence {number} of the book. " for number in range(20_000)]
    shuffled = rng.sample(sentences, len(sentences))
    blocks = unchanged_blocks("".join(sentences), "".join(shuffled))
    assert sum(block.length for block in blocks) > 0
