"""Storage: named bytes with generations, as object stores have them.

A write is atomic: a reader sees the old object or the new one, never a part. `if_generation=0` writes only where
nothing is; another value writes only over that very generation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

Method = Literal["GET", "HEAD", "PUT", "POST"]
MAX_EXPIRES_S = 7 * 24 * 3600  # of a signed URL, as both vendors have it


@dataclass(frozen=True)
class ObjectInfo:
    """What is known of one stored object. `crc32c` is base64 of the big-endian checksum, as Cloud Storage writes it."""

    bucket: str
    key: str
    size: int
    generation: int
    crc32c: str
    content_type: str
    created_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    items: Sequence[ObjectInfo]
    page_token: str | None


@dataclass(frozen=True)
class SignedUrl:
    """A request that whoever holds it may make until `expires_at`, with exactly this method and these headers."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class ResumableUpload:
    """An upload that outlives its connections; no object is there before its last byte is. Whoever holds it may write.

    `content-range`: PUT pieces to `session` with `Content-Range: bytes {first}-{last}/{size}`, each but the last ending
    at a multiple of `piece_bytes`. 308 and its `Range` header tell what is kept; an empty PUT with `bytes */{size}` asks.
    `parts` (S3): PUT the n-th `piece_bytes` to `parts[n]` and keep its ETag, then POST the list of them as S3's
    CompleteMultipartUpload document to `session`. A GET of `progress` lists the parts that are there.
    """

    protocol: Literal["content-range", "parts"]
    session: SignedUrl
    piece_bytes: int
    parts: Sequence[SignedUrl] = ()
    progress: SignedUrl | None = None


class Storage(Protocol):
    """One bucket. Keys are UTF-8, 1-1024 bytes, relative, `/`-separated, no `.` or `..` parts (InvalidInput otherwise)."""

    @property
    def bucket(self) -> str: ...

    def put(
        self,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        """Store bytes or a stream. Raises PreconditionFailed, StorageFull, StorageFailed."""
        ...

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_generation: int | None = None,
    ) -> ObjectInfo:
        """Store a local file, without holding it in memory."""
        ...

    def stat(self, key: str) -> ObjectInfo | None: ...

    def get(self, key: str) -> bytes:
        """The whole object. Raises NotFound."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A readable, seekable stream of one generation of the object; only what is read is brought. Raises NotFound.

        Where the backend let that generation go meanwhile, reading raises PreconditionFailed: never another one's bytes.
        """
        ...

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Bring the object to a local file, atomically, checked against its crc32c. Raises NotFound, StorageFailed."""
        ...

    def list(self, prefix: str = "", *, limit: int = 1000, page_token: str | None = None) -> Listing:
        """Objects under `prefix`, ordered by key."""
        ...

    def delete(self, key: str, *, if_generation: int | None = None) -> None:
        """Remove it; removing what is not there is no error, unless `if_generation` named one (PreconditionFailed)."""
        ...

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
        """A URL for one request without further credentials, for 1 to MAX_EXPIRES_S seconds.

        PUT uploads, and POST opens a resumable session: both bound to `content_type`, to a body of `length_range` bytes
        (least, most), to `if_generation`; PUT also to `crc32c`. GET and HEAD take `content_type` and `disposition` (a
        Content-Disposition value, `attachment` unless given) for the answer. Raises InvalidInput for what the backend
        cannot bind a URL to; it never leaves a condition out.
        """
        ...

    def start_resumable(
        self, key: str, *, content_type: str, size: int, if_generation: int | None = None
    ) -> ResumableUpload:
        """Open an upload of exactly `size` bytes, at least one, that a client carries out by itself.

        Raises PreconditionFailed where `if_generation` does not hold now; the end of the upload asks again.
        """
        ...


def every_object(storage: Storage, prefix: str) -> Iterator[ObjectInfo]:
    """All objects under `prefix`, page by page."""
    token: str | None = None
    while True:
        listing = storage.list(prefix, page_token=token)
        yield from listing.items
        token = listing.page_token
        if token is None:
            return
