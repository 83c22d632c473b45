"""WAV files (RIFF), looked at for one thing: whether they hold all the sound that their header promises."""

from __future__ import annotations

import struct
from pathlib import Path

OPEN_ENDED = 0x7FFF_0000  # programs that write to a pipe put a huge length here: the sound lasts to the file's end


def missing_bytes(path: Path) -> int:
    """How many bytes of sound are missing at the end; 0 for a whole file, and for what is no WAV with a data chunk."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(12)[8:] != b"WAVE":
            return 0
        while len(header := stream.read(8)) == 8:
            kind, length = struct.unpack("<4sI", header)
            if kind == b"data":
                return 0 if length >= OPEN_ENDED else max(0, stream.tell() + length - size)
            stream.seek(length + length % 2, 1)  # chunks begin at even places
    return 0
