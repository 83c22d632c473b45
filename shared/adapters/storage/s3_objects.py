"""What S3 says of an object, read as ObjectInfo; and what is written with an object so that it can be read so.

S3 has no number that grows with each write, no case in metadata names, no characters beyond ASCII in their values. So
two headers of our own go with each object: its generation, and its metadata as quoted JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from shared.domain.errors import InvalidInput
from shared.ports.clock import Clock
from shared.ports.storage import ObjectInfo

_GENERATION, _METADATA = "reelprint-generation", "reelprint-metadata"
_MAX_METADATA_BYTES = 2048 - 200  # S3 takes 2 KiB of all names and values; ours need the rest
_STAMP = re.compile(r"([1-9][0-9]{0,18})-[0-9a-f]{32}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Head:
    """An object as S3 has it now. `crc32c` of `info` is "" where S3 keeps none of the whole object."""

    info: ObjectInfo
    etag: str
    stamp: str
    version: str | None


class Stamps:
    """Marks for writes: a generation, in microseconds and above any this process gave out, and whose write it was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def next(self, above: int = 0) -> str:
        with self._lock:
            now = (self._clock.now() - _EPOCH) // timedelta(microseconds=1)
            self._last = max(now, self._last + 1, above + 1)
            return f"{self._last}-{uuid.uuid4().hex}"


def metadata_of(stamp: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """The headers to store. Raises InvalidInput for more than S3 holds."""
    packed = quote(json.dumps(dict(metadata), ensure_ascii=False)) if metadata else ""
    if len(packed) > _MAX_METADATA_BYTES:
        raise InvalidInput(
            f"S3 keeps {_MAX_METADATA_BYTES} bytes of metadata, quoted, and this has {len(packed)}; keep it elsewhere."
        )
    return {_GENERATION: stamp} | ({_METADATA: packed} if packed else {})


def generation_of(stamp: str) -> int:
    return int(stamp.partition("-")[0])


def moment_of(generation: int) -> datetime:
    return _EPOCH + timedelta(microseconds=generation)


def read_head(bucket: str, key: str, answer: Mapping[str, Any]) -> Head:
    """From what GetObject or HeadObject answers, with checksums asked for."""
    stored = answer.get("Metadata", {})
    stamp = stored.get(_GENERATION, "")
    etag, modified = str(answer["ETag"]), answer["LastModified"]
    ours = _STAMP.fullmatch(stamp) is not None
    generation = generation_of(stamp) if ours else _derived(modified, etag)
    version = answer.get("VersionId")
    info = ObjectInfo(
        bucket,
        key,
        int(answer["ContentLength"]),
        generation,
        _whole_crc32c(answer),
        str(answer.get("ContentType", "application/octet-stream")),
        moment_of(generation) if ours else modified,
        json.loads(unquote(stored.get(_METADATA, "%7B%7D"))) if ours else {},
    )
    return Head(info, etag, stamp, None if version == "null" else version)


def _derived(modified: datetime, etag: str) -> int:
    """A generation for what others wrote, a signed URL's client among them: its second, and six digits of its ETag.

    So two contents of one second are two generations but for one chance in a million; the ETag itself decides a write.
    """
    return int(modified.timestamp()) * 1_000_000 + int(hashlib.sha256(etag.encode()).hexdigest(), 16) % 1_000_000


def _whole_crc32c(answer: Mapping[str, Any]) -> str:
    """ "" for a checksum of parts' checksums, which says nothing of the bytes."""
    found = str(answer.get("ChecksumCRC32C", ""))
    return "" if "-" in found or answer.get("ChecksumType") == "COMPOSITE" else found
