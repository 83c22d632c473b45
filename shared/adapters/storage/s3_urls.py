"""Signed URLs of S3: AWS's Signature V4 by boto3, bound to the headers that a client must send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.adapters.storage.resumable import check_size
from shared.adapters.storage.s3_errors import translated
from shared.adapters.storage.s3_writes import Writes
from shared.adapters.storage.url_terms import check_terms
from shared.domain.errors import InvalidInput, StorageFailed
from shared.ports.clock import Clock
from shared.ports.storage import MAX_EXPIRES_S, Method, ResumableUpload, SignedUrl

_HEADERS = {  # boto3's names of what travels as a header
    "ContentType": "content-type",
    "ContentLength": "content-length",
    "ChecksumCRC32C": "x-amz-checksum-crc32c",
    "ChecksumAlgorithm": "x-amz-sdk-checksum-algorithm",
    "IfMatch": "if-match",
    "IfNoneMatch": "if-none-match",
}
_MOST_PARTS = 10_000


class S3Urls:
    def __init__(self, client: Any, bucket: str, clock: Clock, writes: Writes, part_bytes: int) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._writes = writes
        self._part_bytes = part_bytes

    def sign(
        self,
        method: Method,
        key: str,
        expires_s: int,
        *,
        content_type: str | None,
        length_range: tuple[int, int] | None,
        crc32c: str | None,
        if_generation: int | None,
        disposition: str | None,
    ) -> SignedUrl:
        """As Storage.sign. S3 binds a body to one length, not to a range, and knows no POST for a session."""
        check_terms(method, content_type, length_range, crc32c, disposition)
        if method == "POST" or (length_range and length_range[0] != length_range[1]):
            raise InvalidInput(
                "S3 signs uploads of one exact length (least and most the same), and opens no session by POST: "
                "use start_resumable."
            )
        condition = self._writes.condition(key, if_generation, "put" if method == "PUT" else None)
        if method == "PUT":
            terms = {"ContentType": content_type, "ContentLength": length_range and length_range[0]}
            terms |= {"ChecksumCRC32C": crc32c, "ChecksumAlgorithm": crc32c and "CRC32C"}
        else:
            terms = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition or "attachment"}
        operation = {"PUT": "put_object", "GET": "get_object", "HEAD": "head_object"}[method]
        return self._presign(operation, method, key, expires_s, {**terms, **condition})

    def start_resumable(self, key: str, content_type: str, size: int, if_generation: int | None) -> ResumableUpload:
        """A multipart upload, each of its requests signed for the client."""
        check_size(size)
        check_terms("PUT", content_type, None, None, None)
        condition = self._writes.condition(key, if_generation, "complete")
        piece = piece_bytes(size, self._part_bytes)
        with translated(f"opening an upload of {key}"):
            upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)
        named = {"UploadId": upload["UploadId"]}
        lengths = [min(piece, size - start) for start in range(0, size, piece)]
        parts = [
            self._presign("upload_part", "PUT", key, MAX_EXPIRES_S, {**named, "PartNumber": n, "ContentLength": length})
            for n, length in enumerate(lengths, 1)
        ]
        session = self._presign("complete_multipart_upload", "POST", key, MAX_EXPIRES_S, {**named, **condition})
        progress = self._presign("list_parts", "GET", key, MAX_EXPIRES_S, named)
        return ResumableUpload("parts", session, piece, parts, progress)

    def _presign(self, operation: str, method: str, key: str, expires_s: int, terms: dict[str, Any]) -> SignedUrl:
        if not 1 <= expires_s <= MAX_EXPIRES_S:
            raise InvalidInput(f"A signed URL lives 1 to {MAX_EXPIRES_S:,} seconds; {expires_s:,} were asked for.")
        terms = {name: value for name, value in terms.items() if value is not None}
        with translated(f"signing a URL of {key}"):
            url = self._client.generate_presigned_url(
                operation, Params={"Bucket": self._bucket, "Key": key, **terms}, ExpiresIn=expires_s
            )
        headers = {_HEADERS[name]: str(value) for name, value in terms.items() if name in _HEADERS}
        signed = set(parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"][0].split(";"))
        if signed != {"host", *headers}:
            raise StorageFailed(f"The URL came out bound to {sorted(signed)}, and {sorted(headers)} were asked for.")
        return SignedUrl(url, method, headers, self._clock.now() + timedelta(seconds=expires_s))


def piece_bytes(size: int, least: int) -> int:
    """How large the parts of an upload must be, so that there are not too many of them."""
    return max(least, -(-size // _MOST_PARTS))
