"""Sentences: an exact partition of a text, in linear time.

Blank lines cut first, then sentence ends, then those line breaks that are no wraps (`line_breaks`). A sentence keeps the
white space that follows it; white space at the very start belongs to the first sentence. There is never a cut between a
quotation and its dialogue tag ("Stop!" she said. / —¡Alto! —gritó ella.); inside a longer speech sentences do end.
Every look around a possible end reads a bounded number of characters, and no pattern can back-track over more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.domain.dialogue_tags import opens_with_cjk_tag, opens_with_tag
from shared.domain.graphemes import is_boundary
from shared.domain.language_rules import LanguageRules, rules_for
from shared.domain.line_breaks import Block, blocks, continues
from shared.domain.plan import Delimiter

_QUOTES = "\"'“”‘’„«»‹›"
_FULL_WIDTH = "。！？｡"
_END = re.compile(  # everything after the stops is optional: no match fails late, and the next starts where one ended
    rf"""(?P<stops>[.!?…‼⁇⁈⁉؟۔।։]+(?:[ \u00a0]\.+)*)  # a run of stops; also the spaced ellipsis
        (?P<closers>[{_QUOTES})\]}}」』_*]*(?:[ \u00a0\u2009\u200a\u202f]{{1,2}}["'”’»›]+(?=\s|$))?)  # « Quoi ? »
        (?:\[\d{{1,4}}\]|[¹²³⁰-⁹†‡]{{1,4}})?  # a footnote's mark
      |(?P<full>[{_FULL_WIDTH}]+)(?P<full_closers>[」』）】〉》”’]*)""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_WORD_BEFORE = re.compile(r"[\w.ªº°/\-]+$")
_NEXT_WORD = re.compile(rf"[\s{_QUOTES}(\[{{¿¡—–―_*]*(?P<word>[\w]{{0,24}})(?P<stop>\.?)")
_OLD_RAYA = re.compile(r"[—–―][A-ZÀ-ÖØ-Þ¿¡«“]")
_ENUMERATOR = re.compile(
    r"(?:chapter|part|book|capítulo|parte|libro|chapitre|kapitel|capitolo)?\s*[\divxlcdm]{1,7}", re.I
)
_LONGEST_ENUMERATOR = 40  # characters: "CAPÍTULO XXXVIII", with white space before it
_LONGEST_WORD = 24  # characters looked at before a full stop


class Span(NamedTuple):
    """One sentence: code points of the text, `end` exclusive, and why it ends there."""

    start: int
    end: int
    delimiter: Delimiter


def split_sentences(text: str, language: str = "en") -> list[Span]:
    """Partition `text` into sentences. `language` is BCP 47; an unknown one falls back to rules without word lists.

    The last span's delimiter is END. An empty text has no sentences; one of white space alone is a single span.
    """
    rules = rules_for(language)
    return [span for block in blocks(text) for span in _sentences(text, block, rules)]


def _sentences(text: str, block: Block, rules: LanguageRules) -> Iterator[Span]:
    start = block.start
    for found in _END.finditer(text, block.start, block.end):
        space = _SPACE.match(text, found.end(), block.end)
        after = space.end() if space else found.end()
        if after >= block.end:
            break
        if _ends_sentence(text, start, found, after, rules):
            yield Span(start, after, Delimiter.SENTENCE)
            start = after
    yield Span(start, block.end, block.delimiter)


def _ends_sentence(text: str, start: int, found: re.Match[str], after: int, rules: LanguageRules) -> bool:
    """Whether the sentence from `start` ends with the stops `found`, before the text that goes on at `after`."""
    if not is_boundary(text, after, start):  # a combining mark sits on the stop, or on the blank
        return False
    if found["full"]:
        return not (found["full_closers"] and opens_with_cjk_tag(text, after))
    if after == found.end():  # no white space: only the old Spanish setting, "dijo ella.—¿Vienes?"
        return rules.code in {"es", "pt"} and not found["closers"] and _OLD_RAYA.match(text, after) is not None
    if continues(text, after):
        return False
    quoted = any(mark in _QUOTES for mark in found["closers"]) or text[after] in "—–―-"
    if quoted and opens_with_tag(text, after, rules, strict=found["stops"].endswith(".")):
        return False
    stops = found["stops"]
    if "…" in stops or stops.count(".") > 1:
        return not _resumes(text, after, rules)
    return stops != "." or bool(found["closers"]) or _full_stop_ends(text, start, found.start(), after, rules)


def _resumes(text: str, after: int, rules: LanguageRules) -> bool:
    """After an ellipsis a capital I need not begin anything: "Well... I think so"."""
    following = _NEXT_WORD.match(text, after)
    return rules.code == "en" and following is not None and following["word"] == "I"


def _full_stop_ends(text: str, start: int, stop: int, after: int, rules: LanguageRules) -> bool:
    """Whether the full stop at `stop` ends a sentence, and is not an abbreviation's, an initial's or a number's."""
    before = _WORD_BEFORE.search(text, max(start, stop - _LONGEST_WORD), stop)
    following = _NEXT_WORD.match(text, after)
    if before is None or following is None:
        return True
    word, next_word = before[0].lower().strip("-/"), following["word"]
    if stop - start <= _LONGEST_ENUMERATOR and _ENUMERATOR.fullmatch(
        text[start:stop].strip()
    ):  # "1. The Beginning", "CHAPTER I. A Scandal"
        return False
    if word in rules.titles:
        return False
    if word in rules.numbered and _is_number(next_word, rules):
        return False
    if _is_shortened(before[0], rules):
        return next_word.lower() in rules.openers and not (len(next_word) == 1 and following["stop"])
    return True


def _is_shortened(word: str, rules: LanguageRules) -> bool:
    """An abbreviation that may or may not end a sentence: listed, an initial (J.), dotted (U.S), or an ordinal."""
    lower = word.lower()
    dotted = "." in word and all(len(part) <= 2 for part in lower.split("."))
    initial = len(word) == 1 and word.isalpha()
    ordinal = rules.ordinals and word.isdigit() and len(word) <= 2
    return lower in rules.abbreviations or dotted or initial or ordinal


def _is_number(word: str, rules: LanguageRules) -> bool:
    """Digits, or Roman ones that are no word ("No. I will not go")."""
    return word[:1].isdigit() or (word.lower() not in rules.openers and re.fullmatch("[IVXLC]+", word) is not None)
