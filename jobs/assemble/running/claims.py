"""What a source says of itself in its first bytes, judged before a decoder believes it.

A few hundred bytes can claim a picture of gigabytes. Sizes stand in fixed places: PNG (ISO/IEC 15948, IHDR), JPEG (ITU-T T.81,
the frame header SOFn), WebP (RFC 9649: VP8X, VP8L, VP8). Whatever is none of these is left to its decoder.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from jobs.assemble.running.limits import MAX_PIXELS
from shared.domain.errors import CorruptAsset, TooLarge

MAX_SIDE = 32_768  # pixels; a strip longer than that is no picture
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the others are tables
_ANIMATED = 0x02  # in the flags of VP8X
# Programs that write sound to a pipe cannot know its length, and put one of these there.
_OPEN_ENDS = (range(0x7FFF_0000, 0x8000_0001), range(0xFFFF_0000, 0x1_0000_0000))


def check(path: Path, shown: str) -> None:
    """Raises TooLarge or CorruptAsset for a file whose own header gives it away; `shown` names the asset."""
    with path.open("rb") as stream:
        head = stream.read(64)
        size = _size(head, stream)
    if size and (size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE):
        raise TooLarge(
            f"The asset {shown} is a picture of {size[0]}x{size[1]} pixels. At most {MAX_PIXELS:,} are rendered, and "
            f"{MAX_SIDE:,} a side. Scale it down."
        )
    if head[8:16] == b"WEBPVP8X" and head[20] & _ANIMATED:
        raise CorruptAsset(f"The asset {shown} is an animation, and a still is one picture. Take it as a clip (MP4).")
    if head[:4] == b"RIFF" and len(head) >= 8 and _is_gigabytes_short(head, path):
        raise CorruptAsset(f"The asset {shown} claims gigabytes that are not there. Upload it again.")


def _is_gigabytes_short(head: bytes, path: Path) -> bool:
    (claimed,) = struct.unpack_from("<I", head, 4)
    is_open_ended = any(claimed in ends for ends in _OPEN_ENDS)
    return claimed >= _OPEN_ENDS[0].start and not is_open_ended and claimed + 8 > path.stat().st_size


def _size(head: bytes, stream: BinaryIO) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG or WebP, as its header has them; None for anything else."""
    try:
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack_from(">II", head, 16)
            return width, height
        if head[:2] == b"\xff\xd8":
            return _jpeg_size(stream)
        return _webp_size(head) if head[8:12] == b"WEBP" else None
    except (struct.error, IndexError):
        return None  # cut off so early that the decoder will say so


def _jpeg_size(stream: BinaryIO) -> tuple[int, int] | None:
    stream.seek(2)
    while len(marker := stream.read(4)) == 4 and marker[0] == 0xFF:
        _, kind, length = struct.unpack(">BBH", marker)
        if kind in _FRAME_HEADERS:
            _, height, width = struct.unpack(">BHH", stream.read(5))
            return width, height
        stream.seek(length - 2, 1)
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
