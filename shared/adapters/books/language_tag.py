"""Languages as books name them, to BCP 47: "SPA", "en_US", "eng" and "German" are all met with."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SHORT = {  # ISO 639-2 and -3 codes, and names, of languages that have a code of two letters
    **dict.fromkeys(("eng", "english"), "en"),
    **dict.fromkeys(("spa", "spanish", "español", "castellano"), "es"),
    **dict.fromkeys(("fre", "fra", "french", "français"), "fr"),
    **dict.fromkeys(("ger", "deu", "german", "deutsch"), "de"),
    **dict.fromkeys(("ita", "italian", "italiano"), "it"),
    **dict.fromkeys(("por", "portuguese", "português"), "pt"),
    **dict.fromkeys(("dut", "nld"), "nl"),
    **dict.fromkeys(("rus", "russian"), "ru"),
    **dict.fromkeys(("chi", "zho"), "zh"),
    **dict.fromkeys(("gre", "ell"), "el"),
    **dict.fromkeys(("cze", "ces"), "cs"),
    **dict.fromkeys(("rum", "ron"), "ro"),
    "jpn": "ja",
    "kor": "ko",
    "pol": "pl",
    "swe": "sv",
    "dan": "da",
    "nor": "no",
    "fin": "fi",
    "hun": "hu",
    "tur": "tr",
    "cat": "ca",
    "glg": "gl",
    "baq": "eu",
    "eus": "eu",
    "ukr": "uk",
    "ara": "ar",
    "heb": "he",
    "hin": "hi",
    "lat": "la",
}
_NONE = frozenset({"und", "mul", "zxx", "mis", "x"})


def language_tag(said: str) -> str:
    """The tag of a language as a book names it; "" for none that is understood, or for "undetermined"."""
    first, _, rest = said.strip().replace("_", "-").partition("-")
    code = _SHORT.get(first.lower(), first.lower())
    tag = f"{code}-{rest}" if rest else code
    return tag if code not in _NONE and len(tag) <= 35 and _TAG.fullmatch(tag) else ""
