"""Assets: taken in, listed, read, changed and deleted. What they are is decided by their bytes, in `ingest_asset`."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shared.domain.artifact import digest_of
from shared.domain.asset import Asset, AssetChanges, AssetStatus, AssetType
from shared.domain.asset_type import HEAD_BYTES, KINDS, looks_like
from shared.domain.errors import (
    AlreadyExists,
    Conflict,
    Fault,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    ReelprintError,
    TooLarge,
    UnsupportedMedia,
)
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Transaction, Where
from shared.ports.jobs import Jobs as Executions
from shared.ports.storage import Storage, every_object
from shared.services.asset_quota import COLLECTION as USAGE
from shared.services.asset_quota import Quota, given_back
from shared.services.asset_users import users_of
from shared.services.records import Found, RecordPage, Records, new_id

UPLOAD_LASTS = timedelta(days=7)  # as long as a resumable session; what was not brought by then is forgotten
_FORGOTTEN_AT_ONCE = 10
_LAST_CHARACTER = "\U0010ffff"


class Assets:
    """`max_bytes` bounds a file that comes through the API itself."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        uploads: Storage,
        media: Storage,
        executions: Executions,
        quota: Quota,
        max_bytes: int,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._uploads = uploads
        self._media = media
        self._executions = executions
        self._quota = quota
        self._max_bytes = max_bytes
        self._records = Records(documents, clock, "assets", Asset, "asset")

    def create(self, owner: str, asset_type: AssetType, name: str, data: bytes, key: str = "") -> Asset:
        """Take a file in. Its finalize event starts the ingest. The same `key` again is the same asset.

        Raises TooLarge, UnsupportedMedia; InvalidInput where the key came with another file.
        """
        require_size(asset_type, len(data), self._max_bytes)
        if not looks_like(asset_type, data[:HEAD_BYTES]):
            raise unlike(asset_type)
        asset_id = f"ast_{digest_of({'key': key, 'owner': owner})[:24]}" if key else new_id("ast")
        digest = hashlib.sha256(data).hexdigest()
        asset = self.announced(owner, asset_id, asset_type, name, len(data), upload_sha256=digest)
        try:
            self.register(asset)
        except AlreadyExists:
            return self._again(asset, data)
        try:
            self._uploads.put(asset.upload_key, data, if_generation=0)
        except ReelprintError:
            self._forget(asset)
            raise
        return asset

    def announced(self, owner: str, asset_id: str, asset_type: AssetType, name: str, size: int, **facts: Any) -> Asset:
        """The record of a file that is to come; not kept yet."""
        now = self._clock.now()
        return Asset(
            id=asset_id,
            owner=owner,
            created_at=now,
            updated_at=now,
            type=asset_type,
            name=name[:200],
            size=size,
            upload_key=f"users/{owner}/{asset_id}",
            upload_expires_at=now + UPLOAD_LASTS,
            **facts,
        )

    def register(self, asset: Asset) -> None:
        """Put an announced asset on record, with room for it. Raises TooLarge beyond the quota, AlreadyExists."""
        self._forget_abandoned(asset.owner)

        def work(transaction: Transaction) -> None:
            if transaction.get("assets", asset.id) is not None:
                raise AlreadyExists(f"The asset {asset.id!r} is there already. Read it.")
            usage = self._quota.take(transaction, asset.owner, asset.size)
            transaction.create("assets", asset.id, asset.model_dump(mode="json"))
            transaction.put(USAGE, asset.owner, usage)

        self._documents.transaction(work)

    def get(self, owner: str, asset_id: str) -> Asset:
        return self._records.get(owner, asset_id)

    def find(self, owner: str, asset_id: str) -> Found[Asset]:
        return self._records.find(owner, asset_id)

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

    def page(
        self,
        owner: str,
        asset_type: AssetType | None,
        limit: int,
        cursor: str | None,
        *,
        status: AssetStatus | None = None,
        name_prefix: str = "",
    ) -> RecordPage[Asset]:
        """Newest first; by name where a name's beginning is asked for."""
        where = [Where("type", "==", asset_type.value)] if asset_type else []
        where += [Where("status", "==", status.value)] if status else []
        if not name_prefix:
            return self._records.page(owner, where, limit=limit, cursor=cursor)
        where += [Where("name", ">=", name_prefix), Where("name", "<=", name_prefix + _LAST_CHARACTER)]
        return self._records.page(owner, where, [Order("name")], limit=limit, cursor=cursor)

    def change(self, owner: str, asset_id: str, changes: AssetChanges, if_revision: int | None = None) -> Found[Asset]:
        """Raises PreconditionFailed where `if_revision` is not the record's."""
        update = changes.model_dump(exclude_none=True)
        self._records.update(
            owner, asset_id, lambda asset: asset.model_copy(update=update) if update else None, if_revision=if_revision
        )
        return self.find(owner, asset_id)

    def delete(self, owner: str, asset_id: str, *, force: bool = False) -> None:
        """Delete the asset with its upload and all that was made of it; finished productions stay.

        Raises Conflict, listing who needs it, unless forced.
        """
        asset = self.get(owner, asset_id)
        users: list[Fault] = [] if force else users_of(self._documents, asset)
        if users:
            raise Conflict(
                f"The asset {asset_id} is needed by {len(users)} other(s), listed in errors. Delete those first, or repeat "
                "with force=true.",
                faults=users,
            )
        self._remove(asset)

    def stop_all(self, owner: str) -> None:
        """Stop every ingest of a user who is being deleted."""
        where = [Where("owner", "==", owner), Where("status", "==", AssetStatus.PROCESSING.value)]
        for document in self._documents.query("assets", where, limit=1000).items:
            if execution := document.data.get("execution"):
                self._executions.cancel(execution)

    def _remove(self, asset: Asset) -> None:
        """Bytes first, the record last: what is cut off can be repeated."""
        if asset.execution:
            self._executions.cancel(asset.execution)
        self._uploads.delete(asset.upload_key)
        for found in list(every_object(self._media, f"{asset.folder}/")):
            self._media.delete(found.key)
        self._forget(asset)

    def _forget(self, asset: Asset) -> None:
        """Take it off the record, and give its room back: once, however often this runs."""

        def work(transaction: Transaction) -> None:
            found = transaction.get("assets", asset.id)
            usage = given_back(transaction, asset.owner, asset.size)
            if found is not None:
                transaction.delete("assets", asset.id)
                transaction.put(USAGE, asset.owner, usage)

        self._documents.transaction(work)

    def _forget_abandoned(self, owner: str) -> None:
        """A few of the uploads that were announced, and never came in time."""
        now: datetime = self._clock.now()
        waiting = [Where("owner", "==", owner), Where("status", "==", AssetStatus.PENDING.value)]
        late = [*waiting, Where("upload_expires_at", "<=", now.isoformat().replace("+00:00", "Z"))]
        for document in self._documents.query("assets", late, limit=_FORGOTTEN_AT_ONCE).items:
            self._remove(Asset.model_validate(document.data))

    def _again(self, asset: Asset, data: bytes) -> Asset:
        """What the same key made before; its bytes are brought, should the first try have broken off between."""
        try:
            found = self._records.get(asset.owner, asset.id)
        except NotFound:
            raise Conflict("The asset of this Idempotency-Key was deleted just now. Take a new key.") from None
        if (found.type, found.name, found.upload_sha256) != (asset.type, asset.name, asset.upload_sha256):
            fault = Fault(
                pointer="/headers/Idempotency-Key",
                code="idempotency-key-reused",
                detail="This key came with another file.",
                fix="Take a new key.",
            )
            raise InvalidInput("Idempotency-Key was refused; see errors.", faults=[fault])
        if found.status is AssetStatus.PENDING:
            with suppress(PreconditionFailed):  # they are there
                self._uploads.put(found.upload_key, data, if_generation=0)
        return found


def require_size(asset_type: AssetType, size: int, also: int | None = None) -> None:
    """Raise TooLarge beyond the type's limit, or beyond `also`."""
    most = min(KINDS[asset_type].max_bytes, also or KINDS[asset_type].max_bytes)
    if size > most:
        larger = "; POST /assets/uploads takes larger ones" if most == also else ""
        raise TooLarge(f"The file has {size:,} bytes; at most {most:,} are taken here{larger}. Make it smaller.")
    if size < 1:
        raise InvalidInput("The file is empty. Send one that holds something.")


def unlike(asset_type: AssetType) -> UnsupportedMedia:
    """What a file is told that begins as nothing of its type."""
    takes = KINDS[asset_type].takes
    return UnsupportedMedia(
        f"A {asset_type} is {takes}; the bytes sent begin as none of these. Convert the file first."
    )
