"""What is spoken: folded, closed up, countable."""

from __future__ import annotations

import pytest

from shared.domain.spoken_text import count_words, spoken


@pytest.mark.parametrize(
    ("original", "said"),
    [
        ("  Mara\n  sat\tdown. \n\n", "Mara sat down."),
        ("a German-\nspeaking country", "a German-speaking country"),
        ("he stopped -\nand went", "he stopped - and went"),
        ("light\u00adhouse \u2060—\u200b lamp", "lighthouse — lamp"),
        ("no\u00a0break", "no break"),
        (" \n ", ""),
    ],
)
def test_spoken(original: str, said: str) -> None:
    assert spoken(original) == said


@pytest.mark.parametrize(("text", "words"), [("", 0), ("one two  three", 3), ("吾輩は猫", 2), ("吾輩は猫で Mara", 4)])
def test_count_words(text: str, words: int) -> None:
    assert count_words(text) == words
