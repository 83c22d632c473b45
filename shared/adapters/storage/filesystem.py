"""Storage in a folder: the embedded backend, shared by the server, its threads and its job processes.

A write first brings its bytes to a new file, then renames a small JSON pointer over the old one under the key's lock:
that rename is the commit. Readers take no lock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from shared.adapters.cursor import seal, unseal
from shared.adapters.storage import filesystem_sweep
from shared.adapters.storage.filesystem_files import copy_checked, crc32c_of, translated
from shared.adapters.storage.filesystem_layout import Layout, Pointer
from shared.adapters.storage.filesystem_objects import Objects
from shared.adapters.storage.filesystem_outbox import Outbox
from shared.adapters.storage.filesystem_sessions import SESSION_LIFE, Sessions
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.adapters.storage.keys import check_attributes, check_bucket, check_key, check_limit, check_prefix
from shared.adapters.storage.local_copy import bring, require_intact
from shared.adapters.storage.puts import DEFAULT_TYPE, Draft, Puts
from shared.adapters.storage.resumable import QUANTUM_BYTES, Terms, check_size
from shared.domain.errors import Misconfigured
from shared.ports.clock import Clock
from shared.ports.storage import Listing, Method, ObjectInfo, ResumableUpload, SignedUrl


class FilesystemStorage(Puts):
    """The Storage port over the folder `root`/`bucket`, which is made when it is first written to.

    `on_finalize` is called in the writer's thread once a write is there, at least once for each: what was not handed
    over because of a crash, or because `on_finalize` raised, waits for `replay_finalize`. Without `urls` nothing can be
    signed (Misconfigured): a process that serves no objects has no use for it.
    """

    def __init__(
        self,
        root: Path,
        bucket: str,
        clock: Clock,
        on_finalize: Callable[[ObjectInfo], None] | None = None,
        urls: LocalUrls | None = None,
    ) -> None:
        check_bucket(bucket)
        self._bucket = bucket
        self._layout = Layout(root / bucket)
        self._clock = clock
        self._objects = Objects(self._layout, clock)
        self._outbox = Outbox(self._layout, self._objects, on_finalize) if on_finalize else None
        self._urls = urls
        self.sessions = Sessions(self._layout, self._objects, clock, bucket, self._publish)

    @property
    def bucket(self) -> str:
        return self._bucket

    def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        pointer = self._objects.read(key)
        return pointer.info if pointer else None

    def get(self, key: str) -> bytes:
        """As the port says. Raises StorageFailed when the bytes on disk do not match their crc32c."""
        check_key(key)
        pointer, file = self._objects.open(key)
        with file, translated(f"reading {key}"):
            content = file.read()
        require_intact(pointer.info, len(content), crc32c_of(content))
        return content

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with self.open_with_info(key)[1] as file:
            yield file

    def open_with_info(self, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """The present generation and its bytes, which the caller closes. Raises NotFound."""
        check_key(key)
        pointer, file = self._objects.open(key)
        return pointer.info, file

    def download(self, key: str, path: Path) -> ObjectInfo:
        check_key(key)
        pointer, file = self._objects.open(key)
        with file:
            bring(file, pointer.info, path)
        return pointer.info

    def list(self, prefix: str = "", *, limit: int = 1000, page_token: str | None = None) -> Listing:
        check_prefix(prefix)
        check_limit(limit)
        scope = {"bucket": self._bucket, "prefix": prefix}
        after = "" if page_token is None else unseal(scope, page_token)
        with translated(f"listing the bucket {self._bucket}"):
            keys = heapq.nsmallest(limit + 1, (key for key in self._layout.every_key(prefix) if key > after))
        found = [self._objects.read(key) for key in keys[:limit]]
        token = seal(scope, keys[limit - 1]) if len(keys) > limit else None
        return Listing([pointer.info for pointer in found if pointer], token)

    def delete(self, key: str, *, if_generation: int | None = None) -> None:
        check_key(key)
        self._objects.delete(key, if_generation)

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
        return self._signing().sign(
            self._bucket,
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
        check_size(size)
        urls = self._signing()
        upload_id = self.open_session(key, content_type=content_type, size=size, if_generation=if_generation)
        session = SignedUrl(urls.session(self._bucket, key, upload_id), "PUT", {}, self._clock.now() + SESSION_LIFE)
        return ResumableUpload("content-range", session, QUANTUM_BYTES)

    def open_session(
        self,
        key: str,
        *,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        size: int | None = None,
        length_range: tuple[int, int] | None = None,
        if_generation: int | None = None,
        crc32c: str | None = None,
    ) -> str:
        """The id of a new resumable session; `size` may stay open until the last piece. Raises PreconditionFailed."""
        check_key(key)
        check_attributes(content_type, metadata or {})
        least, most = length_range or (0, None)
        return self.sessions.start(
            Terms(key, content_type, dict(metadata or {}), size, least, most, if_generation, crc32c)
        )

    def sweep(self) -> filesystem_sweep.Swept:
        """Remove what crashed or interrupted writes left behind, and uploads that nobody went on with for a week.

        Safe beside running writers and readers.
        """
        with translated(f"sweeping the bucket {self._bucket}"):
            sessions = self.sessions.sweep()
            return replace(filesystem_sweep.sweep(self._layout, self._objects), sessions=sessions)

    def replay_finalize(self) -> int:
        """Hand over the finalize events that still wait; returns how many were. Call it when the server starts.

        An event whose write did not commit, or was written over or deleted since, is dropped. Without `on_finalize`
        all of them go on waiting.
        """
        return self._outbox.replay() if self._outbox else 0

    def _store(self, draft: Draft, source: BinaryIO) -> ObjectInfo:
        key, asked = draft.key, draft.if_generation
        self._objects.require(key, asked)  # before anything is copied; the commit asks again, under the lock
        with self._objects.new_data(key) as (name, descriptor):
            size, crc32c = copy_checked(source, descriptor, f"storing {key}")
            now = self._clock.now()
            info = ObjectInfo(self._bucket, key, size, 0, crc32c, draft.content_type, now, draft.metadata)
            after, before = self._commit(Pointer(info, name), descriptor, asked)
        return self._settle(after, before)

    def _publish(self, draft: Pointer, descriptor: int, if_generation: int | None) -> ObjectInfo:
        return self._settle(*self._commit(draft, descriptor, if_generation))

    def _settle(self, after: Pointer, before: Pointer | None) -> ObjectInfo:
        self._objects.settle(after.info.key, before)
        if self._outbox:
            self._outbox.hand_over(after)
        return after.info

    def _signing(self) -> LocalUrls:
        if self._urls is None:
            raise Misconfigured("This process was given no key to sign URLs with; ask the server for one.")
        return self._urls

    def _commit(self, draft: Pointer, descriptor: int, if_generation: int | None) -> tuple[Pointer, Pointer | None]:
        if self._outbox is None:
            return self._objects.commit(draft, descriptor, if_generation, lambda pointer: None)
        try:
            return self._objects.commit(draft, descriptor, if_generation, self._outbox.add)
        except BaseException:
            self._outbox.is_due(draft)  # strikes the event off unless the commit came through after all
            raise
