"""Asking a speech vendor over HTTP: `vendor.py`'s failures, and InvalidInput for a text or voice it will not take.

A vendor's own reason is told where it quotes nothing of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.adapters.vendor import Vendor, encoded
from shared.domain.errors import InvalidInput

ANSWER_S = 60.0
MAX_ANSWER_BYTES = 64 * 2**20  # ten minutes of 48 kHz
_REASON = 160  # characters of a vendor's reason that a message carries
_QUOTED = 12  # letters in a row that reason and text share: then it quotes the text


class VendorHttp(Vendor):
    def __init__(self, name: str, setting: str, *, timeout_s: float = ANSWER_S) -> None:
        super().__init__(name, setting, timeout_s=timeout_s, most_bytes=MAX_ANSWER_BYTES)

    def get_json(self, url: str, headers: Mapping[str, str]) -> Any:
        return self._json(self._ask("GET", url, headers, b""))

    def post_json(self, url: str, headers: Mapping[str, str], body: Mapping[str, Any], text: str) -> Any:
        """POST JSON, read JSON. `text` is what the user wrote, which no message may quote."""
        return self._json(self.post(url, {**headers, "Content-Type": "application/json"}, encoded(body), text))

    def post(self, url: str, headers: Mapping[str, str], body: bytes, text: str) -> bytes:
        """POST bytes, read bytes."""
        return self._ask("POST", url, headers, body, text)

    def _reason(self, body: bytes, text: str) -> str:
        return reason_of(body, text)

    def _refused(self, told: str, body: bytes) -> InvalidInput:
        return InvalidInput(f"{self._name} refuses this text or voice ({told}).")


def reason_of(body: bytes, text: str) -> str:
    """ ": " and a vendor's own short reason; "" where it gives none, or one that quotes the text."""
    said = re.sub(r"\s+", " ", _told(body)).strip()[:_REASON]
    return f": {said}" if said and not _quotes(said, text) else ""


def _told(body: bytes) -> str:
    """The reason in the shapes that vendors use: {error: {message}}, {message}, {detail}, or a plain line."""
    try:
        found = json.loads(body)
    except ValueError:
        line = body[:500].decode("utf-8", "replace")
        return "" if "<" in line else line
    for _ in range(3):
        if isinstance(found, dict):
            found = next((found[name] for name in ("error", "message", "detail", "status") if name in found), "")
    return found if isinstance(found, str) else ""


def _quotes(reason: str, text: str) -> bool:
    """Whether both share a run of letters that is no accident."""
    said, written = ("".join(filter(str.isalnum, each)).casefold() for each in (reason, text))
    length = min(_QUOTED, len(written))
    return bool(length) and any(written[at : at + length] in said for at in range(len(written) - length + 1))
