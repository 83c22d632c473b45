"""A chapter's plan: segments that partition its text exactly, each spoken by one voice.

`start_idx` and `end_idx` are code points into the chapter, end exclusive; joined in order, the segments' `original_text`
is the chapter, to the character. `text` is what is spoken and may be edited; `original_text` never changes.
A segment's id derives from its own text, so that an edit renames only the segments it touches.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.artifact import digest_of

NARRATOR = "narrator"
MAX_TEXT = 20_000  # characters of one segment's spoken text
MAX_PAUSE_MS = 60_000
_ID_DIGITS = 12

SegmentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Speaker = Annotated[str, StringConstraints(min_length=1, max_length=200)]
VoiceId = Annotated[str, StringConstraints(max_length=200)]
RevisionReason = Annotated[str, StringConstraints(max_length=1000)]
PauseMs = Annotated[int, Field(ge=0, le=MAX_PAUSE_MS)]


class Delimiter(StrEnum):
    """Why a segment ends where it ends. The delimiting characters stay in the segment they close."""

    PARAGRAPH = "paragraph"
    SENTENCE = "sentence"
    NEWLINE = "newline"
    SPEAKER = "speaker"
    CAP = "cap"  # a provider's limit forced a cut inside a sentence
    SPLIT = "split"  # somebody cut here, inside a sentence
    END = "end"  # the chapter's end


class Segment(BaseModel):
    """R4.2. `voice` is a voice id, or "" for the speaker's voice in the casting; `skipped` is how a segment is deleted.

    `pause_ms` is the silence after it in milliseconds, None for the house's own by `delimiter`. `by_hand` says that somebody
    cut it or said who speaks: planning anew leaves that as it is. `revision_reason` says why the studio itself marked it.
    """

    model_config = ConfigDict(extra="forbid")

    segment_id: SegmentId
    start_idx: int
    end_idx: int
    delimiter: Delimiter
    text: str
    original_text: str
    speaker: Speaker = NARRATOR
    voice: VoiceId = ""
    needs_revision: bool = False
    skipped: bool = False
    pause_ms: PauseMs | None = None
    revision_reason: RevisionReason = ""
    by_hand: bool = False

    @property
    def is_spoken(self) -> bool:
        return not self.skipped and any(ch.isalnum() for ch in self.text)


def segment_name(original: str, taken: Container[str]) -> str:
    """The id of a segment with this original text: of its own text, with "-2" and so on where that is taken."""
    digest = digest_of(original)[:_ID_DIGITS]
    name, number = digest, 1
    while name in taken:
        number += 1
        name = f"{digest}-{number}"
    return name


def assert_partition(chapter: str, segments: Sequence[Segment]) -> None:
    """Raise ValueError unless the segments partition `chapter` exactly, in order, without gap or overlap."""
    position = 0
    if len({segment.segment_id for segment in segments}) != len(segments):
        raise ValueError("two segments have the same segment_id")
    for segment in segments:
        if segment.start_idx != position or segment.end_idx <= segment.start_idx:
            raise ValueError(
                f"segment {segment.segment_id} covers {segment.start_idx}-{segment.end_idx}, expected {position}-"
            )
        if chapter[segment.start_idx : segment.end_idx] != segment.original_text:
            raise ValueError(f"segment {segment.segment_id} does not hold the chapter's own text")
        position = segment.end_idx
    if position != len(chapter):
        raise ValueError(f"the segments end at {position}, the chapter at {len(chapter)}")
