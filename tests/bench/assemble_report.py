"""What the assembly benchmark found, in words and tables: on the screen, and as docs/performance.md."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.assemble_measure import MB
from tests.bench.assemble_results import OURS, Result, Results, Target

PINS = Path(__file__).parents[2] / "requirements" / "bench.txt"
HEAD = (
    "case", "contender", "CPU s", "against ours", "wall s", "peak MB", "of it scratch", "PSNR dB", "CPU s with sound",
)  # fmt: skip
PROSE = """\
# Performance

Written by `make bench-assemble ARGS=--write`; not edited by hand. Every contender makes the same films from the same files
in one run, and encodes, where it encodes, with the same options of x264 (`jobs/assemble/house.py`, profile `standard`).

**The cases.** All are 1280x720 at 30 frames a second, cut from six made films of unlike, moving, grainy content in the
house format, 4 to 7 Mbit/s. *cuts*: 180 s of 45 clips, entered at keyframes, left at any frame. *dissolves*: the same with
44 dissolves of half a second. *captions*: the cuts with burned captions over four fifths of the time. *stills*: ten
minutes of 80 pictures. Then *edits*: one clip of the dissolves replaced, one caption reworded, rendered where the first render
left its artifacts. *thousand*: 30 minutes of 1,000 clips.

**The contenders.** *ours*: the assembly job as it is deployed, a process of its own on an empty data folder. *one graph*:
one ffmpeg filter graph with `concat`, `xfade` and `ass`. *moviepy* and *melt*: as their documentation shows. Two floors,
which no exact renderer can go under: *plain copy*, ffmpeg's concat demuxer, which neither decodes nor checks anything; and
*changed frames alone*, one graph that encodes just the frames that differ from every source, and one decoder over them.

**The figures.** Each contender is bound to one CPU. CPU is user and system time of its whole process tree. Peak memory is
the proportional set size of the tree, looked at every 50 ms, plus the scratch files then on disk, which count as memory on
Cloud Run; the output and the sources that ours fetches do not count. The ratios are those of the pictures, without sound;
the last column is ours again with narration and ducked music. Every film has exactly the frames asked for; sampled frames, half
of them at seams, are held against the one graph's (an edit's against those of the film before, where nothing was edited).
"""


def report(results: Results, *, is_judged: bool) -> str:
    """The tables, in Markdown: what each contender cost, and the targets."""
    rows = [_row(row, results) for row in results.rows]
    aims = [_aim(target, is_judged) for target in results.targets()]
    return "\n".join([*_table(HEAD, rows), "", *_table(("case", "target", "found", "asked", "verdict"), aims), ""])


def page(results: Results, machine: Sequence[str]) -> str:
    listed = "\n".join(f"- {line}" for line in machine)
    return f"{PROSE}\n## The machine\n\n{listed}\n\n## The figures\n\n{report(results, is_judged=True)}"


def machine() -> list[str]:
    """What it was measured on and with."""
    model = next(
        (line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        "an unnamed CPU",
    )
    pins = [line.split()[0] for line in _lines(PINS) if line.startswith("moviepy==")]
    load = os.getloadavg()[0]
    return [
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} CPUs, {model}; load of {load:.1f} when it began",
        _first_line("ffmpeg", "-version").split(" Copyright")[0],
        *(pin.replace("==", " ") for pin in pins),
        _first_line("melt", "-version") if shutil.which("melt") else "melt is not installed",
    ]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _first_line(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).splitlines()[0]


def _row(row: Result, results: Results) -> tuple[str, ...]:
    cost, ours = row.cost, results.cost(row.case, OURS)
    if cost is None:
        return (row.case, row.contender, row.note, *[""] * (len(HEAD) - 3))
    return (
        row.case,
        row.contender,
        f"{cost.cpu:.2f}",
        f"{cost.cpu / ours.cpu:.1f}x" if ours and row.contender != OURS else "",
        f"{cost.wall:.2f}",
        f"{cost.peak / MB:.0f}",
        f"{cost.scratch / MB:.0f}",
        "" if row.likeness is None else f"{row.likeness:.1f}",
        "" if row.with_sound is None else f"{row.with_sound:.2f}",
    )


def _aim(target: Target, is_judged: bool) -> tuple[str, ...]:
    found, bound = (f"{value:.4g} {target.unit}" for value in (target.found, target.bound))
    verdict = ("met" if target.is_met else "MISSED") if is_judged else "not judged"
    return (target.case, target.what, found, f"{'at least' if target.is_least else 'at most'} {bound}", verdict)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [head, *rows]
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
