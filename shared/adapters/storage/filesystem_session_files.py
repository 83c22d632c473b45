"""The two files of a resumable session: its record, replaced at once whenever more bytes are safe, and the bytes.

Who writes to a session holds its bytes locked.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from shared.adapters.storage.filesystem_files import abandoned, new_file, replace_with, translated
from shared.adapters.storage.filesystem_layout import Layout
from shared.adapters.storage.resumable import Session, Terms
from shared.domain.errors import NotFound, StillRunning

WHAT = "keeping a resumable upload"  # for `translated`
_ID = re.compile(r"[0-9a-f]{32}")


class SessionFiles:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def create(self, session: Session) -> None:
        with new_file(self.bytes_of(session.id), WHAT):
            self.save(session)

    def load(self, session_id: str, key: str | None = None) -> Session:
        """The session as recorded, of this very key where one is named. Raises NotFound."""
        if not _ID.fullmatch(session_id):
            raise _gone()
        try:
            record = json.loads(self._record(session_id).read_bytes())
        except (OSError, ValueError) as exc:
            raise _gone() from exc
        session = Session(**{**record, "terms": Terms(**record["terms"])})
        if key is not None and session.terms.key != key:
            raise _gone()
        return session

    def save(self, session: Session, descriptor: int | None = None) -> None:
        """Record it, once the bytes behind `descriptor` are safe."""
        if descriptor is not None:
            with translated(WHAT):
                os.fdatasync(descriptor)
        replace_with(self._record(session.id), json.dumps(asdict(session)).encode(), self._layout.new_staging(), WHAT)

    def remove(self, session_id: str) -> None:
        for path in (self._record(session_id), self.bytes_of(session_id)):
            path.unlink(missing_ok=True)

    @contextmanager
    def held(self, session_id: str, key: str) -> Iterator[tuple[Session, int]]:
        """The session, with its bytes locked and open; one that is done has none, and -1 for them.

        Raises NotFound, and StillRunning while somebody else holds it.
        """
        self.load(session_id, key)
        try:
            descriptor = os.open(self.bytes_of(session_id), os.O_RDWR)
        except FileNotFoundError:
            yield self.load(session_id, key), -1
            return
        try:
            _lock(descriptor)
            yield self.load(session_id, key), descriptor  # as it is now that nobody else writes
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    @contextmanager
    def idle(self, session_id: str) -> Iterator[bool]:
        """Whether nobody writes to it; while the context lasts, nobody can begin to."""
        with abandoned(self.bytes_of(session_id)) as idle:
            yield idle or not self.bytes_of(session_id).exists()

    def every_id(self) -> list[str]:
        """Of all there are, and of halves that a crash left."""
        files = self._layout.sessions.glob("*") if self._layout.sessions.is_dir() else ()
        return sorted({path.stem for path in files})

    def bytes_of(self, session_id: str) -> Path:
        return self._layout.sessions / f"{session_id}.bytes"

    def _record(self, session_id: str) -> Path:
        return self._layout.sessions / f"{session_id}.json"


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise StillRunning("Another request is writing to this upload; wait for its answer.") from exc


def _gone() -> NotFound:
    return NotFound("There is no such upload: it was finished long ago, cancelled, or left alone for a week.")
