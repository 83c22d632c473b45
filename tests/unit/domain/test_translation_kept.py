"""What a translation must keep: numbers however they are written, placeholders, tags, addresses and terms."""

from __future__ import annotations

import pytest

from shared.domain.numbers_in_text import missing_numbers
from shared.domain.protected_text import lost, masked, parted, pieces_to_keep, unmasked
from shared.domain.translation_check import BEST_GUESS, check_translation, guess_confidence
from shared.domain.translation_hints import TermPair

LAMP = TermPair(source="lamp", target="farol")
TEXT = "The lamp {name} costs %s at https://a.example/c?d. See <b>Lamp</b> 3, or me@x.example, 50% off {{x}}."


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("1,000.5", "1.000,5"),
        ("1,000.5", "1\u202f000,5"),
        ("10 000 men", "10.000 hombres"),
        ("3.50", "3,5"),
        ("1,500 of 2", "2 von 1500"),
        ("1,500 litres", "1,5"),  # one and a half, to three places: both readings are there
        ("1,234,567", "1'234'567"),
        ("at 12:30", "um 12.30 Uhr"),
        ("version 2.0.1", "Version 2.0.1"),
        ("٣ and 5", "3 y 5"),
        ("the 1990s", "los años 1990"),
        ("007", "007"),
        ("none", "12"),
    ],
)
def test_a_number_is_the_same_in_another_form(source: str, translated: str) -> None:
    assert missing_numbers(source, translated) == []


@pytest.mark.parametrize(
    ("source", "translated", "missing"),
    [
        ("42", "41", ["42"]),
        ("1.5", "15", ["1.5"]),
        ("1,000.5", "1.000", ["1,000.5"]),
        ("2 and 2", "2", ["2"]),
        ("10 000", "10 00", ["10 000"]),
        ("2.0.1", "2.0.2", ["2.0.1"]),
        ("0.5", "5", ["0.5"]),
    ],
)
def test_a_number_that_is_lost_or_changed_is_named(source: str, translated: str, missing: list[str]) -> None:
    assert missing_numbers(source, translated) == missing


def test_what_is_kept_is_found_in_order() -> None:
    kept = [piece.target for piece in pieces_to_keep(TEXT, [LAMP])]
    assert kept == [
        "farol", "{name}", "%s", "https://a.example/c?d", "<b>", "Farol", "</b>", "me@x.example", "{{x}}",
    ]  # fmt: skip


def test_a_share_of_a_hundred_is_no_placeholder() -> None:
    assert pieces_to_keep("50% of it, 100% done, 5 % discount, a < b > c") == []


def test_a_mask_is_taken_off_whatever_became_of_its_case() -> None:
    kept = pieces_to_keep(TEXT, [LAMP])
    mask = masked(TEXT, kept)
    assert mask is not None and "{" not in mask and "lamp" not in mask.lower()
    assert unmasked(mask.upper(), kept).startswith("THE farol {name} COSTS %s AT https://a.example/c?d.")
    assert masked("The Zqxbz is here already.", kept) is None


def test_parts_make_up_the_text_with_what_is_kept_in_place() -> None:
    parts = parted(TEXT, [LAMP])
    assert "".join(part for _, part in parts) == TEXT.replace("lamp", "farol").replace("Lamp", "Farol")
    assert [part for is_text, part in parts if not is_text and part.isdigit()] == ["3", "50"]
    assert parted("") == []


@pytest.mark.parametrize(
    ("text", "translated", "missing"),
    [
        ("Hi {name}", "Hola {nombre}", ["{name}", "{nombre}"]),
        ("%s of %s", "%s", ["%s"]),
        ("<b>x</b>", "<b>x", ["</b>"]),
        ("a lamp", "una lámpara", ["farol"]),
        ("a lamp, a lamp", "un farol", ["farol"]),
        ("a lamp", "dos Faroles", []),
        ("a lamp", "un farol Zqxbz", ["Zqxbz"]),
    ],
)
def test_what_is_lost_is_named(text: str, translated: str, missing: list[str]) -> None:
    assert lost(text, translated, [LAMP]) == missing


def test_a_check_names_everything_at_once() -> None:
    faults = check_translation("{name} lit 2 lamps and a lamp", "Alguien", [LAMP])
    assert [(fault.code, fault.found) for fault in faults] == [
        ("not-kept", "{name}"),
        ("not-kept", "farol"),
        ("number-lost", "2"),
    ]
    assert [fault.code for fault in check_translation("Hello", " … ")] == ["empty"]
    assert check_translation("* * *", "* * *") == []
    assert check_translation("{n2} is 3", "{n2} es 3") == []


def test_a_guess_is_lower_for_what_came_back_as_it_was() -> None:
    sure = guess_confidence("The old house stands there.", "La vieja casa está ahí.")
    half = guess_confidence("The house stands there frobnicating.", "La casa frobnicating stands.")
    none = guess_confidence("the house stands", "the house stands")
    assert BEST_GUESS == sure > half > none == 0.0
    assert guess_confidence("42", "42") == 1.0
    assert guess_confidence("Mara Tobias", "Mara Tobias") == BEST_GUESS  # names are no words to translate
    assert guess_confidence("The old house", "La vieja casa" * 20) == BEST_GUESS / 2
