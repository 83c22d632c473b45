"""What the assembly benchmark puts together, said so that every contender can be told the same: pieces, overlaps, cues.

Pure and seeded: the same edits every time. Time is integer frames at 30 a second.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

RATE = 30
KEYFRAMES = 15  # the house format's own distance; in-points lie on it, so that plain copying is a fair floor
DISSOLVE = 15  # frames: half a second
CUE_FRAMES, PAUSE_FRAMES = (60, 120), (8, 37)  # 90 of 112 on average: four fifths of the time carry a caption
SPOKEN = (
    "the keeper lit his lamp and looked across the harbour while evening came down over the boats nobody had expected "
    "a letter so late in the year yet there it lay upon the table with its seal unbroken waiting for someone to read it"
)


@dataclass(frozen=True)
class Piece:
    """`frames` frames of a source from its frame `first` on; of a picture, which is held, `first` is 0."""

    source: str
    first: int
    frames: int


@dataclass(frozen=True)
class Caption:
    start: int
    frames: int
    text: str


@dataclass(frozen=True)
class Edit:
    """Pieces in a row; each begins `overlap` frames before its neighbour ends, and dissolves into it there."""

    pieces: tuple[Piece, ...]
    overlap: int = 0
    captions: tuple[Caption, ...] = ()
    holds_pictures: bool = False

    @property
    def frames(self) -> int:
        return self.starts[-1] + self.pieces[-1].frames

    @property
    def starts(self) -> list[int]:
        """Where each piece begins, in frames."""
        return [0, *accumulate(piece.frames - self.overlap for piece in self.pieces[:-1])]


@dataclass(frozen=True)
class Scale:
    """How much there is of each case: seconds and pieces."""

    clips: tuple[int, int]
    stills: tuple[int, int]
    thousand: tuple[int, int]


FULL = Scale(clips=(180, 45), stills=(600, 80), thousand=(1800, 1000))
QUICK = Scale(clips=(20, 5), stills=(20, 8), thousand=(20, 11))


def film(size: tuple[int, int], sources: Sequence[str], source_frames: int, overlap: int = 0) -> Edit:
    """`size` (seconds, pieces) of moving pictures, neighbours from unlike sources, entered at keyframes."""
    chance = random.Random(size[1])
    lengths = lengths_of(size[0] * RATE + overlap * (size[1] - 1), size[1], chance)
    pieces: list[Piece] = []
    for length in lengths:
        others = [name for name in sources if not pieces or name != pieces[-1].source]
        first = chance.randrange((source_frames - length) // KEYFRAMES + 1) * KEYFRAMES
        pieces.append(Piece(chance.choice(others), first, length))
    return Edit(tuple(pieces), overlap)


def slides(size: tuple[int, int], pictures: Sequence[str]) -> Edit:
    """`size` (seconds, pieces) of pictures, each held for its own time."""
    lengths = lengths_of(size[0] * RATE, size[1], random.Random(size[1]))
    pieces = (Piece(name, 0, length) for name, length in zip(pictures, lengths, strict=True))
    return Edit(tuple(pieces), holds_pictures=True)


def lengths_of(frames: int, count: int, chance: random.Random) -> list[int]:
    """`count` unlike lengths, each within 40% of their mean, that make up `frames` exactly."""
    lengths = [frames * (n + 1) // count - frames * n // count for n in range(count)]
    most = frames // count * 2 // 5
    for one in range(0, count - 1, 2):
        shift = chance.randint(-most, most)
        lengths[one] += shift
        lengths[one + 1] -= shift
    return lengths


def captioned(edit: Edit) -> Edit:
    """The same with captions of two to four seconds over four fifths of the time."""
    chance = random.Random(3)
    captions: list[Caption] = []
    position = chance.randint(*PAUSE_FRAMES)
    while position + CUE_FRAMES[1] <= edit.frames:
        length = chance.randint(*CUE_FRAMES)
        captions.append(Caption(position, length, sentence(length, chance)))
        position += length + chance.randint(*PAUSE_FRAMES)
    return replace(edit, captions=tuple(captions))


def sentence(frames: int, chance: random.Random) -> str:
    """As many words as are spoken in that time, two and a half a second, on two lines where they fill more than one."""
    count = max(3, frames * 5 // (2 * RATE))
    spoken = SPOKEN.split()
    first = chance.randrange(len(spoken) - count)
    words = spoken[first : first + count]
    lines = [words] if count < 8 else [words[: count // 2], words[count // 2 :]]
    return "\n".join(" ".join(line) for line in lines)


def with_other_clip(edit: Edit, sources: Sequence[str]) -> tuple[Edit, range]:
    """One piece in the middle taken from another source than it and its neighbours; and the frames that show it."""
    number = len(edit.pieces) // 2
    near = {piece.source for piece in edit.pieces[number - 1 : number + 2]}
    pieces = list(edit.pieces)
    pieces[number] = replace(pieces[number], source=next(name for name in sources if name not in near))
    start = edit.starts[number]
    return replace(edit, pieces=tuple(pieces)), range(start, start + pieces[number].frames)


def with_other_words(edit: Edit) -> tuple[Edit, range]:
    """One caption in the middle reworded; and the frames that show it."""
    number = len(edit.captions) // 2
    captions = list(edit.captions)
    captions[number] = replace(captions[number], text="Nothing of the kind was said.")
    start = captions[number].start
    return replace(edit, captions=tuple(captions)), range(start, start + captions[number].frames)
