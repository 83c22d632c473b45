"""What a dispatcher's thread does from start to stop: decide what is delivered when, and let couriers deliver.

Each turn is one transaction: outcomes written down, due tasks claimed. Between turns the thread sleeps until a
courier reports, this process accepts a task, a task falls due, or a short poll shows that another process wrote.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import timedelta

from shared.adapters.tasks.couriers import Couriers
from shared.adapters.tasks.database import to_micros
from shared.adapters.tasks.deliveries import Deliveries, Delivery, Settlement
from shared.adapters.tasks.lane import Lane
from shared.adapters.tasks.retry import Outcome, settle
from shared.domain.errors import ReelprintError
from shared.ports.clock import Clock
from shared.ports.tasks import QueueKind, QueuePolicy, TaskState

log = logging.getLogger(__name__)
PURGE_EVERY = timedelta(minutes=1) // timedelta(microseconds=1)
AFTER_FAILURE_S = 1.0  # before a disk that failed is tried again


class DeliveryLoop:
    """`run` is the thread; `wake` and `stop` may be called from any other. Times in microseconds unless named _s."""

    def __init__(
        self,
        deliveries: Deliveries,
        base_url: str,
        token: str,
        policies: Mapping[QueueKind, QueuePolicy],
        clock: Clock,
        poll_s: float,
    ) -> None:
        self._deliveries, self._clock, self._poll_s = deliveries, clock, poll_s
        now = to_micros(clock.now())
        self._lanes = {kind: Lane(policies.get(kind, QueuePolicy()), now) for kind in QueueKind}
        self._couriers = Couriers(base_url, token, self._on_report)
        self._signal = threading.Event()
        self._reports: deque[Outcome] = deque()
        self._unwritten: list[Settlement] = []
        self._next_turn = self._next_purge = now  # when there is something to do even if nothing happens
        self._give_up_at: float | None = None  # monotonic seconds; set by stop

    def wake(self) -> None:
        self._signal.set()

    def stop(self, timeout_s: float) -> None:
        """Claim nothing more; end when all is delivered, at the latest after `timeout_s`."""
        self._give_up_at = time.monotonic() + timeout_s
        self._signal.set()

    def run(self) -> None:
        while not self._finished():
            self._signal.wait(self._safe_turn())
        self._wind_up()

    def _on_report(self, outcome: Outcome) -> None:
        self._reports.append(outcome)
        self._signal.set()

    def _finished(self) -> bool:
        if self._give_up_at is None:
            return False
        return time.monotonic() >= self._give_up_at or not (self._under_way() or self._unwritten)

    def _safe_turn(self) -> float:
        """One turn; returns the seconds to sleep. The queue outlives a full disk and its own faults."""
        try:
            return self._turn()
        except ReelprintError as exc:
            log.error("the queue waits: %s", exc.detail)
        except Exception:
            log.exception("the queue waits after a fault of its own")
        self._next_turn = 0
        return AFTER_FAILURE_S

    def _turn(self) -> float:
        happened = self._signal.is_set()
        self._signal.clear()  # before looking: what happens from here on starts the next turn
        self._couriers.abort_overdue()
        self._collect()
        now = to_micros(self._clock.now())
        if happened or self._unwritten or now >= self._next_turn or self._deliveries.changed():
            self._write_and_deliver(now)
        return min(self._poll_s, max(0.0, (self._next_turn - now) / 1e6))

    def _collect(self) -> None:
        while self._reports:
            outcome = self._reports.popleft()
            lane = self._lanes[outcome.delivery.kind]
            lane.release()
            settlement = settle(outcome, lane.policy, self._clock.now())
            if settlement.state is TaskState.DEAD:
                delivery = outcome.delivery
                log.warning("task %s is dead after %d attempts: %s", delivery.name, delivery.attempts, outcome.error)
            self._unwritten.append(settlement)

    def _write_and_deliver(self, now: int) -> None:
        claims: dict[QueueKind, list[Delivery]] = {}
        due: dict[QueueKind, int | None] = {}  # of the kinds that have room for more than is due now
        with self._deliveries.transaction():
            self._deliveries.settle(self._unwritten)
            self._purge(now)
            for kind, lane in self._lanes.items() if self._give_up_at is None else ():
                allowed = lane.allowance(now)
                claims[kind] = self._deliveries.claim(kind, allowed, now)
                if len(claims[kind]) < allowed:
                    due[kind] = self._deliveries.next_due(kind)
        self._unwritten = []
        for delivery in (delivery for claimed in claims.values() for delivery in claimed):
            self._hand_over(delivery)
        openings = [due[kind] if kind in due else lane.opens_at() for kind, lane in self._lanes.items()]
        self._next_turn = min([self._next_purge, *(opening for opening in openings if opening is not None)])

    def _purge(self, now: int) -> None:
        if now >= self._next_purge:
            self._deliveries.purge(now)
            self._next_purge = now + PURGE_EVERY

    def _hand_over(self, delivery: Delivery) -> None:
        lane = self._lanes[delivery.kind]
        lane.take()
        self._couriers.carry(delivery, lane.policy.deadline_s, self._under_way())

    def _under_way(self) -> int:
        return sum(lane.active for lane in self._lanes.values())

    def _wind_up(self) -> None:
        """Outcomes that came in time are kept, the rest is scheduled again."""
        self._collect()
        self._couriers.close()
        try:
            with self._deliveries.transaction():
                self._deliveries.settle(self._unwritten)
                self._deliveries.recover()
        except ReelprintError as exc:  # nothing is lost: the next start finds the tasks active and recovers them
            log.error("the queue could not be left in order: %s", exc.detail)
