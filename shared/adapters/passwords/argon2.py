"""Passwords by argon2id, in the PHC string format, which carries salt and parameters along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import StorageFailed

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Argon2Passwords:
    """`memory_kib` of memory, gone over `rounds` times in `lanes` lanes. Each hash being made takes that memory."""

    def __init__(self, memory_kib: int, rounds: int, lanes: int) -> None:
        self._memory_kib = memory_kib
        self._rounds = rounds
        self._lanes = lanes

    def hash(self, password: str) -> str:
        return self._hasher().hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

        try:
            return self._hasher().verify(password_hash, password)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as exc:
            raise StorageFailed("A stored password hash cannot be read. Have the password reset.") from exc

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher().check_needs_rehash(password_hash)

    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=self._rounds, memory_cost=self._memory_kib, parallelism=self._lanes)
