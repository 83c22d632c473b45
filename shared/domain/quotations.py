"""Quotations inside one paragraph: by marks (“ ” « » „ “ 「 」 " and single quotes), or by the raya of Spanish dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.domain.dialogue_tags import tag_after
from shared.domain.language_rules import rules_for

_MARKS = re.compile("[\"“”„«»‘’'「」『』]")
_CLOSERS = {"“": "”", "„": "“”", '"': '"', "«": "»", "»": "«", "‘": "’", "'": "'", "「": "」", "『": "』"}
_DASHES = "—–―-"
_DASH = re.compile(r"[—–―]|(?<!\S)-(?=\S)|(?<=\S)-(?=[\s.,;:!?…]|$)")
_STOPS = ".,!?…"
_RAYA_OPENS = re.compile(r"\s*(?:[—–―]\s?|-(?=\S))(?=[\w¿¡«“\"'.…])")
_APOSTROPHE = re.compile(r"['‘](?:s|m|d|t|ll|re|ve|em|tis|twas|twill|un|im|er|n|cause|way|bout|fraid)\b", re.IGNORECASE)
_SPACED_OPENING = re.compile(r"['‘] (?=[^\W_])(?![a-z])|‘ ")  # texts whose tokens are parted by blanks
_SINGLE = re.compile("[’']")
_LONGEST_SINGLE = 4_000  # characters within which a straight single mark must find its fellow
_DASH_OPENS = re.compile(r"\s*(?=(?:[—―]|--)\s?[^\W_])")
_DASH_LINE = re.compile(r"^[ \t]{0,8}(?:[—―]|--)[ \t]?[^\W\d_]", re.MULTILINE)
_MARK_LINE = re.compile('^\\s*[“"‘]', re.MULTILINE)
_FEWEST_DASHES = 3
_PAUSE = re.compile(r"([,.!?…])\s+")
_STOP = re.compile(r"[.!?:;]\s+")
_TOLD_ON = re.compile(r"(?:He|She|They|His|Her|It|The)\b")  # narration goes on after a tag
_LEADING_STOP = re.compile(r"[.,;:…]*\s*")
_BEFORE_CLOSING_SINGLE = ",.!?…—–-;:"


class Quotation(NamedTuple):
    """What somebody says: code points of the text, marks included, `end` exclusive.

    `closed` is false where the paragraph ends first, as a speech of several paragraphs does; `raya` where dashes, not
    quotation marks, set it off.
    """

    start: int
    end: int
    closed: bool
    raya: bool = False


def quotations(text: str, start: int, end: int, language: str, *, dashes: bool = False) -> list[Quotation]:
    """The outermost quotations of the paragraph `text[start:end]`, in order.

    `dashes`: the text is known to set dialogue off by dashes (`speaks_by_dashes`), which only in English needs saying.
    """
    if dashes and (opened := _DASH_OPENS.match(text, start, end)):
        return list(_between_tags(text, opened.end(), end, language))
    raya = _RAYA_OPENS.match(text, start, end)
    if raya and (language != "en" or text[raya.end() - 1 : raya.end()] in "—―"):
        return list(_between_dashes(text, start, end))
    return list(_between_marks(text, start, end, language))


def speaks_by_dashes(text: str) -> bool:
    """Whether an English text opens its speeches with dashes, as Joyce does: many lines do, and few open with marks."""
    opened = sum(1 for _ in _DASH_LINE.finditer(text))
    return opened >= _FEWEST_DASHES and opened > sum(1 for _ in _MARK_LINE.finditer(text))


def _between_tags(text: str, start: int, end: int, language: str) -> Iterator[Quotation]:
    """Speech that only its tags interrupt: "—Come up! he cried. Come up, Kinch!" """
    rules = rules_for(language)
    opened = start
    for pause in _PAUSE.finditer(text, start, end):
        if pause.end() <= opened or not tag_after(text, pause.end(), end, rules, after_comma=pause[1] == ","):
            continue
        yield Quotation(opened, pause.end(1), True, raya=True)
        stop = _STOP.search(text, pause.end(), end)
        opened = stop.end() if stop else end
        if opened >= end or _TOLD_ON.match(text, opened, end):
            return
    if opened < end:
        yield Quotation(opened, end, True, raya=True)


def _between_dashes(text: str, start: int, end: int) -> Iterator[Quotation]:
    """Speech and narration take turns at each dash: —¡Alto! —gritó ella—. ¡Vuelve!"""
    opened = start
    spoken = True
    first = True
    for dash in _DASH.finditer(text, start, end):
        if first:  # the raya that opens the paragraph
            first = False
            opened = dash.start()
        elif spoken and _opens_aside(text, dash, end):
            yield Quotation(opened, dash.start(), True, raya=True)
            spoken = False
        elif not spoken and _closes_aside(text, dash, end):
            opened, spoken = _first_word(text, dash.end(), end), True
    if spoken and opened < end:
        yield Quotation(opened, end, True, raya=True)


def _first_word(text: str, start: int, end: int) -> int:
    """Past the stop that belongs to the sentence before the aside: —Sí —dijo ella—. Ya voy."""
    found = _LEADING_STOP.match(text, start, end)
    return found.end() if found else start


def _opens_aside(text: str, dash: re.Match[str], end: int) -> bool:
    """ " —gritó", in old settings "!—gritó", in Portuguese "! — gritou": a space or a stop before it, a word after it."""
    before, after = text[dash.start() - 1], text[dash.end() : min(dash.end() + 2, end)]
    if after[:1].isalpha():
        return before.isspace() or before in _STOPS
    return before.isspace() and text[dash.start() - 2] in _STOPS and after[:1].isspace() and after[1:].isalpha()


def _closes_aside(text: str, dash: re.Match[str], end: int) -> bool:
    after = text[dash.end() : min(dash.end() + 1, end)]
    return not text[dash.start() - 1].isspace() or not after.isalpha()


def _between_marks(text: str, start: int, end: int, language: str) -> Iterator[Quotation]:
    opened, closers, barren = -1, "", -1
    for found in _MARKS.finditer(text, start, end):
        at, mark = found.start(), found[0]
        if opened < 0 and (mark != "'" or at >= barren) and _opens(text, at, start, end, language):
            if mark == "'" and text[start:at].strip() and not _closing_single(text, at + 1, end):  # an apostrophe
                barren = at + _LONGEST_SINGLE
            else:
                opened, closers = at, _CLOSERS[mark]
        elif opened >= 0 and mark in closers and _closes(text, at, end):
            yield Quotation(opened, at + 1, True)
            opened = -1
    if opened >= 0:
        yield Quotation(opened, end, False)


def _opens(text: str, at: int, start: int, end: int, language: str) -> bool:
    """Whether the mark at `at` can open a quotation: apostrophes cannot, nor can a mark that only ever closes."""
    mark = text[at]
    if mark not in _CLOSERS or (mark == "»" and language != "de"):
        return False
    if mark in "«「『„“":
        return True
    before = text[at - 1] if at > start else " "
    if mark == '"':
        return not before.isalnum() and at + 1 < end
    if before.isalnum() or _APOSTROPHE.match(text, at, end):
        return False
    return not text[at + 1 : at + 2].isspace() or _SPACED_OPENING.match(text, at, end) is not None


def _closing_single(text: str, start: int, end: int) -> bool:
    limit = min(end, start + _LONGEST_SINGLE)
    return any(_closes(text, found.start(), end) for found in _SINGLE.finditer(text, start, limit))


def _closes(text: str, at: int, end: int) -> bool:
    """Whether a closing mark really closes; a single one may be an apostrophe ("the dogs’ tails")."""
    if text[at] not in "’'":
        return True
    after = text[at + 1] if at + 1 < end else " "
    before = text[at - 2] if text[at - 1] == " " and at > 1 else text[at - 1]
    return before in _BEFORE_CLOSING_SINGLE and not after.isalnum()
