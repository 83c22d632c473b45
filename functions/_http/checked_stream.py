"""An upload's body on its way to storage, held to what was agreed: what does not fit breaks the write before its commit."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import IO

import google_crc32c

from functions._http.object_headers import bad


class CheckedStream:
    """Reads through to `source`. At the end, or as soon as there is too much, raises MalformedRequest where lengths
    or hashes are not those asked for. `hashes` are base64 by `crc32c` and `md5`.
    """

    def __init__(self, source: IO[bytes], length_range: tuple[int, int] | None, hashes: Mapping[str, str]) -> None:
        self._source = source
        least, most = length_range or (0, None)
        self._least, self._most = least, most
        self._hashes = hashes
        self._length = 0
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._length += len(data)
        if "crc32c" in self._hashes:
            self._crc32c = google_crc32c.extend(self._crc32c, data)
        if "md5" in self._hashes:
            self._md5.update(data)
        require_length(self._length, (0, self._most))
        if not data:
            self._check_end()
        return data

    def _check_end(self) -> None:
        require_length(self._length, (self._least, None))
        found = {"crc32c": self._crc32c.to_bytes(4, "big"), "md5": self._md5.digest()}
        for name, expected in self._hashes.items():
            if b64encode(found[name]).decode() != expected:
                raise bad("bad-digest", f"The body's {name} is not the one announced. Send it again.")


def require_length(length: int, length_range: tuple[int, int | None]) -> None:
    """Raise MalformedRequest unless `length` bytes are within (least, most)."""
    least, most = length_range
    if most is not None and length > most:
        raise bad("entity-too-large", f"At most {most} bytes were agreed on.")
    if length < least:
        raise bad("entity-too-small", f"At least {least} bytes were agreed on; {length} came.")
