"""Objects of one bucket on disk: reading without a lock, committing and deleting under the key's lock."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from shared.adapters.storage.filesystem_files import locked, new_file, replace_with, sync_folder, translated
from shared.adapters.storage.filesystem_layout import Layout, Pointer
from shared.domain.errors import NotFound, PreconditionFailed, StorageFailed
from shared.ports.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 20  # of a generation in its lock file: a fixed width, so that it is written over in place


class Objects:
    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock

    def read(self, key: str) -> Pointer | None:
        path = self._layout.pointer(key)
        with translated(f"reading {key}"):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                return None
        return Pointer.from_json(content, path)

    def open(self, key: str) -> tuple[Pointer, BinaryIO]:
        """The present generation, opened. Raises NotFound, and StorageFailed where its bytes are gone."""
        missed: Pointer | None = None
        while pointer := self.read(key):
            with translated(f"opening {key}"):
                try:
                    return pointer, self._layout.data_file(pointer.data).open("rb")
                except FileNotFoundError:
                    if pointer == missed:
                        raise StorageFailed(f"The bytes of {key} are missing on disk; store it again.") from None
            missed = pointer  # it was written over between the two steps: look again
        raise NotFound(f"There is no object {key}.")

    @contextmanager
    def new_data(self, key: str) -> Iterator[tuple[str, int]]:
        """Name and descriptor of a new data file. It is removed again when anything is raised before the commit."""
        name = uuid.uuid4().hex
        path = self._layout.data_file(name)
        with new_file(path, f"storing {key}") as descriptor:
            try:
                yield name, descriptor
            except BaseException:
                current = self.read(key)
                if current is None or current.data != name:
                    path.unlink(missing_ok=True)
                raise

    def commit(
        self, draft: Pointer, descriptor: int, if_generation: int | None, announce: Callable[[Pointer], None]
    ) -> tuple[Pointer, Pointer | None]:
        """Make `draft` the object's present generation; returns it as committed, and what it replaced.

        `announce` is called with it right before the commit, under the key's lock.
        """
        key = draft.info.key
        with translated(f"storing {key}"):
            os.fsync(descriptor)
            sync_folder(self._layout.data_file(draft.data).parent)
            with self.locked(key) as lock:
                before = self.require(key, if_generation)
                after = self._numbered(draft, lock, before)
                announce(after)
                replace_with(self._layout.pointer(key), after.to_json(), self._layout.new_staging(), f"storing {key}")
        return after, before

    def settle(self, key: str, replaced: Pointer | None) -> None:
        """Make a commit durable, and only then let the bytes of the generation before go."""
        with translated(f"storing {key}"):
            sync_folder(self._layout.pointer(key).parent)
            self._remove_data(replaced)

    def delete(self, key: str, if_generation: int | None) -> None:
        path = self._layout.pointer(key)
        with translated(f"deleting {key}"), self.locked(key):
            before = self.require(key, if_generation)
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
            self._remove_data(before)

    def require(self, key: str, if_generation: int | None) -> Pointer | None:
        """What is under `key` now. Raises PreconditionFailed unless that is `if_generation` (0: nothing; None: any)."""
        pointer = self.read(key)
        present = pointer.info.generation if pointer else 0
        if if_generation is not None and if_generation != present:
            raise PreconditionFailed(
                f"Generation {if_generation} of {key} was asked for, and generation {present} is there (0 is nothing)."
            )
        return pointer

    @contextmanager
    def locked(self, key: str) -> Iterator[int]:
        """Hold the commits of `key` back in every thread and process."""
        with locked(self._layout.lock(key)) as descriptor:
            yield descriptor

    def _numbered(self, draft: Pointer, lock: int, before: Pointer | None) -> Pointer:
        """The draft with its time and its generation: microseconds, but always above any this key ever had."""
        now = self._clock.now()
        last = os.pread(lock, _DIGITS, 0)
        floor = max(int(last) if last.isdigit() else 0, before.info.generation if before else 0)
        generation = max((now - _EPOCH) // timedelta(microseconds=1), floor + 1)
        os.pwrite(lock, b"%0*d" % (_DIGITS, generation), 0)
        return replace(draft, info=replace(draft.info, generation=generation, created_at=now))

    def _remove_data(self, pointer: Pointer | None) -> None:
        if pointer is not None:
            self._layout.data_file(pointer.data).unlink(missing_ok=True)
