"""Artifacts in storage: looked up before anything is made, written once, never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from shared.domain.artifact import ArtifactKey
from shared.domain.errors import PreconditionFailed, StorageFailed
from shared.ports.storage import ObjectInfo, Storage

CONTENT_TYPES = {
    ".wav": "audio/wav",
    ".json": "application/json",
    ".h264": "video/h264",
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
}


class ArtifactStore:
    """The only reader and writer of artifacts. Writes are create-only: whoever comes second keeps what is there."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, key: ArtifactKey) -> ObjectInfo | None:
        """What is stored at `key`, with its metadata; None when it is still to be made."""
        return self._storage.stat(key.path)

    def read(self, key: ArtifactKey) -> bytes:
        return self._storage.get(key.path)

    def open(self, key: ArtifactKey) -> AbstractContextManager[BinaryIO]:
        return self._storage.open(key.path)

    def uri(self, key: ArtifactKey) -> str:
        """The blueprint's name for it, valid on every backend."""
        return f"media://{key.path}"

    def save(self, key: ArtifactKey, data: bytes, metadata: Mapping[str, str] | None = None) -> ObjectInfo:
        return self._once(
            key,
            lambda: self._storage.put(
                key.path, data, content_type=_content_type(key), metadata=metadata, if_generation=0
            ),
        )

    def save_file(self, key: ArtifactKey, path: Path, metadata: Mapping[str, str] | None = None) -> ObjectInfo:
        return self._once(
            key,
            lambda: self._storage.put_file(
                key.path, path, content_type=_content_type(key), metadata=metadata, if_generation=0
            ),
        )

    def _once(self, key: ArtifactKey, write: Callable[[], ObjectInfo]) -> ObjectInfo:
        try:
            return write()
        except PreconditionFailed as exc:
            found = self.find(key)
            if found is None:
                raise StorageFailed(f"{key.path} was there when it was written and is not now; try again.") from exc
            return found


def _content_type(key: ArtifactKey) -> str:
    return CONTENT_TYPES.get(key.suffix, "application/octet-stream")


def put_once(storage: Storage, key: str, data: bytes, content_type: str) -> None:
    """Store bytes under a name made of their own hash: what is there already is the same."""
    try:
        storage.put(key, data, content_type=content_type, if_generation=0)
    except PreconditionFailed:
        return
