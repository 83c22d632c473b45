"""Clearing away what crashed writers left: files nobody refers to, and folders with nothing in them."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.adapters.storage.filesystem_files import abandoned
from shared.adapters.storage.filesystem_layout import Layout
from shared.adapters.storage.filesystem_objects import Objects

_BATCH = 200  # files held locked at once


@dataclass(frozen=True)
class Swept:
    """How many of each were removed."""

    data_files: int
    staging_files: int
    folders: int
    sessions: int = 0


def sweep(layout: Layout, objects: Objects) -> Swept:
    """Remove leftovers; safe beside running writers. Interrupted in the middle, it can simply be run again."""
    return Swept(_sweep_data(layout, objects), _sweep_staging(layout), _sweep_folders(layout))


def _sweep_data(layout: Layout, objects: Objects) -> int:
    # Listed before the pointers are read: what is committed later than that is still locked or not in the list.
    files = _files(layout.data)
    unused = sorted(set(files) - _referred(layout, objects))
    return sum(_sweep_batch(unused[i : i + _BATCH], layout, objects) for i in range(0, len(unused), _BATCH))


def _sweep_batch(unused: list[Path], layout: Layout, objects: Objects) -> int:
    with ExitStack() as held:
        dead = [path for path in unused if held.enter_context(abandoned(path))]
        # Locked now, so none of them can be committed any more; look again for those that just were.
        removable = set(dead) - _referred(layout, objects) if dead else set()
        for path in removable:
            path.unlink(missing_ok=True)
    return len(removable)


def _sweep_staging(layout: Layout) -> int:
    removed = 0
    for path in _files(layout.staging):
        with abandoned(path) as dead:
            if dead:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _sweep_folders(layout: Layout) -> int:
    removed = 0
    for folder, _, _ in os.walk(layout.objects, topdown=False):
        if Path(folder) != layout.objects:
            with suppress(OSError):  # not empty, or a writer was quicker
                Path(folder).rmdir()
                removed += 1
    return removed


def _files(folder: Path) -> list[Path]:
    return [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]


def _referred(layout: Layout, objects: Objects) -> set[Path]:
    pointers = (objects.read(key) for key in layout.every_key())
    return {layout.data_file(pointer.data) for pointer in pointers if pointer}
