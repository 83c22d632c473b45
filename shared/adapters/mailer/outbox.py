"""Mail as files in a folder, one `.eml` a letter: what a laptop has instead of a mail server."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from shared.adapters.mailer.message import message_of
from shared.domain.errors import StorageFailed
from shared.ports.clock import Clock
from shared.ports.mailer import Mail


class OutboxMailer:
    """Writes `{folder}/{mail.id}.eml`, whole or not at all, readable by its owner alone."""

    def __init__(self, folder: Path, sender: str, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    def send(self, mail: Mail) -> None:
        data = message_of(mail, self._sender, self._clock.now()).as_bytes()
        target = self._folder / f"{mail.id}.eml"
        part = self._folder / f".{mail.id}.{secrets.token_hex(4)}.part"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError as exc:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StorageFailed(f"A letter could not be put into {self._folder} ({exc.strerror}).") from exc
