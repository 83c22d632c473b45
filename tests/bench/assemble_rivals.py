"""The other contenders, each given an edit and a file to write: one ffmpeg filter graph, moviepy, melt, plain copying.

All encode by the house's own options. A rival makes its command in a folder of its own; what else it writes there counts
as its scratch.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.assemble.lettering.captions import burned
from shared.domain.blueprint.model import CaptionStyle, Cue
from tests.bench.assemble_edits import KEYFRAMES, RATE, Edit, Piece
from tests.bench.assemble_material import Material, codec_options, frame_output
from tests.bench.assemble_measure import Cost, Failed, measure
from tests.bench.assemble_results import GRAPH

CHECKOUT = Path(__file__).parents[2]
BENCH_PYTHON = CHECKOUT / ".venv-bench" / "bin" / "python"
Command = Callable[[Edit, Material, Path], list[str]]
# As jobs.assemble fits a picture into the frame: filled, cropped, in the film's own colours.
_COVER = (
    "scale=1280:720:force_original_aspect_ratio=increase:flags=lanczos+accurate_rnd+full_chroma_int:"
    "out_color_matrix=bt709:out_range=tv,crop=1280:720,format=yuv420p,setsar=1"
)


@dataclass(frozen=True)
class Rival:
    """`command` gives its argument list; `missing` why it cannot be run here, or nothing; `tries` how often it may hang."""

    name: str
    command: Command
    missing: str = ""
    tries: int = 1

    def run(self, edit: Edit, material: Material, folder: Path, cpu: int) -> tuple[Cost, Path]:
        """Make the edit in `folder`, which holds nothing yet. Raises Failed with what the program said."""
        for left in reversed(range(self.tries)):
            try:
                return self._run_once(edit, material, folder, cpu)
            except Failed as exc:
                if not left:
                    raise
                print(f"  {self.name}: {str(exc).splitlines()[0]} once more", flush=True)
                shutil.rmtree(folder)
        raise AssertionError("unreachable")

    def _run_once(self, edit: Edit, material: Material, folder: Path, cpu: int) -> tuple[Cost, Path]:
        folder.mkdir()
        film, said = folder / "output.mp4", folder / "output.log"
        argv = self.command(edit, material, folder)
        with said.open("wb") as log:
            start = _starter(argv, folder, log.fileno())
            try:
                cost = measure([start], folder, [cpu])
            except Failed as exc:
                raise Failed(f"{exc}: {said.read_text('utf-8', 'replace')[-600:]}") from exc
        if not film.exists() or not film.stat().st_size:
            raise Failed("it ended well and wrote nothing")
        return cost, film


def _starter(argv: Sequence[str], folder: Path, log: int) -> Callable[[list[str]], subprocess.Popen[bytes]]:
    environment = {**os.environ, "TMPDIR": str(folder), "QT_QPA_PLATFORM": "offscreen"}

    def start(prefix: list[str]) -> subprocess.Popen[bytes]:
        child = ["env", "-C", str(folder), *argv]
        return subprocess.Popen([*prefix, *child], cwd=CHECKOUT, env=environment, stdout=log, stderr=log)

    return start


def rivals() -> list[Rival]:
    no_moviepy = "" if BENCH_PYTHON.exists() else "moviepy is not installed here; `make bench-assemble` installs it"
    no_melt = "" if shutil.which("melt") else "melt is not installed here"
    return [
        Rival(GRAPH, graph_command),
        Rival("moviepy", moviepy_command, no_moviepy),
        # Given these options of x264, melt 7.12 stops working soon after its start in about one run of ten.
        Rival("melt", melt_command, no_melt, tries=4),
    ]


# One ffmpeg filter graph


def graph_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    inputs = [word for piece in edit.pieces for word in _input(piece, edit, material)]
    script = folder / "graph.txt"
    script.write_text(";\n".join(graph(edit, folder)), encoding="utf-8")
    options = codec_options(still=edit.holds_pictures)
    head = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y"]
    return [*head, *inputs, "-filter_complex_script", str(script), "-map", "[film]", *options, "output.mp4"]


def _input(piece: Piece, edit: Edit, material: Material) -> list[str]:
    file = str(material.file(piece.source))
    if edit.holds_pictures:
        return ["-framerate", str(RATE), "-i", file]
    # In-points are whole half seconds: what is sought is exactly a keyframe. One frame more than needed; trim is exact.
    # Those of a floor may lie anywhere: sought a little early, no rounding skips the frame that is meant.
    early = 0 if piece.first % KEYFRAMES == 0 else 0.25
    return ["-ss", f"{(piece.first - early) / RATE:.6f}", "-t", f"{(piece.frames + 1) / RATE:.6f}", "-i", file]


def graph(edit: Edit, folder: Path) -> list[str]:
    """The filter chains: a branch for each piece, then one concat, or dissolves in a row; captions over the whole."""
    held = f"{_COVER},loop=loop=-1:size=1," if edit.holds_pictures else ""
    # xfade leaves a hole of one frame where its first input ends with the transition: one frame more closes it.
    more = ",tpad=stop_mode=clone:stop=1" if edit.overlap else ""
    branches = [
        f"[{n}:v]{held}trim=end_frame={piece.frames},setpts=N/({RATE}*TB),fps={RATE},settb=1/{RATE},format=yuv420p"
        f"{more if n < len(edit.pieces) - 1 else ''}[p{n}]"
        for n, piece in enumerate(edit.pieces)
    ]
    end = "format=yuv420p,setsar=1[film]"
    if edit.captions:
        script = folder / "captions.ass"
        script.write_text(_script(edit), encoding="utf-8")
        end = f"ass=filename={script},{end}"
    if edit.overlap:
        return [*branches, *_dissolves(edit), f"[x{len(edit.pieces) - 1}]{end}"]
    every = "".join(f"[p{n}]" for n in range(len(edit.pieces)))
    return [*branches, f"{every}concat=n={len(edit.pieces)},{end}"]


def _dissolves(edit: Edit) -> list[str]:
    seconds = edit.overlap / RATE
    return [
        f"[{'p0' if n == 1 else f'x{n - 1}'}][p{n}]xfade=transition=fade:duration={seconds:.6f}:"
        f"offset={edit.starts[n] / RATE:.6f}[x{n}]"
        for n in range(1, len(edit.pieces))
    ]


def _script(edit: Edit) -> str:
    cues = [Cue(start=c.start, duration=c.frames, text=c.text) for c in edit.captions]
    return burned(cues, CaptionStyle(), frame_output(), "en")


# Plain copying


def copy_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    lines = ["ffconcat version 1.0"]
    for piece in edit.pieces:
        # The out-point lies half a frame early: rounded to a microsecond, it must not let one more frame in.
        out = (piece.first + piece.frames - 0.5) / RATE
        lines += [f"file '{material.file(piece.source)}'", f"duration {piece.frames / RATE:.6f}"]
        lines += [f"inpoint {piece.first / RATE:.6f}", f"outpoint {out:.6f}"]
    (folder / "list.ffconcat").write_text("\n".join(lines) + "\n", encoding="utf-8")
    head = [
        "ffmpeg",
        "-hide_banner",
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-f",
        "concat",
        "-safe",
        "0",
        "-auto_convert",
        "0",
    ]
    return [*head, "-i", "list.ffconcat", "-c", "copy", "-movflags", "+faststart", "output.mp4"]


# moviepy


def moviepy_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    font = ["fc-match", "-f", "%{file}", CaptionStyle().font]
    wish = asdict(edit) | {
        "files": {piece.source: str(material.file(piece.source)) for piece in edit.pieces},
        "rate": RATE,
        # It hands RGB to ffmpeg, which would write BT.601 under a BT.709 label.
        "codec": ["-vf", "scale=out_color_matrix=bt709:out_range=tv", *codec_options(still=edit.holds_pictures)],
        "font": subprocess.run(font, capture_output=True, text=True, check=True).stdout,
    }
    (folder / "output.json").write_text(json.dumps(wish), encoding="utf-8")
    program = str(Path(__file__).with_name("assemble_moviepy.py"))
    # The same ffmpeg for all: the one on PATH, not the one that moviepy brings along.
    return ["env", "IMAGEIO_FFMPEG_EXE=ffmpeg", str(BENCH_PYTHON), program, "output.json", "output.mp4"]


# melt


def melt_command(edit: Edit, material: Material, folder: Path) -> list[str]:
    argv = ["melt", "-silent", "-profile", "atsc_720p_30"]
    for n, piece in enumerate(edit.pieces):
        source = material.file(piece.source)
        # pixbuf by name: the other reader of pictures, which is tried first, wants a screen.
        argv += [
            f"pixbuf:{source}" if edit.holds_pictures else str(source),
            f"in={piece.first}",
            f"out={piece.first + piece.frames - 1}",
        ]
        argv += ["-attach-cut", "crop", "center=1"] if edit.holds_pictures else []
        argv += ["-mix", str(edit.overlap), "-mixer", "luma"] if edit.overlap and n else []
    if edit.captions:
        script = folder / "captions.ass"
        script.write_text(_script(edit), encoding="utf-8")
        argv += ["-filter", "avfilter.ass", f"av.filename={script}"]
    options = codec_options(still=edit.holds_pictures)
    named = {name.lstrip("-"): value for name, value in zip(options[::2], options[1::2], strict=True)}
    words = {"c:v": "vcodec", "profile:v": "vprofile", "level:v": "level"}
    properties = [f"{words.get(name, name)}={value}" for name, value in named.items()]
    return [*argv, "-consumer", "avformat:output.mp4", "an=1", "real_time=-1", *properties]
