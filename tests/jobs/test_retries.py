"""Storage that fails: tried again where that may help, and told of where it does not."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from jobs.assemble import main
from jobs.assemble.assets import retry
from jobs.assemble.running.progress import Progress
from jobs.assemble.running.retries import Retry
from jobs.assemble.wiring import AssembleApp
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.domain.errors import (
    CorruptAsset,
    InvalidInput,
    NotFound,
    StorageFailed,
    StorageFull,
    Unavailable,
)
from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Raw, Studio, colour, production
from tests.support.assembly_life import Strict, render_with, small_film, strict
from tests.support.media import decode_grey, read_numbers

pytestmark = pytest.mark.media


def failing(times: int, error: Exception) -> Callable[[], str]:
    left = iter([error] * times)

    def work() -> str:
        for failure in left:
            raise failure
        return "done"

    return work


@pytest.mark.parametrize("error", [StorageFailed("busy"), StorageFull("full"), Unavailable("later")])
def test_what_may_pass_by_itself_is_tried_three_times_with_growing_waits(error: Exception) -> None:
    waited: list[float] = []
    assert Retry(waited.append, spread=lambda low, high: 1.0)(failing(2, error)) == "done"
    assert waited == [0.5, 1.0]
    with pytest.raises(type(error)):
        Retry(waited.append, spread=lambda low, high: high)(failing(3, error))
    assert waited[2:] == [0.6, 1.2]


def test_waits_are_spread_so_that_tasks_do_not_come_back_at_once() -> None:
    waited: list[float] = []
    for _ in range(50):
        Retry(waited.append)(failing(1, StorageFailed("busy")))
    assert len(set(waited)) > 40
    assert 0.4 <= min(waited) < 0.5 < max(waited) <= 0.6


@pytest.mark.parametrize(
    "error", [NotFound("no"), CorruptAsset("no"), InvalidInput("no"), KeyError("no"), OSError(errno.EIO, "no")]
)
def test_what_would_only_repeat_is_not_tried_again(error: Exception) -> None:
    waited: list[float] = []
    with pytest.raises(type(error)):
        Retry(waited.append)(failing(1, error))
    assert waited == []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each failed try would have been waited for; nobody waits."""
    found: list[float] = []
    monkeypatch.setattr(retry, "wait", found.append)
    return found


def test_a_render_outlives_a_storage_that_fails_every_call_twice(
    studio: Studio, sources: Sources, waits: list[float]
) -> None:
    media = strict(studio, failures=2)
    with closing(SqliteDocuments(studio.root / "documents.sqlite3", SystemClock())) as documents:
        render_with(studio, media, small_film(stored(studio, sources)), Progress(documents, "r"))
    made = decode_grey(studio.fetch("films/film.mp4", "film.mp4"))
    assert read_numbers(made[12:]) == [*range(121, 133), *range(1, 7)]
    assert {name for name, _ in media.calls} >= {"stat", "get", "open", "download", "put", "put_file"}
    assert len(waits) >= 2 * len({key for name, key in media.calls if name != "open"})
    assert 0.4 <= min(waits) <= max(waits) <= 1.2


def run_in_process(studio: Studio, media: Strict, document: Raw, monkeypatch: pytest.MonkeyPatch) -> int:
    for name, value in studio.environment(document).items():
        monkeypatch.setenv(name, value)
    opened = SqliteDocuments(studio.root / "documents.sqlite3", SystemClock())
    monkeypatch.setattr(main, "build", lambda settings: AssembleApp({"media": media}, opened))
    with closing(opened):
        return main.main()


@pytest.mark.parametrize(
    ("error", "prefix"),
    [(StorageFailed("The storage did not answer."), "artifacts/"), (StorageFull("No space is left."), "films/")],
)
def test_a_storage_that_fails_for_good_is_said_to(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, capsys: Any, waits: list[float], error: StorageFailed, prefix: str
) -> None:
    document = production([colour("c", 0, 30)], output={"poster": {"frame": 3}})
    assert run_in_process(studio, strict(studio, prefix=prefix, error=error), document, monkeypatch) == 5
    assert len(waits) == 2
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    record = studio.record()
    assert (line["message"], line["error"]["type"], line["error"]["retryable"]) == (error.detail, error.type, True)
    assert record is not None
    assert (record["status"], record["error"]) == ("failed", line["error"])
    assert (studio.keys("films/"), studio.leftovers()) == ([], [])
    assert studio.render(document).code == 0
