"""When each line of a chapter is heard: the one timeline that sound, captions and read-along share, in samples at 44.1 kHz.

A line begins on a grid on which a moment is a whole number of samples both at 44.1 kHz and at the voice's own rate, so that
a voice is placed exactly before it is resampled: 20 ms for every usual rate. A chapter is a whole number of AAC frames, so
that chapters joined packet by packet begin exactly where they are said to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd, lcm

from shared.domain.export_script import ScriptLine, rates_of

RATE, AAC_FRAME = 44_100, 1024
GRID = 882  # 20 ms
LEAD_IN = 38 * GRID  # 0.76 s: ACX asks for 0.5 to 1 s of room tone ahead, and a voice brings 20 ms of its own
TAIL = 2 * RATE  # ACX asks for 1 to 5 s


@dataclass(frozen=True)
class Slot:
    """Where one line sounds, in samples from the chapter's beginning, `end` exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Timeline:
    """A chapter's: a slot for each line, and `total` samples, which are `frames` AAC frames."""

    slots: tuple[Slot, ...]
    frames: int

    @property
    def total(self) -> int:
        return self.frames * AAC_FRAME

    @property
    def seconds(self) -> float:
        return self.total / RATE


def timeline(lines: Sequence[ScriptLine]) -> Timeline:
    """Lines in order, each with its pause behind it, between a lead-in and a tail of silence."""
    grid = grid_of(rates_of(lines))
    slots: list[Slot] = []
    position, end = LEAD_IN, LEAD_IN
    for line in lines:
        start = -(-position // grid) * grid
        end = start + resampled(line.voice.samples, line.voice.rate)
        slots.append(Slot(start, end))
        position = end + line.pause_ms * RATE // 1000
    total = max(end + TAIL, position)
    return Timeline(tuple(slots), -(-total // AAC_FRAME))


def grid_of(rates: Sequence[int]) -> int:
    """The least multiple of GRID at which a moment is a whole sample at each of these rates too."""
    return lcm(GRID, *(RATE // gcd(RATE, rate) for rate in rates))


def resampled(samples: int, rate: int) -> int:
    """A sound's length at 44.1 kHz, rounded up."""
    return -(-samples * RATE // rate)


def chapter_starts(chapters: Sequence[Timeline]) -> list[int]:
    """The first sample of each chapter of a book that is their sound end to end, and the book's own end."""
    return [0, *accumulate(chapter.total for chapter in chapters)]


def milliseconds(samples: int) -> int:
    """Rounded to the nearest; a half upwards."""
    return (samples * 2000 + RATE) // (2 * RATE)
