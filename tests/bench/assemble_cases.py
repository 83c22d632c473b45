"""The cases, run: every contender makes the same film, and each film is looked at before its figures are believed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench import assemble_edits as edits
from tests.bench import assemble_results as names
from tests.bench.assemble_check import Wrong, require_alike, require_edited, require_frames
from tests.bench.assemble_edits import Edit, Scale
from tests.bench.assemble_floors import changed, floor_of
from tests.bench.assemble_material import Material
from tests.bench.assemble_measure import Cost, Failed
from tests.bench.assemble_ours import Ours
from tests.bench.assemble_results import Result
from tests.bench.assemble_rivals import Rival, rivals

Render = Callable[[], tuple[Cost, Path]]
Likeness = Callable[[Path], float | None]  # of a film to what it should be; raises Wrong
EDITS = "edits"
CASES = (names.CUTS, names.DISSOLVES, names.CAPTIONS, names.STILLS, EDITS, names.THOUSAND)
# Others fit pictures and set text in their own way: right, but not the same to the last pixel.
THEIR_MEAN_DB, THEIR_LEAST_DB = 24.0, 15.0


class Bench:
    """Runs cases in `folder`; `rows` fills up with results, `faults` with what was not right."""

    def __init__(
        self, folder: Path, material: Material, scale: Scale, cpus: Sequence[int], skip: Collection[str] = ()
    ) -> None:
        self._folder = folder
        self._material = material
        self._rivals = [replace(r, missing="left out by --skip") if r.name in skip else r for r in rivals()]
        self._cpus = cpus  # every contender runs on the first of them, two tasks on the first two
        self._edits = edits_of(material, scale)
        self._first: dict[str, tuple[Ours, Path]] = {}  # first renders, which an edit goes on from
        self.rows: list[Result] = []
        self.faults: list[str] = []

    def run(self, case: str) -> None:
        if case == EDITS:
            self._run_edits()
        elif case == names.THOUSAND:
            self._ours(case, None)
        else:
            self._compare(case)
        if case not in names.EDITED.values():
            self._tidy()

    def _compare(self, case: str) -> None:
        """All contenders, the one graph first: the others' pictures are held against its."""
        (self._folder / case).mkdir()
        reference: Path | None = None
        for rival in self._rivals:
            film = self._rival(case, rival, reference)
            reference = film if rival.name == names.GRAPH else reference
        if least := floor_of(case):
            self._floor(case, least, reference)
        self._ours(case, reference)
        if case == names.CAPTIONS:
            self._two_tasks(reference)
        shutil.rmtree(self._folder / case)

    def _rival(self, case: str, rival: Rival, reference: Path | None) -> Path | None:
        edit, folder = self._edits[case], self._folder / case / rival.name.replace(" ", "-")
        if rival.missing:
            self.rows.append(Result(case, rival.name, len(edit.pieces), note=rival.missing))
            return None
        bounds = () if rival.name == names.GRAPH else (THEIR_MEAN_DB, THEIR_LEAST_DB)
        return self._judge(
            Result(case, rival.name, len(edit.pieces)),
            edit,
            lambda: rival.run(edit, self._material, folder, self._cpus[0]),
            lambda film: require_alike(film, reference, edit, *bounds),
        )

    def _floor(self, case: str, least: Rival, reference: Path | None) -> None:
        """What is left of the case when nothing is done but what must be; a copy is still held against the one graph's."""
        edit, folder = self._edits[case], self._folder / case / "floor"
        self._judge(
            Result(case, least.name, len(edit.pieces)),
            changed(case, edit),
            lambda: least.run(edit, self._material, folder, self._cpus[0]),
            lambda film: require_alike(film, reference, edit) if case == names.CUTS else None,
        )

    def _ours(self, case: str, reference: Path | None) -> None:
        edit = self._edits[case]
        silent, loud = (Ours(self._folder / f"{case}-{name}", self._material) for name in ("silent", "loud"))
        film = self._judge(
            Result(case, names.OURS, len(edit.pieces)),
            edit,
            lambda: silent.render(edit, self._cpus[:1]),
            lambda film: require_alike(film, reference, edit),
        )
        if film:
            self._first[case] = silent, film
            self._add_sound(edit, loud)
        shutil.rmtree(self._folder / f"{case}-loud")

    def _add_sound(self, edit: Edit, ours: Ours) -> None:
        """The same film with narration and music: its CPU goes into the row just written."""
        row = self.rows.pop()
        try:
            cost, film = ours.render(edit, self._cpus[:1], sound=True)
            require_frames(film, edit)
            row = replace(row, with_sound=cost.cpu)
        except (Failed, Wrong) as exc:
            self._fault(row, f"with sound: {exc}")
        self.rows.append(row)

    def _two_tasks(self, reference: Path | None) -> None:
        edit, row = self._edits[names.CAPTIONS], Result(names.CAPTIONS, names.TWO_TASKS, 0)
        if len(self._cpus) < 2:
            self.rows.append(replace(row, note="this machine has one CPU"))
            return
        ours = Ours(self._folder / "two-tasks", self._material)
        self._judge(
            row,
            edit,
            lambda: ours.render(edit, self._cpus[:2]),
            lambda film: require_alike(film, reference, edit),
        )
        shutil.rmtree(self._folder / "two-tasks")

    def _run_edits(self) -> None:
        for case in names.EDITED.values():
            if case not in self._first:
                self._ours(case, None)
        dissolves, captions = self._edits[names.DISSOLVES], self._edits[names.CAPTIONS]
        self._edit(names.OTHER_CLIP, *edits.with_other_clip(dissolves, list(self._material.films)))
        self._edit(names.OTHER_WORDS, *edits.with_other_words(captions))

    def _edit(self, name: str, edit: Edit, changed: range) -> None:
        if names.EDITED[name] not in self._first:
            return  # its first render failed, and that is told already
        ours, first = self._first[names.EDITED[name]]
        self._judge(
            Result(name, names.OURS, len(edit.pieces)),
            edit,
            lambda: ours.render(edit, self._cpus[:1]),
            lambda film: require_edited(film, first, edit, changed),
        )

    def _judge(self, row: Result, edit: Edit, render: Render, likeness: Likeness) -> Path | None:
        """Run one contender, look at its film, and note what came of it; the film, or None for a failure."""
        try:
            cost, film = render()
            print(f"  {row.contender}: {cost.cpu:.2f} s CPU, {cost.wall:.1f} s", flush=True)
            require_frames(film, edit)
            self.rows.append(replace(row, cost=cost, frames=edit.frames, likeness=likeness(film)))
        except (Failed, Wrong) as exc:
            self._fault(row, str(exc))
            self.rows.append(replace(row, note="FAILED, see below"))
            return None
        return film

    def _fault(self, row: Result, what: str) -> None:
        self.faults.append(f"{row.case}, {row.contender}: {what}")

    def _tidy(self) -> None:
        """Remove what first renders left, unless an edit may go on from it."""
        for case in [case for case in self._first if case not in names.EDITED.values()]:
            del self._first[case]
            shutil.rmtree(self._folder / f"{case}-silent")


def edits_of(material: Material, scale: Scale) -> dict[str, Edit]:
    sources: Sequence[str] = list(material.films)
    cuts = edits.film(scale.clips, sources, material.film_frames)
    return {
        names.CUTS: cuts,
        names.DISSOLVES: edits.film(scale.clips, sources, material.film_frames, edits.DISSOLVE),
        names.CAPTIONS: edits.captioned(cuts),
        names.STILLS: edits.slides(scale.stills, list(material.pictures)),
        names.THOUSAND: edits.film(scale.thousand, sources, material.film_frames),
    }
