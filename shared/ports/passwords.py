"""Passwords: turned into hashes that are slow and costly to guess, and compared with them."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    def hash(self, password: str) -> str:
        """A salted hash with its parameters inside."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether the hash is of this password. Raises StorageFailed for what is no hash at all."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        ...
