"""Many followers of jobs on one event loop: one look for all who follow the same job, and no thread held by any of them.

Changes made in this process ring the bell and are told at once; those of other processes are found by looking, once in
`poll_s` seconds, and only while somebody follows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Mapping

from shared.domain.errors import ReelprintError
from shared.domain.job_event import JobEvent
from shared.services.follow_job import FollowJob
from shared.services.job_bell import JobBell

POLL_S = 1.0
RECENT = 64  # events of a job that are kept at hand while it is followed


class _Topic:
    """One followed job. `tip` is the last event known, None until the first look."""

    def __init__(self) -> None:
        self.followers = 0
        self.tip: int | None = None
        self.recent: deque[JobEvent] = deque(maxlen=RECENT)
        self.news = asyncio.Event()

    def push(self, events: list[JobEvent]) -> None:
        self.recent.extend(events)
        self.tip = events[-1].seq
        self.wake()

    def wake(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()


class JobFeed:
    """Belongs to the loop it is made on; only the bell comes from other threads."""

    def __init__(self, follow: FollowJob, bell: JobBell, poll_s: float = POLL_S) -> None:
        self._follow = follow
        self._poll_s = poll_s
        self._loop = asyncio.get_running_loop()
        self._topics: dict[str, _Topic] = {}
        self._rung: set[str] = set()
        self._wake = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._forget_bell = bell.listen(self._on_bell)
        self.is_closed = False

    @property
    def followers(self) -> int:
        return sum(topic.followers for topic in self._topics.values())

    @contextlib.contextmanager
    def follow(self, job_id: str) -> Iterator[Follower]:
        """Take part in what is found out about a job, until the context ends."""
        topic = self._topics.setdefault(job_id, _Topic())
        topic.followers += 1
        if self._watcher is None:
            self._watcher = self._loop.create_task(self._watch())
        try:
            yield Follower(self, job_id, topic)
        finally:
            topic.followers -= 1
            if not topic.followers:
                del self._topics[job_id]
            if not self._topics:
                self._wake.set()  # the watcher ends

    def close(self) -> None:
        """Let every follower go. On the feed's own loop."""
        self.is_closed = True
        self._forget_bell()
        self._wake.set()
        for topic in self._topics.values():
            topic.wake()

    def close_soon(self) -> None:
        """`close`, from any thread."""
        self._call_soon(self.close)

    async def read(self, job_id: str, topic: _Topic, seq: int) -> list[JobEvent]:
        """What follows event `seq`: from what is at hand, else from the record."""
        if topic.recent and topic.recent[0].seq <= seq + 1 <= topic.recent[-1].seq:
            return [event for event in topic.recent if event.seq > seq]
        events = await asyncio.to_thread(self._follow.after, job_id, seq)
        topic.tip = max(topic.tip or 0, events[-1].seq if events else seq)
        if job_id in self._rung:  # it changed while this look was under way, which may have come too early
            self._wake.set()
        return events

    def _on_bell(self, job_id: str) -> None:
        if job_id in self._topics:
            self._call_soon(self._ring, job_id)

    def _ring(self, job_id: str) -> None:
        self._rung.add(job_id)
        self._wake.set()

    def _call_soon(self, work: object, *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody follows any more
            self._loop.call_soon_threadsafe(work, *args)  # type: ignore[arg-type]

    async def _watch(self) -> None:
        next_look = self._loop.time() + self._poll_s
        while self._topics and not self.is_closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, next_look - self._loop.time()))
            self._wake.clear()
            is_round = self._loop.time() >= next_look
            asked = set(self._topics) if is_round else self._rung & set(self._topics)
            self._rung -= {job_id for job_id in asked if self._topics[job_id].tip is not None}
            if is_round:
                next_look = self._loop.time() + self._poll_s
            await self._look(asked)
        self._watcher = None

    async def _look(self, asked: set[str]) -> None:
        tips = {job_id: tip for job_id in asked if (tip := self._topics[job_id].tip) is not None}
        with contextlib.suppress(ReelprintError):  # a store that is busy now is looked at again
            for job_id, events in (await asyncio.to_thread(self._find, tips)).items():
                topic = self._topics.get(job_id)
                fresh = [event for event in events if topic and event.seq > (topic.tip or 0)]
                if topic and fresh:
                    topic.push(fresh)

    def _find(self, tips: Mapping[str, int]) -> dict[str, list[JobEvent]]:
        return {job_id: events for job_id, tip in tips.items() if (events := self._follow.after(job_id, tip))}


class Follower:
    def __init__(self, feed: JobFeed, job_id: str, topic: _Topic) -> None:
        self._feed, self._job_id, self._topic = feed, job_id, topic

    async def after(self, seq: int, patience_s: float) -> list[JobEvent]:
        """The events after number `seq`; where there are none, wait for some. [] when `patience_s` seconds went by."""
        news = self._topic.news  # taken before the look: what happens from here on sets it
        events = await self._feed.read(self._job_id, self._topic, seq)
        if events or patience_s <= 0 or self._feed.is_closed:
            return events
        try:
            await asyncio.wait_for(news.wait(), patience_s)
        except TimeoutError:
            return []
        return await self._feed.read(self._job_id, self._topic, seq)
