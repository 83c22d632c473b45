"""What every backend does alike before it stores: bytes, a stream or a local file become one checked draft and a stream."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shared.adapters.storage.keys import check_attributes, check_key
from shared.adapters.storage.local_copy import open_local
from shared.ports.storage import ObjectInfo

DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Draft:
    """An object that is to be: all but its bytes."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    if_generation: int | None

    def __post_init__(self) -> None:
        check_key(self.key)
        check_attributes(self.content_type, self.metadata)


class Puts(ABC):
    """`put` and `put_file` of the Storage port, over one way to store a stream."""

    def put(
        self,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        draft = Draft(key, content_type, dict(metadata or {}), if_generation)
        return self._store(draft, io.BytesIO(data) if isinstance(data, bytes) else data)

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        """As the port says. Raises NotFound when there is no readable file at `path`."""
        with open_local(path) as source:
            return self.put(key, source, content_type=content_type, metadata=metadata, if_generation=if_generation)

    @abstractmethod
    def _store(self, draft: Draft, source: BinaryIO) -> ObjectInfo:
        """Keep what `source` gives, and announce it."""


def read_up_to(source: BinaryIO, count: int) -> bytes:
    """`count` bytes, or all that are left: a single read may give less than there is."""
    data = bytearray()
    while len(data) < count and (more := source.read(count - len(data))):
        data += more
    return bytes(data)
