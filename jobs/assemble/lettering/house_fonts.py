"""The house's own fonts: the family that draws a script where no declared family does, and the package that holds it.

Latin, Greek, Cyrillic         Noto Sans, the default of `captions.style.font`; in titles Noto Serif
Chinese, Japanese, Korean      Noto Sans CJK SC, TC, HK, JP or KR by the language, else by the text's kana or Hangul
every other living script      the Noto family that is named after it: Noto Sans Arabic, Noto Sans Thai ...
symbols and emoji              Noto Sans Symbols, Symbols2 and Math, Noto Emoji, DejaVu Sans: outlines of one colour
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SANS, SERIF = "Noto Sans", "Noto Serif"
_SYMBOLS = ("Noto Sans Symbols", "Noto Sans Symbols2", "Noto Sans Math", "Noto Emoji", "DejaVu Sans")
# Scripts as both Unicode and Noto's families name them.
_SCRIPTS = (
    "Adlam", "Arabic", "Armenian", "Balinese", "Bamum", "Batak", "Bengali", "Buginese", "Chakma", "Cham", "Cherokee",
    "Coptic", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew", "Javanese", "Kannada", "Khmer",
    "Lao", "Lepcha", "Limbu", "Lisu", "Malayalam", "Mandaic", "Mongolian", "Myanmar", "Oriya", "Osage", "Rejang",
    "Samaritan", "Saurashtra", "Sinhala", "Sundanese", "Syriac", "Tagalog", "Tamil", "Telugu", "Thaana", "Thai",
    "Tibetan", "Tifinagh", "Vai", "Yi",
)  # fmt: skip
_ONLY = {"Arabic": "Noto Naskh", "Tibetan": "Noto Serif"}  # in serif type, or at all
_JAPANESE, _KOREAN = ("HIRAGANA", "KATAKANA"), ("HANGUL",)


def house_families(cluster: str, language: str, *, serif: bool = False) -> list[str]:
    """The families tried for a character that no declared family has.

    `language` is a BCP 47 tag or "", `serif` is for titles.
    """
    character, styles = cluster[0], (SERIF, SANS) if serif else (SANS,)
    words = unicodedata.name(character, "").replace("-", " ").split()
    if unicodedata.category(character) == "So" or not words:
        return list(_SYMBOLS)
    if unicodedata.east_asian_width(character) in "WFH" or words[0] in ("CJK", "BOPOMOFO", *_JAPANESE, *_KOREAN):
        return [f"{style} CJK {_cjk(language)}" for style in styles]
    script = next((script for script in _SCRIPTS if script.upper() in words), "")
    named_after = [f"{style} {script}" for style in styles] if script else []
    if script in _ONLY:
        named_after = [f"{_ONLY[script]} {script}"] if serif or script == "Tibetan" else named_after
    return named_after or [*styles, *_SYMBOLS]


def guessed_language(text: str) -> str:
    """The language of a text of which none is declared, as far as its kana or Hangul tell."""
    names = {unicodedata.name(character, "").split(" ")[0] for character in text if character > "\u10ff"}
    return "ja" if names.intersection(_JAPANESE) else "ko" if names.intersection(_KOREAN) else ""


def _cjk(language: str) -> str:
    primary, *rest = language.lower().split("-")
    if primary == "zh" and {"hk", "mo"}.intersection(rest):
        return "HK"
    if primary == "zh" and {"hant", "tw"}.intersection(rest):
        return "TC"
    return {"ja": "JP", "ko": "KR"}.get(primary, "SC")


def package_of(family: str) -> str:
    """The Debian package that holds a family of the house; "" where there is none, or it is not known."""
    if " CJK " in family:
        return "fonts-noto-cjk"
    return "fonts-noto-core" if family.startswith("Noto ") and family != "Noto Emoji" else ""


def how_to_install(families: Iterable[str]) -> str:
    names = sorted({package_of(family) for family in families} - {""})
    return f"Install it (on Debian and Ubuntu: apt-get install {' '.join(names)})." if names else "Install it."
