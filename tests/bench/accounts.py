"""What accounts cost: knowing who calls, beside the one read it needs, and hashing a password, beside its memory.

python -m tests.bench.accounts
"""

from __future__ import annotations

import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

from shared.services.hash_password import HashPassword
from shared.services.keep_sessions import MAX_SESSIONS
from tests.support.accounts import PASSWORD, accounts_kit, fresh_user


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="reelprint-bench-") as folder, accounts_kit(Path(folder)) as kit:
        anna = fresh_user(kit)
        sessions, token = kit.accounts.sessions, anna.tokens.access_token
        read = microseconds(lambda: kit.documents.get("users", anna.uid))
        signature = microseconds(lambda: kit.access._verify(token))  # past what it remembers
        one = microseconds(lambda: sessions.authenticate(token))
        for _ in range(MAX_SESSIONS - 1):
            kit.clock.advance(1)
            sessions.open(anna.uid, version=1)
        many = microseconds(lambda: sessions.authenticate(token))
        hashing = kit.accounts.signing_in._hashing
        hashed = hash_cost(hashing)
    print(f"  {'one document read':<44}{read:>10.0f} us")
    print(f"  {'a new token: signature, claims':<44}{signature:>10.0f} us")
    print(f"  {'who calls, with one session':<44}{one:>10.0f} us{one / read:>8.1f} reads")
    print(f"  {f'who calls, with {MAX_SESSIONS} sessions':<44}{many:>10.0f} us{many / read:>8.1f} reads")
    print(f"  {'one password hashed, 19 MiB':<44}{hashed:>10.0f} us")
    return 0


def microseconds(work: Callable[[], object], number: int = 500) -> float:
    """The least of many runs: what it costs when nobody else is using the machine."""
    return min(timeit.repeat(work, number=number, repeat=20)) / number * 1e6


def hash_cost(hashing: HashPassword) -> float:
    return microseconds(lambda: hashing.hash(PASSWORD), number=1)


if __name__ == "__main__":
    sys.exit(main())
