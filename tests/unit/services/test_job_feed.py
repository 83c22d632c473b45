"""Followers on one loop: told by the bell, by looking, from what is at hand and from the record; and gone without a trace."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.job_event import JobEvent
from shared.services.follow_job import FollowJob
from shared.services.job_bell import JobBell
from shared.services.job_feed import RECENT, JobFeed
from shared.wiring import App
from tests.support.jobs import ME, progressed, quiet_app, records_of, running_job

NEVER = 3600.0
PATIENCE_S = 20.0  # only ever waited out by a test that is about to fail


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with quiet_app(tmp_path) as made:
        yield made


def seqs(events: list[JobEvent]) -> list[int]:
    return [event.seq for event in events]


def test_the_bell_tells_at_once(app: App) -> None:
    """With no look for an hour, only the bell can have told."""
    job = running_job(app)

    async def follow() -> list[int]:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as follower:
            assert seqs(await follower.after(0, 0)) == [1]
            waiting = asyncio.create_task(follower.after(1, PATIENCE_S))
            await asyncio.to_thread(app.jobs.cancel, ME, job.id)
            return seqs(await waiting)

    assert asyncio.run(follow()) == [2]


def test_what_another_process_wrote_is_found_by_looking(app: App) -> None:
    job = running_job(app)

    async def follow() -> list[int]:
        feed = JobFeed(app.follow, JobBell(), poll_s=0.01)  # a bell that nobody here rings
        with feed.follow(job.id) as follower:
            waiting = asyncio.create_task(follower.after(1, PATIENCE_S))
            await asyncio.to_thread(progressed, app, job, 5)
            return seqs(await waiting)

    assert asyncio.run(follow()) == [2]


def test_all_followers_of_a_job_are_told_by_one_look(app: App) -> None:
    job = running_job(app)

    class Counted(FollowJob):
        looks = 0

        def after(self, job_id: str, seq: int) -> list[JobEvent]:
            Counted.looks += 1
            return super().after(job_id, seq)

    async def follow() -> list[list[int]]:
        feed = JobFeed(Counted(app.documents, records_of(app)), app.bell, poll_s=NEVER)
        with feed.follow(job.id) as one, feed.follow(job.id) as two, feed.follow(job.id) as three:
            followers = (one, two, three)
            for follower in followers:
                await follower.after(0, 0)
            before = Counted.looks
            waiting = [asyncio.create_task(follower.after(1, PATIENCE_S)) for follower in followers]
            while Counted.looks < before + 3:  # each has looked once, and waits
                await asyncio.sleep(0)
            await asyncio.to_thread(progressed, app, job, 5)
            found = [seqs(await each) for each in waiting]
            assert Counted.looks == before + 4
            return found

    assert asyncio.run(follow()) == [[2], [2], [2]]


def test_a_follower_far_behind_reads_the_record(app: App) -> None:
    job = running_job(app)
    for n in range(RECENT + 10):
        progressed(app, job, n % 9)

    async def follow() -> tuple[list[int], list[int]]:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as ahead, feed.follow(job.id) as behind:
            last = seqs(await ahead.after(0, 0))[-1]
            waiting = asyncio.create_task(ahead.after(last, PATIENCE_S))
            await asyncio.to_thread(progressed, app, job, 8)
            return seqs(await waiting), seqs(await behind.after(3, 0))

    news, old = asyncio.run(follow())
    assert news == [RECENT + 12]
    assert old == list(range(4, RECENT + 13))


def test_patience_ends(app: App) -> None:
    job = running_job(app)

    async def follow() -> list[JobEvent]:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as follower:
            return await follower.after(1, 0.01)

    assert asyncio.run(follow()) == []


def test_who_has_gone_leaves_nothing_behind(app: App) -> None:
    job = running_job(app)

    async def follow() -> None:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as follower, feed.follow(job.id):
            await follower.after(0, 0)
            assert feed.followers == 2
        assert feed.followers == 0
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others), 10)  # the watcher has ended
        with feed.follow(job.id) as follower:  # and begins again with the next one
            waiting = asyncio.create_task(follower.after(1, PATIENCE_S))
            await asyncio.to_thread(progressed, app, job, 5)
            assert seqs(await waiting) == [2]

    asyncio.run(follow())


def test_a_change_during_the_first_look_is_told_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look found nothing new, and the bell rang before it was over."""
    job = running_job(app)
    look, watched = FollowJob.after, threading.Event()

    def slow(follow: FollowJob, job_id: str, seq: int) -> list[JobEvent]:
        found = look(follow, job_id, seq)
        if seq == 1 and not found:
            monkeypatch.undo()
            progressed(app, job, 5)
            watched.wait(1)
        return found

    async def follow() -> list[int]:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as follower:
            asyncio.get_running_loop().call_later(0.1, watched.set)  # the watcher had its turn meanwhile
            return seqs(await follower.after(1, PATIENCE_S))

    monkeypatch.setattr(FollowJob, "after", slow)
    assert asyncio.run(follow()) == [2]


def test_a_feed_that_closes_lets_everybody_go(app: App) -> None:
    job = running_job(app)

    async def follow() -> list[JobEvent]:
        feed = JobFeed(app.follow, app.bell, poll_s=NEVER)
        with feed.follow(job.id) as follower:
            waiting = asyncio.create_task(follower.after(1, PATIENCE_S))
            await asyncio.wait({waiting}, timeout=0.1)  # it has looked, and waits
            await asyncio.to_thread(feed.close_soon)
            return await asyncio.wait_for(waiting, PATIENCE_S / 2)

    assert asyncio.run(follow()) == []
