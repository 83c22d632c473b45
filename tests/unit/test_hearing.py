"""The ear that later tests trust: it understands flite, and it names a sentence that was left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shared.adapters.speech.flite import VOICES, FliteSpeech
from tests.support.hearing import RATE, hear, missing_runs, pieces, word_error_rate, words_of
from tests.support.media import ffmpeg

pytestmark = pytest.mark.media

STORY = Path(__file__).parents[2] / "demo" / "story.txt"
WRONG = 0.05  # the most that may be misheard
SECOND, HALF = bytes(2 * RATE), bytes(RATE)  # of digital silence
SLT = next(voice for voice in VOICES if voice.name == "slt")
LEFT_OUT = "When I am safe, I sound the bell, and I tell him what he wants to hear.”"


@pytest.fixture(scope="module")
def paragraphs() -> list[str]:
    """Four of the story, half a minute together: narration, a long speech with its tag, and short ones."""
    told = STORY.read_text(encoding="utf-8").split("\n\n")
    first = next(number for number, paragraph in enumerate(told) if LEFT_OUT in paragraph)
    return told[first - 2 : first + 2]


@pytest.fixture(scope="module")
def sound(paragraphs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoken(paragraphs, tmp_path_factory.mktemp("whole") / "story.wav")


def spoken(texts: Sequence[str], target: Path) -> Path:
    """A WAV at 16 kHz of `texts` in order, in flite's slt voice, half a second between them; an empty one is a second."""
    pcm = [
        ffmpeg("-i", "-", "-ar", str(RATE), "-f", "s16le", "-", feed=flite(text)) if text else SECOND for text in texts
    ]
    ffmpeg("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-", target, feed=HALF.join(pcm))
    return target


def flite(text: str) -> bytes:
    return FliteSpeech().synthesize(text, SLT, {})


def test_spoken_paragraphs_are_heard(paragraphs: list[str], sound: Path) -> None:
    words = words_of(" ".join(paragraphs))
    assert len(words) > 60
    heard = hear(sound, words)
    assert word_error_rate(words, heard) < WRONG
    assert missing_runs(words, heard) == []


@pytest.mark.parametrize("silence", [0, 5], ids=["left out", "silent"])
def test_a_sentence_that_was_not_spoken_is_named(paragraphs: list[str], silence: int, tmp_path: Path) -> None:
    words = words_of(" ".join(paragraphs))
    before, after = [*paragraphs[:2], paragraphs[2].replace(LEFT_OUT, "")], paragraphs[3:]
    heard = hear(spoken([*before, *[""] * silence, *after], tmp_path / "cut.wav"), words)
    assert word_error_rate(words, heard) > 2 * WRONG
    assert missing_runs(words, heard) == [words_of(LEFT_OUT)]


def test_what_is_heard_is_the_sound_and_not_the_text(paragraphs: list[str], tmp_path: Path) -> None:
    turned = list(reversed(paragraphs))
    heard = hear(spoken(turned, tmp_path / "turned.wav"), words_of(" ".join(paragraphs)))
    assert word_error_rate(words_of(" ".join(turned)), heard) < WRONG


def test_words_are_heard_in_an_order_the_text_never_has(paragraphs: list[str], tmp_path: Path) -> None:
    sentence = "Tell the captain that his lamp was dark."
    heard = hear(spoken([sentence], tmp_path / "other.wav"), words_of(" ".join(paragraphs)))
    assert heard == words_of(sentence)


def test_long_sound_is_cut_where_it_is_quiet() -> None:
    samples = np.random.default_rng(7).integers(-9000, 9000, 45 * RATE, dtype=np.int16)
    quiet = [(start, start + 3 * RATE // 10) for start in (14 * RATE, 31 * RATE)]
    for start, end in quiet:
        samples[start:end] //= 100
    found = list(pieces(samples))
    assert np.array_equal(np.concatenate(found), samples)
    cuts = np.cumsum([len(piece) for piece in found])[:-1]
    assert [start < cut < end for cut, (start, end) in zip(cuts, quiet, strict=True)] == [True, True]


def test_nothing_is_heard_in_silence() -> None:
    assert hear(SECOND * 30, ["the", "lamp", "was", "dark"]) == []
    assert hear(b"", ["lamp"]) == []


def test_words_that_no_dictionary_holds_are_heard_as_flite_says_them(tmp_path: Path) -> None:
    told = ["The Morlocks of Burslem stole my glimmerfish, and zorbled away into the night without another word."]
    words = words_of(told[0])
    assert hear(spoken(told, tmp_path / "told.wav"), words) == words


def test_every_word_of_the_story_can_be_heard() -> None:
    assert hear(b"", words_of(STORY.read_text(encoding="utf-8"))) == []


def test_word_errors_count_each_kind_once() -> None:
    said = words_of("the lamp was dark at eight")
    assert word_error_rate(said, said) == 0.0
    assert word_error_rate(said, words_of("the lamp was dark eight")) == pytest.approx(1 / 6)
    assert word_error_rate(said, words_of("the lamp was not dark at eight")) == pytest.approx(1 / 6)
    assert word_error_rate(said, words_of("the lamb was dark at eight")) == pytest.approx(1 / 6)
    assert word_error_rate(said, []) == 1.0
    assert word_error_rate(["Clara’s,", "LAMP"], ["clara's", "lamp"]) == 0.0
    with pytest.raises(ValueError, match="at least one word"):
        word_error_rate([], said)


def test_missing_runs_begin_where_the_sentence_does() -> None:
    said = words_of("The fog came. The lamp was dark. The bell was far away. The captain was gone.")
    assert missing_runs(said, words_of("The fog came. The bell was far away. The captain was gone.")) == [
        ["the", "lamp", "was", "dark"]
    ]
    assert (
        missing_runs(said, words_of("The fog came. The lamp was dark. The ball was away. The captain was gone.")) == []
    )
    assert missing_runs(said, words_of("The bell was far away.")) == [
        words_of("The fog came. The lamp was dark."),
        words_of("The captain was gone."),
    ]
