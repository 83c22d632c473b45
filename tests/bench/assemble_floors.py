"""The least that a case can cost: for cuts, plain copying; else the frames that differ from every source, and no others.

Those frames go through one graph with the house's own options, and the result is decoded once, as every shot of ours is.
Nothing is planned, fetched, joined, checked or published: what ours costs beyond it is what can still be saved.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from tests.bench.assemble_edits import RATE, Caption, Edit, Piece
from tests.bench.assemble_material import Material, codec_options
from tests.bench.assemble_results import CAPTIONS, CUTS, DISSOLVES, FLOOR, LEAST
from tests.bench.assemble_rivals import Rival, copy_command, graph_command

_QUIET = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y"]


def floor_of(case: str) -> Rival | None:
    """The contender that does no more than it must; None where there is none to be named."""
    if case == CUTS:  # ffmpeg's concat demuxer: nothing decoded and nothing checked
        return Rival(FLOOR, copy_command)
    commands = {DISSOLVES: overlaps_command, CAPTIONS: captioned_command}
    return Rival(LEAST, commands[case]) if case in commands else None


def changed(case: str, edit: Edit) -> Edit:
    """What is left of an edit for its floor to make: pieces and captions of the frames that change."""
    if case == DISSOLVES:
        return replace(edit, pieces=tuple(_overlaps(edit)), overlap=0)
    return captioned_alone(edit) if case == CAPTIONS else edit


def overlaps_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    """Each overlap dissolved by itself, all of them in a row."""
    pairs = list(zip(*[iter(_sides(edit))] * 2, strict=True))
    inputs = [word for pair in pairs for piece in pair for word in _sought(piece, material)]
    seconds = edit.overlap / RATE
    lines = [
        f"[{2 * n}:v]settb=1/{RATE}[a{n}];[{2 * n + 1}:v]settb=1/{RATE}[b{n}];"
        f"[a{n}][b{n}]xfade=transition=fade:duration={seconds:.6f}:offset=0,trim=end_frame={edit.overlap}[x{n}]"
        for n in range(len(pairs))
    ]
    joined = "".join(f"[x{n}]" for n in range(len(pairs)))
    lines.append(f"{joined}concat=n={len(pairs)},setpts=N/({RATE}*TB),format=yuv420p,setsar=1[film]")
    script = folder / "graph.txt"
    script.write_text(";\n".join(lines), encoding="utf-8")
    made = [*_QUIET, *inputs, "-filter_complex_script", str(script), "-map", "[film]", *codec_options(), "output.mp4"]
    return _and_decode(made)


def captioned_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    return _and_decode(graph_command(captioned_alone(edit), material, folder))


def _and_decode(made: list[str]) -> list[str]:
    cheap = [
        *_QUIET,
        "-skip_loop_filter",
        "all",
        "-skip_idct",
        "all",
        "-threads",
        "1",
        "-i",
        "output.mp4",
        "-f",
        "null",
        "-",
    ]
    return ["sh", "-c", f"{shlex.join(made)} && {shlex.join(cheap)}"]


def _sought(piece: Piece, material: Material) -> list[str]:
    times = ["-ss", f"{piece.first / RATE:.6f}", "-t", f"{piece.frames / RATE:.6f}"]
    return [*times, "-i", str(material.file(piece.source))]


def _sides(edit: Edit) -> Iterator[Piece]:
    """The two sides of every overlap: the end of one piece, the beginning of the next."""
    for one, other in pairwise(edit.pieces):
        yield replace(one, first=one.first + one.frames - edit.overlap, frames=edit.overlap)
        yield replace(other, frames=edit.overlap)


def _overlaps(edit: Edit) -> Iterator[Piece]:
    """One piece of the overlap's length for each overlap: as many frames as there are to make."""
    return (piece for n, piece in enumerate(_sides(edit)) if n % 2)


def captioned_alone(edit: Edit) -> Edit:
    """The parts of pieces that lie under captions, in a row, with the captions over them."""
    pieces: list[Piece] = []
    captions: list[Caption] = []
    position = 0
    for caption in edit.captions:
        captions.append(replace(caption, start=position))
        position += caption.frames
        for piece, start in zip(edit.pieces, edit.starts, strict=True):
            begin = max(start, caption.start)
            end = min(start + piece.frames, caption.start + caption.frames)
            if begin < end:
                pieces.append(Piece(piece.source, piece.first + begin - start, end - begin))
    return Edit(tuple(pieces), 0, tuple(captions))
