"""Which stretch of a chapter's text is heard when: sentences of its own text, each with its place on the timeline.

A chapter's text is parted at the ends of sentences and of segments; the parts make it up exactly. What is heard of a line is
shared out among its parts as captions are: by what there is to say, changing in the speaker's own pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.cue_times import time_pages
from shared.domain.cues import caption_pages
from shared.domain.export_script import ScriptLine
from shared.domain.export_timeline import RATE, Slot, Timeline
from shared.domain.plan import Delimiter
from shared.domain.sentences import split_sentences
from shared.domain.spoken_text import spoken

SNAP, SHORTEST = RATE * 6 // 10, RATE // 2  # a change moves at most 0.6 s to meet a pause; half a second, if it can
WORD_SNAP, SHORTEST_WORD = RATE // 8, RATE // 20


@dataclass(frozen=True)
class Part:
    """Code points [start, end) of a chapter, and why they end. `line` is the place of the line it is heard in, None for
    what is not heard; `at` is when, in samples.
    """

    start: int
    end: int
    delimiter: Delimiter
    line: int | None = None
    at: Slot | None = None


@dataclass(frozen=True)
class Caption:
    """Something shown while it is said. `words` are the moments at which its words begin, all but the first."""

    start: int
    end: int
    text: str
    words: tuple[int, ...] = ()


def parts_of(text: str, language: str, lines: Sequence[ScriptLine], times: Timeline) -> list[Part]:
    """The chapter's parts in order: together they are the text, and the timed ones follow each other on the timeline."""
    cut = list(_cut(text, language, lines))
    found: list[Part] = []
    place = 0
    for number, line in enumerate(lines):
        while cut[place].start < line.start:
            found.append(cut[place])
            place += 1
        own = []
        while place < len(cut) and cut[place].start < line.end:
            own.append(cut[place])
            place += 1
        found += _timed(text, number, line, own, times.slots[number])
    return [*found, *cut[place:]]


def captions_of(
    text: str,
    language: str,
    parts: Sequence[Part],
    lines: Sequence[ScriptLine],
    times: Timeline,
    *,
    words: bool = False,
) -> list[Caption]:
    """A caption for each sentence that is heard, and several for one that no two lines of 42 characters hold."""
    by_line: dict[int, list[tuple[str, Slot]]] = {number: [] for number in range(len(lines))}
    for part in parts:
        if part.line is not None and part.at is not None:
            by_line[part.line].append((spoken(text[part.start : part.end]), part.at))
    found: list[Caption] = []
    for number, line in enumerate(lines):
        pauses, said = _pauses(line, times.slots[number]), by_line[number]
        if _letters("".join(sentence for sentence, _ in said)) != _letters(line.text):  # its text was edited
            said = _said_instead(line, language, times.slots[number], pauses)
        for sentence, slot in said:
            found += _captions(sentence, slot, pauses, words)
    return found


def _cut(text: str, language: str, lines: Sequence[ScriptLine]) -> Iterator[Part]:
    """The text at the ends of sentences and of lines."""
    ends = sorted({edge for line in lines for edge in (line.start, line.end)} - {0})
    place = 0
    for sentence in split_sentences(text, language):
        start = sentence.start
        while place < len(ends) and ends[place] < sentence.end:
            if ends[place] > start:
                yield Part(start, ends[place], Delimiter.CAP)
                start = ends[place]
            place += 1
        yield Part(start, sentence.end, sentence.delimiter)


def _timed(text: str, number: int, line: ScriptLine, own: Sequence[Part], slot: Slot) -> list[Part]:
    """A line's parts with their times. One without a word belongs to no moment, unless none of them has any."""
    heard = [part for part in own if any(ch.isalnum() for ch in text[part.start : part.end])] or list(own)
    said = [spoken(text[part.start : part.end]) for part in heard]
    timed = dict(zip(heard, _shared_out(said, slot, _pauses(line, slot)), strict=True))
    return [Part(part.start, part.end, part.delimiter, number, timed[part]) if part in timed else part for part in own]


def _shared_out(
    said: Sequence[str], slot: Slot, pauses: Sequence[tuple[int, int]], snap: int = SNAP, shortest: int = SHORTEST
) -> list[Slot]:
    """A slot shared out among what is said in it: one for each, end to end."""
    if len(said) > slot.end - slot.start:
        raise ValueError(f"{len(said)} sentences cannot be heard in {slot.end - slot.start} samples")
    least = max(1, min(shortest, (slot.end - slot.start) // max(1, len(said))))
    timed = time_pages(said, slot.start, slot.end, pauses, tolerance=snap, minimum=least)
    return [Slot(start, end) for start, end, _ in timed]


def _letters(text: str) -> str:
    return "".join(spoken(text).split())


def _said_instead(
    line: ScriptLine, language: str, slot: Slot, pauses: Sequence[tuple[int, int]]
) -> list[tuple[str, Slot]]:
    """Sentences of a line whose text was edited."""
    spans = split_sentences(line.text, language)
    said = [spoken(line.text[span.start : span.end]) for span in spans]
    heard = [sentence for sentence in said if any(ch.isalnum() for ch in sentence)] or [spoken(line.text)]
    return list(zip(heard, _shared_out(heard, slot, pauses), strict=True))


def _captions(sentence: str, slot: Slot, pauses: Sequence[tuple[int, int]], words: bool) -> Iterator[Caption]:
    pages = caption_pages(sentence)
    for page, at in zip(pages, _shared_out(pages, slot, pauses), strict=True):
        inside = _shared_out(page.split(), at, pauses, WORD_SNAP, SHORTEST_WORD)[1:] if words else []
        yield Caption(at.start, at.end, page, tuple(word.start for word in inside))


def _pauses(line: ScriptLine, slot: Slot) -> list[tuple[int, int]]:
    """The voice's own pauses, on the timeline."""
    scale = RATE / line.voice.rate
    return [(slot.start + round(first * scale), slot.start + round(last * scale)) for first, last in line.voice.pauses]
