"""Looking at S3's objects and reading them, always one generation's bytes."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import closing
from dataclasses import replace
from typing import Any, BinaryIO, cast

import google_crc32c

from shared.adapters.storage.filesystem_files import CHUNK_BYTES, base64_of
from shared.adapters.storage.s3_errors import translated
from shared.adapters.storage.s3_objects import Head, read_head
from shared.domain.errors import NotFound, PreconditionFailed
from shared.ports.storage import ObjectInfo

_PAGE = 1000  # names S3 lists at once
_KNOWN_SUMS = 1000


class Reads:
    """`client` is boto3's."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._sums: OrderedDict[tuple[str, str, int], str] = OrderedDict()

    def head(self, key: str) -> Head | None:
        try:
            with translated(f"looking at {key}"):
                answer = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except NotFound:
            return None
        return read_head(self._bucket, key, answer)

    def look(self, key: str) -> ObjectInfo | None:
        """With its crc32c; where S3 keeps none of the whole object, its bytes are read once for it."""
        head = self.head(key)
        return self.summed(head) if head else None

    def whole(self, key: str) -> tuple[Head, Body]:
        """The object and its bytes, for the caller to close. Raises NotFound."""
        with translated(f"reading {key}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        return read_head(self._bucket, key, answer), Body(answer["Body"], f"reading {key}")

    def part(self, head: Head, start: int, stop: int) -> bytes:
        """Some bytes of that very generation: by its version where the bucket keeps versions, else while it lasts."""
        key = head.info.key
        which = {"VersionId": head.version} if head.version else {"IfMatch": head.etag}
        place = {"Bucket": self._bucket, "Key": key, "Range": f"bytes={start}-{stop - 1}"}
        try:
            with translated(f"reading {key}"):
                answer = self._client.get_object(**place, **which)
                with closing(answer["Body"]) as body:
                    return cast(bytes, body.read())
        except NotFound as exc:
            raise PreconditionFailed(f"Generation {head.info.generation} of {key} is gone; open it again.") from exc

    def summed(self, head: Head) -> ObjectInfo:
        info = head.info
        if info.crc32c:
            return info
        known = (info.key, head.etag, info.generation)
        if known not in self._sums:
            self._sums[known] = self._sum(head)
            while len(self._sums) > _KNOWN_SUMS:
                self._sums.popitem(last=False)
        return replace(info, crc32c=self._sums[known])

    def keys(self, prefix: str, after: str, count: int) -> list[str]:
        """Up to `count` keys under `prefix`, in order, that come after `after`."""
        keys: list[str] = []
        while len(keys) < count:
            asked = {"StartAfter": after} if after else {}
            size = min(_PAGE, count - len(keys))
            with translated(f"listing the bucket {self._bucket}"):
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=size, **asked)
            keys += [item["Key"] for item in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                break
            after = keys[-1]
        return keys

    def _sum(self, head: Head) -> str:
        checksum, step = 0, 8 * CHUNK_BYTES
        for start in range(0, head.info.size, step):
            checksum = google_crc32c.extend(checksum, self.part(head, start, min(head.info.size, start + step)))
        return base64_of(checksum)


class Body:
    """A response's bytes, whose failures while they come are the studio's."""

    def __init__(self, body: Any, what: str) -> None:
        self._body = body
        self._what = what

    def read(self, size: int = -1) -> bytes:
        with translated(self._what):
            return cast(bytes, self._body.read(size if size >= 0 else None))

    def close(self) -> None:
        self._body.close()

    def as_stream(self) -> BinaryIO:
        return cast(BinaryIO, self)
