"""What a page of jobs costs at the beginning, in the middle and at the end: `python -m tests.bench.job_pages [JOBS]`."""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.config import read_settings
from shared.domain.job import Job, JobStatus, JobType, Priority, Step
from shared.services.keep_jobs import JobFilter, JobSort
from shared.wiring import App, build

PAGE, TRIES = 50, 7
FILTERS = {
    "all": JobFilter(),
    "failed": JobFilter(status=JobStatus.FAILED),
    "urgent": JobFilter(priority=Priority.URGENT),
    "translations": JobFilter(type=JobType.TRANSLATION),
    "of one day": JobFilter(
        created_after=datetime(2024, 1, 3, tzinfo=UTC), created_before=datetime(2024, 1, 4, tzinfo=UTC)
    ),
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with _filled(count) as app:
        print(f"{count:,} jobs of one user, {PAGE} a page; medians of {TRIES}")
        for name, wanted in FILTERS.items():
            # A span of time is read by the order of creation; in another sort it is all gathered, and sorted.
            for sort in JobSort if wanted.created_after is None else (JobSort.CREATED, JobSort.NEWEST):
                _report(app, name, wanted, sort)


def page_costs(count: int, far: int) -> tuple[float, float]:
    """Seconds of the first page of `count` jobs, the newest first, and of the one that begins after `far` of them."""
    with _filled(count) as app:
        cursor, step = None, 1000
        for _ in range(far // step):
            cursor = app.jobs.page("me", JobFilter(), JobSort.NEWEST, limit=step, cursor=cursor).cursor
        _seconds(app, JobFilter(), JobSort.NEWEST, None)  # what is read the first time is read
        return _seconds(app, JobFilter(), JobSort.NEWEST, None), _seconds(app, JobFilter(), JobSort.NEWEST, cursor)


@contextmanager
def _filled(count: int) -> Iterator[App]:
    with tempfile.TemporaryDirectory() as folder, closing(build(read_settings({"REELPRINT_DATA_DIR": folder}))) as app:
        _fill(Path(folder) / "documents.sqlite3", count)
        yield app


def _fill(path: Path, count: int) -> None:
    chance, begin = random.Random(1), datetime(2024, 1, 1, tzinfo=UTC)
    connection = sqlite3.connect(path)
    with connection:
        for n in range(count):
            job = _job(n, begin, chance)
            row = ("jobs", job.id, job.model_dump_json(), 1, job.updated_at.isoformat())
            connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def _job(n: int, begin: datetime, chance: random.Random) -> Job:
    made = begin + timedelta(seconds=7 * n)
    return Job(
        id=f"job_{n:024x}",
        owner="me",
        created_at=made,
        updated_at=made + timedelta(seconds=chance.randrange(10**6)),
        type=chance.choice([JobType.NARRATION, JobType.TRANSLATION]),
        status=chance.choices([JobStatus.COMPLETED, JobStatus.FAILED], [9, 1])[0],
        priority=chance.choice(list(Priority)),
        input={"text": "x" * 400},
        steps=[Step(name=name, weight=1) for name in ("plan", "voice", "render")],
    )


def _report(app: App, name: str, wanted: JobFilter, sort: JobSort) -> None:
    cursors: list[str | None] = [None]
    while True:
        cursor = app.jobs.page("me", wanted, sort, limit=1000, cursor=cursors[-1]).cursor
        if cursor is None:
            break
        cursors.append(cursor)
    first, middle, last = (_seconds(app, wanted, sort, cursors[at]) for at in (0, len(cursors) // 2, -1))
    worst = max(middle, last) / first
    print(
        f"{name:>14} {sort.value:>12}: first {first * 1e3:6.2f} ms, middle {middle * 1e3:6.2f}, last {last * 1e3:6.2f}"
        f" ({worst:.2f}x)"
    )


def _seconds(app: App, wanted: JobFilter, sort: JobSort, cursor: str | None) -> float:
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        app.jobs.page("me", wanted, sort, limit=PAGE, cursor=cursor)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
