"""The recogniser's two files for one text: how its words sound, and which of them follow which."""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from shared.domain.errors import InvalidInput

_DISCOUNT = 0.5  # of every bigram's count, kept for words that never followed in the text
_PIECE_WORDS = 30  # a piece of sound ends about as often
_NEVER = -99.0  # the ARPA format's log of zero
Sounds = Callable[[str], str]  # a word's phones, blanks between them; "" for one that has none
_VARIANT = re.compile(r"\(\d+\)$")


def write_dictionary(packaged: Path, words: Sequence[str], target: Path, sounds: Sounds | None = None) -> None:
    """Copy every pronunciation of `words` from the `packaged` dictionary.

    Of a word that it lacks, `sounds` tells the phones, in its own notation. Raises InvalidInput naming those that are left.
    """
    wanted = set(words)
    with packaged.open(encoding="utf-8") as lines:
        entries = [line for line in lines if _headword(line) in wanted]
    unknown = wanted - {_headword(entry) for entry in entries}
    if sounds:
        entries += [f"{word} {phones}\n" for word in sorted(unknown) if (phones := sounds(word))]
        unknown -= {_headword(entry) for entry in entries}
    if unknown:
        raise InvalidInput(
            f"Looked for {len(wanted)} words in {packaged.name} and found no entry for: {', '.join(sorted(unknown))}. "
            "Use words a general English dictionary holds."
        )
    target.write_text("".join(entries), encoding="utf-8")


def as_flite_says(word: str) -> str:
    """The phones by which flite's letter-to-sound rules say a word, in the notation of CMU's dictionary."""
    said = subprocess.run(["flite", "-voice", "slt", "-ps", "-t", word, "-o", "none"], capture_output=True, check=True)
    phones = [phone for phone in said.stdout.decode().split() if phone != "pau"]
    return " ".join("AH" if phone == "ax" else phone.upper() for phone in phones)


def write_language_model(words: Sequence[str], target: Path) -> None:
    """Write a bigram model of the text `words` in ARPA form, with absolute discounting.

    Any word may begin or end an utterance, and any may follow any: what the text does not hold is less likely, never
    impossible.
    """
    single, pairs = Counter(words), Counter(pairwise(words))
    total = len(words) + len(words) / _PIECE_WORDS
    chance = {word: count / total for word, count in single.items()}
    before = Counter(first for first, _ in pairs.elements())
    lines = ["\\data\\", f"ngram 1={len(chance) + 2}", f"ngram 2={len(pairs)}", "", "\\1-grams:"]
    lines += [f"{_NEVER} <s> 0.0", f"{math.log10(1 / (_PIECE_WORDS + 1)):.4f} </s> 0.0"]
    lines += [
        f"{math.log10(chance[word]):.4f} {word} {weight:.4f}" for word, weight in _back_off(chance, pairs, before)
    ]
    lines += ["", "\\2-grams:"]
    lines += [
        f"{math.log10((count - _DISCOUNT) / before[first]):.4f} {first} {second}"
        for (first, second), count in sorted(pairs.items())
    ]
    target.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")


def _back_off(
    chance: dict[str, float], pairs: Counter[tuple[str, str]], before: Counter[str]
) -> Iterator[tuple[str, float]]:
    """Each word with the logarithm of the weight of what never followed it: the discount it freed, over what is left."""
    followers: dict[str, list[str]] = {word: [] for word in chance}
    for first, second in pairs:
        followers[first].append(second)
    for word in sorted(chance):
        freed = _DISCOUNT * len(followers[word]) / before[word] if followers[word] else 1.0
        left = 1.0 - sum(chance[second] for second in followers[word])
        yield word, math.log10(freed / left)


def _headword(entry: str) -> str:
    return _VARIANT.sub("", entry.partition(" ")[0])
