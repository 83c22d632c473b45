"""What is spoken of a stretch of text, and how long it is: in characters and in words."""

from __future__ import annotations

import re

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphen, zero-width space, word joiner, byte order mark
_WRAPPED_HYPHEN = re.compile(r"(?<=\w[-‐])[ \t]*\n\s*(?=\w)")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDE_PER_WORD = 2  # Chinese and Japanese set no spaces; about two characters are spoken in a word's time


def spoken(original: str) -> str:
    """Fold line wraps and runs of white space to one space, strip both ends, drop characters that only guide layout.

    A word wrapped after its hyphen is closed up again ("German-\\nspeaking").
    """
    return " ".join(_WRAPPED_HYPHEN.sub("", _INVISIBLE.sub("", original)).split())


def count_words(text: str) -> int:
    """Words separated by white space; Chinese and Japanese count one word for two characters."""
    wide = len(_WIDE.findall(text))
    if not wide:
        return len(text.split())
    return len(_WIDE.sub(" ", text).split()) + -(-wide // _WIDE_PER_WORD)
