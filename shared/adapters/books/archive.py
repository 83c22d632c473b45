"""A ZIP from a stranger: names looked at before anything is opened, sizes counted while they are read."""

from __future__ import annotations

import posixpath
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import unquote

from shared.adapters.books.limits import MIB, Budget
from shared.domain.errors import CorruptAsset, TooLarge, UnsupportedMedia
from shared.domain.zip_directory import read_zip_directory

_PIECE = 256 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack by the megabyte, whatever is asked for
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, zlib.error)


class Archive:
    """The files of one ZIP by name. Raises as `open_archive` does."""

    def __init__(self, opened: zipfile.ZipFile, budget: Budget) -> None:
        self._zip = opened
        self._budget = budget
        self._entries = {entry.filename: entry for entry in opened.infolist() if not entry.is_dir()}
        self._alike = {_alike(name): name for name in reversed(self._entries)}

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    def find(self, name: str) -> str | None:
        """The entry of this name; else one whose name differs in case or composition only, as careless tools leave it."""
        return name if name in self._entries else self._alike.get(_alike(name))

    def read(self, name: str) -> bytes:
        """One entry, whole. Raises TooLarge beyond a limit, CorruptAsset where it is missing or does not unpack."""
        found = self.find(name)
        if found is None:
            raise CorruptAsset(f"The book has no {name[:200]!r}, which it needs. Save it anew.")
        return b"".join(self.pieces(found))

    def pieces(self, name: str) -> Iterator[bytes]:
        """One entry piece by piece, each counted as it comes: a header's claim of a size is believed by nobody."""
        self._budget.check_time()
        most, size = self._budget.limits.entry, 0
        try:
            with self._zip.open(self._entries[name]) as stream:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    self._budget.unpack(len(piece))
                    if size > most:
                        raise TooLarge(f"A file in the book has more than {most // MIB} MiB. Bring a smaller one.")
                    yield piece
        except _BROKEN as exc:
            raise CorruptAsset(
                f"{name[:200]!r} in the book cannot be unpacked ({exc.__class__.__name__}). Save it anew."
            ) from exc


@contextmanager
def open_archive(stream: BinaryIO, budget: Budget) -> Iterator[Archive]:
    """The ZIP in `stream`. Raises CorruptAsset for a broken one or one whose names climb out of it, UnsupportedMedia for
    an encrypted one, TooLarge beyond a limit.
    """
    directory, limits = read_zip_directory(stream), budget.limits
    if directory is None:
        raise CorruptAsset("The book ends too early: a ZIP's directory is missing. Upload it again.")
    if directory.entries > limits.entries or directory.size > limits.directory:
        raise TooLarge(f"The book has {directory.entries:,} files; at most {limits.entries:,} are taken.")
    try:
        opened = zipfile.ZipFile(stream)
    except _BROKEN as exc:
        raise CorruptAsset(f"The book cannot be opened ({exc.__class__.__name__}). Save it anew.") from exc
    with opened:
        for entry in opened.infolist():
            _require_plain(entry)
        yield Archive(opened, budget)


def _require_plain(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if is_outside(name) or "\\" in name or "\0" in name:
        raise CorruptAsset(f"A file in the book is named {name[:200]!r}, which leads out of it. It is not opened.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise CorruptAsset(f"{name[:200]!r} in the book is a link and no file. It is not opened.")
    if entry.flag_bits & _ENCRYPTED:
        raise UnsupportedMedia(f"{name[:200]!r} in the book is encrypted. Bring a copy without a password.")
    if entry.compress_type not in _METHODS:
        raise UnsupportedMedia(f"{name[:200]!r} in the book is packed in a way that books are not. Save it anew.")


def is_outside(name: str) -> bool:
    """Whether a name leads out of the folder it is relative to."""
    return name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def resolve(base: str, href: str) -> tuple[str, str]:
    """(file, fragment) of a reference made in the file `base`, percent-encoding undone; ("", "") for one to elsewhere.

    Raises CorruptAsset for one that climbs out of the book.
    """
    path, _, fragment = href.strip().partition("#")
    if "://" in path or path.lower().startswith(("data:", "mailto:", "urn:", "javascript:")):
        return "", ""
    path = unquote(path.partition("?")[0])
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), path)) if path else base
    if is_outside(joined) or "\\" in joined:
        raise CorruptAsset(f"The book refers to {href[:200]!r}, which leads out of it. It is not opened.")
    return joined, unquote(fragment)


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
