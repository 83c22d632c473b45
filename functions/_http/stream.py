"""An answer that goes on: bytes that an event loop sends piece by piece. The synchronous framework cannot."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from werkzeug.wrappers import Response


class StreamedResponse(Response):
    """`pieces` begin when they are first asked for, and end with the client."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], **options: Any) -> None:
        super().__init__(**options)
        self.pieces = pieces
