"""Files written so that a crash, a full disk or another process can never show half of one.

The one rule behind it all: whoever makes a new file holds it locked (flock) until it is where it belongs, so a file that
can be locked has lost its maker.
"""

from __future__ import annotations

import errno
import fcntl
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from shared.domain.errors import StorageFailed, StorageFull

CHUNK_BYTES = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ATTEMPTS = 100


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the operating system's errors into StorageFull and StorageFailed; `what` names what was being done."""
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFull(f"No space left while {what} ({exc.strerror}); free some, then try again.") from exc
        raise StorageFailed(f"The disk failed while {what} ({exc.strerror or type(exc).__name__}).") from exc


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock file `path` against every thread and process; yields its descriptor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        _release(descriptor)


@contextmanager
def new_file(path: Path, what: str) -> Iterator[int]:
    """A descriptor of a file that was not there, locked for as long as the context lasts. `what` is for `translated`."""
    with translated(what):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _create_locked(path)
    try:
        yield descriptor
    finally:
        _release(descriptor)


@contextmanager
def abandoned(path: Path) -> Iterator[bool]:
    """Whether `path` is there and its maker is gone. While the context lasts, nobody can take it for theirs."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _try_lock(descriptor)
    finally:
        os.close(descriptor)


def replace_with(target: Path, content: bytes, staging: Path, what: str) -> None:
    """Put `content` at `target` at once; `staging` is a free path on the same file system. `sync_folder` comes after."""
    with translated(what), new_file(staging, what) as descriptor:
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
            _rename(staging, target)
        except BaseException:
            staging.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Make the folder's entries survive a power cut. A folder that was removed meanwhile has none."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def copy_checked(source: BinaryIO, descriptor: int, what: str) -> tuple[int, str]:
    """Copy `source` to its end; returns bytes copied and their crc32c. Errors of `source` itself pass untouched."""
    checksum, size = 0, 0
    while chunk := source.read(CHUNK_BYTES):
        with translated(what):
            write_all(descriptor, chunk)
        checksum = google_crc32c.extend(checksum, chunk)
        size += len(chunk)
    return size, base64_of(checksum)


def crc32c_of(data: bytes) -> str:
    """Base64 of the big-endian checksum, as Cloud Storage writes it."""
    return base64_of(google_crc32c.value(data))


def write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def base64_of(checksum: int) -> str:
    return b64encode(checksum.to_bytes(4, "big")).decode()


def _create_locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # a sweep took it for abandoned before it was locked: make another


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rename(staging: Path, target: Path) -> None:
    for _ in range(_ATTEMPTS):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            staging.replace(target)
        except FileNotFoundError:
            continue  # a sweep removed an empty folder in between
        return
    raise OSError(errno.EAGAIN, "the folder does not stay")


def _release(descriptor: int) -> None:
    # Unlock in so many words: a child process forked just now may hold a copy of the descriptor for a moment longer.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
