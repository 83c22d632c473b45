"""A text as SSML 1.1: escaped, with the sounds of phrases in IPA, and with a mark before each word where those are timed.

Only what all engines that read SSML agree on: `speak`, `phoneme`, `mark`. Nothing of the text is ever read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

_WORD = re.compile(r"\S+")
# What XML 1.0 cannot hold at all, escaped or not.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def words_of(text: str) -> list[int]:
    """Where each word begins, in code points. A run of signs without a letter or digit is no word."""
    return [found.start() for found in _WORD.finditer(text) if any(char.isalnum() for char in found[0])]


def ssml_body(text: str, ipa: Mapping[str, str] | None = None, *, marked: bool = False) -> str:
    """`text` as the inside of a `speak` element: what `ipa` names (phrase to sounds) in `phoneme` elements.

    `marked` puts `<mark name="12"/>` before the word that begins at code point 12. A phrase is found as the lexicon found
    it: as whole words, the longest first, from left to right.
    """
    starts = set(words_of(text)) if marked else set()
    return "".join(_pieces(text, ipa or {}, starts))


def _pieces(text: str, ipa: Mapping[str, str], starts: set[int]) -> Iterator[str]:
    position = 0
    for found in _phrases(text, ipa):
        yield _plain(text, position, found.start(), starts)
        if found.start() in starts:
            yield _mark(found.start())
        yield f'<phoneme alphabet="ipa" ph={quoteattr(ipa[found[0]])}>{_clean(found[0])}</phoneme>'
        position = found.end()
    yield _plain(text, position, len(text), starts)


def _phrases(text: str, ipa: Mapping[str, str]) -> Iterator[re.Match[str]]:
    if not ipa:
        return iter(())
    return re.finditer("|".join(_whole(phrase) for phrase in sorted(ipa, key=len, reverse=True)), text)


def _whole(phrase: str) -> str:
    """The phrase as whole words; in scripts without spaces wherever it stands."""
    before, after = (r"(?<!\w)" if _is_spaced(phrase[0]) else ""), (r"(?!\w)" if _is_spaced(phrase[-1]) else "")
    return before + re.escape(phrase) + after


def _is_spaced(char: str) -> bool:
    return char.isalnum() and not (
        "\u0e00" <= char <= "\u109f" or "\u1780" <= char <= "\u17ff" or "\u3040" <= char <= "\u9fff"
    )


def _plain(text: str, start: int, end: int, starts: set[int]) -> str:
    cuts = [start, *sorted(at for at in starts if start <= at < end), end]
    parts = [_clean(text[cuts[0] : cuts[1]])]
    parts += [_mark(a) + _clean(text[a:b]) for a, b in pairwise(cuts[1:])]
    return "".join(parts)


def _mark(at: int) -> str:
    return f'<mark name="{at}"/>'


def _clean(text: str) -> str:
    return escape(_NOT_XML.sub(" ", text))
