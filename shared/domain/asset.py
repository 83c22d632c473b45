"""Assets: what people bring. Judged by its bytes, never by its name."""

from __future__ import annotations

from enum import StrEnum

from shared.domain.project import Stored


class AssetType(StrEnum):
    BACKGROUND = "background"  # a picture: cover, slide
    SONG = "song"  # music


class AssetStatus(StrEnum):
    PENDING = "pending"  # waiting for its bytes, or for the ingest
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Asset(Stored):
    """`upload_key` is what came, in the uploads bucket; `media_key` what it was normalised to, in the media bucket.

    `width`, `height` in pixels for pictures; `samples`, `sample_rate`, `channels` for sound.
    """

    type: AssetType
    name: str
    status: AssetStatus = AssetStatus.PENDING
    reason: str = ""
    size: int
    upload_key: str
    media_key: str = ""
    media_type: str = ""
    sha256: str = ""
    width: int | None = None
    height: int | None = None
    samples: int | None = None
    sample_rate: int | None = None
    channels: int | None = None


# What each type may start with. Decoding in full follows; this only turns away what is plainly something else.
_SIGNATURES: dict[AssetType, tuple[tuple[int, bytes], ...]] = {
    AssetType.BACKGROUND: ((0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (8, b"WEBP")),
    AssetType.SONG: ((8, b"WAVE"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3")),
}
ACCEPTED = {AssetType.BACKGROUND: "PNG, JPEG or WebP", AssetType.SONG: "WAV, FLAC, Ogg or MP3"}


def looks_like(asset_type: AssetType, head: bytes) -> bool:
    """Whether the first bytes are those of a format this type accepts."""
    return any(head[offset : offset + len(mark)] == mark for offset, mark in _SIGNATURES[asset_type])
