"""Where a string may be cut without tearing a character as a reader sees it (a grapheme cluster)."""

from __future__ import annotations

import unicodedata

_LINE_ENDS = "\r\n\u2028\u2029"
_JOINER = "\u200d"
_REGIONAL = range(0x1F1E6, 0x1F200)  # flags are pairs of these
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_PREPENDED = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"
_CONJOINING_VOWELS, _CONJOINING_FINALS = range(0x1160, 0x11A8), range(0x11A8, 0x1200)


def is_boundary(text: str, at: int, floor: int = 0) -> bool:
    """Whether `text` may be cut before index `at`; looks back no further than `floor`.

    Holds combining marks, variation selectors, joined emoji, skin tones, flags, Hangul jamo, CR LF and surrogate pairs
    together. Both ends of the text are boundaries.
    """
    if at <= floor or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before in _LINE_ENDS and before + after != "\r\n":
        return True  # a mark at the start of a line has nothing to sit on
    return not (_extends(after) or _JOINER in (before, after) or _pairs(before, after) or _splits_flag(text, at, floor))


def last_boundary(text: str, at: int, floor: int) -> int:
    """The last boundary not after `at` and after `floor`; `at` itself where one cluster fills all of that."""
    for place in range(at, floor, -1):
        if is_boundary(text, place, floor):
            return place
    return at


def _extends(character: str) -> bool:
    code = ord(character)
    if code < 0x300:
        return False
    return unicodedata.category(character) in {"Mn", "Me", "Mc"} or code in _SKIN_TONES or code in _TAGS


def _pairs(before: str, after: str) -> bool:
    """CR LF, surrogates, prepended signs and Hangul jamo."""
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    if before in _PREPENDED or (before == "\r" and after == "\n"):
        return True
    return ord(after) in _CONJOINING_VOWELS or (ord(after) in _CONJOINING_FINALS and not before.isspace())


def _splits_flag(text: str, at: int, floor: int) -> bool:
    """Whether an odd number of regional indicators stands before `at`, and another after it."""
    if ord(text[at]) not in _REGIONAL:
        return False
    count = 0
    while at - count > floor and ord(text[at - count - 1]) in _REGIONAL:
        count += 1
    return count % 2 == 1
