"""Whether an S3 server really holds to preconditions: tried once before they are relied on.

A server that does not know `If-None-Match` on a write ignores it and answers 200, and of two creators both have won.
That must not be found out later.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, Literal

from shared.adapters.storage.s3_errors import of_response, translated
from shared.domain.errors import Misconfigured, PreconditionFailed

Kind = Literal["put", "complete", "delete"]
_NO_ETAG = '"00000000000000000000000000000000"'


class Conditions:
    """`client` is boto3's, of one bucket. Each kind of conditional write is tried before its first use."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._held: set[Kind] = set()
        self._lock = threading.Lock()

    def require(self, kind: Kind) -> None:
        """Raises Misconfigured for a server that lets through what it should refuse."""
        with self._lock:
            if kind not in self._held:
                with translated("trying whether preconditions hold"):
                    self._try(kind)
                self._held.add(kind)

    def _try(self, kind: Kind) -> None:
        key = f"reelprint-probe/{uuid.uuid4().hex}"
        named = {"Bucket": self._bucket, "Key": key}
        self._client.put_object(**named, Body=b"probe", IfNoneMatch="*")
        try:
            if kind == "put":
                self._refuses(lambda: self._client.put_object(**named, Body=b"again", IfNoneMatch="*"), "If-None-Match")
                self._refuses(lambda: self._client.put_object(**named, Body=b"again", IfMatch=_NO_ETAG), "If-Match")
            elif kind == "complete":
                self._refuses(lambda: self._complete(key, IfNoneMatch="*"), "If-None-Match on a multipart upload")
                self._refuses(lambda: self._complete(key, IfMatch=_NO_ETAG), "If-Match on a multipart upload")
            else:
                self._refuses(lambda: self._client.delete_object(**named, IfMatch=_NO_ETAG), "If-Match on a deletion")
        finally:
            self._client.delete_object(**named)

    def _complete(self, key: str, **condition: str) -> None:
        named = {"Bucket": self._bucket, "Key": key}
        upload_id = self._client.create_multipart_upload(**named)["UploadId"]
        try:
            part = self._client.upload_part(**named, UploadId=upload_id, PartNumber=1, Body=b"again")
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            self._client.complete_multipart_upload(**named, UploadId=upload_id, MultipartUpload=parts, **condition)
        except self._client.exceptions.ClientError:
            self._client.abort_multipart_upload(**named, UploadId=upload_id)
            raise

    def _refuses(self, write: Callable[[], object], what: str) -> None:
        try:
            write()
        except self._client.exceptions.ClientError as exc:
            if isinstance(of_response(exc, "trying preconditions"), PreconditionFailed):
                return
            raise
        raise Misconfigured(
            f"The S3 server ignores {what}, so that two writers could both win. Use one that holds to it "
            "(AWS; MinIO of 2024-09 or later), or another storage."
        )
