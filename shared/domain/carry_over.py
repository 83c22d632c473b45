"""A plan made anew, with what still stands of the one before: ids, edited texts, voices, corrections, marks.

A stretch between two places where both plans cut, and whose text has not changed, stays as it was if both cut it alike, or
if somebody worked on it. What is cut anew is marked for revision.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from pydantic import BaseModel

from shared.domain.plan import Segment, segment_name
from shared.domain.spoken_text import spoken
from shared.domain.unchanged_text import unchanged_blocks


class CarriedOver(BaseModel):
    """How many segments stay as they were, how many are new, and how many of the old plan are gone."""

    kept: int
    new: int
    dropped: int


def carry_over(
    old: Sequence[Segment], planned: Sequence[Segment], fits: Callable[[str], bool]
) -> tuple[list[Segment], CarriedOver]:
    """`planned` with all that still stands of `old`; both are whole plans, of the same text or of another.

    `fits` says whether a text may be sent to the engines as it is: an old segment that is too long now is not kept.
    """
    stays = {
        part[0].start_idx: part
        for part in _stretches(old, planned)
        if _is_worth_keeping(part, planned) and all(fits(segment.text) for segment in part)
    }
    kept = {segment.segment_id for part in stays.values() for segment in part}
    found: list[Segment] = []
    taken, covered = set(kept), 0
    for segment in planned:
        if segment.start_idx < covered:
            continue
        part = stays.get(segment.start_idx)
        if part:
            covered = part[-1].end_idx
            found += _closed(part, planned)
        else:
            found.append(_fresh(segment, taken))
    return found, CarriedOver(kept=len(kept), new=len(found) - len(kept), dropped=len(old) - len(kept))


def _stretches(old: Sequence[Segment], planned: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Old segments at their places in the new text: the shortest runs that begin and end where the new plan cuts."""
    cuts = {0, *(segment.end_idx for segment in planned)}
    part: list[Segment] = []
    for segment in _standing(old, planned):
        if part and part[-1].end_idx != segment.start_idx:
            part = []
        if part or segment.start_idx in cuts:
            part.append(segment)
        if part and segment.end_idx in cuts:
            yield part
            part = []


def _standing(old: Sequence[Segment], planned: Sequence[Segment]) -> Iterator[Segment]:
    """Old segments whose text is unchanged as a whole, moved to where it stands now."""
    before = "".join(segment.original_text for segment in old)
    after = "".join(segment.original_text for segment in planned)
    blocks = unchanged_blocks(before, after)
    starts = [block.old for block in blocks]
    for segment in old:
        place = bisect_right(starts, segment.start_idx) - 1
        if place >= 0 and segment.end_idx <= blocks[place].old + blocks[place].length:
            shift = blocks[place].new - blocks[place].old
            yield segment.model_copy(
                update={"start_idx": segment.start_idx + shift, "end_idx": segment.end_idx + shift}
            )


def _is_worth_keeping(part: Sequence[Segment], planned: Sequence[Segment]) -> bool:
    """Whether both plans cut the stretch alike, or somebody worked on it."""
    is_alike = len(part) == 1 and _at(planned, part[0].start_idx).end_idx == part[0].end_idx
    return is_alike or any(_is_worked_on(segment) for segment in part)


def _is_worked_on(segment: Segment) -> bool:
    is_set = segment.by_hand or segment.skipped or bool(segment.voice) or segment.pause_ms is not None
    return is_set or segment.text != spoken(segment.original_text)


def _closed(part: Sequence[Segment], planned: Sequence[Segment]) -> Iterator[Segment]:
    """A stretch that stays. Why its end is one, and who speaks where nobody said so, the new plan knows."""
    for segment in part:
        update: dict[str, object] = {}
        if segment is part[-1]:
            update["delimiter"] = _at(planned, segment.end_idx - 1).delimiter
        speaker = segment.speaker if segment.by_hand else _at(planned, segment.start_idx).speaker
        if speaker != segment.speaker:
            update |= {"speaker": speaker, "needs_revision": True}
        yield segment.model_copy(update=update) if update else segment


def _at(planned: Sequence[Segment], position: int) -> Segment:
    """The planned segment that holds this code point."""
    return planned[bisect_right(planned, position, key=lambda segment: segment.start_idx) - 1]


def _fresh(segment: Segment, taken: set[str]) -> Segment:
    name = segment.segment_id if segment.segment_id not in taken else segment_name(segment.original_text, taken)
    taken.add(name)
    return segment.model_copy(update={"segment_id": name, "needs_revision": True})
