"""Text set in lines: measured by the fonts that will draw it, broken where its script allows it, made to fit its box.

The renderer breaks lines at spaces alone, which Chinese, Japanese and Thai do not write; so every break is made here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from jobs.assemble.lettering.arabic import joined
from jobs.assemble.lettering.fonts import Face, Stack, clusters

_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_TURN = re.compile(r"\s*[-\u2010-\u2015]")  # a speaker's turn: its line break is meant
_NO_LINE_START = frozenset(
    "、。，．・：；？！」』）］｝〉》】〕’”ーゃゅょっァィゥェォャュョッぁぃぅぇぉ…‥々〻ゝゞヽヾ～％,.!?:;)]}%"
)
_NO_LINE_END = frozenset("「『（［｛〈《【〔‘“([{")
_THAI_LEADING, _THAI_TRAILING = frozenset("เแโใไເແໂໃໄ"), frozenset("ะาำๅๆฯะາຳໆຯ")
_STEP = 0.96  # by which a text is made smaller until it fits


class Box(NamedTuple):
    """The room that a text has, in pixels."""

    width: float
    height: float


@dataclass(frozen=True)
class Setting:
    """A text as it will be drawn: its lines, and the size of one in pixels."""

    lines: tuple[str, ...]
    size: float


class _Piece(NamedTuple):
    """What no line break parts; `space` is what stands before it on the same line."""

    text: str
    width: float
    space: float


def cleaned(text: str) -> str:
    """The text with plain line ends, and spaces for the control characters, which no font draws; no line is empty."""
    lines = _LINE_ENDS.sub("\n", text).split("\n")
    plain = ("".join(" " if unicodedata.category(c) == "Cc" else c for c in line).strip() for line in lines)
    return "\n".join(line for line in plain if line)


@lru_cache(maxsize=4096)
def fitted(text: str, stack: Stack, size: float, box: Box, spacing: float = 0.0) -> Setting:
    """The text in as few lines as its box needs, about equally long; smaller than `size` where it would not fit.

    Its own line breaks stay where its lines fit as they are, and wherever a speaker's turn begins. A word longer than a
    line is torn only where half the size would not help.
    `size` is the line of the stack's first family, `spacing` the room added after each letter, a share of `size`.
    """
    own, asked = tuple(cleaned(text).split("\n")), size
    while True:
        room = box.width / size * stack.primary.line  # in ems
        fits = all(width(line, stack, spacing) <= room for line in own)
        lines = own if fits else _wrapped(own, stack, room, spacing, tears=size <= asked / 2)
        fits = all(width(line, stack, spacing) <= room for line in lines)
        if (fits and height(lines, stack) * size <= box.height) or size * _STEP < 1:
            return Setting(lines, size)
        size = round(size * _STEP, 2)


@lru_cache(maxsize=1 << 14)
def width(line: str, stack: Stack, spacing: float = 0.0) -> float:
    """A line's length in ems, kerning left out; the widest it can be where letters join into narrower ones."""
    total = 0.0
    for face, run in stack.runs(line):
        total += sum(_advance(face, character) for character in joined(run))
    return total + spacing * stack.primary.line * sum(1 for _ in clusters(line))


def height(lines: Sequence[str], stack: Stack) -> float:
    """The height of a block of lines, as a multiple of the line of the stack's first family."""
    faces = [[face for face, _ in stack.runs(line)] or [stack.primary] for line in lines]
    return sum(map(_line_height, faces)) / stack.primary.line


def _line_height(faces: Sequence[Face]) -> float:
    return max(face.metrics.ascent for face in faces) + max(face.metrics.descent for face in faces)


def relative(face: Face, stack: Stack) -> float:
    """The ASS font size, as a share of the first family's, at which a face's ems are as large as that family's."""
    return face.line / stack.primary.line


@lru_cache(maxsize=1 << 16)
def _advance(face: Face, character: str) -> float:
    if face.has(character) and not face.metrics.glyph(character):
        return 0.0
    return face.metrics.advance(character)


def _wrapped(own: Sequence[str], stack: Stack, room: float, spacing: float, *, tears: bool) -> tuple[str, ...]:
    found: list[str] = []
    for turn in _turns(own):
        found += _balanced(list(_pieces(turn, stack, room, spacing, tears=tears)), room)
    return tuple(found)


def _turns(own: Sequence[str]) -> list[str]:
    """The lines joined into one, but for those that begin a speaker's turn."""
    found = [own[0]]
    for before, line in pairwise(own):
        if _TURN.match(line):
            found.append(line)
        else:
            found[-1] += ("" if _is_wide(before[-1]) and _is_wide(line[0]) else " ") + line
    return found


def _balanced(pieces: Sequence[_Piece], room: float) -> list[str]:
    """As few lines as there must be, and those as narrow as that many can be."""
    fewest = len(_filled(pieces, room))
    low, high = 0.0, room
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(pieces, middle)) <= fewest else (middle, high)
    return _filled(pieces, high)


def _filled(pieces: Sequence[_Piece], room: float) -> list[str]:
    lines: list[str] = []
    filled = 0.0
    for piece in pieces:
        if lines and filled + piece.space + piece.width <= room:
            lines[-1] += (" " if piece.space else "") + piece.text
            filled += piece.space + piece.width
        else:
            lines.append(piece.text)
            filled = piece.width
    return lines


def _pieces(text: str, stack: Stack, room: float, spacing: float, *, tears: bool) -> Iterator[_Piece]:
    """Words; a Chinese or Japanese character each by itself; clusters of what is longer than a line, if it may be torn."""
    gap = width("n n", stack, spacing) - width("nn", stack, spacing)
    for word in text.split():
        space = gap
        for part in _parts(word, _may_break):
            is_whole = width(part, stack, spacing) <= room or not (tears or _is_unspaced(part))
            for piece in [part] if is_whole else _parts(part, _may_tear):
                yield _Piece(piece, width(piece, stack, spacing), space)
                space = 0.0


def _parts(word: str, may_break: Callable[[str, str], bool]) -> Iterator[str]:
    start = position = 0
    for before, after in pairwise(clusters(word)):
        position += len(before)
        if may_break(before, after):
            yield word[start:position]
            start = position
    yield word[start:]


def _may_break(before: str, after: str) -> bool:
    """Between ideographs and kana, as their rules of line ends (kinsoku) allow; Korean breaks at its spaces."""
    return (_is_wide(before) or _is_wide(after)) and _may_tear(before, after)


def _may_tear(before: str, after: str) -> bool:
    """Anywhere, but for marks that open or close, and vowels that Thai and Lao write before or after their consonant."""
    if before[-1] in _NO_LINE_END or after[0] in _NO_LINE_START:
        return False
    return before[0] not in _THAI_LEADING and after[0] not in _THAI_TRAILING


def _is_unspaced(word: str) -> bool:
    """Whether a stretch between spaces is a phrase and not a word: Thai, Lao, Burmese, Khmer."""
    return any("\u0e00" <= c <= "\u0eff" or "\u1000" <= c <= "\u109f" or "\u1780" <= c <= "\u17ff" for c in word)


def _is_wide(cluster: str) -> bool:
    character = cluster[0]
    if character < "\u2e80" or unicodedata.name(character, "").startswith("HANGUL"):
        return False
    return unicodedata.east_asian_width(character) in "WF"
