"""An upload, confirmed: what lies in storage is what was announced, and the ingest is told."""

from __future__ import annotations

from collections.abc import Callable

from shared.domain.asset import Asset, ConfirmUpload
from shared.domain.errors import Conflict, Fault
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.ports.storage import ObjectInfo, Storage
from shared.services.asset_quota import Quota
from shared.services.records import Records


class Confirm:
    """Twice is once: the event of one generation has one name in the queue, whoever announces it."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        uploads: Storage,
        quota: Quota,
        announce: Callable[[ObjectInfo], None],
    ) -> None:
        self._documents = documents
        self._uploads = uploads
        self._quota = quota
        self._announce = announce
        self._records = Records(documents, clock, "assets", Asset, "asset")

    def __call__(self, owner: str, asset_id: str, said: ConfirmUpload) -> Asset:
        """The asset, on its way. Raises Conflict, with what was found, while the bytes are not there or are others;
        TooLarge where the quota no longer holds it.
        """
        asset = self._records.get(owner, asset_id)
        info = self._uploads.stat(asset.upload_key)
        faults = differences(asset, info, said.generation)
        if info is None or faults:
            raise Conflict(
                "The bytes in storage are not those announced; see errors." if info else _not_there(asset),
                faults=faults,
            )
        if asset.status.is_final:
            return asset
        self._documents.transaction(lambda transaction: self._check(transaction, owner))
        generation = str(info.generation)
        asset = self._records.update(
            owner,
            asset_id,
            lambda current: None if current.generation else current.model_copy(update={"generation": generation}),
        )
        self._announce(info)
        return asset

    def _check(self, transaction: Transaction, owner: str) -> None:
        self._quota.check(transaction, owner)


def differences(asset: Asset, info: ObjectInfo | None, generation: str | None = None) -> list[Fault]:
    """Where what was stored is not what was announced, or what the client says of it."""
    if info is None:
        return [Fault(pointer="", code="not-uploaded", detail="Nothing was uploaded yet.", fix="Upload, then confirm.")]
    compared = (
        ("size", str(asset.size), str(info.size)),
        ("crc32c", asset.crc32c or info.crc32c, info.crc32c),
        ("generation", generation or str(info.generation), str(info.generation)),
        ("generation", asset.generation or str(info.generation), str(info.generation)),
    )
    return [
        Fault(
            pointer=f"/{name}",
            code="differs",
            detail=f"{expected} was expected.",
            found=found,
            fix="Delete the asset and announce the file anew.",
        )
        for name, expected, found in compared
        if expected != found
    ]


def _not_there(asset: Asset) -> str:
    return (
        f"Nothing was found in storage for {asset.id}; {asset.size:,} bytes were announced. Upload them, then confirm."
    )
