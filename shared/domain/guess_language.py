"""Which language a text is in, offline: by its script, and among languages in Latin letters by their small words.

Small words are the sentence openers and joiners of `language_words`: articles, prepositions, pronouns. They make up a third
and more of running text, and those that only one language has tell it apart from its neighbours.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

from shared.domain.language_rules import rules_for
from shared.domain.language_words import WORDS

SAMPLE = 20_000  # code points from the middle of a text; titles and licences stand at its ends
MIN_SHARE = 0.12  # of words that must be small words of the language
_SCRIPTS = {  # the beginning of a letter's Unicode name, and the language mostly written so
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HEBREW": "he",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "THAI": "th",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
}


def guess_language(text: str) -> tuple[str, float]:
    """(BCP 47 tag, confidence 0 to 1), or ("", 0.0) where nothing tells.

    Confidence among Latin languages is the winner's lead over the next, 1 where the next has none of its words; for a
    script it is the share of letters in it. A script is taken for the language most often written in it.
    """
    start = max(0, (len(text) - SAMPLE) // 2)
    sample = text[start : start + SAMPLE]
    script, share = _script_of(sample)
    return _by_words(sample) if script == "LATIN" else (_SCRIPTS.get(script, ""), share)


def _script_of(sample: str) -> tuple[str, float]:
    counts = Counter(_script(letter) for letter in sample if letter.isalpha())
    if not counts:
        return "", 0.0
    kana = counts["HIRAGANA"] + counts["KATAKANA"]
    total = sum(counts.values())
    if kana * 20 > total:  # Japanese is written in both, most of it in Chinese characters
        return "HIRAGANA", round((kana + counts["CJK"]) / total, 2)
    script, count = counts.most_common(1)[0]
    return script, round(count / total, 2) if script in _SCRIPTS or script == "LATIN" else 0.0


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0]


def _by_words(sample: str) -> tuple[str, float]:
    words = "".join(letter if letter.isalpha() else " " for letter in sample.casefold()).split()
    if not words:
        return "", 0.0
    counts = Counter(words)
    scores = {code: sum(counts[word] for word in _small_words(code)) / len(words) for code in WORDS}
    (code, best), (_, second) = sorted(scores.items(), key=lambda score: -score[1])[:2]
    if best < MIN_SHARE:
        return "", 0.0
    return code, round((best - second) / best, 2)


@cache
def _small_words(code: str) -> frozenset[str]:
    rules = rules_for(code)
    return rules.openers | rules.joiners | rules.articles | rules.pronouns
