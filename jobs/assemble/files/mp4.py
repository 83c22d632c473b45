"""MP4 files, read just far enough to tell whether a clip is in the house format and to copy its frames out.

ISO/IEC 14496-12 boxes: the sample tables of the first video track. No B-frames means no `ctts`; a constant rate means one
`stts` row; the parameter sets are those of `avcC` (14496-15).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

MAX_HEADER = 64 * 1024 * 1024  # a moov box of hours; a larger one is not ours
_READ = 1 << 20  # bytes of neighbouring frames read at once
MAX_FRAMES = 12 * 3600 * 120  # twelve hours at the fastest frame rate


class NotHouseFormat(Exception):
    """Why this file cannot be copied from; it will be encoded instead."""


@dataclass(frozen=True)
class Track:
    """One H.264 track. `offsets` and `sizes` are bytes of each frame in the file; `keyframes` frame numbers."""

    sps: bytes
    pps: bytes
    width: int
    height: int
    frame_rate: Fraction
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    keyframes: frozenset[int]

    @property
    def frames(self) -> int:
        return len(self.sizes)

    def read(self, stream: BinaryIO, start: int, count: int) -> Iterator[bytes]:
        """The slices of `count` frames from `start` on, one NAL unit each. Raises NotHouseFormat for any other content."""
        frame, end = start, start + count
        while frame < end:
            first, position = frame, self.offsets[frame]
            while frame < end and self.offsets[frame] == position and position - self.offsets[first] < _READ:
                position += self.sizes[frame]
                frame += 1
            stream.seek(self.offsets[first])
            data, at = stream.read(position - self.offsets[first]), 0
            for n in range(first, frame):
                yield _only_slice(data[at : at + self.sizes[n]])
                at += self.sizes[n]


@dataclass(frozen=True)
class AudioTrack:
    """One AAC track: `packets` of 1,024 samples each; `skip` samples at the start are the encoder's own and not played."""

    sample_rate: int
    channels: int
    packets: int
    skip: int


def read_audio(stream: BinaryIO) -> AudioTrack | None:
    """The first audio track's facts; None where there is none. Raises NotHouseFormat for boxes that cannot be read."""
    try:
        return _read_audio(stream)
    except (struct.error, IndexError, KeyError, ValueError, ZeroDivisionError) as exc:
        raise NotHouseFormat(f"its boxes cannot be read ({exc.__class__.__name__}: {exc})") from exc


def _read_audio(stream: BinaryIO) -> AudioTrack | None:
    for track in _children(_moov(stream), b"trak"):
        media = _child(track, b"mdia")
        if _child(media, b"hdlr")[8:12] == b"soun":
            table = _child(_child(media, b"minf"), b"stbl")
            entry = _child(table, b"stsd")[16:]
            starts = [struct.unpack_from(">i", _child(edits, b"elst"), 12)[0] for edits in _children(track, b"edts")]
            return AudioTrack(
                sample_rate=struct.unpack_from(">I", entry, 24)[0] >> 16,
                channels=_aac_channels(_child(entry[28:], b"esds")),
                packets=len(_sizes(_child(table, b"stsz"))),
                skip=max(starts, default=0),
            )
    return None


def text_languages(stream: BinaryIO) -> list[str]:
    """ISO 639-2 codes of the caption tracks, in order: three letters of five bits each (14496-12, mdhd)."""
    found = []
    for track in _children(_moov(stream), b"trak"):
        media = _child(track, b"mdia")
        if _child(media, b"hdlr")[8:12] == b"sbtl":  # chapters are a track of type `text`
            header = _child(media, b"mdhd")
            (packed,) = struct.unpack_from(">H", header, 20 if header[0] == 0 else 32)
            found.append("".join(chr((packed >> shift & 31) + 0x60) for shift in (10, 5, 0)))
    return found


def _aac_channels(body: bytes) -> int:
    """From the AudioSpecificConfig (14496-3); the sample entry's own field always says 2.

    It lies three descriptors deep (14496-1): ES (tag 3) holds 3 bytes and DecoderConfig (4), which holds 13 bytes and it (5).
    """
    position = 4  # version and flags
    for tag, fields in ((3, 3), (4, 13), (5, 0)):
        if body[position] != tag:
            raise ValueError(f"descriptor {tag} was looked for in esds, {body[position]} was found")
        position += 1
        while body[position] & 0x80:  # the length, seven bits a byte
            position += 1
        position += 1 + fields
    return body[position + 1] >> 3 & 15


def read_track(stream: BinaryIO) -> Track:
    """Read the first video track's tables. Raises NotHouseFormat, saying what stands in the way."""
    try:
        return _read_track(stream)
    except (struct.error, IndexError, KeyError, ValueError, ZeroDivisionError) as exc:
        raise NotHouseFormat(f"its boxes cannot be read ({exc.__class__.__name__}: {exc})") from exc


def _read_track(stream: BinaryIO) -> Track:
    for track in _children(_moov(stream), b"trak"):
        media = _child(track, b"mdia")
        if _child(media, b"hdlr")[8:12] == b"vide":
            return _video(track, media)
    raise NotHouseFormat("it has no video track")


def _moov(stream: BinaryIO) -> bytes:
    stream.seek(0, 2)
    end, position = stream.tell(), 0
    while position + 8 <= end:
        stream.seek(position)
        size, kind = struct.unpack(">I4s", stream.read(8))
        header = 8
        if size == 1:
            (size,), header = struct.unpack(">Q", stream.read(8)), 16
        size = size or end - position
        if size < header:
            break
        if kind == b"moov":
            if size > MAX_HEADER:
                raise NotHouseFormat("its header is larger than 64 MiB")
            return stream.read(size - header)
        position += size
    raise NotHouseFormat("it has no moov box")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if size < 8 or position + size > len(data):
            raise ValueError("a box runs over its parent")
        yield kind, data[position + 8 : position + size]
        position += size


def _children(data: bytes, kind: bytes) -> list[bytes]:
    return [body for name, body in _boxes(data) if name == kind]


def _child(data: bytes, kind: bytes) -> bytes:
    return _children(data, kind)[0]


def _video(track: bytes, media: bytes) -> Track:
    if any(_rotated(header) for header in _children(track, b"tkhd")):
        raise NotHouseFormat("it is rotated by its header")
    table = _child(_child(media, b"minf"), b"stbl")
    if _children(table, b"ctts"):
        raise NotHouseFormat("it has B-frames")
    _plain_edits(track)
    width, height, sps, pps = _description(_child(table, b"stsd"))
    sizes = _sizes(_child(table, b"stsz"))
    return Track(
        sps=sps,
        pps=pps,
        width=width,
        height=height,
        frame_rate=Fraction(_timescale(_child(media, b"mdhd")), _delta(_child(table, b"stts"), len(sizes))),
        offsets=_offsets(table, sizes),
        sizes=sizes,
        keyframes=_keyframes(table, len(sizes)),
    )


def _rotated(header: bytes) -> bool:
    start = 40 if header[0] == 0 else 52
    matrix = struct.unpack_from(">9i", header, start)
    return matrix[:2] != (0x10000, 0) or matrix[3:5] != (0, 0x10000)


def _plain_edits(track: bytes) -> None:
    for edits in _children(track, b"edts"):
        body = _child(edits, b"elst")
        (count,) = struct.unpack_from(">I", body, 4)
        start = struct.unpack_from(">i", body, 12)[0] if body[0] == 0 else struct.unpack_from(">q", body, 16)[0]
        if count != 1 or start != 0:
            raise NotHouseFormat("it has an edit list")


def _timescale(header: bytes) -> int:
    return int(struct.unpack_from(">I", header, 12 if header[0] == 0 else 20)[0])


def _delta(body: bytes, frames: int) -> int:
    """Ticks a frame. A last row for the last frame alone may differ: a duration nobody sees."""
    (rows,) = struct.unpack_from(">I", body, 4)
    table = [struct.unpack_from(">II", body, 8 + 8 * n) for n in range(rows)]
    if not (rows == 1 or (rows == 2 and table[1][0] == 1)) or sum(count for count, _ in table) != frames:
        raise NotHouseFormat("its frame rate is not constant")
    return int(table[0][1])


def _description(body: bytes) -> tuple[int, int, bytes, bytes]:
    (count,) = struct.unpack_from(">I", body, 4)
    size, kind = struct.unpack_from(">I4s", body, 8)
    if count != 1 or kind != b"avc1":
        raise NotHouseFormat("its video is not one H.264 stream with its parameter sets in the header")
    entry = body[16 : 8 + size]
    width, height = struct.unpack_from(">HH", entry, 24)
    record = _child(entry[78:], b"avcC")
    if record[4] & 3 != 3 or record[5] & 31 != 1:
        raise NotHouseFormat("its parameter sets are not laid out as the house format's")
    (sps_size,) = struct.unpack_from(">H", record, 6)
    sps = record[8 : 8 + sps_size]
    after = 8 + sps_size
    (pps_size,) = struct.unpack_from(">H", record, after + 1)
    if record[after] != 1:
        raise NotHouseFormat("it has several picture parameter sets")
    return width, height, sps, record[after + 3 : after + 3 + pps_size]


def _sizes(body: bytes) -> tuple[int, ...]:
    common, count = struct.unpack_from(">II", body, 4)
    if common and count > MAX_FRAMES:  # no table bounds this count: a forged one must not become memory
        raise NotHouseFormat(f"it claims {count} frames of one size")
    return (common,) * count if common else struct.unpack_from(f">{count}I", body, 12)


def _keyframes(table: bytes, frames: int) -> frozenset[int]:
    boxes = _children(table, b"stss")
    if not boxes:
        return frozenset(range(frames))
    (count,) = struct.unpack_from(">I", boxes[0], 4)
    return frozenset(n - 1 for n in struct.unpack_from(f">{count}I", boxes[0], 8))


def _offsets(table: bytes, sizes: tuple[int, ...]) -> tuple[int, ...]:
    chunks = _chunk_offsets(table)
    body = _child(table, b"stsc")
    (rows,) = struct.unpack_from(">I", body, 4)
    runs = [struct.unpack_from(">III", body, 8 + 12 * n) for n in range(rows)]
    offsets: list[int] = []
    for row, (first, per_chunk, _) in enumerate(runs):
        last = runs[row + 1][0] if row + 1 < rows else len(chunks) + 1
        for chunk in range(first - 1, last - 1):
            position = chunks[chunk]
            for _ in range(per_chunk):
                offsets.append(position)
                position += sizes[len(offsets) - 1]
    if len(offsets) != len(sizes):
        raise ValueError("its chunks do not hold its frames")
    return tuple(offsets)


def _chunk_offsets(table: bytes) -> tuple[int, ...]:
    for kind, code in ((b"stco", "I"), (b"co64", "Q")):
        for body in _children(table, kind):
            (count,) = struct.unpack_from(">I", body, 4)
            return struct.unpack_from(f">{count}{code}", body, 8)
    raise ValueError("it has no chunk offsets")


def _only_slice(sample: bytes) -> bytes:
    """The one slice of a frame; SEI beside it is left out, a parameter set in it refused."""
    found: bytes | None = None
    position = 0
    while position + 4 < len(sample):
        (size,) = struct.unpack_from(">I", sample, position)
        unit = sample[position + 4 : position + 4 + size]
        position += 4 + size
        kind = unit[0] & 31 if unit else 0
        if kind in (1, 5):
            if found is not None:
                raise NotHouseFormat("a frame is cut into several slices")
            found = unit
        elif kind not in (6, 9):
            raise NotHouseFormat(f"a frame holds a NAL unit of type {kind}")
    if found is None or position != len(sample):
        raise NotHouseFormat("a frame holds no slice")
    return found
