"""What a ZIP says of its own directory, read before the directory is: a forged one must not become memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

_END = struct.Struct("<4s4H2LH")  # the end of a ZIP's central directory (APPNOTE 4.3.16)
_TAIL = 65_557  # a comment of 65,535 bytes may follow


@dataclass(frozen=True)
class ZipDirectory:
    """`size` in bytes. A ZIP64 archive claims 65,535 entries here, as its format has it."""

    entries: int
    size: int


def read_zip_directory(stream: BinaryIO) -> ZipDirectory | None:
    """What is claimed at the end of the file; None where no directory ends there. Leaves the stream at its beginning."""
    end = stream.seek(0, 2)
    stream.seek(max(0, end - _TAIL))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return None
    _, _, _, _, entries, size, _, _ = _END.unpack_from(tail, at)
    return ZipDirectory(entries, size)
