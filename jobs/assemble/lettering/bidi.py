"""Writing direction: the marks that make a renderer, or a player, order a line as the Unicode Bidirectional Algorithm does.

Rules are named as in UAX #9. The renderer runs the algorithm itself, but takes each line for a paragraph of its own and
knows no bracket pairs (N0); a player may take every line for a left-to-right one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LEFT, RIGHT = "L", "R"
_LRM, _RLM, _RLE, _PDF = "\u200e", "\u200f", "\u202b", "\u202c"
_MARKS = {LEFT: _LRM, RIGHT: _RLM}
# Languages written from right to left, and the scripts that make any other one so.
_TO_THE_LEFT = (
    "ar", "arc", "ary", "arz", "azb", "ckb", "dv", "fa", "glk", "he", "iw", "ks", "lrc", "mzn", "nqo", "pnb", "ps", "sd",
    "syr", "ug", "ur", "yi",
)  # fmt: skip
_SCRIPTS = ("arab", "hebr", "syrc", "thaa", "nkoo")
_CLOSERS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "⁅": "⁆",
    "〈": "〉",
    "《": "》",
    "「": "」",
    "『": "』",
    "【": "】",
    "〔": "〕",
    "（": "）",
}


def strong(character: str) -> str:
    """LEFT or RIGHT for a strong character, "" for any other."""
    return {"L": LEFT, "R": RIGHT, "AL": RIGHT}.get(unicodedata.bidirectional(character), "")


def direction(text: str, language: str = "") -> str:
    """A paragraph's direction: its language's if anything in it is written that way, else its first strong character's.

    Without a language this is UAX #9's own rule (P2, P3); with one, a Hebrew line may begin with a Latin name.
    """
    found = list(filter(None, map(strong, text)))
    expected = _of_language(language)
    return expected if expected in found else next(iter(found), LEFT)


def line_direction(line: str, whole: str, language: str = "") -> str:
    """The direction of one line of a text: the whole's, unless all that the line holds runs the other way."""
    base, found = direction(whole, language), set(filter(None, map(strong, line)))
    return base if not found or base in found else direction(line)


def ordered(line: str, base: str) -> str:
    """The line with the marks that set its direction and keep bracket pairs whole; as it was where all runs one way."""
    directions = set(filter(None, map(strong, line)))
    if directions <= {LEFT} and base == LEFT:
        return line
    marked = _paired(line, base)
    return marked if direction(marked) == base and directions else _MARKS[base] + marked


def embedded(line: str, whole: str, language: str = "") -> str:
    """A right-to-left line as a player needs it that takes every line for a left-to-right one; others as they are."""
    return f"{_RLE}{line}{_PDF}" if line_direction(line, whole, language) == RIGHT else line


def _of_language(language: str) -> str:
    """The direction a BCP 47 language is written in; "" where none is named."""
    primary, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    is_right = script in _SCRIPTS if script else primary in _TO_THE_LEFT
    return (RIGHT if is_right else LEFT) if language else ""


def _paired(line: str, base: str) -> str:
    """The line with each bracket pair held to the direction that rule N0 gives it."""
    types, held = _types(line, base), {}
    for opening, closing in _pairs(line):
        if towards := _pair_direction(types, opening, closing, base):
            held[opening] = held[closing] = types[opening] = types[closing] = towards
    return "".join(f"{_MARKS[held[n]]}{c}{_MARKS[held[n]]}" if n in held else c for n, c in enumerate(line))


def _pairs(line: str) -> list[tuple[int, int]]:
    """Places of matching brackets, by their openings (BD16)."""
    waiting: list[tuple[int, str]] = []
    found = []
    for n, character in enumerate(line):
        if character in _CLOSERS:
            waiting.append((n, _CLOSERS[character]))
            continue
        match = next((k for k in range(len(waiting) - 1, -1, -1) if waiting[k][1] == character), None)
        if match is not None:
            found.append((waiting[match][0], n))
            del waiting[match:]
    return sorted(found)


def _pair_direction(types: Sequence[str], opening: int, closing: int, base: str) -> str:
    """N0: the base's where something inside runs that way; the other where what is inside and before it does; else ""."""
    inside = set(types[opening + 1 : closing]) - {""}
    if not inside or base in inside:
        return base if inside else ""
    before = next(filter(None, reversed(types[:opening])), base)
    return before if before in inside else base


def _types(line: str, base: str) -> list[str]:
    """LEFT, RIGHT or "" by character; numbers run to the right but for those after left-to-right text (W7, N0)."""
    found, last = [], base
    for character in line:
        last = strong(character) or last
        kind = unicodedata.bidirectional(character)
        found.append(last if kind == "EN" else RIGHT if kind == "AN" else strong(character))
    return found
