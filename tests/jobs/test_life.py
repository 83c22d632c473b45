"""What a render tells of itself: its record while it runs, and its log."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jobs.assemble import main
from jobs.assemble.assets import retry
from jobs.assemble.running.child import Children
from jobs.assemble.running.progress import COLLECTION, MIN_INTERVAL_S, Phase, Progress
from shared.config import tool_environment
from shared.domain.errors import (
    StorageFailed,
    Unavailable,
)
from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Raw, Studio, clip, colour, production
from tests.support.assembly_life import Hurried, Recorded, render_with, small_film, strict
from tests.support.clock import HeldClock

pytestmark = pytest.mark.media

URI = "media://films/film.mp4"


# What the record tells


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def documents(tmp_path: Path, clock: HeldClock) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path / "record.sqlite3", clock)) as opened:
        yield opened


def teller(documents: Recorded, clock: HeldClock, **facts: Any) -> Progress:
    return Progress(documents, "r", now=lambda: clock.now().timestamp(), **{"uri": URI, **facts})


def told(documents: Recorded) -> Raw:
    found = documents.get(COLLECTION, "r")
    assert found is not None
    return found.data


def test_the_record_is_written_once_a_second_at_most_and_never_falls(documents: Recorded, clock: HeldClock) -> None:
    chance, progress = random.Random(3), teller(documents, clock)
    for n in range(400):
        progress.step(chance.randint(0, 80), f"step {n}")
        clock.advance(chance.choice([0, 0.01, 0.2, 0.4]))
    times = [at for at, _ in documents.writes]
    assert min(after - before for before, after in itertools.pairwise(times)) >= MIN_INTERVAL_S
    assert 20 < len(times) < 65  # some sixty seconds went by
    percentages = [record["percentage"] for _, record in documents.writes]
    assert percentages == sorted(percentages)
    assert (documents.writes[0][1]["message"], documents.writes[0][1]["status"]) == ("step 0", "running")


def test_what_was_not_written_is_told_with_the_next_step(documents: Recorded, clock: HeldClock) -> None:
    progress = teller(documents, clock)
    for percentage in (5, 50):
        progress.step(percentage, "making shots")
    assert told(documents)["percentage"] == 5
    clock.advance(1)
    progress.step(10, "mixing sound")
    assert (told(documents)["percentage"], told(documents)["message"]) == (50, "mixing sound")


def test_a_phase_fills_its_stretch_by_parts_and_says_how_far_it_is(documents: Recorded, clock: HeldClock) -> None:
    phase = Phase(teller(documents, clock), (5, 60), 2_000, "making shots", "frames")
    for part, amount in (("a", 400), ("b", 600), ("a", 300), ("b", 5_000)):
        clock.advance(1)
        phase.reach(part, amount)
    found = [(record["percentage"], record["message"].partition(": ")[2]) for _, record in documents.writes]
    assert found == [
        (5, "0 of 2,000 frames"), (16, "400 of 2,000 frames"), (32, "1,000 of 2,000 frames"),
        (32, "1,000 of 2,000 frames"), (60, "2,000 of 2,000 frames"),
    ]  # fmt: skip
    assert all(record["message"].startswith("making shots: ") for _, record in documents.writes)


def test_a_phase_without_work_is_over_at_once(documents: Recorded, clock: HeldClock) -> None:
    Phase(teller(documents, clock), (5, 60), 0, "making shots", "frames")
    assert told(documents)["percentage"] == 60


def test_a_store_that_cannot_be_written_does_not_stop_the_render(
    documents: Recorded, clock: HeldClock, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def broken(*_: object) -> None:
        raise Unavailable("The store is busy.")

    progress = teller(documents, clock)
    monkeypatch.setattr(documents, "transaction", broken)
    progress.step(10, "on its way")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["severity"] == "WARNING"


def test_only_the_first_task_tells_progress_and_failure(documents: Recorded, clock: HeldClock) -> None:
    second = teller(documents, clock, task_index=1)
    second.step(40, "making shots")
    second.fail(StorageFailed("No answer."))
    assert documents.get(COLLECTION, "r") is None


def test_a_video_that_any_task_published_stays_published(documents: Recorded, clock: HeldClock) -> None:
    first, second = (teller(documents, clock, task_index=index) for index in (0, 1))
    first.step(40, "making shots")
    second.finish({"made": 2})
    clock.advance(5)
    first.step(45, "making shots")
    first.fail(StorageFailed("No answer."))
    assert (told(documents)["status"], told(documents)["percentage"]) == ("completed", 100)
    first.finish({"made": 1})
    teller(documents, clock, task_index=2).finish({"made": 0})  # late
    assert told(documents)["report"] == {"made": 1}


def test_a_second_try_goes_on_from_the_percentage_of_the_first(documents: Recorded, clock: HeldClock) -> None:
    first = teller(documents, clock)
    first.step(55, "making shots")
    first.fail(StorageFailed("No answer."))
    assert (told(documents)["status"], told(documents)["percentage"]) == ("failed", 55)
    teller(documents, clock).step(5, "making shots")
    assert (told(documents)["status"], told(documents)["percentage"]) == ("running", 55)


def test_another_video_under_the_same_name_starts_anew(documents: Recorded, clock: HeldClock) -> None:
    teller(documents, clock).finish({})
    teller(documents, clock, uri="media://films/other.mp4").step(5, "making shots")
    assert (told(documents)["status"], told(documents)["percentage"]) == ("running", 5)


# What drives it


def test_a_child_counts_its_pictures_while_it_encodes() -> None:
    """One second of film read at its own speed: ffmpeg tells twice a second."""
    seen: list[int] = []
    children = Children(tool_environment())
    film = ["-re", "-f", "lavfi", "-i", "testsrc=s=64x48:r=30:d=1.2", "-f", "framecrc", "-"]
    with children.watched(seen.append):
        out = children.run(film)
    assert out.count(b"\n0,") == 36  # standard output stays the child's own
    assert seen == sorted(seen)
    assert seen[-1] == 36
    assert 0 < min(seen) < 36
    children.run([*film[1:]])
    assert seen[-1] == 36  # and nobody is told of what is run outside


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each failed try would have been waited for; nobody waits."""
    found: list[float] = []
    monkeypatch.setattr(retry, "wait", found.append)
    return found


def test_pictures_count_before_their_shot_is_kept(
    studio: Studio, documents: Recorded, clock: HeldClock, waits: list[float]
) -> None:
    """The one shot is encoded, and cannot be stored: no shot is finished, and all its frames have been told."""
    progress = Progress(documents, "r", uri=URI, now=Hurried(clock))
    with pytest.raises(StorageFailed):
        render_with(studio, strict(studio, prefix="artifacts/"), production([colour("c", 0, 30)]), progress)
    assert told(documents)["percentage"] == 60


def test_a_whole_render_tells_what_it_is_doing_from_phase_to_phase(
    studio: Studio, sources: Sources, documents: Recorded, clock: HeldClock
) -> None:
    progress = Progress(documents, "r", uri=URI, now=Hurried(clock))
    report = render_with(studio, strict(studio), small_film(stored(studio, sources)), progress)
    progress.finish(report)
    percentages = [record["percentage"] for _, record in documents.writes]
    assert percentages == sorted(percentages)
    doings = [record["message"].partition(":")[0] for _, record in documents.writes]
    phases = list(dict.fromkeys(doings))
    assert (phases[0], phases[-3:]) == ("making shots", ["joining", "publishing", "finished"])
    assert any("sound" in phase for phase in phases[1:-3])
    assert {5, 60, 85, 95, 100} <= set(percentages)


def test_helping_tasks_leave_the_record_alone_until_the_video_is_there(studio: Studio) -> None:
    helper = {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2"}
    document = production([colour("c", 0, 10)])
    failed = studio.render(document, REELPRINT_FFMPEG="/nonexistent/ffmpeg", **helper)
    assert (failed.code, failed.record, failed.log[-1]["error"]["type"]) == (6, None, "engine-unavailable")
    done = studio.render(document, **helper)
    assert (done.code, done.record and done.record["status"]) == (0, "completed")


# What the log tells


SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-aws",
    "DATABASE_URL": "postgres://u:s3cr3t-of-db@h/d",
    "HTTP_PROXY_TOKEN": "s3cr3t",
}
WORDS = ("whispered words", "A Title Nobody May Read", "Nameless Author")


def private_film(studio: Studio, sources: Sources) -> Raw:
    cue = {"start": 0, "duration": 10, "text": WORDS[0]}
    card = {"kind": "title_card", "title": WORDS[1], "subtitle": WORDS[0]}
    return production(
        [{"type": "generator", "id": "card", "generator": card, "timeline_start": 0, "duration": 15},
         clip("f", "foreign", 15, 0, 15)],
        stored(studio, sources),
        captions={"mode": "both", "burn_language": "en", "languages": {"en": [cue]}},
        metadata={"title": WORDS[1], "author": WORDS[2]},
        markers=[{"kind": "chapter", "start": 0, "label": WORDS[1]}],
    )  # fmt: skip


def corrupt(document: Raw) -> Raw:
    assets = document["assets"] | {"foreign": document["assets"]["tone"] | {"media_type": "video/mp4"}}
    return document | {"assets": assets}


def missing(document: Raw) -> Raw:
    asset = document["assets"]["foreign"] | {"uri": "media://sources/none.mkv"}
    return document | {"assets": document["assets"] | {"foreign": asset}}


def invalid(document: Raw) -> Raw:
    return document | {"output": document["output"] | {"width": 161}}


ENDS: dict[str, tuple[Callable[[Raw], Raw], dict[str, str], int]] = {
    "published": (lambda document: document, {}, 0),
    "corrupt": (corrupt, {}, 4),
    "missing": (missing, {}, 3),
    "invalid": (invalid, {}, 2),
    "misconfigured": (lambda document: document, {"REELPRINT_WORKERS": "s3cr3t-number"}, 2),
    "without ffmpeg": (lambda document: document, {"REELPRINT_FFMPEG": "/nonexistent/ffmpeg"}, 6),
}


@pytest.mark.parametrize("end", ENDS)
def test_every_line_says_whose_it_is_and_none_says_too_much(studio: Studio, sources: Sources, end: str) -> None:
    spoil, extra, code = ENDS[end]
    trace = "projects/reel-print/traces/0af7651916cd43dd8448eb211c80319c"
    task = {"TRACE_ID": trace, "CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "5"}
    ended = studio.render(spoil(private_film(studio, sources)), **SECRETS, **task, **extra)
    assert ended.code == code, ended.log
    assert ended.log
    for line in ended.log:
        assert line["severity"] in ("INFO", "WARNING", "ERROR")
        assert line["message"]
        assert (line["render_id"], line["task_index"]) == ("render-1", 3)
        assert line["logging.googleapis.com/trace"] == trace
    if code:
        assert ended.log[-1]["error"]["type"]
        assert ended.log[-1]["severity"] == "ERROR"
    written = json.dumps(ended.log, ensure_ascii=False) + json.dumps(ended.record, ensure_ascii=False)
    assert [word for word in (*WORDS, "s3cr3t", str(studio.root)) if word in written] == []


def test_a_line_without_a_trace_has_no_field_for_it(studio: Studio) -> None:
    ended = studio.render(production([colour("c", 0, 5)]))
    assert [line for line in ended.log if "logging.googleapis.com/trace" in line] == []


def test_a_bugs_own_words_are_not_told(studio: Studio, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def broken(*_: object) -> None:
        raise KeyError(WORDS[0])

    for name, value in studio.environment(production([colour("c", 0, 5)])).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(main, "parse_blueprint", broken)
    assert main.main() == 1
    said = capsys.readouterr().err
    assert WORDS[0] not in said
    assert "KeyError in test_life.py" in json.loads(said)["message"]
