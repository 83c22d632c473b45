"""Passwords: long enough and not guessed early; nothing is asked of their characters, and nothing is cut off."""

from __future__ import annotations

import pytest

from shared.domain.common_passwords import is_common
from shared.domain.password import MAX_LENGTH, MIN_LENGTH, judge_password, prepare_password


def code(password: str, *personal: str) -> str:
    bad = judge_password(password, personal)
    return bad.code if bad else ""


@pytest.mark.parametrize(
    "password",
    [
        "vq8t-m2k",  # the shortest
        "only small letters here",
        "ALLCAPSWITHOUTDIGITS",
        "8273649182736451",
        "пароль у моря стоит",
        "🦊🌊🪵🕯️🧭🪁🧵🫖",
        "a " * 32 + "lamp",
        "".join(chr(0x4E00 + n) for n in range(MAX_LENGTH)),
    ],
)
def test_any_long_enough_password_that_nobody_guesses_will_do(password: str) -> None:
    assert code(password) == ""


@pytest.mark.parametrize("password", ["", "short", "x7#kQ!9", "é" * (MIN_LENGTH - 1)])
def test_short_ones_are_refused_by_characters_and_not_by_bytes(password: str) -> None:
    assert code(password) == "password-too-short"


def test_a_composed_letter_counts_once() -> None:
    assert code("e\u0301" * 4 + "xyz") == "password-too-short"


def test_the_longest_is_a_thousand_characters_and_more_is_refused_and_not_cut() -> None:
    assert code("ab-" * 400) == "password-too-long"


@pytest.mark.parametrize("password", ["control\x00character", "line\nbreak of mine", "bell\x07 rings twice"])
def test_control_characters_are_refused(password: str) -> None:
    assert code(password) == "password-unprintable"


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password1", "P@ssw0rd!", "PASSWORD2024", "pass word", "ｐａｓｓｗｏｒｄ",
        "12345678", "123456789", "987654321", "qwertyuiop", "QWERTY123", "1qaz2wsx", "abcdefgh", "zaq1xsw2",
        "iloveyou", "1loveyou!", "sunshine", "princess99", "football", "letmein!", "welcome1", "trustno1",
        "aaaaaaaa", "abababab", "abcabcabc", "123123123", "11223344", "11111111", "correcthorsebatterystaple", "dragon!!",
        "superman", "starwars", "baseball7", "monkey123", "Liverpool1", "contraseña", "motdepasse",
    ],
)  # fmt: skip
def test_what_guessers_try_early_is_refused_however_it_is_dressed_up(password: str) -> None:
    assert code(password) == "password-common"


@pytest.mark.parametrize(
    "password", ["dragonfly over water", "sunshine in the attic", "lamp93-monkey-tide", "drag0nnest5!"]
)
def test_a_listed_word_within_something_longer_is_no_harm(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize("password", ["annabell", "AnnaBell12", "annabell@example.org", "1annabell"])
def test_ones_own_name_or_address_is_no_password(password: str) -> None:
    assert code(password, "annabell@example.org", "Annabell") == "password-personal"
    assert code(password, "somebody@example.org", "else") == ""


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    assert prepare_password("cafe\u0301\u00a0au lait") == "café au lait"
    assert (
        prepare_password("Case Stays, ﬁ stays") == "Case Stays, ﬁ stays"
    )  # compatibility forms differ (RFC 8265, 4.2.2)


def test_a_refusal_says_what_to_do_and_what_is_better() -> None:
    bad = judge_password("short")
    assert bad is not None and "15" in bad.detail and "longer" in bad.detail
    fault = bad.fault("/new_password")
    assert (fault.pointer, fault.code, fault.found) == ("/new_password", "password-too-short", "")
