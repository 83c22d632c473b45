"""Results of the assembly benchmark: one row for each contender in each case, and the targets they are held against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.bench.assemble_measure import MB, Cost

OURS, TWO_TASKS, GRAPH = "ours", "ours, 2 tasks on 2 CPUs", "one graph"
FLOOR, LEAST = "plain copy", "changed frames alone"
CUTS, DISSOLVES, CAPTIONS, STILLS, THOUSAND = "cuts", "dissolves", "captions", "stills", "thousand"
OTHER_CLIP, OTHER_WORDS = "dissolves, one clip replaced", "captions, one cue reworded"
EDITED = {OTHER_CLIP: DISSOLVES, OTHER_WORDS: CAPTIONS}  # and the case whose first render it goes on from


@dataclass(frozen=True)
class Result:
    """One contender in one case. `likeness` is the mean PSNR of sampled frames against the one graph's, in dB."""

    case: str
    contender: str
    pieces: int
    cost: Cost | None = None  # None: it could not be run, for the reason in `note`
    frames: int = 0
    likeness: float | None = None
    with_sound: float | None = None  # CPU seconds
    note: str = ""


@dataclass(frozen=True)
class Target:
    """What was aimed at: `found` at least or at most `bound`."""

    case: str
    what: str
    found: float
    bound: float
    is_least: bool
    unit: str

    @property
    def is_met(self) -> bool:
        return self.found >= self.bound if self.is_least else self.found <= self.bound


class Results:
    def __init__(self, rows: Iterable[Result] = ()) -> None:
        self.rows = list(rows)

    def cost(self, case: str, contender: str) -> Cost | None:
        return next((row.cost for row in self.rows if (row.case, row.contender) == (case, contender)), None)

    def targets(self) -> list[Target]:
        """Those whose contenders were measured."""
        return [
            *self._by_graph(CUTS, 25),
            *self._over(CUTS, OURS, FLOOR, "CPU against plain copying", 4),
            *self._by_graph(DISSOLVES, 10),
            *self._over(CAPTIONS, OURS, GRAPH, "CPU against one graph", 1),
            *self._two_tasks(),
            *self._by_graph(STILLS, 8),
            *(target for edit in EDITED for target in self._edit(edit)),
            *self._peaks({CUTS: 128, DISSOLVES: 256, CAPTIONS: 320, STILLS: 160, THOUSAND: 128}),
            *self._thousand(),
        ]

    def _by_graph(self, case: str, bound: float) -> Iterator[Target]:
        ours, graph = self.cost(case, OURS), self.cost(case, GRAPH)
        if ours and graph:
            yield Target(case, "less CPU than one graph", graph.cpu / ours.cpu, bound, True, "x")

    def _over(self, case: str, one: str, other: str, what: str, bound: float) -> Iterator[Target]:
        cost, against = self.cost(case, one), self.cost(case, other)
        if cost and against:
            yield Target(case, what, cost.cpu / against.cpu, bound, False, "x")

    def _two_tasks(self) -> Iterator[Target]:
        one, two = self.cost(CAPTIONS, OURS), self.cost(CAPTIONS, TWO_TASKS)
        if one and two:
            yield Target(CAPTIONS, "faster by 2 tasks on 2 CPUs", one.wall / two.wall, 1.7, True, "x")

    def _edit(self, case: str) -> Iterator[Target]:
        edit, first = self.cost(case, OURS), self.cost(EDITED[case], OURS)
        if edit and first:
            yield Target(case, "CPU of its first render", 100 * edit.cpu / first.cpu, 15, False, "%")

    def _peaks(self, bounds: dict[str, int]) -> Iterator[Target]:
        for case, bound in bounds.items():
            if cost := self.cost(case, OURS):
                yield Target(case, "peak memory, scratch included", cost.peak / MB, bound, False, "MB")

    def _thousand(self) -> Iterator[Target]:
        many, few = self.cost(THOUSAND, OURS), self.cost(CUTS, OURS)
        if many and few:
            each, one = many.cpu / self._pieces(THOUSAND), few.cpu / self._pieces(CUTS)
            yield Target(THOUSAND, "CPU a cut against 45 cuts", each / one, 1.3, False, "x")
            yield Target(THOUSAND, "peak memory against 45 cuts", many.peak / few.peak, 1.25, False, "x")

    def _pieces(self, case: str) -> int:
        return next(row.pieces for row in self.rows if row.case == case)
