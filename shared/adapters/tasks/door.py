"""Delivering one task by HTTP, over a connection that stays open."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
import threading
import time
from urllib.parse import urlsplit

from shared.adapters.tasks.deliveries import Delivery
from shared.adapters.tasks.retry import Outcome
from shared.domain.errors import InvalidInput

MAX_ANSWER_BYTES = 65_536  # more of an answer is not read
MAX_ERROR_CHARACTERS = 300
_OVERDUE = "No answer before the deadline."


class Door:
    """One connection to the server behind `base_url`. `deliver` belongs to one thread; `abort*` to any other."""

    def __init__(self, base_url: str, token: str) -> None:
        """Raises InvalidInput unless `base_url` is like http://127.0.0.1:8080, with or without a path."""
        parts = urlsplit(base_url)
        if parts.scheme != "http" or not parts.hostname:
            raise InvalidInput(f"Tasks are delivered to an http:// address, not to {base_url!r}; set one with host.")
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80)
        self._guard = threading.Lock()  # an abort must hit the delivery it is meant for, never the next one
        self._expires_at: float | None = None  # monotonic seconds; None: nothing under way
        self._aborted = ""

    def deliver(self, delivery: Delivery, deadline_s: float) -> Outcome:
        """POST the task and wait for the answer, at most `deadline_s`. Never raises for what the other side does."""
        with self._guard:
            self._expires_at, self._aborted = time.monotonic() + deadline_s, ""
        try:
            return self._exchange(delivery, deadline_s)
        except (OSError, http.client.HTTPException) as exc:
            self._connection.close()
            overdue = _OVERDUE if isinstance(exc, TimeoutError) else ""
            reason = getattr(exc, "strerror", None) or type(exc).__name__
            return Outcome(delivery, 0, self._aborted or overdue or f"No answer: {reason}.")
        finally:
            with self._guard:
                self._expires_at = None

    def abort_if_overdue(self) -> None:
        with self._guard:
            if self._expires_at is not None and time.monotonic() >= self._expires_at:
                self._abort(_OVERDUE)

    def abort(self) -> None:
        with self._guard:
            if self._expires_at is not None:
                self._abort("The dispatcher stopped.")

    def close(self) -> None:
        self._connection.close()

    def _exchange(self, delivery: Delivery, deadline_s: float) -> Outcome:
        self._reuse_or_connect(deadline_s)
        self._connection.request("POST", self._prefix + delivery.path, delivery.body, self._headers(delivery))
        answer = self._connection.getresponse()
        body = self._body(answer)
        if self._aborted:  # a head that was cut off reads as a whole one
            raise TimeoutError
        if 200 <= answer.status < 300:
            return Outcome(delivery, answer.status)
        error = _describe(answer, body)
        return Outcome(delivery, answer.status, error, answer.getheader("Retry-After", ""))

    def _reuse_or_connect(self, deadline_s: float) -> None:
        """A server may have closed an idle connection: seen here, it costs no attempt."""
        sock: socket.socket | None = self._connection.sock
        if sock is not None and select.select([sock], [], [], 0)[0]:
            self._connection.close()
        self._connection.timeout = deadline_s
        if self._connection.sock is None:
            self._connection.connect()
        self._connection.sock.settimeout(deadline_s)

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        """The start of the body. The status alone decides, so a body that breaks off changes nothing."""
        body = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            body = answer.read(MAX_ANSWER_BYTES)
        if not answer.isclosed():
            self._connection.close()  # the rest of it would be taken for the next answer
        return body

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        return {
            **delivery.headers,
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": delivery.queue,
            "X-CloudTasks-TaskName": delivery.name,
            "X-CloudTasks-TaskRetryCount": str(delivery.attempts - 1),
            "X-CloudTasks-TaskExecutionCount": str(delivery.executions),
            "X-CloudTasks-TaskETA": f"{delivery.due / 1e6:.6f}",
        }

    def _abort(self, reason: str) -> None:
        self._aborted = reason
        sock: socket.socket | None = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it


def _describe(answer: http.client.HTTPResponse, body: bytes) -> str:
    """The status, and the detail of a problem+json, which is written for people and holds no secrets."""
    detail = ""
    if answer.getheader("Content-Type", "").startswith("application/problem+json"):
        with contextlib.suppress(ValueError, AttributeError):
            detail = f": {json.loads(body).get('detail', '')}"
    return f"The door answered {answer.status} {answer.reason}{detail}"[:MAX_ERROR_CHARACTERS]
