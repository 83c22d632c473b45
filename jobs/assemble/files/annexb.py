"""H.264 byte streams (Annex B): taken apart into NAL units, frames and parameter sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

START = b"\x00\x00\x00\x01"
SLICE, IDR, SEI, SPS, PPS, DELIMITER = 1, 5, 6, 7, 8, 9


@dataclass(frozen=True)
class Stream:
    """A shot's pictures: `parameters` is (SPS, PPS); `frames` one NAL unit each, without start codes."""

    parameters: tuple[bytes, bytes]
    frames: Iterable[bytes]


@dataclass(frozen=True)
class ReadStream(Stream):
    """A stream that is held in memory."""

    frames: tuple[bytes, ...]

    @property
    def keyframes(self) -> tuple[int, ...]:
        return tuple(n for n, frame in enumerate(self.frames) if frame[0] & 31 == IDR)


def nal_units(data: bytes) -> Iterator[bytes]:
    """NAL units of a byte stream. Emulation prevention guarantees that a start code is never inside one."""
    begin = data.find(b"\x00\x00\x01")
    while begin >= 0:
        end = data.find(b"\x00\x00\x01", begin + 3)
        yield data[begin + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
        begin = end


def read_stream(data: bytes) -> ReadStream:
    """A stream whose every frame is one slice and whose parameter sets are all the same, as the house format's are.

    Raises ValueError for anything else: such a stream must not be joined by copying.
    """
    parameters: dict[int, bytes] = {}
    frames: list[bytes] = []
    for unit in nal_units(data):
        if not unit:
            raise ValueError("it holds an empty NAL unit")
        kind = unit[0] & 31
        if kind in (SPS, PPS):
            if parameters.setdefault(kind, unit) != unit:
                raise ValueError("its parameter sets change on the way")
        elif kind in (SLICE, IDR):
            # first_mb_in_slice is ue(v): a set top bit means 0, that is, a new picture.
            if len(unit) < 2 or not unit[1] & 0x80:
                raise ValueError("a frame is cut into several slices")
            frames.append(unit)
        elif kind not in (SEI, DELIMITER):
            raise ValueError(f"it holds a NAL unit of type {kind}")
    if len(parameters) != 2 or not frames or frames[0][0] & 31 != IDR:
        raise ValueError("it does not start with parameter sets and a keyframe")
    return ReadStream(parameters=(parameters[SPS], parameters[PPS]), frames=tuple(frames))
