"""A remote object as a seekable stream: bytes are brought when they are read, some at a time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

_AT_LEAST_BYTES = 1 << 20  # brought at once, so that small reads do not cost a request each


class _Ranges(io.RawIOBase):
    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"Seeking to {start + offset}, before the beginning.")
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # any writable buffer; it comes as this
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._next(self._size)

    def _next(self, count: int) -> bytes:
        stop = min(self._size, self._place + count)
        if stop <= self._place:
            return b""
        data = self._fetch(self._place, stop)
        self._place += len(data)
        return data


def ranged_stream(size: int, fetch: Callable[[int, int], bytes], at_least: int = _AT_LEAST_BYTES) -> BinaryIO:
    """A stream of `size` bytes; `fetch(start, stop)` brings all of that range or raises."""
    return io.BufferedReader(_Ranges(size, fetch), at_least)
