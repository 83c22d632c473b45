"""H.264 frame numbers: read, and counted anew where a copy begins between its source's keyframes.

A copied frame says only how it differs from the one before. Encode that one anew as a keyframe, and all that stands in the
way of the rest is `frame_num` (ITU-T H.264, 7.4.3), which counts from the keyframe: decoders take a jump for lost frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jobs.assemble.files.annexb import IDR

# Profiles whose sequence parameter set tells of chroma and bit depth before frame numbers (7.3.2.1.1).
_DETAILED = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_HEADER = 24  # bytes of a slice that hold its first four fields, however they are escaped
_TO_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03]|\Z)")


class FrameNumbers:
    """How one sequence parameter set has frames numbered. Raises ValueError for a set that the house does not write."""

    def __init__(self, sps: bytes) -> None:
        bits = _Bits(_plain(sps)[1:])
        profile = bits.read(8)
        bits.read(16)
        bits.golomb()
        if profile in _DETAILED:
            shape = bits.golomb(), bits.golomb(), bits.golomb(), bits.read(2)
            if shape != (1, 0, 0, 0):
                raise ValueError("its parameter sets tell of other pictures than 8-bit 4:2:0")
        self._width = bits.golomb() + 4
        if bits.golomb() != 2:
            raise ValueError("its frames may be shown in another order than they are stored in")
        if bits.golomb() != 1 or bits.read(1):
            raise ValueError("a frame may depend on more than the one before it")

    def count_up(self, frames: Iterable[bytes]) -> bool:
        """Whether each frame's number is one more than that of the frame before, from 0 at every keyframe."""
        wanted = 0
        for frame in frames:
            wanted = 0 if frame[0] & 31 == IDR else wanted
            if not frame[0] & 0x60 or self._place(frame)[1] != wanted:
                return False
            wanted = (wanted + 1) % (1 << self._width)
        return True

    def counted_from(self, first: bytes, frames: Iterable[bytes]) -> Iterator[bytes]:
        """`frames` as they must be when `first`, the frame before them, is replaced by a keyframe."""
        ahead = self._place(first)[1]
        is_behind_keyframe = False
        for frame in frames:
            is_behind_keyframe = is_behind_keyframe or frame[0] & 31 == IDR
            yield frame if is_behind_keyframe else self._less(frame, ahead)

    def _less(self, frame: bytes, ahead: int) -> bytes:
        plain = bytearray(_plain(frame))
        place, number = self._place(frame)
        head = int.from_bytes(plain[:_HEADER].ljust(_HEADER, b"\0"))
        shift = _HEADER * 8 - place - self._width
        other = (number - ahead) % (1 << self._width)
        head = head & ~(((1 << self._width) - 1) << shift) | other << shift
        plain[:_HEADER] = head.to_bytes(_HEADER)[: min(_HEADER, len(plain))]
        return _TO_ESCAPE.sub(b"\x00\x00\x03", bytes(plain))

    def _place(self, frame: bytes) -> tuple[int, int]:
        """(the bit at which the number stands, the number) of a slice (7.3.3)."""
        bits = _Bits(_plain(frame[:_HEADER]))
        bits.read(8)
        for _ in ("first_mb_in_slice", "slice_type", "pic_parameter_set_id"):
            bits.golomb()
        return bits.at, bits.read(self._width)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._size = len(data) * 8
        self.at = 0

    def read(self, count: int) -> int:
        self.at += count
        if self.at > self._size:
            raise ValueError("it ends within a header")
        return self._value >> (self._size - self.at) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb code (9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def _plain(unit: bytes) -> bytes:
    """A NAL unit without the bytes that keep start codes out of it (7.4.1)."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")
