"""One bucket on whichever backend is chosen. A vendor's SDK is loaded here alone, and only when it is the one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.domain.errors import Misconfigured
from shared.ports.clock import Clock
from shared.ports.storage import ObjectInfo, Storage


class Choice(Protocol):
    """The settings that choose. An endpoint is "" for the vendor's own."""

    @property
    def storage(self) -> Literal["filesystem", "gcs", "s3"]: ...
    @property
    def s3_endpoint(self) -> str: ...
    @property
    def s3_region(self) -> str: ...
    @property
    def gcs_endpoint(self) -> str: ...
    @property
    def gcs_signer(self) -> str: ...


def open_bucket(
    choice: Choice,
    root: Path,
    bucket: str,
    clock: Clock,
    on_finalize: Callable[[ObjectInfo], None] | None = None,
    urls: LocalUrls | None = None,
) -> Storage:
    """The bucket; nothing is asked of it yet. `root` and `urls` are the filesystem's.

    Raises Misconfigured without the SDK or the credentials it needs.
    """
    if choice.storage == "filesystem":
        return FilesystemStorage(root, bucket, clock, on_finalize, urls)
    try:
        if choice.storage == "s3":
            from shared.adapters.storage.s3 import S3Storage, connect

            return S3Storage(connect(choice.s3_endpoint, choice.s3_region), bucket, clock, on_finalize)
        from shared.adapters.storage.gcs import open_gcs

        return open_gcs(choice.gcs_endpoint, choice.gcs_signer, bucket, clock, on_finalize)
    except ImportError as exc:
        raise Misconfigured(
            f"REELPRINT_STORAGE={choice.storage} needs a package that is not installed here ({exc.name}). "
            "requirements/functions.txt has it."
        ) from exc
