"""Asking a vendor over HTTP: one kept-open client, bounded in time and size, every failure translated.

    no answer in time, a broken connection, 408, 5xx   EngineFailed        tried again
    429, and 503 with Retry-After                      EngineBusy          tried again, when the vendor says
    401, 402, 403, 404                                 EngineUnavailable   wrong settings: told which, not tried again
    any other 4xx                                      as each kind of vendor has it

Keys go in headers or bodies, never into a URL, which clients and proxies log.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable, ReelprintError

if TYPE_CHECKING:
    import httpx

CONNECT_S = 5.0
MAX_RETRY_AFTER_S = 3600


class Vendor(ABC):
    """`name` is how messages call the vendor, `setting` what its address and key are set by. Threads may share it."""

    def __init__(self, name: str, setting: str, *, timeout_s: float, most_bytes: int) -> None:
        self._name = name
        self._setting = setting
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes
        self._opening = threading.Lock()
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close kept-open connections; a later request opens them again."""
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @abstractmethod
    def _refused(self, told: str, body: bytes) -> ReelprintError:
        """What a 4xx that no setting mends is raised as; `told` is the status and the reason that may be told."""

    @abstractmethod
    def _reason(self, body: bytes, text: str) -> str:
        """What may be told of a refusal's own words, with what sets it off; `text` is what the user wrote."""

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes, text: str = "") -> bytes:
        import httpx

        try:
            with self._open().stream(method, url, headers=dict(headers), content=body or None) as answer:
                found = self._read(answer)
                if not answer.is_success:
                    told = f"{answer.status_code}{self._reason(found, text)}"
                    raise self._failure(answer.status_code, answer.headers.get("Retry-After", ""), told, found)
                return found
        except httpx.TimeoutException as exc:
            raise EngineFailed(f"{self._name} did not answer within {self._timeout_s:g} s; it is asked again.") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise EngineFailed(
                f"{self._name} could not be reached ({type(exc).__name__}). Check {self._setting}."
            ) from exc

    def _json(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except ValueError as exc:
            raise EngineFailed(f"{self._name} answered with something else than JSON; it is asked again.") from exc

    def _open(self) -> httpx.Client:
        import httpx

        with self._opening:
            if self._client is None:
                timeout = httpx.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s))
                self._client = httpx.Client(trust_env=False, timeout=timeout)
            return self._client

    def _read(self, answer: httpx.Response) -> bytes:
        found = bytearray()
        for piece in answer.iter_bytes():
            found += piece
            if len(found) > self._most_bytes:
                raise BadOutput(f"{self._name} answered with more than {self._most_bytes} bytes.")
        return bytes(found)

    def _failure(self, status: int, retry_after: str, told: str, body: bytes) -> ReelprintError:
        wait = retry_after_s(retry_after)
        if status == 429 or (status == 503 and wait):
            return EngineBusy(f"{self._name} asks to wait ({told}).", retry_after_s=wait)
        if status in (401, 402, 403, 404) or b"API_KEY_INVALID" in body:  # Google tells a wrong key by a 400
            return EngineUnavailable(
                f"{self._name} refuses what it is set up with ({told}). Check {self._setting} and the account it "
                "belongs to."
            )
        if status == 408 or status >= 500 or status < 400:
            return EngineFailed(f"{self._name} answered {told}; it is asked again.")
        return self._refused(told, body)


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON as it is sent; half of a surrogate pair becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def retry_after_s(value: str) -> int | None:
    """Seconds of a Retry-After header: a number or an HTTP date. None for none, for the past and for nonsense."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text), MAX_RETRY_AFTER_S) or None
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(round(seconds), MAX_RETRY_AFTER_S) if seconds >= 1 else None
