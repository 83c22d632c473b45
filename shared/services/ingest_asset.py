"""An upload, looked at: decoded in full, brought to its canonical form, and made ready or failed with the reason."""

from __future__ import annotations

import hashlib
from typing import Any

from shared.domain.asset import Asset, AssetStatus, AssetType
from shared.domain.errors import NotFound, ReelprintError
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.media import Media
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.records import Records

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/flac": ".flac"}


class IngestAsset:
    def __init__(
        self, documents: Documents, clock: Clock, uploads: Storage, media_bucket: Storage, media: Media
    ) -> None:
        self._uploads = uploads
        self._media_bucket = media_bucket
        self._media = media
        self._records = Records(documents, clock, "assets", Asset, "asset")

    def ingest(self, key: str, *, is_last_attempt: bool = False) -> None:
        """Work on the object `users/{uid}/{asset_id}`; anything else in the bucket is none of ours and passed over.

        Delivered twice, it changes nothing; delivered after a deletion, neither. Raises retryable errors, until the last
        attempt: then the asset has failed.
        """
        parts = key.split("/")
        if len(parts) != 3 or parts[0] != "users":
            return
        try:
            asset = self._records.get(parts[1], parts[2])
            if asset.status not in (AssetStatus.READY, AssetStatus.FAILED):
                self._finish(asset, self._looked_at(asset, is_last_attempt))
        except NotFound:
            return  # deleted before, or while it was looked at

    def _looked_at(self, asset: Asset, is_last_attempt: bool) -> dict[str, Any]:
        """What the asset turned out to be: its facts, or that it failed and why."""
        try:
            return self._facts(asset)
        except NotFound:
            raise
        except ReelprintError as exc:
            if exc.retryable and not is_last_attempt:
                raise
            return {"status": AssetStatus.FAILED, "reason": exc.detail}

    def _finish(self, asset: Asset, facts: dict[str, Any]) -> None:
        self._records.update(asset.owner, asset.id, lambda current: current.model_copy(update=facts))

    def _facts(self, asset: Asset) -> dict[str, Any]:
        data = self._uploads.get(asset.upload_key)
        if asset.type is AssetType.BACKGROUND:
            picture = self._media.normalise_picture(data)
            return self._keep(picture.data, picture.media_type) | {"width": picture.width, "height": picture.height}
        sound = self._media.normalise_sound(data)
        facts = {"samples": sound.samples, "sample_rate": sound.sample_rate, "channels": sound.channels}
        return self._keep(sound.data, sound.media_type) | facts

    def _keep(self, data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        key = f"assets/{digest[:2]}/{digest}{_SUFFIXES[media_type]}"
        put_once(self._media_bucket, key, data, media_type)
        return {"status": AssetStatus.READY, "media_key": key, "media_type": media_type, "sha256": digest}
