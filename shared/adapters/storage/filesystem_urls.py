"""Signed URLs of the filesystem's objects, made and checked on one machine with one secret."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from shared.adapters.storage.signed_urls import Received, Signer, check_url, object_path, sign_url, stamp_of
from shared.adapters.storage.url_terms import goog_terms
from shared.ports.clock import Clock
from shared.ports.storage import Method, SignedUrl


class LocalUrls:
    """URLs under `origin` + `prefix`, where the local server answers for objects (functions/storage_gateway.py)."""

    def __init__(self, origin: str, prefix: str, signer: Signer, clock: Clock) -> None:
        self.prefix = prefix
        self._origin = origin
        self._signer = signer
        self._clock = clock

    def sign(
        self,
        bucket: str,
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
        """As Storage.sign."""
        headers, query = goog_terms(method, content_type, length_range, crc32c, if_generation, disposition)
        path, stamp = object_path(bucket, key, self.prefix), stamp_of(self._clock.now())
        url = sign_url(self._signer, method, self._origin, path, expires_s, stamp, headers=headers, query=query)
        until = self._clock.now().replace(microsecond=0) + timedelta(seconds=expires_s)
        return SignedUrl(url, method, headers, until)

    def session(self, bucket: str, key: str, upload_id: str) -> str:
        """Where a resumable session takes its pieces. The id is its own authority, as Cloud Storage has it."""
        return f"{self._origin}{object_path(bucket, key, self.prefix)}?upload_id={quote(upload_id)}"

    def check(self, method: str, path: str, query: str, headers: dict[str, str]) -> None:
        """Let pass what was signed here and is still valid; see `check_url`."""
        check_url(self._signer, Received(method, path, query, headers), self._clock.now())
