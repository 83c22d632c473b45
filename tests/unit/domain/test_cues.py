"""Caption pages fit two lines and read well; their times follow the voice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.cues import caption_pages, time_pages

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time

DICKENS = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief. It was the epoch of incredulity!"
)
SECOND = 48_000


def squeezed(text: str) -> str:
    return "".join(text.split())


@STEADY
@given(text=st.text(alphabet=st.sampled_from(list("ab, .!?—'“” \n名前。「」é\u0301👍")), max_size=300))
def test_pages_hold_every_character_in_at_most_two_lines(text: str) -> None:
    pages = caption_pages(text)
    assert squeezed("".join(pages)) == squeezed(text)
    assert all(1 <= len(page.split("\n")) <= 2 for page in pages)


@STEADY
@given(words=st.lists(st.from_regex(r"[a-z]{1,30}[,.;!]?", fullmatch=True), max_size=60))
def test_lines_keep_to_42_characters_and_split_no_word(words: list[str]) -> None:
    pages = caption_pages(" ".join(words))
    assert " ".join(pages).split() == words
    assert all(len(line) <= 42 for page in pages for line in page.split("\n"))


def test_pages_end_with_clauses_and_sentences_and_lines_are_balanced() -> None:
    assert caption_pages(DICKENS) == [
        "It was the best of times, it was the\nworst of times, it was the age of wisdom,",
        "it was the age of foolishness,\nit was the epoch of belief.",
        "It was the epoch of incredulity!",
    ]


def test_a_word_or_two_is_no_page_of_its_own() -> None:
    pages = caption_pages("The keeper of the lamp had been asleep since Tuesday or so they believed in town then.")
    assert min(len(squeezed(page)) for page in pages) > 10


def test_wide_characters_fill_a_line_with_sixteen() -> None:
    lines = [line for page in caption_pages("名" * 40) for line in page.split("\n")]
    assert max(map(len, lines)) <= 16
    assert len(lines) == 3


@STEADY
@given(parts=st.lists(st.sampled_from(["名", "名名", "「名", "名」", "名。", "名。」"]), max_size=60))
def test_no_line_of_japanese_starts_or_ends_with_the_wrong_mark(parts: list[str]) -> None:
    lines = [line for page in caption_pages("".join(parts)) for line in page.split("\n")]
    assert not any(line[0] in "。」" or line[-1] == "「" for line in lines)


def test_a_word_longer_than_a_line_is_split_between_characters() -> None:
    lines = [line for page in caption_pages("e\u0301" * 60) for line in page.split("\n")]
    assert [len(line) for line in lines] == [84, 36]


def test_no_text_has_no_page() -> None:
    assert caption_pages(" \n") == []
    assert time_pages([], 0, 10, [], tolerance=1, minimum=1) == []


def test_time_is_shared_by_what_is_said() -> None:
    first, second = time_pages(["abcdef", "abcdefabcdef"], 0, 3 * SECOND, [], tolerance=0, minimum=1)
    assert abs(first[1] - SECOND) < SECOND // 20
    assert (first[0], second[0], second[1]) == (0, first[1], 3 * SECOND)


def test_punctuation_and_wide_characters_take_time() -> None:
    plain, paused = time_pages(["abcdef", "abc... def,"], 0, SECOND, [], tolerance=0, minimum=1)
    assert plain[1] - plain[0] < paused[1] - paused[0]
    latin, wide = time_pages(["abcd", "名前名前"], 0, SECOND, [], tolerance=0, minimum=1)
    assert latin[1] - latin[0] < wide[1] - wide[0]


def test_a_change_moves_to_the_middle_of_the_nearest_pause() -> None:
    pauses = [(10_000, 12_000), (21_000, 23_000), (26_000, 28_000)]
    cues = time_pages(["abcdef", "abcdef"], 0, SECOND, pauses, tolerance=SECOND // 10, minimum=1)
    assert cues[0][1] == 22_000
    assert time_pages(["abcdef", "abcdef"], 0, SECOND, pauses, tolerance=500, minimum=1)[0][1] == 24_000


def test_a_short_page_borrows_from_its_neighbour() -> None:
    cues = time_pages(["Oh", "a" * 80, "No"], 0, 4 * SECOND, [], tolerance=0, minimum=SECOND)
    assert [end - start for start, end, _ in cues] == [SECOND, 2 * SECOND, SECOND]


def test_where_time_is_short_pages_of_one_line_merge() -> None:
    cues = time_pages(["One.", "Two.", "Three\nlines."], 0, 2 * SECOND, [], tolerance=0, minimum=SECOND)
    assert [page for *_, page in cues] == ["One.\nTwo.", "Three\nlines."]
    assert [end - start for start, end, _ in cues] == [SECOND, SECOND]


def test_more_pages_than_units_is_refused() -> None:
    with pytest.raises(ValueError, match="2 caption pages need"):
        time_pages(["a\nb", "c\nd"], 5, 6, [], tolerance=0, minimum=1)


@STEADY
@given(data=st.data())
def test_cues_are_contiguous_strictly_ordered_and_never_needlessly_short(data: st.DataObject) -> None:
    pages = data.draw(st.lists(st.text(alphabet="ab., \n", min_size=1, max_size=80), min_size=1, max_size=12))
    start = data.draw(st.integers(0, 1000))
    end = start + data.draw(st.integers(len(pages), 20_000))
    pauses = sorted(
        data.draw(st.lists(st.tuples(st.integers(0, 21_000), st.integers(0, 21_000)).map(lambda p: (min(p), max(p)))))
    )
    minimum = data.draw(st.integers(0, 3000))
    cues = time_pages(pages, start, end, pauses, tolerance=data.draw(st.integers(0, 2000)), minimum=minimum)
    assert [first for first, _, _ in cues] == [start, *(last for _, last, _ in cues[:-1])]
    assert cues[-1][1] == end
    assert min(last - first for first, last, _ in cues) >= max(1, min(minimum, (end - start) // len(cues)))
    assert squeezed("".join(page for *_, page in cues)) == squeezed("".join(pages))
