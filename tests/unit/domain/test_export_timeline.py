"""When each line of a chapter is heard, and which part of its text is shown then."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.export_marks import Caption, Part, captions_of, parts_of
from shared.domain.export_script import ScriptLine, Voice
from shared.domain.export_timeline import (
    AAC_FRAME,
    GRID,
    LEAD_IN,
    RATE,
    TAIL,
    Timeline,
    chapter_starts,
    grid_of,
    milliseconds,
    resampled,
    timeline,
)
from shared.domain.plan import Delimiter
from shared.domain.spoken_text import spoken
from shared.ports.speech import Caps
from shared.services.plan_chapter import segment_chapter

TEXT = (
    "“Who lit it?” asked Mara.\n\n* * *\n\n“Nobody did,” said Tobias. “It has burned since I was a boy.” He smiled.\n"
)
RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def line(text: str, start: int, *, samples: int = 16_000, rate: int = 16_000, pause_ms: int = 400) -> ScriptLine:
    voice = Voice(key="v", sha256="0" * 64, samples=samples, rate=rate)
    return ScriptLine(segment_id="s", start=start, end=start + len(text), text=text, pause_ms=pause_ms, voice=voice)


def lines_of(text: str, rate: int = 16_000) -> list[ScriptLine]:
    """A line for each segment that is spoken, as a plan has them; ten characters a second."""
    found = []
    for segment in segment_chapter(text, language="en", caps=[Caps(max_characters=60)], soft_length=50):
        if segment.is_spoken:
            samples = rate * len(segment.original_text) // 10 + rate
            made = line(segment.original_text, segment.start_idx, samples=samples, rate=rate)
            found.append(made.model_copy(update={"text": segment.text}))
    return found


def marked(text: str) -> tuple[list[ScriptLine], Timeline, list[Part]]:
    lines = lines_of(text)
    times = timeline(lines)
    return lines, times, parts_of(text, "en", lines, times)


given_lines = st.lists(
    st.builds(
        line,
        st.just("A."),
        st.just(0),
        samples=st.integers(1, 10**7),
        rate=st.sampled_from(RATES),
        pause_ms=st.integers(0, 60_000),
    ),
    min_size=1,
    max_size=20,
)


@given(given_lines)
def test_lines_follow_each_other_with_their_pauses_on_exact_samples_of_every_rate(lines: list[ScriptLine]) -> None:
    times = timeline(lines)
    grid = grid_of([line.voice.rate for line in lines])
    assert times.slots[0].start == -(-LEAD_IN // grid) * grid
    for one, slot in zip(lines, times.slots, strict=True):
        assert slot.start % grid == 0 and slot.start * one.voice.rate % RATE == 0
        assert slot.end - slot.start == resampled(one.voice.samples, one.voice.rate)
    for (one, slot), (_, after) in itertools.pairwise(zip(lines, times.slots, strict=True)):
        assert 0 <= after.start - slot.end - one.pause_ms * RATE // 1000 < grid
    last = times.slots[-1].end
    assert times.total % AAC_FRAME == 0
    assert 0 <= times.total - max(last + TAIL, last + lines[-1].pause_ms * RATE // 1000) < AAC_FRAME


def test_usual_rates_need_no_coarser_grid_than_twenty_milliseconds() -> None:
    assert all(grid_of([rate]) == GRID for rate in RATES if rate != 11_025)
    assert grid_of([16_000, 22_050, 48_000]) == GRID and grid_of([11_025]) == 2 * GRID


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=400))
def test_chapters_lie_end_to_end(frames: list[int]) -> None:
    starts = chapter_starts([Timeline((), count) for count in frames])
    assert [b - a for a, b in itertools.pairwise(starts)] == [count * AAC_FRAME for count in frames]


def test_milliseconds_are_rounded_to_the_nearest() -> None:
    assert [milliseconds(samples) for samples in (0, 22, 23, RATE, AAC_FRAME)] == [0, 0, 1, 1000, 23]


words = st.sampled_from(
    ["A lamp burned. ", "“Who?” asked Mara. ", "No!\n", "Gone…\n\n", "* * *\n\n", "it was,\n", "  ", "Ja "]
)


@given(st.lists(words, min_size=1, max_size=12).map("".join).filter(lambda text: any(ch.isalnum() for ch in text)))
def test_the_parts_make_up_the_text_and_the_timed_ones_follow_each_other(text: str) -> None:
    lines, times, parts = marked(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    timed = [part.at for part in parts if part.at]
    assert all(one.end <= other.start for one, other in itertools.pairwise(timed))
    for number, slot in enumerate(times.slots):
        own = [part.at for part in parts if part.line == number and part.at]
        assert (own[0].start, own[-1].end) == (slot.start, slot.end)
        assert all(one.end == other.start for one, other in itertools.pairwise(own))
    heard = "".join(text[part.start : part.end] for part in parts if part.at)
    assert [ch for ch in heard if ch.isalnum()] == [ch for ch in text if ch.isalnum()]
    captions = captions_of(text, "en", parts, lines, times)
    assert [ch for caption in captions for ch in caption.text if ch.isalnum()] == [ch for ch in heard if ch.isalnum()]
    assert all(one.end <= other.start for one, other in itertools.pairwise(captions))


def test_a_sentence_is_a_caption_and_agrees_with_its_part() -> None:
    lines, times, parts = marked(TEXT)
    captions = captions_of(TEXT, "en", parts, lines, times)
    assert [caption.text.replace("\n", " ") for caption in captions] == [
        "“Who lit it?” asked Mara.",
        "“Nobody did,” said Tobias.",
        "“It has burned since I was a boy.”",
        "He smiled.",
    ]
    timed = [part for part in parts if part.at]
    assert [(c.start, c.end) for c in captions] == [(p.at.start, p.at.end) for p in timed if p.at]
    assert next(part for part in parts if not part.at).delimiter is Delimiter.PARAGRAPH  # the asterisks are not heard


def test_what_was_edited_is_what_is_captioned() -> None:
    lines, times, parts = marked("Dr. No went by. He waved.")
    lines[0] = lines[0].model_copy(update={"text": "Doctor No went past. He waved twice. Nobody saw."})
    captions = captions_of("Dr. No went by. He waved.", "en", parts, lines, times)
    assert [c.text for c in captions] == ["Doctor No went past.", "He waved twice.", "Nobody saw."]
    assert (captions[0].start, captions[-1].end) == (times.slots[0].start, times.slots[0].end)


def test_words_grow_inside_their_caption() -> None:
    lines, times, parts = marked(TEXT)
    captions = captions_of(TEXT, "en", parts, lines, times, words=True)
    for caption in captions:
        assert len(caption.words) == len(caption.text.split()) - 1
        moments = [caption.start, *caption.words, caption.end]
        assert moments == sorted(set(moments))
    assert all(not c.words for c in captions_of(TEXT, "en", parts, lines, times))
    assert isinstance(captions[0], Caption) and spoken(captions[0].text) == captions[0].text
