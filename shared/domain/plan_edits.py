"""Operations on a plan. Pure: segments in, segments out, and joined they are the same chapter before and after.

All positions are code points. Every operation leaves the segments it does not name as they are, their ids among it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from shared.domain.errors import Fault, InvalidInput, NotFound
from shared.domain.graphemes import is_boundary
from shared.domain.plan import MAX_TEXT, Delimiter, Segment, segment_name
from shared.domain.spoken_text import spoken
from shared.domain.unchanged_text import WORDS, unchanged_blocks

_SENTENCE_END = re.compile(r"[.!?…。！？]['\"’”»」』)\]]*\s*\Z")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
MAX_MERGED = 100


def split(
    segments: Sequence[Segment], segment_id: str, position: int, texts: tuple[str, str] | None = None
) -> list[Segment]:
    """Cut one segment in two before the code point `position` of the chapter.

    Both halves keep speaker, voice and marks, the pause goes with the second, and the first one's delimiter says what is
    there to cut at. An edited text is cut at the same words; where these were changed, `texts` must say what each half
    speaks. Raises NotFound for the segment, InvalidInput for a place inside a character or without words on either side.
    """
    place = find(segments, segment_id)
    whole = segments[place]
    at = position - whole.start_idx
    front, back = whole.original_text[: max(0, at)], whole.original_text[max(0, at) :]
    _check_cut(whole, position)
    front_text, back_text = texts or _cut_text(whole, front, back)
    taken = {segment.segment_id for segment in segments if segment is not whole}
    first = segment_name(front, taken)
    halves = [
        _made(first, whole.start_idx, front, front_text) | {"delimiter": _reason(front, back), "pause_ms": None},
        _made(segment_name(back, taken | {first}), position, back, back_text),
    ]
    made = [whole.model_copy(update=half) for half in halves]
    return [*segments[:place], *made, *segments[place + 1 :]]


def merge(
    segments: Sequence[Segment], names: Sequence[str], *, speaker: str | None = None, voice: str | None = None
) -> list[Segment]:
    """Make one segment of neighbours, in whatever order they are named.

    It speaks as the first of them that is not skipped, unless `speaker` or `voice` say otherwise; where they spoke
    differently it is marked for revision. Skipped ones give their original text and no words; all skipped, it is skipped.
    Delimiter and pause are the last one's. Raises NotFound; InvalidInput for what are not neighbours.
    """
    places = sorted({find(segments, name) for name in names})
    if len(places) < 2 or places[-1] - places[0] != len(places) - 1:
        raise _refused("/segment_ids", "no-neighbours", "Only segments that follow one another can be made one.")
    parts = [segments[place] for place in places]
    heard = [part for part in parts if not part.skipped] or parts
    original = "".join(part.original_text for part in parts)
    taken = {segment.segment_id for segment in segments} - {part.segment_id for part in parts}
    text = _joined(parts, heard, original)
    if len(text) > MAX_TEXT:
        raise _refused("/segment_ids", "beyond-caps", f"Together they would speak more than {MAX_TEXT} characters.")
    one = _made(segment_name(original, taken), parts[0].start_idx, original, text)
    one |= {"speaker": heard[0].speaker if speaker is None else speaker}
    one |= {"voice": heard[0].voice if voice is None else voice}
    differ = len({(part.speaker, part.voice) for part in heard}) > 1
    one |= {"needs_revision": differ or any(part.needs_revision for part in parts)}
    one |= {"skipped": parts[0].skipped and heard == parts, "delimiter": parts[-1].delimiter}
    made = parts[0].model_copy(update=one | {"pause_ms": parts[-1].pause_ms})
    return [*segments[: places[0]], made, *segments[places[-1] + 1 :]]


def change(segments: Sequence[Segment], chosen: Collection[str], values: dict[str, Any]) -> list[Segment]:
    """Give the chosen segments these values: text, voice, speaker, skipped, needs_revision, pause_ms.

    `text` None goes back to what the original says. Another speaker is a correction that planning anew keeps.
    """
    return [_changed(segment, values) if segment.segment_id in chosen else segment for segment in segments]


def find(segments: Sequence[Segment], segment_id: str) -> int:
    """The place of a segment. Raises NotFound."""
    for place, segment in enumerate(segments):
        if segment.segment_id == segment_id:
            return place
    raise NotFound(f"The segment {segment_id!r} is not in this plan. Read the plan for its segments.")


def _changed(segment: Segment, values: dict[str, Any]) -> Segment:
    update = dict(values)
    if "text" in values and values["text"] is None:
        update["text"] = spoken(segment.original_text)
    if values.get("speaker", segment.speaker) != segment.speaker:
        update["by_hand"] = True
    if not update.get("needs_revision", True):
        update["revision_reason"] = ""
    return segment.model_copy(update=update)


def _made(name: str, start: int, original: str, text: str) -> dict[str, Any]:
    """What is new of a segment that somebody made here."""
    place = {"segment_id": name, "start_idx": start, "end_idx": start + len(original)}
    return {**place, "original_text": original, "text": text, "by_hand": True}


def _check_cut(whole: Segment, position: int) -> None:
    at = position - whole.start_idx
    if not 0 < at < len(whole.original_text):
        detail = f"The cut must lie inside the segment, between {whole.start_idx + 1} and {whole.end_idx - 1}."
        raise _refused("/position", "outside-segment", detail, str(position))
    if not is_boundary(whole.original_text, at):
        raise _refused("/position", "inside-character", "The cut would tear a character as it is read.", str(position))
    if not whole.original_text[:at].strip() or not whole.original_text[at:].strip():
        raise _refused("/position", "nothing-there", "On one side of the cut is white space alone.", str(position))


def _reason(front: str, back: str) -> Delimiter:
    """What there is to cut at between these two."""
    gap = front[len(front.rstrip()) :] + back[: len(back) - len(back.lstrip())]
    if _BLANK_LINE.search(gap.replace("\r\n", "\n")):
        return Delimiter.PARAGRAPH
    if "\n" in gap or "\r" in gap:
        return Delimiter.NEWLINE
    return Delimiter.SENTENCE if _SENTENCE_END.search(front) else Delimiter.SPLIT


def _cut_text(whole: Segment, front: str, back: str) -> tuple[str, str]:
    """The spoken text at the words where the original is cut. Raises InvalidInput where these are not the same words."""
    said, first = spoken(whole.original_text), spoken(front)
    if whole.text == said:
        return first, spoken(back)
    if not said.startswith(first):  # the cut goes through what is folded away: a wrapped hyphen
        raise _edited_here()
    at = len(first)
    blocks = unchanged_blocks(said, whole.text, WORDS)
    places = {block.new + at - block.old for block in blocks if block.old <= at <= block.old + block.length}
    if len(places) != 1:
        raise _edited_here()
    (cut,) = places
    if not is_boundary(whole.text, cut):
        raise _edited_here()
    return whole.text[:cut].strip(), whole.text[cut:].strip()


def _edited_here() -> InvalidInput:
    fix = "Send `texts`, what each half speaks; or set the segment's text back first."
    return _refused("/texts", "edited-here", "The words where the cut falls were edited.", fix=fix)


def _joined(parts: Sequence[Segment], heard: Sequence[Segment], original: str) -> str:
    if len(heard) == len(parts) and all(part.text == spoken(part.original_text) for part in parts):
        return spoken(original)
    text = heard[0].text
    for before, after in pairwise(heard):
        is_apart = before.end_idx != after.start_idx or before.original_text[-1:].isspace()
        text += (" " if is_apart or after.original_text[:1].isspace() else "") + after.text
    return text.strip()


def _refused(place: str, code: str, detail: str, found: str = "", fix: str = "") -> InvalidInput:
    return InvalidInput(detail, faults=[Fault(pointer=place, code=code, detail=detail, found=found, fix=fix)])
