"""Writing to Cloud Storage: small objects in one request, large ones by a resumable session."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any, BinaryIO, cast

from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from shared.adapters.storage.gcs_errors import translated
from shared.adapters.storage.gcs_reads import info_of
from shared.adapters.storage.puts import Draft, read_up_to
from shared.domain.errors import ReelprintError
from shared.ports.storage import ObjectInfo

SINGLE_BYTES = 8 * 1024 * 1024  # up to here one request, and above it pieces of this size
_PATIENCE_S = 60.0


class Writes:
    """`bucket` is google-cloud-storage's."""

    def __init__(self, bucket: Any, single_bytes: int) -> None:
        self._bucket = bucket
        self._single_bytes = single_bytes

    def store(self, draft: Draft, source: BinaryIO) -> ObjectInfo:
        """Checked by crc32c on the way. Raises PreconditionFailed; errors of `source` pass, and leave nothing."""
        first = read_up_to(source, self._single_bytes)
        blob = self._bucket.blob(draft.key)
        blob.metadata = dict(draft.metadata)
        single = len(first) < self._single_bytes
        if single:
            stream, size = io.BytesIO(first), len(first)
        else:
            blob.chunk_size = self._single_bytes
            stream, size = cast(io.BytesIO, _Chained(first, source)), None
        with translated(f"storing {draft.key}"):
            try:
                blob.upload_from_file(
                    stream,
                    size=size,
                    content_type=draft.content_type,
                    checksum="crc32c",
                    if_generation_match=draft.if_generation,
                    # Said twice because the first answer was lost, a precondition would fail at our own write. A
                    # session knows that it is done; a single request is left to whoever asked for it.
                    retry=None
                    if single and draft.if_generation is not None
                    else DEFAULT_RETRY.with_timeout(_PATIENCE_S),
                )
            except DataCorruption as exc:
                self._discard(draft.key, exc)
                raise
        return info_of(blob)

    def _discard(self, key: str, corruption: DataCorruption) -> None:
        """What arrived otherwise than it was sent must not stay."""
        with suppress(ReelprintError, ValueError, KeyError), translated(f"discarding {key}"):
            generation = int(corruption.response.json()["generation"])
            self._bucket.blob(key).delete(if_generation_match=generation)


class _Chained:
    """What was read already, and then the rest of the stream, in full pieces: a short read would look like the end."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = io.BytesIO(first)
        self._rest = rest
        self._place = 0

    def read(self, size: int) -> bytes:
        data = self._first.read(size)
        if len(data) < size:
            data += read_up_to(self._rest, size - len(data))
        self._place += len(data)
        return data

    def tell(self) -> int:
        return self._place
