"""How often something may be tried: for one account, however many try it, and for one address, whatever it tries.

An attempt is counted before it is made, so that a hundred at the same moment are a hundred, and one that is turned away
is not counted, so that nobody is locked out for ever by being tried.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from shared.domain.artifact import digest_of
from shared.domain.errors import TooManyRequests
from shared.ports.audit import Audit, AuditEvent
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.services.expiring import Sweeper, is_live

COLLECTION = "throttles"
FREE_ATTEMPTS = 5  # wrong passwords before the first wait
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 15 * 60.0
FORGOTTEN_AFTER_S = 24 * 3600.0
ADDRESS_WINDOW_S = 10 * 60.0
MAIL_WINDOW_S, MAILS = 3600.0, 5


class Throttle:
    """`address_attempts` is how often one address may try one kind of thing within ADDRESS_WINDOW_S."""

    def __init__(self, documents: Documents, clock: Clock, audit: Audit, address_attempts: int) -> None:
        self._documents = documents
        self._clock = clock
        self._audit = audit
        self._address_attempts = address_attempts
        self._sweeper = Sweeper(documents, clock)

    def count_address(self, action: str, address: str) -> None:
        """Count one try of `action` from an address. Raises TooManyRequests beyond the limit."""
        wait = self._window(f"address:{action}", address, ADDRESS_WINDOW_S, self._address_attempts)
        if wait:
            self._audit.record(AuditEvent.ADDRESS_THROTTLED, "", action=action)
            raise _too_many("from this address", wait)

    def may_mail(self, key: str) -> bool:
        """Count a letter to one address of mail; False beyond the limit, so that nobody's mailbox is flooded."""
        return not self._window("mail", key, MAIL_WINDOW_S, MAILS)

    def count_attempt(self, key: str, uid: str = "") -> None:
        """Count a password tried for an account, whether there is one or not. Raises TooManyRequests while locked.

        After FREE_ATTEMPTS each one is followed by twice the wait of the one before, up to LONGEST_WAIT_S.
        """
        name = _name("account", key)

        def work(transaction: Transaction) -> float:
            now = self._clock.now().timestamp()
            found = transaction.get(COLLECTION, name)
            fresh: dict[str, Any] = {"failures": 0, "open_at": 0.0}
            data = found.data if found is not None and is_live(found, now) else fresh
            if data["open_at"] > now:
                return float(data["open_at"] - now)
            failures = data["failures"] + 1
            record = {
                "failures": failures,
                "open_at": now + wait_after(failures),
                "expires_at": now + FORGOTTEN_AFTER_S,
            }
            transaction.put(COLLECTION, name, record)
            return 0.0

        wait = self._documents.transaction(work)
        self._sweeper.sweep(COLLECTION)
        if wait:
            self._audit.record(AuditEvent.LOCKED, uid)
            raise _too_many("for this account", wait)

    def forgive(self, key: str) -> None:
        """The right password was given: earlier wrong ones no longer count."""
        self._documents.delete(COLLECTION, _name("account", key))

    def _window(self, kind: str, key: str, seconds: float, most: int) -> float:
        """Count one within a fixed window; the seconds until the next window where this is one too many, else 0."""
        name = _name(kind, key)

        def work(transaction: Transaction) -> float:
            now = self._clock.now().timestamp()
            found = transaction.get(COLLECTION, name)
            fresh: dict[str, Any] = {"count": 0, "expires_at": now + seconds}
            data = found.data if found is not None and is_live(found, now) else fresh
            if data["count"] >= most:
                return float(data["expires_at"] - now)
            transaction.put(COLLECTION, name, {**data, "count": data["count"] + 1})
            return 0.0

        wait = self._documents.transaction(work)
        self._sweeper.sweep(COLLECTION)
        return wait


def wait_after(failures: int) -> float:
    """Seconds until the next attempt is heard: none for the first ones, then doubling."""
    beyond = failures - FREE_ATTEMPTS
    return 0.0 if beyond < 0 else min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(beyond, 20))


def _name(kind: str, key: str) -> str:
    return digest_of({"throttle": kind, "key": key})  # addresses are personal: ids tell none


def _too_many(where: str, wait: float) -> TooManyRequests:
    seconds = max(1, ceil(wait))
    return TooManyRequests(f"Too many attempts {where}. Try again in {seconds} s.", retry_after_s=seconds)
