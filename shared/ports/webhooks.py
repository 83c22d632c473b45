"""Webhooks: one message to an address of a user's, which may be anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Webhooks(Protocol):
    def check(self, url: str, pointer: str) -> None:
        """Raise InvalidInput, pointing at `pointer`, for an address that can be told to be none to send to."""
        ...

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a message and return the answer's HTTP status; redirects are answers too, and not followed.

        Raises InvalidInput or Forbidden for an address that must not be called, Unavailable where nothing answered in
        time. No message repeats the address.
        """
        ...
