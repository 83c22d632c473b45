"""The silence after a segment: the house's own by what ended it, or the one that somebody set."""

from __future__ import annotations

from itertools import pairwise

from shared.domain.job import NarrationInput
from shared.domain.plan import Segment
from shared.domain.plan_edits import change
from shared.services.compose_narration import (
    AAC_FRAME,
    PAUSE,
    SAMPLE_RATE,
    TAIL,
    Line,
    Narration,
    compose_narration,
    heard,
)
from shared.services.plan_chapter import segment_chapter
from shared.services.voice_segment import Spoken

TEXT = "One.\n\n* * *\n\nTwo.\n\nThree."
SECOND = Spoken("media://one.wav", "0" * 64, SAMPLE_RATE, SAMPLE_RATE, ())


def planned() -> list[Segment]:
    return segment_chapter(TEXT, language="en", caps=[])


def composed(segments: list[Segment]) -> tuple[list[int], int]:
    """Where the lines start in samples, and how long the picture is in frames."""
    lines = [Line(segment, SECOND, {"en": segment.text}) for segment in heard(segments)]
    wish = NarrationInput(project_id="p", chapter_id="c")
    narration = Narration("t", "T", "", "T", "en", lines, None, None, wish)
    blueprint = compose_narration(narration, "media://film.mp4")
    picture, voice = blueprint["tracks"][:2]
    return [item["timeline_start"] for item in voice["items"]], picture["items"][0]["duration"]


def gaps(starts: list[int]) -> list[int]:
    """The silence between lines that last a second each."""
    return [after - before - SAMPLE_RATE for before, after in pairwise(starts)]


def test_a_pause_is_the_houses_own_or_the_one_set() -> None:
    plan = planned()
    assert [segment.text for segment in plan] == ["One.", "* * *", "Two.", "Three."]
    house = gaps(composed(plan)[0])
    assert all(0 <= gap - PAUSE[plan[0].delimiter] < AAC_FRAME for gap in house)
    set_to = change(plan, {plan[0].segment_id}, {"pause_ms": 2500})
    long, same = gaps(composed(set_to)[0])
    assert 0 <= long - 2500 * SAMPLE_RATE // 1000 < AAC_FRAME
    assert abs(same - house[1]) < AAC_FRAME
    none = gaps(composed(change(plan, {plan[0].segment_id}, {"pause_ms": 0}))[0])
    assert 0 <= none[0] < AAC_FRAME


def test_a_pause_of_a_segment_without_words_comes_on_top() -> None:
    plan = planned()
    longer = change(plan, {plan[1].segment_id}, {"pause_ms": 1000})
    assert 0 <= gaps(composed(longer)[0])[0] - PAUSE[plan[0].delimiter] - SAMPLE_RATE < AAC_FRAME
    skipped = change(longer, {plan[1].segment_id}, {"skipped": True})
    assert composed(skipped) == composed(plan)


def test_the_last_pause_keeps_the_picture_up() -> None:
    plan = planned()
    frames = composed(plan)[1]
    assert composed(change(plan, {plan[3].segment_id}, {"pause_ms": 100}))[1] == frames
    seconds = TAIL // SAMPLE_RATE
    assert composed(change(plan, {plan[3].segment_id}, {"pause_ms": 5000}))[1] == frames + (5 - seconds) * 30
