"""The recogniser's model of a text: proper probabilities, and every pronunciation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hearing_model import write_dictionary, write_language_model

WORDS = ["the", "lamp", "was", "dark", "and", "the", "fog", "was", "near", "the", "lamp"]


def read_model(path: Path) -> tuple[dict[str, tuple[float, float]], dict[tuple[str, str], float]]:
    """Chance and back-off weight by word, and the chance of each pair's second word after its first; no logarithms."""
    ones, twos = path.read_text(encoding="utf-8").split("\\1-grams:\n")[1].split("\\2-grams:\n")
    rows = [line.split() for line in ones.splitlines() if line]
    pairs = [line.split() for line in twos.splitlines() if len(line.split()) == 3]
    return (
        {word: (10 ** float(chance), 10 ** float(weight)) for chance, word, weight in rows},
        {(first, second): 10 ** float(chance) for chance, first, second in pairs},
    )


@pytest.mark.parametrize("before", sorted({*WORDS, "<s>"}))
def test_the_chances_after_every_word_add_up_to_one(before: str, tmp_path: Path) -> None:
    write_language_model(WORDS, tmp_path / "bigrams.arpa")
    single, after = read_model(tmp_path / "bigrams.arpa")
    chances = [after.get((before, word), single[before][1] * single[word][0]) for word in single]
    assert sum(chances) == pytest.approx(1.0, abs=0.002)
    assert min(chance for word, chance in zip(single, chances, strict=True) if word != "<s>") > 0.001


def test_what_the_text_holds_is_likelier_than_what_it_does_not(tmp_path: Path) -> None:
    write_language_model(WORDS, tmp_path / "bigrams.arpa")
    single, after = read_model(tmp_path / "bigrams.arpa")
    assert after["the", "lamp"] > after["the", "fog"] > single["the"][1] * single["was"][0]


def test_every_pronunciation_is_kept_and_no_other_word(tmp_path: Path) -> None:
    packaged = tmp_path / "all.dict"
    packaged.write_text("the DH AH\nthe(2) DH IY\nthee DH IY\nlamp L AE M P\n", encoding="utf-8")
    write_dictionary(packaged, ["the", "lamp", "the"], tmp_path / "words.dict")
    assert (tmp_path / "words.dict").read_text(encoding="utf-8") == "the DH AH\nthe(2) DH IY\nlamp L AE M P\n"
