"""Finalize events that are not lost: written down before the commit, handed over after it, then struck off."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from shared.adapters.storage.filesystem_files import replace_with, sync_folder, translated
from shared.adapters.storage.filesystem_layout import Layout, Pointer
from shared.adapters.storage.filesystem_objects import Objects
from shared.ports.storage import ObjectInfo

_log = logging.getLogger(__name__)


class Outbox:
    """Entries are pointer files named by their data file, which no other write ever shares."""

    def __init__(self, layout: Layout, objects: Objects, on_finalize: Callable[[ObjectInfo], None]) -> None:
        self._layout = layout
        self._objects = objects
        self._on_finalize = on_finalize

    def add(self, pointer: Pointer) -> None:
        entry = self._entry(pointer)
        replace_with(entry, pointer.to_json(), self._layout.new_staging(), "writing a finalize event")
        sync_folder(entry.parent)

    def hand_over(self, pointer: Pointer) -> bool:
        """Whether `on_finalize` took it. The write itself is done, so its caller is not told when it did not."""
        try:
            self._on_finalize(pointer.info)
        except Exception:
            _log.exception("finalize event of generation %d stays in the outbox", pointer.info.generation)
            return False
        self._strike(pointer)
        return True

    def is_due(self, pointer: Pointer) -> bool:
        """Whether its write committed and is what is there now; the entry is struck off when not."""
        # A live writer holds the lock from before it announces until it has committed, so it is not taken for dead.
        with translated("reading finalize events"), self._objects.locked(pointer.info.key):
            current = self._objects.read(pointer.info.key)
        if current and current.data == pointer.data:
            return True
        self._strike(pointer)
        return False

    def replay(self) -> int:
        """Hand over, oldest first, all that is due; returns how many were."""
        with translated("reading finalize events"):
            waiting = [Pointer.from_json(path.read_bytes(), path) for path in self._entries()]
        waiting.sort(key=lambda pointer: pointer.info.generation)
        return sum(self.is_due(pointer) and self.hand_over(pointer) for pointer in waiting)

    def _strike(self, pointer: Pointer) -> None:
        with translated("removing a finalize event"):
            self._entry(pointer).unlink(missing_ok=True)

    def _entries(self) -> list[Path]:
        return list(self._layout.outbox.iterdir()) if self._layout.outbox.is_dir() else []

    def _entry(self, pointer: Pointer) -> Path:
        return self._layout.outbox / f"{pointer.data}.json"
