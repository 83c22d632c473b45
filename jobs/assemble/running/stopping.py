"""SIGTERM, heeded in time: in order where that goes quickly, by force where something does not come back."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

from jobs.assemble.running.child import Children
from shared.domain.errors import Cancelled

ORDERLY_S = 3.0  # Cloud Run grants ten seconds from SIGTERM to SIGKILL
LAST_WORD_S = 1.0


class Stopping:
    """While this context lasts, SIGTERM cancels the children's work.

    Whatever waits for a child, or asks `children.check`, ends by itself. A storage that does not answer asks nothing: when
    the context has not been left after ORDERLY_S, `fail` marks the record, scratch goes, and the process ends with `code`.
    """

    def __init__(self, children: Children, scratch: Path, fail: Callable[[Cancelled], None], code: int) -> None:
        self._children = children
        self._scratch = scratch
        self._fail = fail
        self._code = code
        self._timer = threading.Timer(ORDERLY_S, self._force)
        self._timer.daemon = True
        self._is_told = False

    def __enter__(self) -> Stopping:
        self._before = signal.signal(signal.SIGTERM, self._told)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)
        self._timer.cancel()

    def _told(self, number: int, frame: FrameType | None) -> None:
        if not self._is_told:
            self._is_told = True
            self._timer.start()  # first: the handler may have cut into the very lock that cancelling takes
            self._children.cancel()

    def _force(self) -> None:
        self._children.kill()
        error = Cancelled("The render was told to stop and did so by force: its storage did not answer. Run it again.")
        last_word = threading.Thread(target=self._fail, args=(error,), daemon=True)
        last_word.start()
        last_word.join(LAST_WORD_S)  # a store that does not answer either must not hold the process
        shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(self._code)
