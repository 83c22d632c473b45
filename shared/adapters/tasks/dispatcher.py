"""The dispatcher: starts and stops the delivery of one store's tasks, and is the only one to deliver them."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from shared.adapters.tasks.deliveries import Deliveries
from shared.adapters.tasks.delivery_loop import DeliveryLoop
from shared.adapters.tasks.door import Door
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.adapters.tasks.file_lock import FileLock
from shared.domain.errors import Conflict, StorageFailed
from shared.ports.clock import Clock
from shared.ports.tasks import QueueKind, QueuePolicy


class Dispatcher:
    """Delivers the tasks of one store by HTTP POST to `base_url` + path, in threads of this process."""

    def __init__(
        self,
        tasks: EmbeddedTasks,
        base_url: str,
        policies: Mapping[QueueKind, QueuePolicy],
        token: str,
        clock: Clock,
        *,
        poll_s: float = 0.05,
    ) -> None:
        """`token` goes out as a bearer token; a kind without a policy has the default one; `poll_s` is how often
        tasks accepted by other processes are looked for. Raises InvalidInput for a base_url that is not http://."""
        Door(base_url, token)  # a bad address is told here, not by every delivery
        self._tasks, self._base_url, self._policies, self._token = tasks, base_url, policies, token
        self._clock, self._poll_s = clock, poll_s
        self._running: tuple[DeliveryLoop, threading.Thread] | None = None

    def start(self) -> None:
        """Take the store, schedule again what an earlier dispatcher left active, and deliver.

        Raises Conflict while another dispatcher, of any process, has the store.
        """
        lock = self._take_store()
        try:
            deliveries = self._recovered()
        except BaseException:
            lock.release()
            raise
        loop = DeliveryLoop(deliveries, self._base_url, self._token, self._policies, self._clock, self._poll_s)
        thread = threading.Thread(target=self._run, args=(loop, deliveries, lock), name="dispatcher", daemon=True)
        self._running = (loop, thread)
        thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Claim nothing more, give running deliveries `timeout` seconds, schedule again what is not done by then."""
        if self._running is not None:
            loop, thread = self._running
            loop.stop(timeout)
            thread.join()
            self._running = None

    def _take_store(self) -> FileLock:
        path = self._tasks.database.path
        try:
            lock = FileLock.acquire(path.with_name(path.name + ".dispatcher-lock"), wait=False)
        except OSError as exc:
            raise StorageFailed(f"The queue {path} cannot be locked: {exc.strerror}.") from exc
        if lock is None:
            raise Conflict(f"The queue {path} already has a dispatcher. Stop the other server or use another folder.")
        return lock

    def _recovered(self) -> Deliveries:
        deliveries = Deliveries(self._tasks.database)
        try:
            with deliveries.transaction():
                deliveries.recover()
        except BaseException:
            deliveries.close()
            raise
        return deliveries

    def _run(self, loop: DeliveryLoop, deliveries: Deliveries, lock: FileLock) -> None:
        forget = self._tasks.on_accepted(loop.wake)
        try:
            loop.run()
        finally:
            forget()
            deliveries.close()
            lock.release()
