"""/jobs/{id}/events: what happens to a job, as server-sent events. An asynchronous function of its own.

A stream holds no thread, so that hundreds of them leave the others alone; the synchronous framework would starve.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import functions_framework.aio
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request as AsyncRequest
from starlette.responses import Response as AsyncResponse
from werkzeug.wrappers import Request

from functions._http.answer import Answer
from functions._http.asgi import serve_async
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import HeaderLookup, Policy, Principal
from functions._http.route import path_segments
from functions.studio import Studio, studio
from shared.domain.errors import Fault, InvalidInput, NotAuthenticated, NotFound, TooManyRequests
from shared.domain.job_event import JobEvent
from shared.services.job_feed import JobFeed
from shared.wiring import App

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
LIFETIME_S = 15 * 60.0  # as long as an access token lives: whoever goes on following shows a fresh one
RETRY_MS = 2000
MAX_STREAMS, MAX_STREAMS_OF_ONE_USER = 1000, 250  # of one instance
_MAX_DIGITS = 12

door = Door("events", max_body_bytes=0, tags=["jobs"])


class EventQuery(BaseModel):
    """Where to go on, and who asks, for clients that cannot send headers."""

    model_config = ConfigDict(extra="forbid")

    last_event_id: int | None = Field(None, ge=0, lt=10**_MAX_DIGITS, description="As the header Last-Event-ID.")
    ticket: str | None = Field(
        None, max_length=256, description="Of POST /jobs/{job_id}/events/ticket; instead of a token."
    )


@door.get("/jobs/{job_id}/events", policy=Policy.USER, query=EventQuery, answers=EVENT_STREAM, limited=True)
def follow_events(call: Call[Studio], job_id: str, query: EventQuery) -> Answer:
    """Follow a job: its events from the first, or from the one after Last-Event-ID, and on until it has ended.

    Each has the event's number as `id`, its type (status, step, progress) as `event`, and a JobEvent as `data`; a comment
    comes every 15 seconds while nothing happens. When the job has ended, `event: end` follows the last one and the
    stream closes; asked again from there, 204. A stream lasts 15 minutes at most: go on from its last event. 429, with
    Retry-After, while too many are open.
    """
    seen = _seen(call.headers.get("Last-Event-ID"), query)
    principal, app = call.principal, call.app.app
    job = app.follow.begin(principal.uid, job_id, seen)
    if job.status.is_final and seen == job.event_seq:
        return Answer(status=204)
    _open.require_room(principal.uid)
    headers = {"X-Accel-Buffering": "no"}  # proxies that gather answers would hold events back
    return Answer(_stream(app, principal, job_id, seen), headers=headers)


async def _stream(app: App, principal: Principal, job_id: str, seen: int) -> AsyncGenerator[bytes, None]:
    feed, ends_at, checked_at = _feed_of(app), time.monotonic() + LIFETIME_S, time.monotonic()
    with _open.one(principal.uid), feed.follow(job_id) as follower:
        yield f"retry: {RETRY_MS}\n\n".encode()
        while time.monotonic() < ends_at and not feed.is_closed:
            events = await follower.after(seen, HEARTBEAT_S)
            if time.monotonic() - checked_at >= HEARTBEAT_S:
                checked_at = time.monotonic()
                if not await asyncio.to_thread(_is_signed_in, app, principal):
                    return
            for event in events:
                yield _written(event)
            seen = events[-1].seq if events else seen
            if events and events[-1].is_terminal and not await follower.after(seen, 0):
                yield f'event: end\ndata: {{"status":"{events[-1].status.value}"}}\n\n'.encode()
                return
            if not events and not feed.is_closed:
                yield b": nothing new\n\n"


def _written(event: JobEvent) -> bytes:
    return f"id: {event.seq}\nevent: {event.type.value}\ndata: {event.model_dump_json()}\n\n".encode()


def _seen(header: str | None, query: EventQuery) -> int:
    """The last event the client has; a browser that connects again says so by the header, whatever its address says."""
    if not header:
        return query.last_event_id or 0
    if not (header.isascii() and header.isdigit() and len(header) <= _MAX_DIGITS):
        detail = "Last-Event-ID is the id of an event: a whole number."
        raise InvalidInput(
            "The request does not fit; see errors.",
            faults=[Fault(pointer="/headers/Last-Event-ID", code="no-event-id", detail=detail, found=header[:40])],
        )
    return int(header)


class OpenStreams:
    """How many streams this instance carries, and whose."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.by_owner: Counter[str] = Counter()

    def require_room(self, owner: str) -> None:
        with self._lock:
            mine, all_of_them = self.by_owner[owner], self.by_owner.total()
        if mine >= MAX_STREAMS_OF_ONE_USER or all_of_them >= MAX_STREAMS:
            raise TooManyRequests(
                f"{mine} of your event streams are open here, and {MAX_STREAMS_OF_ONE_USER} may be. Close some, or ask "
                "GET /api/v1/jobs/{job_id}/progress now and then."
            )

    @contextlib.contextmanager
    def one(self, owner: str) -> Iterator[None]:
        with self._lock:
            self.by_owner[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self.by_owner[owner] -= 1
                self.by_owner += Counter()  # forgets who has none


_open = OpenStreams()
_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[App, JobFeed]] = WeakKeyDictionary()


def _feed_of(app: App) -> JobFeed:
    """The running loop's feed of this studio."""
    loop = asyncio.get_running_loop()
    known = _feeds.get(loop)
    if known is None or known[0] is not app:
        known = _feeds[loop] = (app, JobFeed(app.follow, app.bell))
    return known[1]


def end_streams(app: App) -> None:
    """Let every stream of a studio end now: its server stops."""
    for known, feed in list(_feeds.values()):
        if known is app:
            feed.close_soon()


@dataclass(frozen=True)
class TicketGuard:
    """Lets in whoever carries a ticket to this one job, once."""

    app: App
    ticket: str
    job_id: str

    def authenticate(self, headers: HeaderLookup) -> Principal:
        uid, session = self.app.event_tickets.redeem(self.ticket, self.job_id)
        principal = Principal(uid=uid, roles=frozenset({"user"}), session=session)
        if not _is_signed_in(self.app, principal):
            raise NotAuthenticated("The session that this ticket was got by has ended. Sign in again.")
        return principal


def _is_signed_in(app: App, principal: Principal) -> bool:
    """Whether the sign-in still lasts; always, where users do not sign in."""
    if not principal.session:
        return True
    try:
        return any(view.is_current for view in app.accounts.sessions.views(principal.uid, principal.session))
    except NotFound:  # the user was deleted
        return False


def _studio_for(request: Request) -> Callable[[], Studio]:
    """The studio, whose guard asks for the ticket where one came along."""
    ticket, segments = request.args.get("ticket"), path_segments(request.path)
    if ticket is None or len(segments) != len(door.routes.all[0].segments):
        return studio

    def by_ticket() -> Studio:
        found = studio()
        return replace(found, guard=TicketGuard(found.app, ticket, segments[-2]))

    return by_ticket


@functions_framework.aio.http
async def events(request: AsyncRequest) -> AsyncResponse:
    return await serve_async(door, request, _studio_for)
