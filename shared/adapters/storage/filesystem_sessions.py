"""Resumable uploads on disk: sessions that outlive connections and crashes of the server.

What lies past a session's recorded end after a crash was never promised to anybody, and is cut off.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO

import google_crc32c

from shared.adapters.storage.filesystem_files import CHUNK_BYTES, translated, write_all
from shared.adapters.storage.filesystem_layout import Layout, Pointer
from shared.adapters.storage.filesystem_objects import Objects
from shared.adapters.storage.filesystem_session_files import WHAT, SessionFiles
from shared.adapters.storage.resumable import QUANTUM_BYTES, Session, Terms, agreed, misfit
from shared.domain.errors import NotFound, PreconditionFailed
from shared.ports.clock import Clock
from shared.ports.storage import ObjectInfo

SESSION_LIFE = timedelta(days=7)
_SAVE_EVERY_BYTES = 16 * CHUNK_BYTES


class Sessions:
    """`publish` makes a draft the object's present generation, and tells what it was committed as."""

    def __init__(
        self,
        layout: Layout,
        objects: Objects,
        clock: Clock,
        bucket: str,
        publish: Callable[[Pointer, int, int | None], ObjectInfo],
    ) -> None:
        self._layout = layout
        self._files = SessionFiles(layout)
        self._objects = objects
        self._clock = clock
        self._bucket = bucket
        self._publish = publish

    def start(self, terms: Terms) -> str:
        """The new session's id, which cannot be guessed. Raises PreconditionFailed where the terms do not hold now."""
        self._objects.require(terms.key, terms.if_generation)
        session = Session(uuid.uuid4().hex, terms, self._clock.now().isoformat())
        self._files.create(session)
        return session.id

    def look(self, session_id: str, key: str) -> Session:
        """How far it is. What was complete when the server died becomes an object now. Raises NotFound."""
        session = self._files.load(session_id, key)
        if session.done or not session.complete:
            return session
        with self._files.held(session_id, key) as (held, descriptor):
            return held if held.done else self._finish(held, descriptor)

    def append(self, session_id: str, key: str, source: BinaryIO, first: int, length: int, size: int | None) -> Session:
        """Take `length` bytes that begin at `first`; what of them is kept already is skipped. The last make the object.

        Raises NotFound, StillRunning beside another writer, MalformedRequest for a piece that does not fit; errors of
        `source` pass once what came before them is safe.
        """
        with self._files.held(session_id, key) as (held, descriptor):
            if held.done:
                return held
            session = agreed(held, first, first + length, size)
            _skip(source, session.kept - first)
            session = self._take(session, descriptor, source, first + length - session.kept)
            return self._finish(session, descriptor) if session.complete else session

    def cancel(self, session_id: str, key: str) -> None:
        with self._files.held(session_id, key):
            self._files.remove(session_id)

    def sweep(self) -> int:
        """Remove sessions past their life, and halves that a crash left; returns how many."""
        return sum(self._sweep_one(session_id) for session_id in self._files.every_id())

    def _sweep_one(self, session_id: str) -> bool:
        with self._files.idle(session_id) as idle:
            if not idle or self._is_young(session_id):
                return False
            self._files.remove(session_id)
            return True

    def _is_young(self, session_id: str) -> bool:
        with suppress(NotFound):
            began = datetime.fromisoformat(self._files.load(session_id).created_at)
            return self._clock.now() < began + SESSION_LIFE
        return False

    def _take(self, session: Session, descriptor: int, source: BinaryIO, length: int) -> Session:
        with translated(WHAT):
            os.ftruncate(descriptor, session.kept)
        unsaved, piece = 0, bytearray()
        try:
            while length > 0 and (data := source.read(min(length, CHUNK_BYTES - len(piece)))):
                piece += data
                length -= len(data)
                if len(piece) == CHUNK_BYTES or not length:
                    session, unsaved = _written(session, descriptor, piece), unsaved + len(piece)
                    piece.clear()
                if unsaved >= _SAVE_EVERY_BYTES:
                    self._files.save(session, descriptor)
                    unsaved = 0
        finally:
            session = _written(session, descriptor, piece[: len(piece) // QUANTUM_BYTES * QUANTUM_BYTES])
            self._files.save(session, descriptor)
        return session

    def _finish(self, session: Session, descriptor: int) -> Session:
        """Make the object of a complete session, once: after a crash the data file's name tells whose it is."""
        self._require_hash(session)
        present = self._objects.read(session.terms.key)
        if present is not None and present.data == session.id:
            return self._close(session, present.info)
        data = self._layout.data_file(session.id)
        with translated(WHAT):
            data.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # linked before a crash
                data.hardlink_to(self._files.bytes_of(session.id))
        try:
            info = self._publish(Pointer(self._draft(session), session.id), descriptor, session.terms.if_generation)
        except PreconditionFailed:
            data.unlink(missing_ok=True)
            self._files.remove(session.id)  # it can never come true any more
            raise
        return self._close(session, info)

    def _draft(self, session: Session) -> ObjectInfo:
        key, kind, metadata = session.terms.key, session.terms.content_type, session.terms.metadata
        return ObjectInfo(self._bucket, key, session.kept, 0, session.crc32c, kind, self._clock.now(), metadata)

    def _close(self, session: Session, info: ObjectInfo) -> Session:
        closed = replace(session, done=info.generation)
        self._files.save(closed)
        self._files.bytes_of(session.id).unlink(missing_ok=True)
        return closed

    def _require_hash(self, session: Session) -> None:
        expected, found = session.terms.crc32c, session.crc32c
        if expected is not None and expected != found:
            self._files.remove(session.id)
            raise misfit("bad-digest", f"crc32c={expected} was announced, and the bytes have {found}. Start again.")


def _written(session: Session, descriptor: int, piece: bytearray) -> Session:
    data = bytes(piece)
    with translated(WHAT):
        os.lseek(descriptor, session.kept, os.SEEK_SET)
        write_all(descriptor, data)
    checksum = google_crc32c.extend(session.checksum, data)
    return replace(session, kept=session.kept + len(piece), checksum=checksum)


def _skip(source: BinaryIO, count: int) -> None:
    while count > 0 and (data := source.read(min(count, CHUNK_BYTES))):
        count -= len(data)
