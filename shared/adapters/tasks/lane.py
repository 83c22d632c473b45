"""How much of one kind may be delivered now: so many at once, so many a second, over its four priority queues."""

from __future__ import annotations

from math import ceil

from shared.ports.tasks import QueuePolicy

_BURST_S = 0.2  # how many seconds' worth of the rate may go out in one moment, as Cloud Tasks derives its burst


class Lane:
    """A token bucket and a count of what is under way. Times in microseconds; for one thread."""

    def __init__(self, policy: QueuePolicy, now: int) -> None:
        self.policy = policy
        self.active = 0
        self._burst = max(1.0, policy.max_per_second * _BURST_S)
        self._tokens = self._burst
        self._filled_at = now

    def allowance(self, now: int) -> int:
        """How many may start at `now`."""
        passed = max(0, now - self._filled_at)  # a clock set back gives nothing and takes nothing
        self._tokens = min(self._burst, self._tokens + passed * self.policy.max_per_second / 1e6)
        self._filled_at = now
        return max(0, min(self.policy.max_concurrent - self.active, int(self._tokens + 1e-6)))

    def take(self) -> None:
        self.active += 1
        self._tokens -= 1

    def release(self) -> None:
        self.active -= 1

    def opens_at(self) -> int | None:
        """When the rate lets the next one start; None while all slots are taken, for then an end must come first."""
        if self.active >= self.policy.max_concurrent:
            return None
        missing = max(0.0, 1.0 - self._tokens)
        return self._filled_at + ceil(missing * 1e6 / self.policy.max_per_second)
