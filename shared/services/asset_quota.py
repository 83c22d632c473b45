"""What one user's uploads may take: bytes and number, counted in one document beside them, in the same transaction.

Room is taken when an upload is announced and given back with its record, so that a hundred announced at the same moment
are a hundred. What the ingest makes of an upload is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import TooLarge
from shared.ports.documents import Transaction

COLLECTION = "asset_usage"  # one document a user


@dataclass(frozen=True)
class Quota:
    max_bytes: int
    max_assets: int

    def take(self, transaction: Transaction, owner: str, size: int) -> dict[str, int | str]:
        """What the usage becomes with one more asset of `size` bytes; the caller writes it. Raises TooLarge."""
        usage = usage_of(transaction, owner)
        count, total = usage["count"] + 1, usage["bytes"] + size
        if count > self.max_assets:
            raise TooLarge(f"You have {usage['count']:,} assets, and {self.max_assets:,} are the most. Delete some.")
        if total > self.max_bytes:
            raise TooLarge(
                f"Your assets would take {total:,} bytes; at most {self.max_bytes:,} are yours, and {usage['bytes']:,} are "
                "used or announced. Delete some, or bring a smaller file."
            )
        return {"owner": owner, "count": count, "bytes": total}

    def check(self, transaction: Transaction, owner: str) -> None:
        """Raises TooLarge where what is announced and there is beyond the quota: it was lowered meanwhile."""
        usage = usage_of(transaction, owner)
        if usage["bytes"] > self.max_bytes or usage["count"] > self.max_assets:
            raise TooLarge(
                f"Your {usage['count']:,} assets take {usage['bytes']:,} bytes; {self.max_assets:,} and {self.max_bytes:,} "
                "are the most. Delete some, then confirm again."
            )


def usage_of(transaction: Transaction, owner: str) -> dict[str, int]:
    found = transaction.get(COLLECTION, owner)
    return {name: int(found.data[name]) if found else 0 for name in ("count", "bytes")}


def given_back(transaction: Transaction, owner: str, size: int) -> dict[str, int | str]:
    """What the usage becomes without one asset of `size` bytes; the caller writes it."""
    usage = usage_of(transaction, owner)
    return {"owner": owner, "count": max(0, usage["count"] - 1), "bytes": max(0, usage["bytes"] - size)}
