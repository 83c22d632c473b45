"""What a translation must have kept, and an honest guess at how good it is where its engine does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.domain.errors import Fault
from shared.domain.numbers_in_text import missing_numbers
from shared.domain.protected_text import lost, without_kept
from shared.domain.translation_hints import TermPair

BEST_GUESS = 0.85  # nobody looked at it: a guess never claims more
_WORD = re.compile(r"[^\W\d_]{4,}")
_LONGEST, _SHORTEST = 3.5, 0.2  # times the source's length; Chinese takes a third of English, German a half more


def check_translation(text: str, translated: str, terms: Sequence[TermPair] = ()) -> list[Fault]:
    """Everything that `translated` lost of `text`; [] when nothing is."""
    if any(letter.isalnum() for letter in text) and not any(letter.isalnum() for letter in translated):
        return [Fault(pointer="", code="empty", detail="The translation has no words.")]
    faults = [
        Fault(pointer="", code="not-kept", detail="A placeholder, tag, address or term was not kept.", found=piece[:80])
        for piece in lost(text, translated, terms)
    ]
    numbers = missing_numbers(without_kept(text), without_kept(translated))
    faults += [
        Fault(pointer="", code="number-lost", detail="A number was lost or changed.", found=number[:80])
        for number in numbers
    ]
    return faults


def guess_confidence(text: str, translated: str) -> float:
    """0-1, for engines that give none: `BEST_GUESS`, less by the share of plain words that came back untranslated, and
    halved where the length is out of all proportion. Names and what holds no words count for nothing; 1.0 without words.
    """
    source = without_kept(text)
    if not any(letter.isalpha() for letter in source):
        return 1.0
    words = [word for word in _WORD.findall(source) if word.islower()]
    there = set(_WORD.findall(without_kept(translated).lower()))
    same = sum(word in there for word in words) / len(words) if words else 0.0
    share = len(translated.strip()) / len(text.strip())
    return round(BEST_GUESS * (1 - same) * (1.0 if _SHORTEST <= share <= _LONGEST else 0.5), 4)
