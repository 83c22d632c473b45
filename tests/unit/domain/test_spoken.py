"""The text really sent to an engine: same words, plain punctuation."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import InvalidInput
from shared.domain.spoken import spoken_form
from shared.domain.spoken_ascii import ascii_form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I never—never said that—he paused.", "I never, never said that, he paused."),
        ("“Don’t go—” she said. ‘Why?’", "\"Don't go,\" she said. 'Why?'"),
        ("“—and then”", '"and then"'),
        ("“Wait!”—he said—“no”.", '"Wait!" he said, "no".'),
        ("Stop—! Well—.", "Stop! Well."),
        ("wait - no -- yes – maybe", "wait, no, yes, maybe"),
        ("1914–18, a well-known −5 °C", "1914-18, a well-known -5 °C"),
        ("No…yes. . . so", "No... yes... so"),
        ("rock ’n’ roll, ’tis dogs’ tails", "rock 'n' roll, 'tis dogs' tails"),
        ("_very_ *much* snake_case 3*4 2 * 3", "very much snake_case 3*4 2 * 3"),
        ("One.\n\n* * *\n\nTwo.", "One.\n\nTwo."),
        ("a\u00a0b\tc\u200bd\u00ade\ufefff", "a b cdef"),
        ("ﬁnal ｆｕｌｌ", "final full"),
        ("a\x01b\x7fc\r\nd", "a b c\nd"),
        ("«Quoi?» „Ja“", '"Quoi?" "Ja"'),
        ("¿Qué? ¡Ay!", "Qué? Ay!"),
    ],
)
def test_punctuation_becomes_plain(text: str, expected: str) -> None:
    assert spoken_form(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("—¿Adónde vas? —preguntó él—. No lo sé.", "¿Adónde vas? preguntó él. No lo sé."),
        ("—Vamos —dijo ella—, es tarde.\n—¡Ya voy!", "Vamos, dijo ella, es tarde.\n¡Ya voy!"),
    ],
)
@pytest.mark.parametrize("language", ["es", "es-MX"])
def test_spanish_dialogue_loses_its_rayas_and_keeps_its_openers(text: str, expected: str, language: str) -> None:
    assert spoken_form(text, language) == expected


MIXED = st.text(alphabet="aZé9 .,;:!?'\"-—–…“”‘’«»()[]*_#~¿¡\n\t\u00a0\u00ad日", max_size=80)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text.replace("\u00ad", "")))


@given(MIXED, st.sampled_from(["en", "es"]))
@settings(max_examples=500, deadline=None)
def test_no_word_is_dropped_joined_or_changed(text: str, language: str) -> None:
    assert words(spoken_form(text, language)) == words(text)


@given(MIXED)
@settings(max_examples=200, deadline=None)
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    plain = spoken_form(text, "es")
    assert not set(plain) & set("—–…“”‘’«»\t\u00a0\u00ad")
    assert "  " not in plain


def test_ascii_folds_letters_and_spells_signs() -> None:
    assert ascii_form("Café Málaga, Dvořák, œuvre, Łódź, Straße.") == "Cafe Malaga, Dvorak, oeuvre, Lodz, Strasse."
    assert ascii_form("1½ cups, ½ pint, 20 °C, x²") == "1 and one half cups, one half pint, 20 degrees C, x squared"
    assert ascii_form("€5 or £1,000.50 for R&D ☃ №5") == "5 euros or 1,000.50 pounds for R and D number 5"


@pytest.mark.parametrize(("text", "found"), [("He said Привет.", "Привет"), ("日本 it is", "日本")])
def test_ascii_refuses_what_would_go_unspoken(text: str, found: str) -> None:
    with pytest.raises(InvalidInput, match=found):
        ascii_form(text)
