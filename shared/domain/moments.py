"""Moments as text."""

from __future__ import annotations

from datetime import UTC, datetime


def sortable(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits of the second, always: such texts sort as their moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
