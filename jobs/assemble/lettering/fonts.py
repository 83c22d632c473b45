"""Fonts: what is installed, and which face draws which character. Decided here, never by fontconfig's own choice.

A text is drawn by the families that are declared, in their order; what none of them has, by the house's own family for its
script (house_fonts.py). A character that these lack too is refused before anything is made.
"""

from __future__ import annotations

import hashlib
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from jobs.assemble.lettering.house_fonts import SERIF, guessed_language, house_families, how_to_install
from jobs.assemble.lettering.sfnt import Sfnt
from shared.config import tool_environment
from shared.domain.errors import EngineUnavailable
from shared.domain.graphemes import is_boundary

_FIELDS = "%{file}\t%{index}\t%{family}\t%{weight}\t%{slant}\t%{width}\t%{outline}\t%{variable}\n"
_REGULAR, _BOLD, _ITALIC, _NORMAL_WIDTH = 80, 200, 100, 100  # as fontconfig counts weight, slant and width
_NO_GLYPH = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # ignorable by default, and not of category Cf


@dataclass(frozen=True, eq=False)  # one object a face (`_face`): compared by what it is, which is quick
class Face:
    """One face of an installed file, under the family name it was asked for."""

    family: str
    path: Path
    index: int

    @cached_property
    def metrics(self) -> Sfnt:
        """Raises EngineUnavailable where the file is damaged or gone."""
        try:
            return Sfnt(self.path, self.index & 0xFFFF)
        except (OSError, ValueError) as exc:
            raise EngineUnavailable(f"The font {self.family!r} cannot be read ({exc}). Install it again.") from exc

    @cached_property
    def identity(self) -> str:
        """Family, face and the file's own bytes: another version of a font draws another picture."""
        with self.path.open("rb") as file:
            return f"{self.family} {self.index} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    @property
    def line(self) -> float:
        """Its line, in ems. An ASS font size is that of the line, so that two faces of one size differ in their ems."""
        return self.metrics.ascent + self.metrics.descent

    def has(self, cluster: str) -> bool:
        return all(_needs_no_glyph(character) or self.metrics.glyph(character) for character in cluster)


class Fonts:
    """What is installed: outline fonts, by family."""

    def __init__(self, listing: str) -> None:
        """`listing` is what fc-list prints in the format `_FIELDS`."""
        self._faces: dict[str, list[tuple[Path, int, int, int, int]]] = {}
        for path, index, families, *shape, outline, variable in (row.split("\t") for row in listing.splitlines()):
            weight, slant, width = (int(float(value)) if value else 0 for value in shape)
            if outline == "True" and variable != "True":
                for family in families.split(","):
                    entry = (Path(path), int(index), weight, slant, width)
                    self._faces.setdefault(family.casefold(), []).append(entry)

    def find(self, family: str, *, bold: bool = False, italic: bool = False) -> Face | None:
        """The family's face nearest to what is wanted; None where the family is not installed."""
        wanted = _BOLD if bold else _REGULAR
        slanted = _ITALIC if italic else 0

        def distance(entry: tuple[Path, int, int, int, int]) -> tuple[int, int, int, str, int]:
            path, index, weight, slant, width = entry
            return abs(width - _NORMAL_WIDTH), abs(slant - slanted), abs(weight - wanted), str(path), index

        found = min(self._faces.get(family.casefold(), ()), key=distance, default=None)
        return None if found is None else _face(family, found[0], found[1])

    def families(self) -> list[str]:
        return sorted(self._faces)


@cache
def installed() -> Fonts:
    """What fontconfig lists on this machine, asked once a process. Raises EngineUnavailable where it cannot be asked."""
    command = ["fc-list", "--format", _FIELDS]
    try:
        ended = subprocess.run(command, env=tool_environment(), capture_output=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as exc:
        raise EngineUnavailable(
            "Letters are to be drawn, and the program 'fc-list', which tells what fonts are installed, cannot be run. "
            "Install fontconfig (apt-get install fontconfig, brew install fontconfig)."
        ) from exc
    return Fonts(ended.stdout.decode("utf-8", "replace"))


@cache
def _face(family: str, path: Path, index: int) -> Face:
    return Face(family, path, index)


@dataclass(frozen=True)
class Stack:
    """The families that may draw a text: those declared, first to last, then the house's own for each script."""

    families: tuple[str, ...]
    language: str = ""  # BCP 47: Chinese, Japanese and Korean write the same characters differently
    bold: bool = False
    italic: bool = False

    @property
    def primary(self) -> Face:
        """The face of the first family, whose lines the others are fitted to. Raises EngineUnavailable without it."""
        face = self.find(self.families[0])
        if face is None:
            raise EngineUnavailable(
                f"The font family {self.families[0]!r} was looked for and is not installed. {how_to_install(self.families[:1])}"
            )
        return face

    def find(self, family: str) -> Face | None:
        return installed().find(family, bold=self.bold, italic=self.italic)

    def candidates(self, cluster: str, language: str) -> list[str]:
        """Every family that is asked for a cluster of a text in that language, in order."""
        serif = self.families[0] == SERIF
        return [*self.families, *house_families(cluster, language, serif=serif)]

    def runs(self, text: str) -> tuple[tuple[Face, str], ...]:
        """A text without line breaks, parted by the face that draws it. Raises EngineUnavailable for what none can."""
        return _runs(self, text)

    def missing(self, text: str) -> list[str]:
        """What of a text no family can draw, each cluster once."""
        language = self.language or guessed_language(text)
        return [part for part in dict.fromkeys(clusters(text)) if _face_for(self, part, language) is None]


@lru_cache(maxsize=1 << 12)
def _runs(stack: Stack, text: str) -> tuple[tuple[Face, str], ...]:
    parts = list(clusters(text))
    language = stack.language or guessed_language(text)
    faces = [face for part in parts if (face := _face_for(stack, part, language))]
    if len(faces) < len(parts):
        raise EngineUnavailable(f"No family of {', '.join(stack.families)} has {named(stack.missing(text))}.")
    found: list[tuple[Face, str]] = []
    for part, face in zip(parts, _settled(parts, faces), strict=True):
        if found and found[-1][0] is face:
            found[-1] = (face, found[-1][1] + part)
        else:
            found.append((face, part))
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def _face_for(stack: Stack, cluster: str, language: str) -> Face | None:
    faces = (stack.find(family) for family in stack.candidates(cluster, language))
    return next((face for face in faces if face and face.has(cluster)), None)


def clusters(text: str) -> Iterator[str]:
    """Characters as a reader sees them, which one face must draw whole."""
    start = 0
    for at in range(1, len(text) + 1):
        if is_boundary(text, at, start):
            yield text[start:at]
            start = at


def _settled(parts: Sequence[str], faces: Sequence[Face]) -> list[Face]:
    """Punctuation and spaces take the face of the words around them where it has them: a run is not torn at each space."""
    found = list(faces)
    order = [*range(len(parts)), *reversed(range(len(parts)))]
    near: Face | None = None
    is_settled = [not _is_neutral(part) for part in parts]
    for n in order:
        if is_settled[n]:
            near = found[n]
        elif near and near.has(parts[n]):
            found[n], is_settled[n] = near, True
    return found


def _is_neutral(cluster: str) -> bool:
    return unicodedata.category(cluster[0])[0] in "PSZC" and unicodedata.category(cluster[0]) != "So"


def _needs_no_glyph(character: str) -> bool:
    """Whether a character is drawn as nothing: joiners, direction marks, variation selectors."""
    if character in _NO_GLYPH or "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff":
        return True
    return unicodedata.category(character) == "Cf" and not unicodedata.name(character, "").startswith(
        ("ARABIC", "SYRIAC")
    )


def named(characters: Iterable[str], most: int = 10) -> str:
    """Characters by their code points, the first few of them: a text is not repeated in a message."""
    codes = [f"U+{ord(character):04X}" for cluster in characters for character in cluster]
    return ", ".join(codes[:most]) + (f" and {len(codes) - most} more" if len(codes) > most else "")
