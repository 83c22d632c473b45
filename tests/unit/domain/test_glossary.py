"""Terms of a glossary: where they are met, and which go before others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.glossary import Glossary, GlossaryTerm, NewTerm, find_terms, said_as
from shared.domain.translation_hints import TermPair

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def term(source: str, target: str = "x", **more: Any) -> GlossaryTerm:
    pair = {"source_language": "en", "target_language": "es"}
    known = {"id": f"trm_{source}{target}", "owner": "u", "created_at": NOW, "updated_at": NOW, "project_id": "p"}
    return GlossaryTerm.model_validate({**known, **pair, "source": source, "target": target, **more})


def met(text: str, *pairs: TermPair) -> list[str]:
    return [text[found.start : found.end] for found in find_terms(text, pairs)]


def test_a_term_is_met_as_whole_words_the_longest_first() -> None:
    lamp, street = TermPair(source="lamp", target="farol"), TermPair(source="street lamp", target="farola")
    assert met("A lamp, a Street\nLamp, lamps, a lamppost.", lamp, street) == ["lamp", "Street\nLamp"]
    assert met("A lamp's light", lamp) == ["lamp"]


def test_case_counts_where_it_is_said_to() -> None:
    us = TermPair(source="US", target="EE. UU.", case_sensitive=True)
    assert met("Tell us about the US.", us) == ["US"]


def test_scripts_without_spaces_have_terms_anywhere() -> None:
    assert met("古い灯台です", TermPair(source="灯台", target="lighthouse")) == ["灯台"]


@pytest.mark.parametrize(
    ("found", "said"), [("lamp", "farol"), ("Lamp", "Farol"), ("LAMP", "FAROL"), ("lAmp", "farol")]
)
def test_a_term_takes_the_case_it_is_found_in(found: str, said: str) -> None:
    assert said_as(TermPair(source="lamp", target="farol"), found) == said
    assert said_as(TermPair(source="lamp", target="farol", case_sensitive=True), found) == "farol"
    assert said_as(TermPair(source="Lamp", target="farol"), found) == "farol"


def test_a_glossary_holds_for_regions_and_the_nearer_goes_first() -> None:
    terms = [
        term("lamp", "farol"),
        term("lamp", "lámpara", target_language="es-MX"),
        term("sea", "mer", target_language="fr"),
    ]
    assert [pair.target for pair in Glossary(terms, "en-GB", "es-MX").terms] == ["lámpara"]
    assert [pair.target for pair in Glossary(terms, "en", "es").terms] == ["farol"]
    assert Glossary(terms, "en", "de").terms == ()
    assert Glossary(terms[:1], "es", "en").terms == ()


def test_hits_are_the_same_in_whatever_order_terms_were_kept() -> None:
    terms = [term("lamp", "farol"), term("sea", "mar"), term("bell", "campana")]
    one, other = Glossary(terms, "en", "es"), Glossary(terms[::-1], "en", "es")
    assert one.hits("The sea and the lamp.") == other.hits("The sea and the lamp.") != ()


def test_a_thousand_terms_are_looked_up_in_no_time() -> None:
    pairs = [TermPair(source=f"word{n} of many", target="x") for n in range(1000)]
    assert met("A word7 of many " * 50, *pairs) == ["word7 of many"] * 50


@pytest.mark.parametrize(
    "change", [{"source": "…"}, {"target": " "}, {"target_language": "en-GB"}, {"source": "a\x01b"}, {"more": 1}]
)
def test_what_cannot_be_met_is_refused(change: dict[str, Any]) -> None:
    good = {"source_language": "en", "target_language": "es", "source": "lamp", "target": "farol"}
    assert NewTerm.model_validate(good).case_sensitive is False
    with pytest.raises(ValidationError):
        NewTerm.model_validate({**good, **change})
