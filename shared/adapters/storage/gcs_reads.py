"""Looking at Cloud Storage's objects and reading them, always one generation's bytes."""

from __future__ import annotations

from typing import Any, cast

from shared.adapters.storage.gcs_errors import translated
from shared.domain.errors import NotFound, PreconditionFailed
from shared.ports.storage import ObjectInfo


class Reads:
    """`bucket` is google-cloud-storage's."""

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    def look(self, key: str) -> ObjectInfo | None:
        blob = self._bucket.blob(key)
        try:
            with translated(f"looking at {key}"):
                blob.reload()
        except NotFound:
            return None
        return info_of(blob)

    def whole(self, key: str) -> bytes:
        """All bytes of the present generation, checked against the crc32c that came with them. Raises NotFound."""
        with translated(f"reading {key}"):
            return cast(bytes, self._bucket.blob(key).download_as_bytes(raw_download=True, checksum="crc32c"))

    def part(self, info: ObjectInfo, start: int, stop: int) -> bytes:
        """Some bytes of that very generation. Raises PreconditionFailed where the bucket no longer has it."""
        blob = self._bucket.blob(info.key, generation=info.generation)
        try:
            with translated(f"reading {info.key}"):
                data = blob.download_as_bytes(start=start, end=stop - 1, raw_download=True, checksum=None)
                return cast(bytes, data)
        except NotFound as exc:
            raise PreconditionFailed(f"Generation {info.generation} of {info.key} is gone; open it again.") from exc


def info_of(blob: Any) -> ObjectInfo:
    return ObjectInfo(
        blob.bucket.name,
        blob.name,
        int(blob.size),
        int(blob.generation),
        str(blob.crc32c),
        str(blob.content_type),
        blob.time_created,
        dict(blob.metadata or {}),
    )
