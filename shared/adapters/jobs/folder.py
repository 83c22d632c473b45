"""The files of an execution: written whole or not at all, read with the system's errors translated."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.domain.errors import StorageFailed, StorageFull


def moved(draft: Path, folder: Path) -> bool:
    """Move `draft` to `folder`, whole; False when a folder is there already."""
    try:
        draft.rename(folder)
    except OSError as exc:
        if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def write_durably(path: Path, data: bytes) -> None:
    """A new file that only this user may read, on the disk before this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def is_held(lock: Path) -> bool:
    """Whether a process of the execution lives. Asked with a shared lock: two who ask do not see each other."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; empty where there is no such file."""
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise StorageFailed(f"{path} is not readable as JSON. Remove its folder and run the job anew.") from exc
    return record


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """OSError as StorageFull or StorageFailed."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"No space left for executions in {path}. Free some and try again.") from exc
        raise StorageFailed(f"The executions in {path} cannot be read or written: {exc.strerror}.") from exc
