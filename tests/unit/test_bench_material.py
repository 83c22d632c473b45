"""The assembly benchmark: its edits are what they say, its measuring measures, and it believes no film unseen."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.bench import assemble, assemble_measure
from tests.bench.assemble_check import Wrong, require_alike, require_edited, require_frames
from tests.bench.assemble_edits import (
    DISSOLVE,
    FULL,
    KEYFRAMES,
    QUICK,
    RATE,
    Edit,
    Piece,
    Scale,
    captioned,
    film,
    slides,
    with_other_clip,
    with_other_words,
)
from tests.bench.assemble_floors import changed
from tests.bench.assemble_measure import Cost, Failed, Start, measure, usable_cpus
from tests.bench.assemble_report import report
from tests.bench.assemble_results import (
    CAPTIONS,
    CUTS,
    DISSOLVES,
    FLOOR,
    GRAPH,
    OTHER_CLIP,
    OURS,
    THOUSAND,
    Result,
    Results,
)
from tests.support.media import Pictures, numbered_frames, write_clip

SOURCES = ("one", "two", "three", "four")
SOURCE_FRAMES = 240


@pytest.mark.parametrize("size", [FULL.clips, FULL.thousand, QUICK.clips, QUICK.thousand])
@pytest.mark.parametrize("overlap", [0, DISSOLVE])
def test_a_film_has_its_exact_length_and_enters_unlike_sources_at_keyframes(
    size: tuple[int, int], overlap: int
) -> None:
    edit = film(size, SOURCES, SOURCE_FRAMES, overlap)

    assert (edit.frames, len(edit.pieces)) == (size[0] * RATE, size[1])
    assert all(piece.first % KEYFRAMES == 0 for piece in edit.pieces)
    assert all(0 <= piece.first <= SOURCE_FRAMES - piece.frames for piece in edit.pieces)
    assert all(piece.frames > 2 * overlap for piece in edit.pieces)  # two dissolves of one clip never meet
    assert all(one.source != other.source for one, other in pairwise(edit.pieces))
    assert len({piece.frames for piece in edit.pieces}) > 3


def test_the_floors_make_the_frames_that_change_and_no_others() -> None:
    cuts = film(FULL.clips, SOURCES, SOURCE_FRAMES)
    spoken = captioned(cuts)
    under = changed(CAPTIONS, spoken)
    assert under.frames == sum(caption.frames for caption in spoken.captions)
    assert [caption.text for caption in under.captions] == [caption.text for caption in spoken.captions]
    shown = [(piece.source, piece.first + n) for piece in cuts.pieces for n in range(piece.frames)]
    wanted = [shown[frame] for c in spoken.captions for frame in range(c.start, c.start + c.frames)]
    assert [(piece.source, piece.first + n) for piece in under.pieces for n in range(piece.frames)] == wanted
    dissolved = film(FULL.clips, SOURCES, SOURCE_FRAMES, DISSOLVE)
    assert changed(DISSOLVES, dissolved).frames == (len(dissolved.pieces) - 1) * DISSOLVE


@pytest.mark.parametrize("scale", [FULL, QUICK])
def test_pictures_fill_their_time_exactly(scale: Scale) -> None:
    names = [f"picture-{n}" for n in range(scale.stills[1])]
    edit = slides(scale.stills, names)
    assert (edit.frames, [piece.source for piece in edit.pieces]) == (scale.stills[0] * RATE, names)


def test_captions_last_two_to_four_seconds_and_cover_four_fifths_of_the_film() -> None:
    edit = captioned(film(FULL.clips, SOURCES, SOURCE_FRAMES))

    assert all(2 * RATE <= caption.frames <= 4 * RATE for caption in edit.captions)
    assert all(one.start + one.frames < other.start for one, other in pairwise(edit.captions))
    assert edit.captions[-1].start + edit.captions[-1].frames <= edit.frames
    assert 0.75 < sum(caption.frames for caption in edit.captions) / edit.frames < 0.85


def test_an_edit_changes_one_thing_where_it_says() -> None:
    edit = captioned(film(FULL.clips, SOURCES, SOURCE_FRAMES, DISSOLVE))

    other, shown = with_other_clip(edit, SOURCES)
    changed = [n for n, pair in enumerate(zip(edit.pieces, other.pieces, strict=True)) if pair[0] != pair[1]]
    assert [(other.starts[n], other.pieces[n].frames) for n in changed] == [(shown.start, len(shown))]
    assert all(one.source != two.source for one, two in pairwise(other.pieces))

    reworded, shown = with_other_words(edit)
    pairs = [pair for pair in zip(edit.captions, reworded.captions, strict=True) if pair[0] != pair[1]]
    assert [(new.start, new.frames, old.text != new.text) for old, new in pairs] == [(shown.start, len(shown), True)]


# Measuring

WORKER = """
import pathlib, subprocess, sys, time
if len(sys.argv) > 1:
    pathlib.Path("scratch.bin").write_bytes(bytes(3_000_000))
    pathlib.Path("output.mp4").write_bytes(bytes(9_000_000))
    held = b"1" * 60_000_000
    while time.process_time() < 0.6:
        pass
else:
    subprocess.run([sys.executable, __file__, "again"], check=True)
"""


def worker(folder: Path, program: str) -> Start:
    """A process that works in `folder`, where it is found by the wrapper's own path."""
    path = folder / "asset-worker.py"
    path.write_text(f"import os\nos.chdir({str(folder)!r})\n{program}", encoding="utf-8")
    return lambda prefix: subprocess.Popen(
        [*prefix, sys.executable, str(path)], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_a_cost_is_that_of_the_whole_tree_and_its_scratch_without_the_output(folder: Path) -> None:
    cost = measure([worker(folder, WORKER)], folder, usable_cpus()[-1:])

    assert cost.cpu >= 0.6  # the grandchild's
    assert cost.wall >= 0.6
    assert 60_000_000 < cost.memory < 200_000_000
    assert cost.scratch == 3_000_000
    assert cost.peak == cost.memory + cost.scratch  # the files lay there before the memory was taken


def test_a_contender_runs_on_the_cpu_it_is_given(folder: Path) -> None:
    program = "assert os.sched_getaffinity(0) == {%d}, os.sched_getaffinity(0)"
    for cpu in usable_cpus():
        measure([worker(folder, program % cpu)], folder, [cpu])


def test_a_contender_that_fails_is_quoted(folder: Path) -> None:
    with pytest.raises(Failed, match=r"code 3: no such film"):
        measure(
            [worker(folder, "import sys\nsys.stderr.write('no such film')\nsys.exit(3)")], folder, usable_cpus()[:1]
        )


def test_a_contender_that_only_waits_is_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble_measure, "IDLE_S", 0)
    started = folder / "asset-id"
    program = f"import pathlib, signal\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\nsignal.pause()"
    with pytest.raises(Failed, match="did nothing"):
        measure([worker(folder, program)], folder, usable_cpus()[:1])
    assert not psutil.pid_exists(int(started.read_text()))


# Believing

TAKES = (range(100, 120), range(240, 265))  # numbers drawn into the frames


def film_of(path: Path, frames: Pictures) -> Path:
    return write_clip(path, frames, str(RATE), "-c:v", "libx264", "-crf", "10", "-bf", "0")


@pytest.mark.media
def test_a_film_of_wrong_length_or_with_a_seam_off_by_a_frame_is_not_believed(tmp_path: Path) -> None:
    edit = Edit(tuple(Piece(f"take-{n}", 0, len(take)) for n, take in enumerate(TAKES)))
    right = numbered_frames([n for take in TAKES for n in take])
    late = np.concatenate([right[:20], numbered_frames([120]), right[21:]])  # the first take lasts a frame too long
    film, shifted, short = (
        film_of(tmp_path / f"{name}.mp4", frames)
        for name, frames in (("film", right), ("shifted", late), ("short", right[:-1]))
    )

    require_frames(film, edit)
    assert require_alike(film, film, edit) == 99
    assert require_alike(film, None, edit) is None
    require_frames(shifted, edit)
    with pytest.raises(Wrong, match="dB"):
        require_alike(shifted, film, edit)
    with pytest.raises(Wrong, match="44 frames, 45"):
        require_frames(short, edit)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(Wrong, match="no film"):
        require_frames(tmp_path / "empty.mp4", edit)


@pytest.mark.media
def test_an_edit_must_show_where_it_was_made_and_nowhere_else(tmp_path: Path) -> None:
    edit = Edit(tuple(Piece(f"take-{n}", 0, len(take)) for n, take in enumerate(TAKES)))
    frames = numbered_frames([n for take in TAKES for n in take])
    changed = range(20, 45)
    edited, spoilt = frames.copy(), frames.copy()
    edited[20:45] = numbered_frames(range(400, 425))
    spoilt[10:] = numbered_frames(range(390, 425))
    first, good, bad = (
        film_of(tmp_path / f"{name}.mp4", pictures)
        for name, pictures in (("first", frames), ("edited", edited), ("spoilt", spoilt))
    )

    assert require_edited(good, first, edit, changed) > 40
    for wrong in (first, bad):
        with pytest.raises(Wrong, match="must part them"):
            require_edited(wrong, first, edit, changed)


# Judging

COST = Cost(cpu=2.0, wall=2.0, memory=90_000_000, scratch=1_000_000, peak=91_000_000)


def test_targets_are_held_against_what_was_measured_and_nothing_else() -> None:
    ours, graph = Result(CUTS, OURS, 45, COST), Result(CUTS, GRAPH, 45, replace(COST, cpu=50.0))
    absent = Result(CUTS, FLOOR, 45, note="not installed")

    assert {t.what for t in Results([ours, absent]).targets()} == {"peak memory, scratch included"}
    found = {t.what: t for t in Results([ours, graph, Result(CUTS, FLOOR, 45, replace(COST, cpu=0.4))]).targets()}
    assert (found["less CPU than one graph"].found, found["less CPU than one graph"].is_met) == (25.0, True)
    assert (found["CPU against plain copying"].found, found["CPU against plain copying"].is_met) == (5.0, False)
    assert found["peak memory, scratch included"].is_met
    assert not Results([replace(ours, cost=replace(COST, peak=129_000_000))]).targets()[0].is_met


def test_a_thousand_cuts_are_judged_by_the_cut_and_edits_by_their_first_render() -> None:
    many = Result(THOUSAND, OURS, 1000, replace(COST, cpu=50.0))
    first, edit = Result("dissolves", OURS, 45, replace(COST, cpu=20.0)), Result(OTHER_CLIP, OURS, 45, COST)
    found = {(t.case, t.what): t for t in Results([Result(CUTS, OURS, 40, COST), many, first, edit]).targets()}

    assert found[THOUSAND, "CPU a cut against 45 cuts"].found == 1.0  # 50 ms each, both
    assert found[OTHER_CLIP, "CPU of its first render"].found == 10.0


def test_the_report_names_what_was_missed_and_what_could_not_be_run() -> None:
    rows = [
        Result(CUTS, OURS, 45, replace(COST, peak=200_000_000)),
        Result(CUTS, "melt", 45, note="melt is not installed"),
    ]
    assert "MISSED" in report(Results(rows), is_judged=True)
    assert "melt is not installed" in report(Results(rows), is_judged=True)
    assert "MISSED" not in report(Results(rows), is_judged=False)


@pytest.mark.parametrize(
    "argv", [["--cases", "cuts,walls"], ["--skip", "ours"], ["--quick", "--write"], ["--cases", "cuts", "--write"]]
)
def test_an_unknown_wish_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        assemble.arguments(argv)
    assert "error" in capsys.readouterr().err


def test_a_full_disk_is_noticed_first(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="TMPDIR"):
        assemble.require_space(tmp_path, 10**18)
    assemble.require_space(tmp_path, 1)
