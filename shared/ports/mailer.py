"""Mailer: a letter to one person, handed to whoever carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """`id` names the letter, letters, digits, `-` and `_`: sent twice under one id, it is one letter to whoever looks.

    `text` is plain text.
    """

    id: str
    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Mail(id={self.id!r})"  # addresses and links belong into no log


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand the letter over. Raises Unavailable (retryable), InvalidInput for one that will never be taken."""
        ...
