"""Media: an upload's bytes decoded in full and written anew, so that nothing unexamined is ever used or served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Picture:
    """A decoded picture, re-encoded without metadata."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class SoundFile:
    """Decoded sound in its canonical form: 48 kHz stereo. `samples` counts per channel."""

    data: bytes
    media_type: str
    sample_rate: int
    channels: int
    samples: int


class Media(Protocol):
    def normalise_picture(self, data: bytes) -> Picture:
        """Raises CorruptAsset for bytes that do not decode, TooLarge beyond the pixel limit."""
        ...

    def normalise_sound(self, data: bytes) -> SoundFile:
        """Raises CorruptAsset for bytes that do not decode or hold no sound, TooLarge beyond the time limit."""
        ...
