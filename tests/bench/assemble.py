"""Assembly against what else joins films: `make bench-assemble`, or `python -m tests.bench.assemble`.

Makes its material, lets every contender make the same films, checks them, and prints one table and the targets beside it.
Ends with 1 where a target was missed or a film was wrong. Half an hour or more; `--quick` is for trying it out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.assemble_cases import CASES, Bench
from tests.bench.assemble_edits import FULL, QUICK
from tests.bench.assemble_material import make_material
from tests.bench.assemble_measure import usable_cpus
from tests.bench.assemble_report import machine, page, report
from tests.bench.assemble_results import Result, Results

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
NEEDED = {False: 7_000_000_000, True: 700_000_000}  # bytes free, whole and quick; the longest film is there four times
FILM_SECONDS = {False: 30, True: 8}


def main(argv: Sequence[str] | None = None) -> int:
    wish = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, it tidies up as for Ctrl-C
    found, results, faults = machine(), Results(), list[str]()
    print("\n".join(found), flush=True)
    with tempfile.TemporaryDirectory(prefix="reelprint-bench-") as folder:
        require_space(Path(folder), NEEDED[wish.quick])
        results.rows, faults = measured(Path(folder), wish)
    print(report(results, is_judged=not wish.quick))
    for fault in faults:
        print(f"WRONG: {fault}")
    if wish.write and not faults:
        PAGE.write_text(page(results, found), encoding="utf-8")
    missed = [] if wish.quick else [target for target in results.targets() if not target.is_met]
    print(f"{len(missed)} target(s) missed, {len(faults)} film(s) wrong")
    return 1 if missed or faults else 0


def measured(folder: Path, wish: argparse.Namespace) -> tuple[list[Result], list[str]]:
    """Every case asked for: its rows, and what was wrong."""
    scale, cpus = QUICK if wish.quick else FULL, usable_cpus()
    print("making material", flush=True)
    material = make_material(folder, FILM_SECONDS[wish.quick], scale.stills[1])
    os.sched_setaffinity(0, cpus[:1])  # contenders get the last CPUs; what looks at them keeps off
    bench = Bench(folder, material, scale, cpus[::-1], wish.skip)
    for case in wish.cases:
        print(f"measuring {case}", flush=True)
        bench.run(case)
    return bench.rows, bench.faults


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-assemble", description="Assembly against what else joins films.")
    parser.add_argument("--cases", type=_listed(CASES), default=CASES, help=f"of {','.join(CASES)}")
    parser.add_argument("--skip", type=_listed(("moviepy", "melt")), default=(), help="of moviepy,melt")
    parser.add_argument("--quick", action="store_true", help="20 s of each, to try it out; no target is judged")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md; on a quiet machine")
    wish = parser.parse_args(argv)
    if wish.write and (wish.quick or wish.cases != CASES):
        parser.error("--write is for whole runs: every case, at its full length")
    return wish


def _listed(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        asked = text.split(",")
        if unknown := [name for name in asked if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is not one of {', '.join(known)}")
        return tuple(name for name in known if name in asked)  # in the order they build on each other

    return parse


def require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        sys.exit(
            f"The benchmark needs {needed / 1e9:.1f} GB in {folder.parent} and found {free / 1e9:.1f} GB. Free some, or "
            "name another folder by TMPDIR."
        )


if __name__ == "__main__":
    sys.exit(main())
