"""A stored file as an answer: streamed, whole or one byte range of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response

from shared.domain.errors import StorageFailed

_PIECE_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True)
class File:
    """`source` is a seekable stream, or what `Storage.open` gives; it is opened when answered and closed afterwards.

    `size` is its whole length in bytes, `name` what it is saved as, `inline` lets a browser show it in place.
    """

    source: AbstractContextManager[BinaryIO]
    size: int
    media_type: str
    name: str = ""
    inline: bool = False

    def response(self, request: Request, etag: str | None) -> Response:
        """200 with all of it, or 206 with the range asked for. Raises werkzeug's RequestedRangeNotSatisfiable."""
        bounds = _range(request, self.size, etag)
        start, stop = bounds or (0, self.size)
        stack = ExitStack()
        stream = stack.enter_context(self.source)
        response = Response(_pieces(stream, start, stop), status=206 if bounds else 200, content_type=self.media_type)
        response.call_on_close(stack.close)
        response.content_length = stop - start
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["Content-Disposition"] = self._disposition()
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # uploads never run as our pages
        if bounds:
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{self.size}"
        return response

    def close(self) -> None:
        """Close the source without answering it."""
        with self.source:
            pass

    def _disposition(self) -> str:
        kind = "inline" if self.inline else "attachment"
        if not self.name:
            return kind
        plain = re.sub(r"[^A-Za-z0-9._ -]", "_", self.name)
        return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='', errors='replace')}"


def _range(request: Request, size: int, etag: str | None) -> tuple[int, int] | None:
    """The one range asked for, end exclusive; None for the whole, as for anything that is no single byte range."""
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not asked or asked[0] == "bytes=-" or not _if_range(request, etag):
        return None
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return None
    if start >= stop:
        raise RequestedRangeNotSatisfiable(length=size)
    return start, stop


def _if_range(request: Request, etag: str | None) -> bool:
    wanted = request.headers.get("If-Range")
    return wanted is None or (etag is not None and wanted.strip() == etag)


def _pieces(stream: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    stream.seek(start)
    left = stop - start
    while left:
        piece = stream.read(min(left, _PIECE_BYTES))
        if not piece:
            raise StorageFailed(f"A stored file ended {left} byte(s) early while it was sent. Ask for it again.")
        left -= len(piece)
        yield piece
