"""Local files on their way to a bucket and from it, the same for every backend."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import BinaryIO

from shared.adapters.storage.filesystem_files import copy_checked, new_file, translated
from shared.domain.errors import NotFound, StorageFailed
from shared.ports.storage import ObjectInfo


def open_local(path: Path) -> BinaryIO:
    """The file to be stored. Raises NotFound when there is no readable one at `path`."""
    try:
        return path.open("rb")
    except OSError as exc:
        raise NotFound(f"The file {path.name} to be stored cannot be read: {exc.strerror}.") from exc


def bring(source: BinaryIO, info: ObjectInfo, path: Path) -> None:
    """Put an object's bytes at `path` at once, if they are those it was stored with. Raises StorageFailed, StorageFull."""
    what = f"bringing {info.key} to a local file"
    partial = path.parent / f".{uuid.uuid4().hex}.part"
    with translated(what), new_file(partial, what) as descriptor:
        try:
            require_intact(info, *copy_checked(source, descriptor, what))
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def require_intact(info: ObjectInfo, size: int, crc32c: str) -> None:
    """Raise StorageFailed where bytes that came are not those that were stored."""
    if (size, crc32c) != (info.size, info.crc32c):
        raise StorageFailed(
            f"{info.key} came as {size} bytes with crc32c {crc32c}, and {info.size} with {info.crc32c} were stored; "
            "store it again."
        )
