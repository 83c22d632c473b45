"""Who speaks, sentence by sentence: what the casting finds for quotations, where it is sure enough.

A speech and its tag are one unit and go to the speaker. A wrong voice is worse than the narrator's, so a quotation whose
speaker is less sure than `SURE_ENOUGH` is the narrator's, as is what the teller says as "I".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from shared.domain.casting.attribution import Attribution, attribute
from shared.domain.casting.character import FIRST_PERSON
from shared.domain.plan import NARRATOR
from shared.domain.sentences import Span, split_sentences

SURE_ENOUGH = 0.75
_UNKNOWN = 0.3  # the most that is claimed for the narrator's voice in a quotation nobody sure speaks
_LONGEST_NAME = 200  # characters


class SpeakerSpan(NamedTuple):
    """Whole sentences of one speaker: code points, `end` exclusive; `confidence` from 0 to 1."""

    start: int
    end: int
    speaker: str
    confidence: float


class _Voice(NamedTuple):
    speaker: str
    confidence: float


_TOLD = _Voice(NARRATOR, 1.0)


def attribute_sentences(
    text: str,
    language: str = "en",
    sentences: Sequence[Span] | None = None,
    quotations: Sequence[Attribution] | None = None,
) -> list[SpeakerSpan]:
    """Partition `text` into runs of whole sentences by speaker; a name is cased as in the text ("Old Tom", "the captain").

    `sentences` saves splitting again when the caller has them; `quotations` are who speaks, where a project's cast says so.
    A quotation without a sure speaker is the narrator's, with low confidence.
    """
    spans = split_sentences(text, language) if sentences is None else sentences
    found = attribute(text, None, language, {}) if quotations is None else quotations
    voiced = list(_voiced(text, spans, found))
    runs = ((voice, [span for span, _ in run]) for voice, run in groupby(voiced, key=lambda item: item[1]))
    return [SpeakerSpan(parts[0].start, parts[-1].end, *voice) for voice, parts in runs]


def _voiced(text: str, spans: Sequence[Span], quotations: Sequence[Attribution]) -> Iterator[tuple[Span, _Voice]]:
    """Each sentence with the surest voice of the quotations it holds a word of; the narrator's where there is none."""
    first = 0
    for span in spans:
        while first < len(quotations) and quotations[first].end <= span.start:
            first += 1
        index, found = first, list[_Voice]()
        while index < len(quotations) and quotations[index].start < span.end:
            quotation = quotations[index]
            inside = text[max(quotation.start, span.start) : min(quotation.end, span.end)]
            if any(ch.isalnum() for ch in inside):
                found.append(_voice(quotation))
            index += 1
        yield span, max(found, key=lambda voice: voice.confidence, default=_TOLD)


def _voice(quotation: Attribution) -> _Voice:
    if quotation.speaker == FIRST_PERSON:
        return _Voice(NARRATOR, quotation.confidence)
    if quotation.confidence < SURE_ENOUGH or not 0 < len(quotation.speaker) <= _LONGEST_NAME:
        return _Voice(NARRATOR, min(quotation.confidence, _UNKNOWN))
    return _Voice(quotation.speaker, quotation.confidence)
