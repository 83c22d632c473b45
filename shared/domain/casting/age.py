"""How old somebody is, where what they are called says so: "the boy", "Old Tom"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from shared.domain.casting.name_words import words_of

_CHILDREN = words_of(
    "boy girl child lad lass kid baby toddler schoolboy schoolgirl niño niña chico chica muchacho muchacha"
)
_SENIORS = words_of(
    """old aged elderly ancient viejo vieja grandfather grandmother grandpa grandma granny abuelo abuela anciano anciana
    crone"""
)


def age_of(forms: Iterable[str]) -> Literal["child", "senior", ""]:
    """By the words of the first form that tells; "" where none does."""
    for form in forms:
        words = frozenset(form.lower().split())
        if words & _SENIORS:
            return "senior"
        if words & _CHILDREN:
            return "child"
    return ""
