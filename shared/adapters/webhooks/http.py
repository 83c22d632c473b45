"""Webhooks by HTTP, to the public internet only.

The guard looks at the address that is really connected to: a name is resolved here, each of its addresses is judged, and
the connection goes to one of those, so that a name server that answers otherwise the next time gains nothing. No proxy,
no redirect, no more of an answer than its status, and no more time than was given, however slowly it trickles in.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult

from shared.domain.errors import Forbidden, Unavailable
from shared.domain.outside_address import check_outside_url, is_public

TIMEOUT_S = 10.0  # for all of one message: resolving excepted, which the system bounds
MAX_ANSWER_BYTES = 64 * 1024


class HttpWebhooks:
    """The Webhooks port. `allow_private` is for laptops and tests; `tls` replaces the system's trust, for tests too."""

    def __init__(
        self, *, allow_private: bool = False, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Whom to trust: read once, for it takes longer than a message does."""
        import httpx

        return self._given_tls or httpx.create_ssl_context(trust_env=False)

    def check(self, url: str, pointer: str) -> None:
        check_outside_url(url, pointer, allow_private=self._allow_private)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = check_outside_url(url, "/url", allow_private=self._allow_private)
        address = self._resolve(parts)
        import httpx

        deadline = _Deadline(self._timeout_s)
        try:
            with (
                deadline,
                httpx.Client(verify=self._tls, trust_env=False, timeout=self._timeout_s) as client,
                client.stream(
                    "POST",
                    parts._replace(netloc=_netloc(address, parts.port)).geturl(),
                    content=body,
                    headers={
                        **headers,
                        "Host": _netloc(str(parts.hostname), parts.port),
                        "Content-Type": "application/json",
                        "User-Agent": "Reelprint-Webhook/1",
                        "Accept-Encoding": "identity",
                    },
                    # The certificate must be the name's, though the connection goes to an address.
                    extensions={"sni_hostname": parts.hostname, "trace": deadline.watch},
                ) as answer,
            ):
                _read_some(answer.iter_raw())
                return int(answer.status_code)
        except (httpx.HTTPError, httpx.StreamError, OSError) as exc:
            if any(isinstance(reason, ssl.SSLCertVerificationError) for reason in _chain(exc)):
                raise Unavailable("The receiver's certificate is not valid for its name.") from exc
            reason = "in time" if deadline.is_over or isinstance(exc, httpx.TimeoutException) else "whole"
            raise Unavailable(f"The receiver gave no answer {reason} ({type(exc).__name__}).") from exc

    def _resolve(self, parts: SplitResult) -> str:
        """One address of the host, once all of them are found to be public. Raises Forbidden, Unavailable."""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise Unavailable("The receiver's name could not be resolved.") from exc
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
            raise Forbidden("The receiver's name leads to an address that is not public. Messages go to public hosts.")
        return addresses[0]


class _Deadline:
    """Breaks a connection off when its time is over. The timer holds a second handle of it, which TLS does not move."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._break_off)
        self._timer.daemon = True

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """httpx's trace hook: notes the socket once there is one."""
        if event == "connection.connect_tcp.complete":
            connection: socket.socket = info["return_value"].get_extra_info("socket")
            self._handles.append(connection.dup())
            if self.is_over:
                self._break_off()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for handle in self._handles:
            handle.close()

    def _break_off(self) -> None:
        self.is_over = True
        for handle in self._handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _read_some(pieces: Iterator[bytes]) -> None:
    """Let the receiver finish an answer of usual size, which nobody reads."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            return


def _netloc(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
