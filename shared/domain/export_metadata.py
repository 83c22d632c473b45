"""What a sound file says of its book: ffmpeg's metadata file, with chapters (ffmpeg-formats, "Metadata")."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from itertools import pairwise

from shared.domain.export_script import BookScript
from shared.domain.export_timeline import milliseconds

_SPECIAL = re.compile(r"[=;#\\\n]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def ffmetadata(tags: Sequence[tuple[str, str]], titles: Sequence[str] = (), starts: Sequence[int] = ()) -> str:
    """The file's text. `starts` are the first samples (44.1 kHz) of the titled chapters, and the book's end."""
    lines = [";FFMETADATA1", *(f"{name}={escaped(value)}" for name, value in tags)]
    for title, (start, end) in zip(titles, pairwise(starts), strict=True):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={milliseconds(start)}", f"END={milliseconds(end)}"]
        lines.append(f"title={escaped(one_line(title))}")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A value: `=`, `;`, `#`, the backslash and the line feed behind a backslash; other control characters left out.

    One that ends in a backslash gets a space: ffmpeg 5.1 takes the line's end behind it for an escaped one, and what comes
    next for the rest of the value.
    """
    whole = plain(text)
    return _SPECIAL.sub(r"\\\g<0>", whole + " " if whole.endswith("\\") else whole)


def plain(text: str) -> str:
    """As it will be read back: line ends as line feeds, no other control characters, no half of a surrogate pair."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", whole).encode("utf-8", "ignore").decode()


def one_line(text: str) -> str:
    """A title: players show one line of it."""
    return " ".join(plain(text).split())


def book_tags(book: BookScript) -> list[tuple[str, str]]:
    """Tags of the whole book; those that say nothing are left out."""
    given = [
        ("title", one_line(book.title)),
        ("album", one_line(book.title)),
        ("artist", one_line(book.author)),
        ("album_artist", one_line(book.author)),
        ("composer", one_line(book.narrator)),  # where players of audiobooks look for the narrator
        ("date", f"{book.year:04}" if book.year else ""),
        ("description", plain(book.description)),
        ("comment", plain(book.description)),
        ("genre", "Audiobook"),
    ]
    return [(name, value) for name, value in given if value]


def chapter_tags(book: BookScript, title: str, number: int) -> list[tuple[str, str]]:
    """Tags of a file that is one chapter, `number` from 1."""
    own = {"title": one_line(title), "track": f"{number}/{len(book.chapters)}"}
    kept = [(name, value) for name, value in book_tags(book) if name not in ("title", "description", "comment")]
    return [*own.items(), *kept]


_FRAMES = {
    "title": b"TIT2",
    "album": b"TALB",
    "artist": b"TPE1",
    "album_artist": b"TPE2",
    "composer": b"TCOM",
    "date": b"TYER",
    "genre": b"TCON",
    "track": b"TRCK",
}


def id3(tags: Sequence[tuple[str, str]]) -> bytes:
    """The tags as they stand ahead of an MP3: ID3v2.3 in UTF-16, which every player reads. An MP3 is encoded once, and this
    put before it, so that a book that gets another chapter is not encoded anew for its track numbers.
    """
    body = b"".join(_frame(_FRAMES[name], value) for name, value in tags if name in _FRAMES)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def _frame(name: bytes, value: str) -> bytes:
    text = b"\x01" + codecs.BOM_UTF16_LE + value.encode("utf-16-le")
    return name + len(text).to_bytes(4, "big") + b"\x00\x00" + text
