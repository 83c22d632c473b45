"""The ingest of one upload as its record tells it: begun, so far along, ready or failed.

A record that is gone, ended, or of another generation is never touched: deliveries may be doubled, late or out of order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.domain.asset import Asset, AssetStatus, StoredFile
from shared.domain.errors import NotFound
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.storage import Storage, every_object
from shared.services.records import Records

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "audio/flac": ".flac",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "text/plain; charset=utf-8": ".txt",
}


class AssetWork:
    """One upload's. `generation` is that of the object worked on."""

    def __init__(
        self, documents: Documents, clock: Clock, media: Storage, owner: str, asset_id: str, generation: str
    ) -> None:
        self._media = media
        self._records = Records(documents, clock, "assets", Asset, "asset")
        self._owner, self._id, self._generation = owner, asset_id, generation

    def current(self) -> Asset | None:
        """The asset, while this work on it is wanted."""
        try:
            asset = self._records.get(self._owner, self._id)
        except NotFound:
            return None
        return asset if self._is_wanted(asset) else None

    def begin(self, message: str, execution: str = "") -> Asset | None:
        """Put it on record as being worked on; None where that is not wanted (any more)."""
        facts = {"generation": self._generation, "message": message, "execution": execution}
        return self._change({"status": AssetStatus.PROCESSING, **facts})

    def step(self, percentage: int, message: str) -> None:
        """Tell how far it is; a percentage never falls."""
        self._change({"percentage": percentage, "message": message}, least=percentage)

    def ready(self, facts: Mapping[str, Any]) -> bool:
        """End it well. False where nobody waits (any more); what was kept for a deleted asset is removed again."""
        done = {"status": AssetStatus.READY, "percentage": 100, "message": "", "reason": "", **facts}
        if self._change(done) is not None:
            return True
        self._tidy()
        return False

    def fail(self, reason: str) -> None:
        self._change({"status": AssetStatus.FAILED, "message": "", "reason": reason})
        self._tidy()

    def note(self, reason: str) -> None:
        """Keep why a run broke off, should no later one end well."""
        self._change({"reason": reason})

    def keep(self, data: bytes | Path, media_type: str) -> StoredFile:
        """Store a file made of the upload, under the asset's own folder and its hash: made again, it is the same."""
        digest, size = _measured(data)
        key = f"users/{self._owner}/{self._id}/{digest[:32]}{_SUFFIXES[media_type]}"
        if isinstance(data, Path):
            self._media.put_file(key, data, content_type=media_type)
        else:
            self._media.put(key, data, content_type=media_type)
        return StoredFile(key=key, media_type=media_type, sha256=digest, size=size)

    def _change(self, facts: Mapping[str, Any], least: int = 0) -> Asset | None:
        changed: list[Asset] = []

        def change(asset: Asset) -> Asset | None:
            changed.clear()
            if not self._is_wanted(asset) or asset.percentage > least > 0:
                return None
            changed.append(asset.model_copy(update=dict(facts)))
            return changed[0]

        try:
            self._records.update(self._owner, self._id, change)
        except NotFound:
            return None
        return changed[0] if changed else None

    def _is_wanted(self, asset: Asset) -> bool:
        return not asset.status.is_final and asset.generation in ("", self._generation)

    def _tidy(self) -> None:
        """Remove what nobody will ever name: all of a deleted or failed asset's files."""
        try:
            if self._records.get(self._owner, self._id).status is not AssetStatus.FAILED:
                return
        except NotFound:
            pass
        for found in list(every_object(self._media, f"users/{self._owner}/{self._id}/")):
            self._media.delete(found.key)


def main_file(file: StoredFile) -> dict[str, Any]:
    """The facts of an asset's own normalised file."""
    return {"media_key": file.key, "media_type": file.media_type, "sha256": file.sha256}


def _measured(data: bytes | Path) -> tuple[str, int]:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest(), len(data)
    with data.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), data.stat().st_size
