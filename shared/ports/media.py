"""Media: an upload's picture decoded in full and written anew, so that nothing unexamined is ever used or served.

Sound and films are the work of `jobs/ingest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.domain.asset import Crop


@dataclass(frozen=True)
class Picture:
    """A decoded picture, re-encoded without metadata."""

    data: bytes
    media_type: str
    width: int
    height: int


class Media(Protocol):
    def normalise_picture(self, data: bytes) -> Picture:
        """Raises CorruptAsset for bytes that do not decode, TooLarge beyond the pixel limit."""
        ...

    def thumbnail(self, picture: Picture) -> Picture:
        """A small JPEG of a normalised picture."""
        ...

    def portrait_crop(self, picture: Picture) -> Crop:
        """The square of a normalised portrait to cut to, and advice where it could be better."""
        ...
