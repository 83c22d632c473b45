"""Writing to S3: small objects in one request, large ones in parts, both under a precondition that really holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import google_crc32c

from shared.adapters.storage.filesystem_files import base64_of, crc32c_of
from shared.adapters.storage.puts import Draft, read_up_to
from shared.adapters.storage.s3_conditions import Conditions, Kind
from shared.adapters.storage.s3_errors import translated
from shared.adapters.storage.s3_objects import Head, Stamps, generation_of, metadata_of, moment_of
from shared.domain.errors import NotFound, PreconditionFailed, ReelprintError
from shared.ports.storage import ObjectInfo

PART_BYTES = 8 * 1024 * 1024  # S3 wants 5 MiB at least, and 10,000 parts at most: objects of up to 80 GB


class Writes:
    """`client` is boto3's; `head` looks at the object that is there now."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        stamps: Stamps,
        conditions: Conditions,
        head: Callable[[str], Head | None],
        part_bytes: int,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._stamps = stamps
        self._conditions = conditions
        self._head = head
        self._part_bytes = part_bytes

    def store(self, draft: Draft, source: BinaryIO) -> ObjectInfo:
        """Raises PreconditionFailed; errors of `source` pass untouched, and leave nothing."""
        first = read_up_to(source, self._part_bytes)
        single = len(first) < self._part_bytes
        condition = self.condition(draft.key, draft.if_generation, "put" if single else "complete")
        stamp = self._stamps.next(draft.if_generation or 0)
        arguments = {
            "Bucket": self._bucket,
            "Key": draft.key,
            "ContentType": draft.content_type,
            "Metadata": metadata_of(stamp, draft.metadata),
        }
        if single:
            size, crc32c = len(first), crc32c_of(first)
            self._put(first, crc32c, stamp, arguments, condition)
        else:
            size, crc32c = self._put_parts(_chunks(first, source, self._part_bytes), stamp, arguments, condition)
        generation = generation_of(stamp)
        moment, metadata = moment_of(generation), dict(draft.metadata)
        return ObjectInfo(self._bucket, draft.key, size, generation, crc32c, draft.content_type, moment, metadata)

    def condition(self, key: str, if_generation: int | None, kind: Kind | None) -> dict[str, str]:
        """The header that asks the server for it. Raises PreconditionFailed where it does not hold now already.

        S3 knows an object by its ETag, so the generation is looked up here and its ETag is what the server compares.
        `kind` is the write it will stand before, None for a read.
        """
        if if_generation is None:
            return {}
        if kind:
            self._conditions.require(kind)
        head = self._head(key)
        present = head.info.generation if head else 0
        if present != if_generation:
            raise PreconditionFailed(
                f"Generation {if_generation} of {key} was asked for, and generation {present} is there (0 is nothing)."
            )
        return {"IfMatch": head.etag} if head else {"IfNoneMatch": "*"}

    def _put(
        self, data: bytes, crc32c: str, stamp: str, arguments: Mapping[str, Any], condition: Mapping[str, str]
    ) -> None:
        with self._unless_it_was_ours(arguments["Key"], stamp):
            self._client.put_object(
                **arguments, **condition, Body=data, ChecksumAlgorithm="CRC32C", ChecksumCRC32C=crc32c
            )

    def _put_parts(
        self, chunks: Iterator[bytes], stamp: str, arguments: Mapping[str, Any], condition: Mapping[str, str]
    ) -> tuple[int, str]:
        named = {"Bucket": self._bucket, "Key": arguments["Key"]}
        whole = {"ChecksumType": "FULL_OBJECT"}
        with translated(f"storing {named['Key']}"):
            upload = self._client.create_multipart_upload(**arguments, **whole, ChecksumAlgorithm="CRC32C")
        named["UploadId"] = upload["UploadId"]
        try:
            parts, size, crc32c = self._send(chunks, named)
            with self._unless_it_was_ours(named["Key"], stamp):
                self._client.complete_multipart_upload(
                    **named, **whole, **condition, ChecksumCRC32C=crc32c, MultipartUpload={"Parts": parts}
                )
        except BaseException:
            with suppress(ReelprintError), translated("giving an upload up"):  # the bucket's own rule does it otherwise
                self._client.abort_multipart_upload(**named)
            raise
        return size, crc32c

    def _send(self, chunks: Iterator[bytes], named: Mapping[str, str]) -> tuple[list[dict[str, Any]], int, str]:
        parts: list[dict[str, Any]] = []
        size, checksum = 0, 0
        for number, chunk in enumerate(chunks, 1):
            own = crc32c_of(chunk)
            with translated(f"storing {named['Key']}"):
                sent = self._client.upload_part(
                    **named, PartNumber=number, Body=chunk, ChecksumAlgorithm="CRC32C", ChecksumCRC32C=own
                )
            parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32C": own})
            size, checksum = size + len(chunk), google_crc32c.extend(checksum, chunk)
        return parts, size, base64_of(checksum)

    @contextmanager
    def _unless_it_was_ours(self, key: str, stamp: str) -> Iterator[None]:
        """Let a refusal pass where the object there is this very write's: its answer was lost, and the SDK tried again."""
        try:
            with translated(f"storing {key}"):
                yield
        except (PreconditionFailed, NotFound):
            head = self._head(key)
            if head is None or head.stamp != stamp:
                raise


def _chunks(first: bytes, source: BinaryIO, size: int) -> Iterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = read_up_to(source, size)
