"""Assets: taken in, listed, read and deleted. What they are is decided by their bytes, in `ingest_asset`."""

from __future__ import annotations

from shared.domain.asset import ACCEPTED, Asset, AssetStatus, AssetType, looks_like
from shared.domain.errors import Conflict, InvalidInput, TooLarge, UnsupportedMedia
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Where
from shared.ports.storage import Storage
from shared.services.records import RecordPage, Records, new_id


class Assets:
    def __init__(self, documents: Documents, clock: Clock, uploads: Storage, max_bytes: int) -> None:
        self._clock = clock
        self._uploads = uploads
        self._max_bytes = max_bytes
        self._records = Records(documents, clock, "assets", Asset, "asset")

    def create(self, owner: str, asset_type: AssetType, name: str, data: bytes) -> Asset:
        """Take a file in. Its finalize event starts the ingest. Raises TooLarge, UnsupportedMedia."""
        if len(data) > self._max_bytes:
            raise TooLarge(f"The file has {len(data):,} bytes; at most {self._max_bytes:,} are taken. Make it smaller.")
        if not looks_like(asset_type, data[:32]):
            raise UnsupportedMedia(
                f"A {asset_type} is {ACCEPTED[asset_type]}; the bytes sent begin as none of these. Convert the file first."
            )
        now = self._clock.now()
        asset_id = new_id("ast")
        asset = Asset(
            id=asset_id,
            owner=owner,
            created_at=now,
            updated_at=now,
            type=asset_type,
            name=name[:200],
            size=len(data),
            upload_key=f"users/{owner}/{asset_id}",
        )
        self._records.create(asset)
        self._uploads.put(asset.upload_key, data, if_generation=0)
        return asset

    def get(self, owner: str, asset_id: str) -> Asset:
        return self._records.get(owner, asset_id)

    def ready(self, owner: str, asset_id: str, wanted: AssetType) -> Asset:
        """The asset, fit for use. Raises Conflict while it is not, with the reason; InvalidInput for another type."""
        asset = self.get(owner, asset_id)
        if asset.type is not wanted:
            raise InvalidInput(f"The asset {asset_id} is a {asset.type}, and a {wanted} is needed. Name another.")
        if asset.status is not AssetStatus.READY:
            reason = f": {asset.reason}" if asset.reason else ""
            raise Conflict(
                f"The asset {asset_id} is {asset.status}{reason}. Wait until it is ready, or upload another."
            )
        return asset

    def page(self, owner: str, asset_type: AssetType | None, limit: int, cursor: str | None) -> RecordPage[Asset]:
        where = [Where("type", "==", asset_type.value)] if asset_type else []
        return self._records.page(owner, where, limit=limit, cursor=cursor)

    def delete(self, owner: str, asset_id: str) -> None:
        """Forget the asset and its upload. What was made of it stays in finished productions."""
        asset = self.get(owner, asset_id)
        self._records.delete(owner, asset_id)
        self._uploads.delete(asset.upload_key)
