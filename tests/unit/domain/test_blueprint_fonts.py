"""Fonts of captions in a blueprint: what is declared, and what a document without it means."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.blueprint.model import CaptionStyle
from tests.unit.domain.blueprint_documents import changed, refused, small

PLACE = "/captions/style/fallback_fonts"


def declaring(families: list[str]) -> Any:
    return changed(small(), ("/captions", {"style": {"fallback_fonts": families}}))


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        (["Noto Sans"], [f"{PLACE}/0"]),  # the font itself, which is the default
        (["Noto Serif", "noto serif", "DejaVu Sans", "Noto Serif"], [f"{PLACE}/1", f"{PLACE}/3"]),
    ],
)
def test_a_family_is_named_once(declared: list[str], wrong: list[str]) -> None:
    faults = refused(declaring(declared))
    assert [(fault.pointer, fault.code) for fault in faults] == [(place, "duplicate-font") for place in wrong]


def test_a_style_says_nothing_that_older_documents_did_not_mean() -> None:
    style = CaptionStyle()
    assert (style.fallback_fonts, style.bold, style.italic, style.background) == ([], False, False, None)


@pytest.mark.parametrize("name", ["", "Noto,Sans", "a\nb", "{\\b1}", "x" * 65])
def test_a_family_is_a_plain_name(name: str) -> None:
    assert f"{PLACE}/0" in {fault.pointer for fault in refused(declaring([name]))}
