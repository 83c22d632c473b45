"""Hashing passwords within bounds: so many at once, and the same work whether an account is there or not."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.errors import Unavailable
from shared.domain.password import prepare_password
from shared.ports.passwords import Passwords

WAIT_S = 10.0  # how long a call waits for its turn before it is told to come back


class HashPassword:
    """`concurrency` hashes are made at once, each with the memory that `passwords` takes; the others wait."""

    def __init__(self, passwords: Passwords, concurrency: int) -> None:
        self._passwords = passwords
        self._turns = threading.BoundedSemaphore(concurrency)
        self._decoy = ""
        self._decoy_lock = threading.Lock()

    def hash(self, password: str) -> str:
        """Raises Unavailable when too many others wait."""
        with self._turn():
            return self._passwords.hash(prepare_password(password))

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether the hash is of this password; "" stands for no account, costs as much, and is never right."""
        decoy = self._any_decoy()
        with self._turn():
            is_right = self._passwords.verify(password_hash or decoy, prepare_password(password))
        return is_right and bool(password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._passwords.is_outdated(password_hash)

    def _any_decoy(self) -> str:
        """A hash of what nobody can type; made before the first comparison, whatever that is of."""
        with self._decoy_lock:
            if not self._decoy:
                self._decoy = self.hash(secrets.token_hex(32))
            return self._decoy

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=WAIT_S):
            raise Unavailable("Too many passwords are being checked at this moment. Try again in a few seconds.")
        try:
            yield
        finally:
            self._turns.release()
