"""A lexicon: whole words, the longest first, and a text without any of them is the very text that was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.lexicon import Lexicon, LexiconEntry, NewEntry

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def entry(pattern: str, respelling: str | None = None, name: str = "", **values: Any) -> LexiconEntry:
    given: dict[str, Any] = {"language": "en", "pattern": pattern, "respelling": respelling, **values}
    new = NewEntry.model_validate(given)
    return LexiconEntry(
        id=name or pattern, owner="me", created_at=NOW, updated_at=NOW, project_id="p", **new.model_dump()
    )


def said(text: str, *entries: LexiconEntry, speaker: str = "narrator", language: str = "en") -> str:
    return Lexicon(entries, language).pronounce(text, speaker, takes_ipa=False).text


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("Mara", "Mara, MARA and mara.", "X, X and X."),
        ("Mara", "Tamara, Marathon, Mara2, _Mara", "Tamara, Marathon, Mara2, _Mara"),
        ("Mara", "Mara's lamp, Mara’s, “Mara”, Mara-like", "X's lamp, X’s, “X”, X-like"),
        ("can", "I can't; can he?", "I can't; X he?"),
        ("O'Brien", "O’Brien and O'Brien", "X and X"),
        ("Avignon", "l'Avignon", "l'X"),
        ("Old Mara", "old\n mara. Old Maras.", "X. Old Maras."),
        ("café", "cafe\u0301, cafe, café", "X, cafe, X"),
        ("cafe", "cafe\u0301, cafe", "café, X"),
        ("C++", "C++ or C", "X or C"),
        (".NET", "the .NET lamp", "the X lamp"),
        ("東京", "私は東京に行く", "私はXに行く"),
        ("हिन", "हिन्दी हिन", "हिन्दी X"),
        ("3rd", "the 3rd, the 33rd", "the X, the 33rd"),
        ("a.b", "a.b axb", "X axb"),
    ],
)
def test_a_pattern_is_met_as_whole_words(pattern: str, text: str, expected: str) -> None:
    assert said(text, entry(pattern, "X")) == expected


def test_case_counts_where_an_entry_says_so() -> None:
    assert said("Polish the Polish lamp", entry("Polish", "Poe-lish", case_sensitive=True)) == (
        "Poe-lish the Poe-lish lamp"
    )
    assert (
        said("polish the Polish lamp", entry("Polish", "Poe-lish", case_sensitive=True)) == "polish the Poe-lish lamp"
    )


def test_the_longest_goes_first_and_nothing_is_searched_twice() -> None:
    entries = (entry("lamp", "Mara"), entry("Mara", "lamp"), entry("the lamp of Mara", "it"))
    assert said("the lamp of Mara, the lamp, Mara", *entries) == "it, the Mara, lamp"
    assert said("the lamp of Mara, the lamp, Mara", *reversed(entries)) == "it, the Mara, lamp"


def test_an_entry_for_one_speaker_goes_before_one_for_all() -> None:
    entries = (entry("lamp", "everyone", "a"), entry("lamp", "tobias", "b", speaker="Tobias"))
    assert said("lamp", *entries, speaker="Tobias") == "tobias"
    assert said("lamp", *entries, speaker="Mara") == "everyone"


@pytest.mark.parametrize(
    ("asked", "language", "holds"),
    [("en", "en", True), ("en", "en-GB", True), ("en-GB", "en", False), ("en-gb", "en-GB", True), ("e", "en", False)],
)
def test_a_language_holds_for_its_regions(asked: str, language: str, holds: bool) -> None:
    found = entry("lamp", "X").model_copy(update={"language": asked})
    assert (said("lamp", found, language=language) == "X") is holds


def test_ipa_goes_beside_the_text_where_an_engine_takes_it() -> None:
    lexicon = Lexicon([entry("Nguyen", "win", ipa="ŋwiən"), entry("Mara", ipa="ˈmɑːrə"), entry("lamp", "lahmp")], "en")
    text = "Nguyen lit Mara's lamp."
    deaf = lexicon.pronounce(text, "narrator", takes_ipa=False)
    assert (deaf.text, deaf.ipa) == ("win lit Mara's lahmp.", {})
    able = lexicon.pronounce(text, "narrator", takes_ipa=True)
    assert (able.text, able.ipa) == ("Nguyen lit Mara's lahmp.", {"Nguyen": "ŋwiən", "Mara": "ˈmɑːrə"})
    assert deaf.entries == able.entries == ("Nguyen", "Mara", "lamp")


@given(st.text(st.sampled_from("Mara lamp's\u0301-東 \n"), max_size=40))
def test_a_text_that_is_not_hit_is_the_very_text(text: str) -> None:
    lexicon = Lexicon([entry("Maral", "X"), entry("lamp", "Y", speaker="Nobody")], "en")
    found = lexicon.pronounce(text, "narrator", takes_ipa=False)
    assert found.entries or found.text == text
    assert lexicon.is_met(text) or not found.entries


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": "lamp"},
        {"pattern": " ", "respelling": "X"},
        {"pattern": "...", "respelling": "X"},
        {"pattern": "lamp", "respelling": "!"},
        {"pattern": "lamp", "ipa": "/læmp/"},
        {"pattern": "lamp", "ipa": "[l{mp]"},
        {"pattern": "lamp", "ipa": "<phoneme>"},
        {"pattern": "lamp", "respelling": "X", "language": "no such"},
        {"pattern": "lamp\ud800", "respelling": "X"},
        {"pattern": "l" * 201, "respelling": "X"},
    ],
)
def test_entries_that_cannot_be_used(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        NewEntry.model_validate({"language": "en", **wrong})


def test_identity_is_what_an_entry_answers_to() -> None:
    assert entry("Mara", "X").identity == entry("mara", "Y").identity
    assert entry("O'Brien", "X").identity == entry("o’brien", "Y").identity
    assert entry("Mara", "X", speaker="Tobias").identity != entry("Mara", "X").identity
    assert entry("Mara", "X", case_sensitive=True).identity == entry("Mara", "Y", case_sensitive=True).identity
