"""The types of assets: what each may begin with, be declared as, and how large and long it may be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIB = 1024 * 1024
HEAD_BYTES = 64  # as many of a file's first bytes as `looks_like` wants
MAX_PIXELS = 25_000_000  # of a picture, as it comes
MAX_CLIP_PIXELS = 4096 * 2304  # of one frame of a clip


class AssetType(StrEnum):
    PORTRAIT = "portrait"  # a picture of the presenter
    VOICE_SAMPLE = "voice_sample"  # one person speaking
    SCRIPT = "script"  # text to be spoken
    SONG = "song"  # music
    MOVE_CLIP = "move_clip"  # a film of one movement
    BACKGROUND = "background"  # a picture: cover, slide
    DOCUMENT = "document"  # a book or article to be imported

    @property
    def is_long_work(self) -> bool:
        """Whether its ingest is a job of its own: sound and films need ffmpeg and minutes, pictures and text neither."""
        return self in (AssetType.VOICE_SAMPLE, AssetType.SONG, AssetType.MOVE_CLIP)


@dataclass(frozen=True)
class Kind:
    """`takes` says it in words. `marks` are (offset, bytes) that must all be there, `seconds` least and most of it.

    `declared` are the content types an upload may be announced as; octets of no particular kind always may.
    """

    takes: str
    max_bytes: int
    marks: tuple[tuple[tuple[int, bytes], ...], ...]
    declared: frozenset[str]
    seconds: tuple[float, float] = (0, 0)


def _any_of(*marks: tuple[int, bytes]) -> tuple[tuple[tuple[int, bytes], ...], ...]:
    return tuple((mark,) for mark in marks)


_PICTURES = (*_any_of((0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff")), ((0, b"RIFF"), (8, b"WEBP")))
_MP3 = _any_of((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xfa"), (0, b"\xff\xf3"), (0, b"\xff\xf2"))
_SOUNDS = (((0, b"RIFF"), (8, b"WAVE")), *_any_of((0, b"fLaC"), (0, b"OggS")), *_MP3)
_FILMS = _any_of((4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"))  # MP4 and MOV; Matroska and WebM
_BOOKS = _any_of((0, b"PK\x03\x04"), (0, b"%PDF-"))
_PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
_SOUND_TYPES = frozenset(
    {"audio/wav", "audio/x-wav", "audio/wave", "audio/flac", "audio/x-flac", "audio/ogg", "audio/mpeg", "audio/mp3"}
)
_VOICE_TYPES = frozenset({"audio/mp4", "audio/x-m4a", "audio/webm", "video/webm"})
_FILM_TYPES = frozenset({"video/mp4", "video/quicktime", "video/webm", "video/x-matroska"})
_TEXT_TYPES = frozenset({"text/plain", "text/markdown"})
_BOOK_TYPES = frozenset(
    {
        "application/epub+zip",
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
ANY_TYPE = "application/octet-stream"

KINDS: dict[AssetType, Kind] = {
    AssetType.PORTRAIT: Kind("PNG, JPEG or WebP", 32 * MIB, _PICTURES, _PICTURE_TYPES),
    AssetType.BACKGROUND: Kind("PNG, JPEG or WebP", 32 * MIB, _PICTURES, _PICTURE_TYPES),
    AssetType.VOICE_SAMPLE: Kind(
        "WAV, FLAC, Ogg, MP3, M4A or WebM", 64 * MIB, (*_SOUNDS, *_FILMS), _SOUND_TYPES | _VOICE_TYPES, (3, 600)
    ),
    AssetType.SONG: Kind("WAV, FLAC, Ogg or MP3", 512 * MIB, _SOUNDS, _SOUND_TYPES, (3, 3600)),
    AssetType.MOVE_CLIP: Kind("MP4, MOV, Matroska or WebM", 1024 * MIB, _FILMS, _FILM_TYPES, (0.1, 300)),
    AssetType.SCRIPT: Kind("plain text or Markdown", 4 * MIB, (), _TEXT_TYPES),
    AssetType.DOCUMENT: Kind("EPUB, DOCX, PDF, plain text or Markdown", 64 * MIB, (), _BOOK_TYPES | _TEXT_TYPES),
}


def looks_like(asset_type: AssetType, head: bytes) -> bool:
    """Whether the first bytes are those of a format this type accepts. Decoding in full follows.

    Text has no signature: what is no known book must at least hold no NUL, unless it begins with a UTF-16 mark.
    """
    if asset_type is AssetType.SCRIPT:
        return _may_be_text(head) and not _matches(_BOOKS, head)
    if asset_type is AssetType.DOCUMENT:
        return _matches(_BOOKS, head) or _may_be_text(head)
    return _matches(KINDS[asset_type].marks, head)


def _matches(choices: tuple[tuple[tuple[int, bytes], ...], ...], head: bytes) -> bool:
    return any(all(head[at : at + len(mark)] == mark for at, mark in marks) for marks in choices)


def _may_be_text(head: bytes) -> bool:
    return bool(head) and (head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" not in head)
