"""Mail by a mail server, over a connection that is encrypted or does not leave the machine."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from shared.adapters.mailer.message import message_of
from shared.domain.errors import InvalidInput, Unavailable
from shared.ports.clock import Clock
from shared.ports.mailer import Mail

TIMEOUT_S = 20.0
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class SmtpServer:
    """`user` "" signs in as nobody. "tls" encrypts from the first byte (port 465), "starttls" before anything is said."""

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


class SmtpMailer:
    def __init__(self, server: SmtpServer, sender: str, clock: Clock) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock

    def send(self, mail: Mail) -> None:
        message = message_of(mail, self._sender, self._clock.now())
        try:
            with self._connection() as connection:
                connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as exc:
            code = max((code for code, _ in exc.recipients.values()), default=0)
            if code >= 500:
                raise InvalidInput(f"The mail server will not take letters for this address ({code}).") from exc
            raise self._unavailable(str(code)) from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise self._unavailable(type(exc).__name__) from exc

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        if server.security == "tls":
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        with connection:
            if server.security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
            yield connection

    def _unavailable(self, reason: str) -> Unavailable:
        # The server's own words may quote the address.
        return Unavailable(
            f"The mail server {self._server.host}:{self._server.port} did not take a letter ({reason}). "
            "Look at REELPRINT_SMTP_* and at the server."
        )
