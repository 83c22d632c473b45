"""Cut a chapter into segments: whole sentences of one speaker, as long as one breath of narration, never past a cap.

A paragraph always ends a segment. Its pause is longer than a sentence's, and an edit then moves no cut outside its own
paragraph, so only what changed is voiced again. A line that ends a unit (verse, lists) ends a segment too, unless it ends
in a comma or the like, whose pause is already written. A heading is a paragraph, and so a segment of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.domain.artifact import digest_of
from shared.domain.casting.attribution import Attribution
from shared.domain.errors import InvalidInput
from shared.domain.plan import Delimiter, Segment, assert_partition
from shared.domain.sentences import Span, split_sentences
from shared.domain.speakers import SpeakerSpan, attribute_sentences
from shared.domain.spoken_text import spoken
from shared.ports.speech import Caps
from shared.services.cut_sentence import cut_sentence
from shared.services.plan_options import fits

SOFT_LENGTH = 400
_WRITTEN_PAUSES = (",", ";", ":", "—", "–", "，", "、", "；", "：")
_ID_DIGITS = 12


class _Piece(NamedTuple):
    """A sentence, or a part of one that a cap cut: where it stands, what is spoken of it, and who speaks."""

    start: int
    end: int
    delimiter: Delimiter
    speaker: str
    text: str


def segment_chapter(
    chapter: str,
    *,
    language: str,
    caps: Sequence[Caps],
    soft_length: int = SOFT_LENGTH,
    quotations: Sequence[Attribution] | None = None,
) -> list[Segment]:
    """Partition `chapter` exactly into segments to be voiced.

    `language` is BCP 47; `caps` are the limits of every engine that may speak it; `soft_length` is in characters of spoken
    text. `quotations` are who speaks, where a project's cast says so; else the chapter's own is found. A sentence longer
    than the soft length stays whole unless a cap forces a cut inside (delimiter `cap`). Segment ids derive
    from the segment's own text, so that an edit renames only the segments it touches. Raises InvalidInput for a chapter
    with nothing in it, with lone surrogates, or for caps that not even one character fits.
    """
    _require_text(chapter)
    sentences = split_sentences(chapter, language)
    speakers = attribute_sentences(chapter, language, sentences, quotations)
    pieces = [
        piece for span, speaker in _voiced(sentences, speakers) for piece in _pieces(chapter, span, speaker, caps)
    ]
    names: Counter[str] = Counter()
    segments = [
        _segment(chapter, group, is_last, names)
        for run in _runs(pieces)
        for group, is_last in _marked(list(_groups(run, caps, soft_length)))
    ]
    assert_partition(chapter, segments)
    return segments


def _require_text(chapter: str) -> None:
    if not chapter.strip():
        raise InvalidInput("The chapter is empty, or white space alone: there is nothing to plan. Add its text first.")
    try:
        chapter.encode()
    except UnicodeEncodeError as exc:
        raise InvalidInput(
            f"The chapter holds half of a surrogate pair at code point {exc.start}, which no engine can be sent. Remove it."
        ) from exc


def _voiced(sentences: Sequence[Span], speakers: Sequence[SpeakerSpan]) -> Iterator[tuple[Span, str]]:
    """Each sentence with its speaker; speaker spans are whole sentences."""
    turn = 0
    for span in sentences:
        while speakers[turn].end <= span.start:
            turn += 1
        yield span, speakers[turn].speaker


def _pieces(chapter: str, span: Span, speaker: str, caps: Sequence[Caps]) -> Iterator[_Piece]:
    """The sentence whole, or cut by a cap into parts."""
    text = spoken(chapter[span.start : span.end])
    if fits(text, caps):
        yield _Piece(span.start, span.end, span.delimiter, speaker, text)
        return
    start = span.start
    for end in cut_sentence(chapter, span.start, span.end, caps):
        delimiter = span.delimiter if end == span.end else Delimiter.CAP
        yield _Piece(start, end, delimiter, speaker, spoken(chapter[start:end]))
        start = end


def _runs(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces that may share a segment: one speaker, one paragraph, no line end that needs its own pause."""
    run: list[_Piece] = []
    for piece in pieces:
        if run and (run[-1].speaker != piece.speaker or _ends_run(run[-1])):
            yield run
            run = []
        run.append(piece)
    yield run


def _ends_run(piece: _Piece) -> bool:
    if piece.delimiter == Delimiter.NEWLINE:
        return not piece.text.endswith(_WRITTEN_PAUSES)
    return piece.delimiter != Delimiter.SENTENCE


def _groups(run: Sequence[_Piece], caps: Sequence[Caps], soft_length: int) -> Iterator[list[_Piece]]:
    """Fill segments evenly: a run a little over the soft length becomes two halves, not a whole and a crumb."""
    total = sum(len(piece.text) + 1 for piece in run) - 1
    target = total / max(1, -(-total // soft_length))
    group: list[_Piece] = []
    length = 0
    for piece in run:
        size = len(piece.text)
        past_target = length + size / 2 > target
        if group and (length + 1 + size > soft_length or past_target or not fits(_joined([*group, piece]), caps)):
            yield group
            group, length = [], 0
        length += size + (1 if group else 0)
        group.append(piece)
    yield group


def _joined(group: Sequence[_Piece]) -> str:
    return " ".join(piece.text for piece in group)


def _marked(groups: Sequence[list[_Piece]]) -> Iterator[tuple[list[_Piece], bool]]:
    for number, group in enumerate(groups, start=1):
        yield group, number == len(groups)


def _segment(chapter: str, group: Sequence[_Piece], is_last: bool, names: Counter[str]) -> Segment:
    start, end, delimiter = group[0].start, group[-1].end, group[-1].delimiter
    if is_last and delimiter == Delimiter.SENTENCE:  # nothing but another speaker ends a run at a mere sentence end
        delimiter = Delimiter.SPEAKER
    original = chapter[start:end]
    return Segment(
        segment_id=_name(original, names),
        start_idx=start,
        end_idx=end,
        delimiter=delimiter,
        text=spoken(original),
        original_text=original,
        speaker=group[0].speaker,
    )


def _name(original: str, names: Counter[str]) -> str:
    """A short id from the segment's text; the second of equal texts gets "-2"."""
    digest = digest_of(original)[:_ID_DIGITS]
    names[digest] += 1
    return digest if names[digest] == 1 else f"{digest}-{names[digest]}"
