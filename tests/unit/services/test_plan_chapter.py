"""Planning: an exact partition into whole sentences of one speaker, bounded by caps, with names that survive edits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import InvalidInput
from shared.domain.graphemes import is_boundary
from shared.domain.plan import NARRATOR, Delimiter, Segment, assert_partition
from shared.domain.spoken_text import spoken
from shared.ports.speech import Caps
from shared.services.plan_chapter import segment_chapter
from shared.services.plan_options import AZURE_CAPS, fits

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time

CHAPTER = """CHAPTER I

The Lighthouse

Mara put down the lamp. The wind had dropped. “Stop!” she said. “Go back.” Nobody moved.

“Why?” asked Old Tom, who had
followed her up the stair. “It is late.”

Tyger Tyger, burning bright,
In the forests of the night
Stay

"""


def plan(chapter: str, *caps: Caps, language: str = "en", soft_length: int = 400) -> list[Segment]:
    return segment_chapter(chapter, language=language, caps=caps or [AZURE_CAPS], soft_length=soft_length)


def shown(segments: list[Segment]) -> list[tuple[str, str, str]]:
    return [(segment.speaker, segment.delimiter.value, segment.text) for segment in segments]


def test_a_chapter_is_cut_at_paragraphs_speakers_and_lines() -> None:
    assert shown(plan(CHAPTER)) == [
        (NARRATOR, "paragraph", "CHAPTER I"),
        (NARRATOR, "paragraph", "The Lighthouse"),
        (
            NARRATOR,
            "paragraph",
            "Mara put down the lamp. The wind had dropped. “Stop!” she said. “Go back.” Nobody moved.",
        ),
        ("Old Tom", "paragraph", "“Why?” asked Old Tom, who had followed her up the stair. “It is late.”"),
        (NARRATOR, "newline", "Tyger Tyger, burning bright, In the forests of the night"),
        (NARRATOR, "end", "Stay"),
    ]


def test_a_change_of_speaker_cuts_inside_a_paragraph() -> None:
    assert shown(plan("“Stop,” said Mara. She sat. “Go.”")) == [
        ("Mara", "speaker", "“Stop,” said Mara."),
        (NARRATOR, "speaker", "She sat."),
        ("Mara", "end", "“Go.”"),
    ]


def test_segments_fill_evenly_up_to_the_soft_length() -> None:
    sentence = "The wind had dropped before the lamp was lit. "
    lengths = [len(segment.text) for segment in plan(sentence * 10)]
    assert sum(lengths) + len(lengths) - 1 == 10 * len(sentence) - 1
    assert max(lengths) <= 400
    assert max(lengths) - min(lengths) <= len(sentence)
    assert [segment.delimiter for segment in plan(sentence * 10)] == [Delimiter.SENTENCE, Delimiter.END]


def test_a_longer_sentence_stays_whole_unless_a_cap_cuts_it() -> None:
    long = "and so the wind went on, " * 40 + "and stopped."
    assert shown(plan(long)) == [(NARRATOR, "end", long)]
    parts = plan(long, Caps(max_characters=300))
    assert [part.delimiter for part in parts[:-1]] == [Delimiter.CAP] * (len(parts) - 1)
    assert all(part.text.endswith("on,") for part in parts[:-1])


def test_a_cap_cut_never_parts_a_quotation_from_its_tag() -> None:
    long = "“" + "now then " * 30 + "stop!” said Mara to the very old captain of the lamp."
    limit = long.index("said") + 2
    parts = plan(long, Caps(max_characters=limit))
    assert "stop!” said" in parts[1].text


@pytest.mark.parametrize("most", range(99, 110))
def test_without_spaces_the_cut_keeps_characters_whole(most: int) -> None:
    cluster = "👩\u200d🚀"
    parts = plan(cluster * 50, Caps(max_bytes=most))
    assert {len(part.text) % len(cluster) for part in parts} == {0}
    assert len(parts) > 5


def test_caps_too_small_for_one_character_are_an_error() -> None:
    with pytest.raises(InvalidInput, match="not even one character fits at code point 1"):
        plan(" ñ", Caps(max_bytes=1))


def test_leading_and_trailing_white_space_belongs_to_its_neighbours() -> None:
    segments = plan("\n\n  Mara sat.\n\n\n")
    assert [segment.original_text for segment in segments] == ["\n\n  Mara sat.\n\n\n"]
    assert segments[0].text == "Mara sat."


@pytest.mark.parametrize("chapter", ["", " \n\t "])
def test_an_empty_chapter_is_refused(chapter: str) -> None:
    with pytest.raises(InvalidInput, match="Add its text"):
        plan(chapter)


def test_half_a_surrogate_pair_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidInput, match="code point 3"):
        plan("abc\ud800")


def test_ids_are_short_unique_and_stable() -> None:
    ids = [segment.segment_id for segment in plan("“Yes.”\n\n“Yes.”\n\nNo.\n")]
    assert len(set(ids)) == 3
    assert ids[1] == f"{ids[0]}-2"
    assert all(len(name) <= 16 for name in ids)
    assert ids == [segment.segment_id for segment in plan("“Yes.”\n\n“Yes.”\n\nNo.\n")]


def test_an_edit_in_one_paragraph_renames_no_other_segment() -> None:
    paragraphs = [f"The wind number {n} had dropped. Mara lit lamp {n}. " + "It burned. " * n for n in range(60)]
    before = plan("\n\n".join(paragraphs))
    paragraphs[30] = "Now it reads otherwise. " + paragraphs[30]
    after = plan("\n\n".join(paragraphs))
    changed = {segment.segment_id for segment in before} ^ {segment.segment_id for segment in after}
    assert 0 < len(changed) <= 6


TEXT = st.text(
    alphabet=st.sampled_from(list("abZ1 \n\n.!?…,;—-\"'“”«»¿¡é\u0301\u200d👍🏽🇪🇸。！「」國ñ\u00ad")),
    min_size=1,
    max_size=300,
).filter(str.strip)
CAPS = st.sampled_from([AZURE_CAPS, Caps(max_characters=12), Caps(max_bytes=40, overhead=0.5), Caps(max_minutes=0.05)])


@STEADY
@given(chapter=TEXT, cap=CAPS, language=st.sampled_from(["en", "es", "ja"]), soft_length=st.integers(1, 120))
def test_every_plan_is_a_partition_within_its_caps(chapter: str, cap: Caps, language: str, soft_length: int) -> None:
    segments = plan(chapter, cap, language=language, soft_length=soft_length)
    assert_partition(chapter, segments)
    assert len({segment.segment_id for segment in segments}) == len(segments)
    assert all(segment.text == spoken(segment.original_text) and fits(segment.text, [cap]) for segment in segments)
    assert segments[-1].delimiter == Delimiter.END
    assert not any(re.match(r"\s(?!\u0301|\u200d|🏽)", segment.original_text) for segment in segments[1:])


@STEADY
@given(chapter=st.text(alphabet="ab\u0301👍🏽🇪🇸 ", min_size=1, max_size=120).filter(str.strip))
def test_cap_cuts_never_tear_a_cluster_that_fits(chapter: str) -> None:
    runs = max(len(run) for run in chapter.replace(" ", "a").replace("b", "a").split("a")) + 1
    segments = plan(chapter, Caps(max_characters=max(24, runs)))
    assert all(is_boundary(chapter, segment.start_idx) for segment in segments)
