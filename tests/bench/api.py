"""What the API costs beside a function that does nothing but answer JSON: `make bench-api`, or python -m tests.bench.api.

Both are served as functions are in the cloud: by the functions framework's gunicorn, two worker processes, each in turn
under the same load. GET /jobs/{id} has to know who calls (a signature, the account's record) and reads one job; the bare
function answers the very same JSON. Then what 200 open event streams cost a plain GET of the same process, and a page of
jobs 99,000 jobs into a list. Takes about a minute and a half; ends with 1 where an answer was an error.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.api_floor import Floor, Subject, floor, new_subject
from tests.bench.api_servers import WORKERS, Served, served
from tests.bench.events import StreamCost, cost_of_streams
from tests.bench.job_pages import page_costs
from tests.bench.load import Load, put_load_on

ROUNDS, REQUESTS, CONNECTIONS = 11, 2000, 8
STREAMS, JOBS, FAR = 200, 100_000, 99_000
BARE = "import functions_framework\nJOB = {job!r}\n\n\n@functions_framework.http\ndef bare(request):\n    return JOB\n"
OURS = "from functions.jobs import jobs as jobs\n"


@dataclass(frozen=True)
class Round:
    """One load on one function; `cpu` is its workers', in seconds a request."""

    load: Load
    cpu: float


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="reelprint-bench-") as folder:
        root = Path(folder)
        subject = new_subject(root / "data")
        with _both(root, subject) as (ours, bare):
            rounds = [(_round(ours, subject), _round(bare, subject)) for _ in range(ROUNDS)]
        least = floor(root / "data", subject)
    _table(rounds, least, cost_of_streams(STREAMS), page_costs(JOBS, FAR))
    errors = sum(each.load.errors for pair in rounds for each in pair)
    print(f"{errors} error(s) in {2 * ROUNDS * REQUESTS:,} requests")
    return 1 if errors else 0


@contextmanager
def _both(root: Path, subject: Subject) -> Iterator[tuple[Served, Served]]:
    data = {"REELPRINT_DATA_DIR": str(root / "data")}
    with (
        served(root / "ours", "jobs", OURS, data) as ours,
        served(root / "bare", "bare", BARE.format(job=subject.job), {}) as bare,
    ):
        for function in (ours, bare):  # what is loaded on first use is loaded, in every worker
            put_load_on(function.port, subject.request, requests=40 * CONNECTIONS, connections=CONNECTIONS)
        yield ours, bare


def _round(function: Served, subject: Subject) -> Round:
    before = function.cpu_seconds()
    load = put_load_on(function.port, subject.request, requests=REQUESTS, connections=CONNECTIONS)
    return Round(load, (function.cpu_seconds() - before) / REQUESTS)


def _table(rounds: list[tuple[Round, Round]], least: Floor, streams: StreamCost, pages: tuple[float, float]) -> None:
    print(
        f"GET /jobs/{{id}}, signed in, beside a bare function: {WORKERS} workers, {CONNECTIONS} connections, "
        f"medians of {ROUNDS} rounds of {REQUESTS:,}\n"
    )
    print(f"{'':40}{'ours':>12}{'beside':>12}{'ratio':>8}{'target':>9}")
    cpu = _pairs(rounds, lambda each: each.cpu * 1e6)
    _line("CPU a request, us", *cpu, "<= 2")
    _line("the least it can be, us (see below)", cpu[1] + least.total * 1e6, cpu[1], 1 + least.total * 1e6 / cpu[1])
    _line("answers a second", *_pairs(rounds, lambda each: each.load.a_second))
    for which in (50, 99):
        _line(f"p{which}, ms", *_pairs(rounds, lambda each, at=which: each.load.percentile(at) * 1e3))  # type: ignore[misc]
    ours, plain = streams.beside * 1e3, streams.plain * 1e3
    _line(f"a GET beside {STREAMS} open streams, ms", ours, plain, streams.ratio, "<= 1.5")
    first, far = pages
    _line(f"a page of 50 after {FAR:,} jobs, ms", far * 1e3, first * 1e3, far / first, "constant")
    print(f"\nthe least: the bare function, and {least}")


def _pairs(rounds: list[tuple[Round, Round]], value: Callable[[Round], float]) -> tuple[float, float, float]:
    """Medians of both, and of the ratio within a round: what slows the machine for a while slows both."""
    ours, bare = [value(a) for a, _ in rounds], [value(b) for _, b in rounds]
    return median(ours), median(bare), median(a / b for a, b in zip(ours, bare, strict=True))


def _line(what: str, ours: float, beside: float, ratio: float, target: str = "") -> None:
    print(f"{what:40}{ours:12,.2f}{beside:12,.2f}{ratio:8.2f}{target:>9}")


if __name__ == "__main__":
    sys.exit(main())
