"""Joined letters: which form of an Arabic letter stands in a word, so that a line can be measured before it is shaped."""

from __future__ import annotations

import unicodedata
from functools import cache

_FORMS = {"<isolated>": "alone", "<final>": "last", "<initial>": "first", "<medial>": "between"}
_TATWEEL = "\u0640"  # a stroke that joins on both sides


@cache
def _presentation_forms() -> dict[str, dict[str, str]]:
    """The forms of each letter that Unicode encodes (blocks Arabic Presentation Forms-A and -B), by letter and place."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFBFF), *range(0xFE70, 0xFEFD)):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if kind in _FORMS and len(letters) == 1:
            found.setdefault(chr(int(letters[0], 16)), {}).setdefault(_FORMS[kind], chr(code))
    return found


def joined(text: str) -> str:
    """The text with each Arabic letter in the form it takes beside its neighbours; as long as it was."""
    if not any("\u0600" <= character <= "\u06ff" for character in text):
        return text
    letters = [n for n, character in enumerate(text) if unicodedata.category(character) != "Mn"]
    shaped = list(text)
    for place, n in enumerate(letters):
        before = text[letters[place - 1]] if place else ""
        after = text[letters[place + 1]] if place + 1 < len(letters) else ""
        shaped[n] = _form(text[n], _joins_after(before) and _joins_before(text[n]), _joins_before(after))
    return "".join(shaped)


def _form(letter: str, is_joined: bool, goes_on: bool) -> str:
    forms = _presentation_forms().get(letter, {})
    after = goes_on and _joins_after(letter)
    place = ("between" if after else "last") if is_joined else ("first" if after else "alone")
    return forms.get(place, letter)


def _joins_before(letter: str) -> bool:
    return letter == _TATWEEL or "last" in _presentation_forms().get(letter, {})


def _joins_after(letter: str) -> bool:
    return letter == _TATWEEL or "first" in _presentation_forms().get(letter, {})
