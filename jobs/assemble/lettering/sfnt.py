"""What an OpenType or TrueType file says of a face: the characters it maps, and how far each moves the pen.

Table and field names are those of the OpenType specification (ISO/IEC 14496-22). Shaping is left to the renderer: what is
read here only measures lines before they are drawn, and tells which characters a face can draw at all.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_Group = tuple[int, int, int]  # first character, last character, glyph of the first


class Sfnt:
    """One face of a file. Raises ValueError where the file is not a font or lacks a table, OSError where it cannot be read.

    `ascent` and `descent`, in ems, are usWinAscent and usWinDescent: their sum is the line, by which ASS counts font sizes.
    """

    def __init__(self, path: Path, index: int = 0) -> None:
        try:
            with path.open("rb") as file:
                self._tables = _tables(file, index)
            self._units: int = struct.unpack_from(">H", self._tables["head"], 18)[0]
            ascent, descent = struct.unpack_from(">hh", self._tables["OS/2"], 74)
            self._groups = _groups(self._tables["cmap"])
            self._metrics: int = struct.unpack_from(">H", self._tables["hhea"], 34)[0]
        except (KeyError, struct.error) as exc:
            raise ValueError(f"{path.name} is not a font that can be measured: {exc}") from exc
        self.ascent: float = ascent / self._units
        self.descent: float = descent / self._units
        self._starts = [first for first, _, _ in self._groups]

    def glyph(self, character: str) -> int:
        """The glyph a character is mapped to; 0, the box for what is missing, where there is none."""
        code = ord(character)
        place = bisect_right(self._starts, code) - 1
        if place < 0 or code > self._groups[place][1]:
            return 0
        return self._groups[place][2] + code - self._groups[place][0]

    def advance(self, character: str) -> float:
        """How far the character's glyph moves the pen, in ems."""
        glyph = self.glyph(character)
        return float(struct.unpack_from(">H", self._tables["hmtx"], 4 * min(glyph, self._metrics - 1))[0]) / self._units


def _tables(file: BinaryIO, index: int) -> dict[str, bytes]:
    """The tables needed, by tag; in a collection (TTC) those of its face number `index`. Of large files little is read."""
    header = file.read(12)
    if header[:4] == b"ttcf":
        file.seek(12 + 4 * index)
        file.seek(struct.unpack(">I", file.read(4))[0])
        header = file.read(12)
    (count,) = struct.unpack_from(">H", header, 4)
    found = {}
    for tag, _, offset, length in struct.iter_unpack(">4sIII", file.read(16 * count)):
        if tag in (b"head", b"OS/2", b"cmap", b"hhea", b"hmtx"):
            file.seek(offset)
            found[tag.decode("ascii")] = file.read(length)
    return found


def _groups(cmap: bytes) -> list[_Group]:
    """The mapping of Unicode characters, sorted: the whole range where the font has it (format 12), else the first plane."""
    (count,) = struct.unpack_from(">H", cmap, 2)
    formats: dict[int, int] = {}
    for entry in range(4, 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHI", cmap, entry)
        if platform == 0 or (platform, encoding) in ((3, 1), (3, 10)):
            formats[struct.unpack_from(">H", cmap, offset)[0]] = offset
    if 12 in formats:
        start = formats[12]
        (many,) = struct.unpack_from(">I", cmap, start + 12)
        return sorted(struct.iter_unpack(">III", cmap[start + 16 : start + 16 + 12 * many]))
    return sorted(_segments(cmap, formats[4]))


def _segments(cmap: bytes, start: int) -> Iterator[_Group]:
    """Format 4: segments that map by a sum, or one by one through an array."""
    (double,) = struct.unpack_from(">H", cmap, start + 6)
    ends, starts, deltas, offsets = (start + 14 + double * n + (2 if n else 0) for n in range(4))
    for at in range(0, double, 2):
        (last,), (first,), (delta,), (offset,) = (
            struct.unpack_from(">H", cmap, row + at) for row in (ends, starts, deltas, offsets)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", cmap, offsets + at + offset + 2 * (code - first))
            if glyph or not offset:
                yield code, code, (glyph + delta) & 0xFFFF
