"""Storage in Google Cloud Storage, by its own client. Every write and read names the generation it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from shared.adapters.cursor import seal, unseal
from shared.adapters.storage.gcs_errors import translated
from shared.adapters.storage.gcs_reads import Reads, info_of
from shared.adapters.storage.gcs_signer import signer_of
from shared.adapters.storage.gcs_writes import SINGLE_BYTES, Writes
from shared.adapters.storage.keys import check_bucket, check_key, check_limit, check_prefix
from shared.adapters.storage.local_copy import bring
from shared.adapters.storage.puts import Draft, Puts
from shared.adapters.storage.ranged import ranged_stream
from shared.adapters.storage.resumable import QUANTUM_BYTES, check_size
from shared.adapters.storage.signed_urls import Signer, object_path, sign_url, stamp_of
from shared.adapters.storage.url_terms import check_terms, goog_terms
from shared.domain.errors import NotFound, PreconditionFailed
from shared.ports.clock import Clock
from shared.ports.storage import Listing, Method, ObjectInfo, ResumableUpload, SignedUrl

_ORIGIN = "https://storage.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)  # IAM's signBlob asks for no less
_PIECE_BYTES = 8 * 1024 * 1024  # of a download
_SESSION_LIFE = timedelta(days=7)


def open_gcs(
    endpoint: str, signer: str, bucket: str, clock: Clock, on_finalize: Callable[[ObjectInfo], None] | None = None
) -> GcsStorage:
    """A bucket by Google's client. Credentials come by its own chain; `endpoint` is "" for Cloud Storage itself, and
    `signer` for the credentials' own account.
    """
    import google.auth
    from google.cloud import storage

    with translated("looking for credentials"):
        credentials, project = google.auth.default(scopes=_SCOPES)
        options = {"api_endpoint": endpoint} if endpoint else None
        client = storage.Client(project=project, credentials=credentials, client_options=options)
    return GcsStorage(client, lambda: signer_of(credentials, signer), bucket, clock, on_finalize, origin=endpoint)


class GcsStorage(Puts):
    """The Storage port over one bucket. `on_finalize` is called after each write of this process, in its thread; leave
    it out where the bucket's own trigger sends the events.

    `signer` makes URLs; it is asked for when the first one is signed.
    """

    def __init__(
        self,
        client: Any,
        signer: Callable[[], Signer],
        bucket: str,
        clock: Clock,
        on_finalize: Callable[[ObjectInfo], None] | None = None,
        *,
        origin: str = "",
        single_bytes: int = SINGLE_BYTES,
    ) -> None:
        check_bucket(bucket)
        self._client = client
        self._find_signer = signer
        self._name = bucket
        self._bucket = client.bucket(bucket)
        self._clock = clock
        self._on_finalize = on_finalize
        self._origin = origin or _ORIGIN
        self._reads = Reads(self._bucket)
        self._writes = Writes(self._bucket, single_bytes)

    @property
    def bucket(self) -> str:
        return self._name

    @cached_property
    def _signer(self) -> Signer:
        return self._find_signer()

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
        return self._reads.whole(key)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        info = self._require(key)
        with ranged_stream(info.size, lambda start, stop: self._reads.part(info, start, stop)) as stream:
            yield stream

    def download(self, key: str, path: Path) -> ObjectInfo:
        info = self._require(key)
        with ranged_stream(info.size, lambda start, stop: self._reads.part(info, start, stop), _PIECE_BYTES) as stream:
            bring(stream, info, path)
        return info

    def list(self, prefix: str = "", *, limit: int = 1000, page_token: str | None = None) -> Listing:
        check_prefix(prefix)
        check_limit(limit)
        scope = {"bucket": self._name, "prefix": prefix}
        after = "" if page_token is None else unseal(scope, page_token)
        with translated(f"listing the bucket {self._name}"):
            blobs = self._client.list_blobs(
                self._bucket, prefix=prefix or None, start_offset=after or None, max_results=limit + 2
            )
            found = [info_of(blob) for blob in blobs if blob.name != after][: limit + 1]
        token = seal(scope, found[limit - 1].key) if len(found) > limit else None
        return Listing(found[:limit], token)

    def delete(self, key: str, *, if_generation: int | None = None) -> None:
        check_key(key)
        try:
            with translated(f"deleting {key}"):
                given = {} if if_generation is None else {"if_generation_match": if_generation, "retry": None}
                self._bucket.blob(key).delete(**given)
        except NotFound as exc:
            if if_generation:
                raise PreconditionFailed(
                    f"Generation {if_generation} of {key} was asked for; nothing is there."
                ) from exc

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
        check_key(key)
        headers, query = goog_terms(method, content_type, length_range, crc32c, if_generation, disposition)
        path, now = object_path(self._name, key), self._clock.now()
        url = sign_url(self._signer, method, self._origin, path, expires_s, stamp_of(now), headers=headers, query=query)
        return SignedUrl(url, method, headers, now.replace(microsecond=0) + timedelta(seconds=expires_s))

    def start_resumable(
        self, key: str, *, content_type: str, size: int, if_generation: int | None = None
    ) -> ResumableUpload:
        check_key(key)
        check_size(size)
        check_terms("PUT", content_type, None, None, None)
        if if_generation is not None:
            self._require_generation(key, if_generation)
        with translated(f"opening an upload of {key}"):
            url = self._bucket.blob(key).create_resumable_upload_session(
                content_type=content_type, size=size, if_generation_match=if_generation
            )
        session = SignedUrl(str(url), "PUT", {}, self._clock.now() + _SESSION_LIFE)
        return ResumableUpload("content-range", session, QUANTUM_BYTES)

    def _require(self, key: str) -> ObjectInfo:
        info = self.stat(key)
        if info is None:
            raise NotFound(f"There is no object {key}.")
        return info

    def _require_generation(self, key: str, if_generation: int) -> None:
        info = self.stat(key)
        present = info.generation if info else 0
        if present != if_generation:
            raise PreconditionFailed(
                f"Generation {if_generation} of {key} was asked for, and generation {present} is there (0 is nothing)."
            )
