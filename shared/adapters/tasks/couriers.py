"""The threads that carry deliveries: started one by one as the work needs them, each with a connection of its own."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from shared.adapters.tasks.deliveries import Delivery
from shared.adapters.tasks.door import Door
from shared.adapters.tasks.retry import Outcome

log = logging.getLogger(__name__)
_Errand = tuple[Delivery, float]


class Couriers:
    """`carry`, `abort*` and `close` are for one thread; `report` is called from the couriers' own."""

    def __init__(self, base_url: str, token: str, report: Callable[[Outcome], None]) -> None:
        self._base_url, self._token = base_url, token
        self._report = report
        self._errands: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        self._crew: list[tuple[threading.Thread, Door]] = []

    def carry(self, delivery: Delivery, deadline_s: float, under_way: int) -> None:
        """Deliver it in a thread; `under_way` counts all deliveries now unreported, this one too: so many threads
        are enough, since a courier that has reported is free."""
        if len(self._crew) < under_way:
            self._hire()
        self._errands.put((delivery, deadline_s))

    def abort_overdue(self) -> None:
        for _, door in self._crew:
            door.abort_if_overdue()

    def close(self, patience_s: float = 1.0) -> None:
        """Break off what is under way and end the threads."""
        for _ in self._crew:
            self._errands.put(None)
        for _, door in self._crew:
            door.abort()
        for thread, _ in self._crew:
            thread.join(patience_s)
        self._crew.clear()

    def _hire(self) -> None:
        door = Door(self._base_url, self._token)
        # Daemons: a server that ends without stop() must not wait for a door's ten minutes.
        thread = threading.Thread(target=self._work, args=(door,), name=f"courier-{len(self._crew)}", daemon=True)
        self._crew.append((thread, door))
        thread.start()

    def _work(self, door: Door) -> None:
        while (errand := self._errands.get()) is not None:
            self._report(self._deliver(door, *errand))
        door.close()

    def _deliver(self, door: Door, delivery: Delivery, deadline_s: float) -> Outcome:
        try:
            return door.deliver(delivery, deadline_s)
        except Exception as exc:  # a fault of ours must end as a failed attempt, not as a task that is active for ever
            log.exception("task %s could not be delivered", delivery.name)
            return Outcome(delivery, 0, f"The delivery broke: {type(exc).__name__}.")
