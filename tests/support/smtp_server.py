"""A mail server of a few verbs on a free port of this machine: it takes letters, or refuses them as it is told."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass
class SmtpServerKit:
    """`answers` are the replies to verbs by name where they differ from a willing server's."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)


_REPLIES = {
    "EHLO": "250-smtp.example.test\r\n250 AUTH PLAIN",
    "HELO": "250 smtp.example.test",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go ahead",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


@contextmanager
def smtp_server(
    context: ssl.SSLContext | None = None, answers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[SmtpServerKit]:
    """A running server. With `context` it speaks TLS from the first byte."""
    kit = SmtpServerKit(answers={verb.upper(): answer for verb, answer in answers.items()})

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(kit.answers.get("CONNECT", "220 smtp.example.test"))
            for raw in iter(self.rfile.readline, b""):
                line = raw.decode("latin-1").strip()
                kit.said.append(line)
                verb = line.partition(" ")[0].upper()
                reply = kit.answers.get(verb, _REPLIES.get(verb, "502 unknown"))
                self._say(reply)
                if verb == "DATA" and reply.startswith("354"):
                    kit.letters.append(self._letter())
                    self._say(kit.answers.get("LETTER", "250 taken"))
                if verb == "QUIT" or reply.startswith("421"):
                    return

        def _letter(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b"..") else line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def get_request(self):  # type: ignore[no-untyped-def]  # as the base class has it
            connection, address = super().get_request()
            return (context.wrap_socket(connection, server_side=True) if context else connection), address

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that breaks off is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        kit.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield kit
        finally:
            server.shutdown()
