"""Storage in S3, MinIO or whatever speaks their API. docs/decisions/0008-storage.md says what of the port maps to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from shared.adapters.cursor import seal, unseal
from shared.adapters.storage.filesystem_files import crc32c_of
from shared.adapters.storage.keys import check_bucket, check_key, check_limit, check_prefix
from shared.adapters.storage.local_copy import bring, require_intact
from shared.adapters.storage.puts import Draft, Puts
from shared.adapters.storage.ranged import ranged_stream
from shared.adapters.storage.s3_conditions import Conditions
from shared.adapters.storage.s3_errors import translated
from shared.adapters.storage.s3_objects import Stamps
from shared.adapters.storage.s3_reads import Reads
from shared.adapters.storage.s3_urls import S3Urls
from shared.adapters.storage.s3_writes import PART_BYTES, Writes
from shared.domain.errors import NotFound
from shared.ports.clock import Clock
from shared.ports.storage import Listing, Method, ObjectInfo, ResumableUpload, SignedUrl

_LOOKS_AT_ONCE = 8


def connect(endpoint: str, region: str) -> Any:
    """boto3's client. Credentials come by its own chain; `endpoint` and `region` are "" for what that chain says."""
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        retries={"mode": "standard", "total_max_attempts": 4},
        s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required",  # crc32c is asked for in so many words
        response_checksum_validation="when_required",
        max_pool_connections=2 * _LOOKS_AT_ONCE,
    )
    with translated("connecting"):
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint or None, region_name=region or None, config=config
        )


class S3Storage(Puts):
    """The Storage port over one bucket. `on_finalize` is called after each write of this process, in its thread."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        clock: Clock,
        on_finalize: Callable[[ObjectInfo], None] | None = None,
        *,
        part_bytes: int = PART_BYTES,
    ) -> None:
        check_bucket(bucket)
        self._client = client
        self._bucket = bucket
        self._on_finalize = on_finalize
        self._reads = Reads(client, bucket)
        self._writes = Writes(client, bucket, Stamps(clock), Conditions(client, bucket), self._reads.head, part_bytes)
        self._urls = S3Urls(client, bucket, clock, self._writes, part_bytes)

    @property
    def bucket(self) -> str:
        return self._bucket

    def _store(self, draft: Draft, source: BinaryIO) -> ObjectInfo:
        info = self._writes.store(draft, source)
        if self._on_finalize:
            self._on_finalize(info)
        return info

    def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        return self._reads.look(key)

    def get(self, key: str) -> bytes:
        check_key(key)
        head, body = self._reads.whole(key)
        with closing(body):
            content = body.read()
        if head.info.crc32c:
            require_intact(head.info, len(content), crc32c_of(content))
        return content

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        check_key(key)
        head = self._reads.head(key)
        if head is None:
            raise NotFound(f"There is no object {key}.")
        with ranged_stream(head.info.size, lambda start, stop: self._reads.part(head, start, stop)) as stream:
            yield stream

    def download(self, key: str, path: Path) -> ObjectInfo:
        check_key(key)
        head, body = self._reads.whole(key)
        with closing(body):
            info = self._reads.summed(head)
            bring(body.as_stream(), info, path)
        return info

    def list(self, prefix: str = "", *, limit: int = 1000, page_token: str | None = None) -> Listing:
        """As the port says. S3 lists names alone: each object of the page is looked at, some at a time."""
        check_prefix(prefix)
        check_limit(limit)
        scope = {"bucket": self._bucket, "prefix": prefix}
        after = "" if page_token is None else unseal(scope, page_token)
        keys = self._reads.keys(prefix, after, limit + 1)
        token = seal(scope, keys[limit - 1]) if len(keys) > limit else None
        with ThreadPoolExecutor(_LOOKS_AT_ONCE) as pool:
            found = list(pool.map(self._reads.look, keys[:limit]))
        return Listing([info for info in found if info], token)

    def delete(self, key: str, *, if_generation: int | None = None) -> None:
        check_key(key)
        condition = self._writes.condition(key, if_generation, "delete")
        if "IfNoneMatch" in condition:
            return  # nothing was to be there, and nothing is
        with translated(f"deleting {key}"):
            self._client.delete_object(Bucket=self._bucket, Key=key, **condition)

    def sign(
        self,
        method: Method,
        key: str,
        expires_s: int,
        *,
        content_type: str | None = None,
        length_range: tuple[int, int] | None = None,
        crc32c: str | None = None,
        if_generation: int | None = None,
        disposition: str | None = None,
    ) -> SignedUrl:
        """As the port says. S3 binds a body to one exact length alone, and opens no session by POST (InvalidInput)."""
        check_key(key)
        return self._urls.sign(
            method,
            key,
            expires_s,
            content_type=content_type,
            length_range=length_range,
            crc32c=crc32c,
            if_generation=if_generation,
            disposition=disposition,
        )

    def start_resumable(
        self, key: str, *, content_type: str, size: int, if_generation: int | None = None
    ) -> ResumableUpload:
        check_key(key)
        return self._urls.start_resumable(key, content_type, size, if_generation)
