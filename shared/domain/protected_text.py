"""What a translation must carry through: placeholders, tags, addresses, and terms that have a word of their own there.

Two ways, for engines that know no glossary. Masked, each piece is an odd word that engines take for a name, so the sentence
is translated whole. Parted, the text is cut at the pieces, and what lies between them is translated by itself: the grammar
suffers, but nothing can be lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.glossary import find_terms, said_as
from shared.domain.numbers_in_text import numbers_in
from shared.domain.translation_hints import TermPair

PLACEHOLDER = re.compile(
    r"https?://[^\s<>\"“”]{1,2000}(?<![.,;:!?)\]'’])"
    r"|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}"
    r"|\$?\{\{?[^{}\s]{1,80}\}?\}"  # {name}, {{name}}, ${name}
    r"|%(?:\([A-Za-z_]\w{0,60}\)|\d{1,2}\$)?[sdifgxu@](?!\w)"  # %s, %(name)s, %1$d
    r"|</?[A-Za-z][^<>]{0,200}>"  # <b>, </b>, <br/>
)
_LETTERS = "bdfghjklmp"  # the digits of a mask's number: no vowel, so no language has the word
MASK = re.compile(r"zqx([bdfghjklmp]+)z", re.IGNORECASE)


class Kept(NamedTuple):
    """A piece of a text (`end` exclusive) and what stands for it in the translation."""

    start: int
    end: int
    target: str


def pieces_to_keep(text: str, terms: Sequence[TermPair] = ()) -> list[Kept]:
    """Placeholders, and terms outside of them, in order."""
    kept = [Kept(found.start(), found.end(), found[0]) for found in PLACEHOLDER.finditer(text)]
    covered = {place for piece in kept for place in range(piece.start, piece.end)}
    for met in find_terms(text, terms):
        if covered.isdisjoint(range(met.start, met.end)):
            kept.append(Kept(met.start, met.end, said_as(met.term, text[met.start : met.end])))
    return sorted(kept)


def masked(text: str, kept: Sequence[Kept]) -> str | None:
    """`text` with an odd word for each piece; None where the text has such a word itself."""
    if MASK.search(text):
        return None
    parts, at = [], 0
    for number, piece in enumerate(kept):
        parts += [text[at : piece.start], _mask(number)]
        at = piece.end
    return "".join([*parts, text[at:]])


def unmasked(translated: str, kept: Sequence[Kept]) -> str:
    """The pieces back in their places; an odd word that no piece has stays, for the check to find."""
    by_mask = {_mask(number).lower(): piece.target for number, piece in enumerate(kept)}
    return MASK.sub(lambda found: by_mask.get(found[0].lower(), found[0]), translated)


def parted(text: str, terms: Sequence[TermPair] = ()) -> list[tuple[bool, str]]:
    """`text` in order, as (is to be translated, what); numbers are kept too. Placeholders and terms are in target form."""
    parts: list[tuple[bool, str]] = []
    at = 0
    for piece in pieces_to_keep(text, terms):
        parts += [*_numbers_apart(text[at : piece.start]), (False, piece.target)]
        at = piece.end
    return [*parts, *_numbers_apart(text[at:])]


def lost(text: str, translated: str, terms: Sequence[TermPair] = ()) -> list[str]:
    """The placeholders and target terms that `translated` should have and has not."""
    there = Counter(PLACEHOLDER.findall(translated))
    missing = [piece for piece, times in Counter(PLACEHOLDER.findall(text)).items() if there[piece] < times]
    invented = [piece for piece in there if piece not in text]
    leftover = [found[0] for found in MASK.finditer(translated) if not MASK.search(text)]
    return [*missing, *invented, *leftover, *_missing_terms(text, translated, terms)]


def without_kept(text: str) -> str:
    """`text` without its placeholders: digits in them are no numbers of the text."""
    return PLACEHOLDER.sub(" ", text)


def _missing_terms(text: str, translated: str, terms: Sequence[TermPair]) -> list[str]:
    """Terms must be there as often as they are met; an ending may be added to them."""
    folded = translated.casefold()
    wanted = Counter(met.term for met in find_terms(text, terms))
    return [
        pair.target
        for pair, times in wanted.items()
        if (translated.count(pair.target) if pair.case_sensitive else folded.count(pair.target.casefold())) < times
    ]


def _mask(number: int) -> str:
    return "Zqx" + "".join(_LETTERS[int(digit)] for digit in str(number)) + "z"


def _numbers_apart(text: str) -> list[tuple[bool, str]]:
    parts: list[tuple[bool, str]] = []
    at = 0
    for number in numbers_in(text):
        start = text.index(number, at)
        parts += [(True, text[at:start]), (False, number)]
        at = start + len(number)
    return [part for part in [*parts, (True, text[at:])] if part[1]]
