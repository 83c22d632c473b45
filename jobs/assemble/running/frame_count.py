"""How far a child is: ffmpeg counts the pictures it has put out, on a pipe of its own beside its output."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

Seen = Callable[[int], None]  # told how many pictures are out, again and again while there are more


class FrameCount:
    """The reading end of one child's `-progress`. Whoever makes it calls `started` or not, and `close` in any case."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._is_started = False

    @property
    def options(self) -> list[str]:
        """ffmpeg's global options that make it count."""
        return ["-progress", f"pipe:{self._writer}"]

    @property
    def descriptor(self) -> int:
        """What the child must inherit."""
        return self._writer

    def started(self) -> None:
        """The child has its own copy of the writing end."""
        os.close(self._writer)
        self._is_started = True

    def look(self) -> None:
        """Tell the count, where there is a new one. Never waits."""
        said = b""
        try:
            while piece := os.read(self._reader, 65_536):
                said += piece
        except BlockingIOError:
            pass  # all that there is for now
        if counts := re.findall(rb"^frame=\s*(\d+)$", said, re.MULTILINE):
            self._seen(int(counts[-1]))

    def close(self) -> None:
        os.close(self._reader)
        if not self._is_started:
            os.close(self._writer)
