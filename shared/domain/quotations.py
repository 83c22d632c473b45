"""Quotations inside one paragraph: by marks (“ ” « » „ “ 「 」 " and single quotes), or by the raya of Spanish dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MARKS = re.compile("[\"“”„«»‘’'「」『』]")
_CLOSERS = {"“": "”", "„": "“”", '"': '"', "«": "»", "»": "«", "‘": "’", "'": "'", "「": "」", "『": "』"}
_DASHES = "—–―-"
_DASH = re.compile(r"[—–―]|(?<!\S)-(?=\S)|(?<=\S)-(?=[\s.,;:!?…]|$)")
_STOPS = ".,!?…"
_RAYA_OPENS = re.compile(r"\s*(?:[—–―]\s?|-(?=\S))(?=[\w¿¡«“\"'.…])")
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


def quotations(text: str, start: int, end: int, language: str) -> list[Quotation]:
    """The outermost quotations of the paragraph `text[start:end]`, in order."""
    raya = _RAYA_OPENS.match(text, start, end)
    if raya and (language != "en" or text[raya.end() - 1 : raya.end()] in "—―"):
        return list(_between_dashes(text, start, end))
    return list(_between_marks(text, start, end, language))


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
            opened, spoken = dash.end(), True
    if spoken:
        yield Quotation(opened, end, True, raya=True)


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
    opened, closers = -1, ""
    for found in _MARKS.finditer(text, start, end):
        at, mark = found.start(), found[0]
        if opened < 0 and _opens(text, at, start, end, language):
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
    after = text[at + 1] if at + 1 < end else " "
    return not before.isalnum() and not after.isspace()


def _closes(text: str, at: int, end: int) -> bool:
    """Whether a closing mark really closes; a single one may be an apostrophe ("the dogs’ tails")."""
    if text[at] not in "’'":
        return True
    after = text[at + 1] if at + 1 < end else " "
    return text[at - 1] in _BEFORE_CLOSING_SINGLE and not after.isalnum()
