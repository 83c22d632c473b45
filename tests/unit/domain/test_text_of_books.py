"""What tells a language, an encoding and a number, and what mends wrapped lines."""

from __future__ import annotations

import random
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.charset import decode_text
from shared.domain.errors import UnsupportedMedia
from shared.domain.guess_language import guess_language
from shared.domain.heading_words import is_number_word, is_part_title, number_of, reason_of_title
from shared.domain.line_wraps import unwrapped, wrapping_of
from shared.services.split_text import split_text

SENTENCES = {
    "en": "The keeper went up the stair, and when he came to the lamp it was lit, but he did not know by whom.",
    "es": "El farero subió por la escalera, y cuando llegó a la lámpara estaba encendida, pero no sabía por quién.",
    "fr": "Le gardien monta par l’escalier, et quand il arriva à la lampe elle était allumée, mais il ne savait pas par qui.",
    "de": "Der Wärter ging die Treppe hinauf, und als er zu der Lampe kam, war sie nicht dunkel, aber er wusste nicht warum.",
    "it": "Il guardiano salì per la scala, e quando arrivò alla lampada era accesa, ma non sapeva da chi e come e perché.",
    "pt": "O faroleiro subiu a escada, e quando chegou ao lampião ele estava aceso, mas não sabia por quem nem como.",
    "ru": "Смотритель поднялся по лестнице, и лампа уже горела.",
    "el": "Ο φαροφύλακας ανέβηκε τη σκάλα.",
    "ja": "灯台守は階段を上った。ランプはもう灯っていた。",
    "zh": "灯塔看守人走上楼梯，灯已经亮了。",
    "ko": "등대지기는 계단을 올라갔다.",
    "ar": "صعد الحارس الدرج وكان المصباح مضاء.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_language_is_told_with_its_confidence(code: str) -> None:
    guessed, confidence = guess_language(SENTENCES[code] * 20)
    assert guessed == code
    assert 0.15 < confidence <= 1


@pytest.mark.parametrize("text", ["", "12 — 34", "xyzzy plugh frobnicate"])
def test_what_tells_nothing_is_no_language(text: str) -> None:
    assert guess_language(text) == ("", 0.0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), min_size=3)
)
def test_unicode_is_read_as_it_was_written(encoding: str, text: str) -> None:
    whole = "The lamp was lit. " * 3 + text
    assert decode_text(whole.encode(encoding))[0] == whole


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_by_its_zeros(encoding: str) -> None:
    assert decode_text("“Café”, she said — twice.".encode(encoding)) == ("“Café”, she said — twice.", encoding)


def test_western_files_are_told_from_others() -> None:
    assert decode_text("El niño".encode("latin-1")) == ("El niño", "iso-8859-1")
    assert decode_text("“Café”".encode("cp1252")) == ("“Café”", "windows-1252")
    with pytest.raises(UnsupportedMedia, match="Western"):
        decode_text("Смотритель".encode("cp1251"))
    with pytest.raises(UnsupportedMedia, match="byte"):
        decode_text(b"abc \xe4 \x81 def")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("IV", 4),
        ("xii.", 12),
        ("MCMXC", 1990),
        ("12", 12),
        ("(3)", 3),
        ("IIX", None),
        ("lamp", None),
        ("", None),
        ("x" * 99, None),
    ],
)
def test_numbers_however_written(word: str, value: int | None) -> None:
    assert number_of(word) == value
    assert is_number_word(word) is (value is not None)


def test_words_of_headings() -> None:
    assert is_part_title("Part One") and is_part_title("BOOK THE FIRST: Recalled") and is_part_title("Libro II")
    assert not is_part_title("Part of it") and not is_part_title("Chapter One") and not is_part_title("Part")
    assert reason_of_title(" Table  of CONTENTS. ") == "contents" and reason_of_title("The Contents of the Box") is None


@given(st.integers(0, 10**9), st.integers(40, 100))
def test_wrapping_undone_gives_the_paragraphs_back(seed: int, width: int) -> None:
    rng = random.Random(seed)
    paragraphs = [" ".join("x" * rng.randint(1, 9) for _ in range(rng.randint(60, 120))) for _ in range(3)]
    wrapped = [textwrap.wrap(paragraph, width) for paragraph in paragraphs]
    wrapping = wrapping_of(wrapped)
    assert abs(wrapping.width - width) <= 9
    assert all(wrapping.is_prose(lines) for lines in wrapped)
    assert [unwrapped(lines) for lines in wrapped] == paragraphs


def test_short_lines_are_no_wrapping() -> None:
    assert wrapping_of([["O lamp", "burn on", "thou light"]] * 9).width == 0
    assert wrapping_of([["x" * 500, "y" * 400, "z"]] * 9).width == 0


@given(st.text(st.sampled_from("añ字 \n"), max_size=200), st.integers(4, 60))
def test_a_text_too_large_comes_in_pieces_that_lose_nothing(text: str, most: int) -> None:
    pieces = split_text(text, most)
    assert all(len(piece.encode()) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_pieces_end_at_paragraphs_where_they_can() -> None:
    assert split_text("one two.\n\nthree four.\n\nfive.", 22) == ["one two.\n\nthree four.", "five."]
    assert split_text("one two three", 8) == ["one two", "three"]
