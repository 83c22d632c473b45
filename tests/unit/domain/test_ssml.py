"""SSML holds the text, the whole text, and nothing of the text as markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ssml import ssml_body, words_of


def parsed(body: str) -> ET.Element:
    return ET.fromstring(f"<speak>{body}</speak>")  # noqa: S314 - what was made here


def said(body: str) -> str:
    return "".join(parsed(body).itertext())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")), st.booleans())
def test_nothing_is_lost_or_read_as_markup(text: str, marked: bool) -> None:
    assert said(ssml_body(text, marked=marked)) == text


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\x1f", "\ufffe"])
def test_what_xml_cannot_hold_becomes_a_space(char: str) -> None:
    assert said(ssml_body(f"one{char}two")) == "one two"


def test_each_word_has_a_mark_before_it() -> None:
    text = "One — two, (three)"
    body = ssml_body(text, marked=True)
    assert [int(str(mark.get("name"))) for mark in parsed(body)] == words_of(text) == [0, 6, 11]
    assert body.startswith('<mark name="0"/>One')


def test_phrases_get_their_sounds_the_longest_first_and_as_whole_words() -> None:
    body = ssml_body("Mara Vane and Mara, not Maras.", {"Mara": "m", "Mara Vane": "mv"}, marked=True)
    found = [(each.text, each.get("ph")) for each in parsed(body) if each.tag == "phoneme"]
    assert found == [("Mara Vane", "mv"), ("Mara", "m")]
    assert said(body) == "Mara Vane and Mara, not Maras."


def test_a_phrase_without_spaces_round_it_is_found_where_that_is_how_it_is_written() -> None:
    assert "phoneme" in ssml_body("我在重庆住", {"重庆": "ʈʂʰʊ̌ŋ"})


def test_sounds_and_phrases_are_escaped() -> None:
    body = ssml_body('say "A & B" now', {'"A & B"': 'a"<b'})
    assert [each.get("ph") for each in parsed(body)] == ['a"<b']
