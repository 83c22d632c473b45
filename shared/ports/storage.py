"""Storage: named bytes with generations, as object stores have them.

A write is atomic: a reader sees the old object or the new one, never a part. `if_generation=0` writes only where
nothing is; another value writes only over that very generation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """What is known of one stored object. `crc32c` is base64 of the big-endian checksum, as Cloud Storage writes it."""

    bucket: str
    key: str
    size: int
    generation: int
    crc32c: str
    content_type: str
    created_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    items: Sequence[ObjectInfo]
    page_token: str | None


class Storage(Protocol):
    """One bucket. Keys are UTF-8, 1-1024 bytes, relative, `/`-separated, no `.` or `..` parts (InvalidInput otherwise)."""

    @property
    def bucket(self) -> str: ...

    def put(
        self,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        """Store bytes or a stream. Raises PreconditionFailed, StorageFull, StorageFailed."""
        ...

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        """Store a local file, without holding it in memory."""
        ...

    def stat(self, key: str) -> ObjectInfo | None: ...

    def get(self, key: str) -> bytes:
        """The whole object. Raises NotFound."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A readable, seekable stream of one generation of the object. Raises NotFound."""
        ...

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Bring the object to a local file, atomically, checked against its crc32c. Raises NotFound, StorageFailed."""
        ...

    def list(self, prefix: str = "", *, limit: int = 1000, page_token: str | None = None) -> Listing:
        """Objects under `prefix`, ordered by key."""
        ...

    def delete(self, key: str, *, if_generation: int | None = None) -> None:
        """Remove it; removing what is not there is no error, unless `if_generation` named one (PreconditionFailed)."""
        ...


def every_object(storage: Storage, prefix: str) -> Iterator[ObjectInfo]:
    """All objects under `prefix`, page by page."""
    token: str | None = None
    while True:
        listing = storage.list(prefix, page_token=token)
        yield from listing.items
        token = listing.page_token
        if token is None:
            return
