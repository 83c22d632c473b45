"""Books: a whole one in bytes, read into parts."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from shared.domain.book import Book


class BookReader(Protocol):
    @property
    def version(self) -> str:
        """Grows with every change of what the same bytes are read as."""
        ...

    def read(self, stream: BinaryIO) -> Book:
        """Tell the format by its bytes and read it all; the stream is seekable and stays open.

        Raises UnsupportedMedia for what is no book of a known format, for one that is encrypted and for a PDF without text;
        CorruptAsset for one that cannot be read; TooLarge beyond a limit.
        """
        ...
