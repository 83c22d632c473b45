"""A place for an upload: the asset on record, and signed requests that bring its bytes past the API."""

from __future__ import annotations

import re
from urllib.parse import quote

from shared.domain.asset import Asset, NewUpload
from shared.domain.asset_type import ANY_TYPE, KINDS
from shared.domain.errors import Conflict, Fault, InvalidInput, NotFound, ReelprintError
from shared.domain.upload import ResumableOffer, SignedRequest, UploadOffer
from shared.ports.storage import ResumableUpload, SignedUrl, Storage
from shared.services.keep_assets import Assets, require_size
from shared.services.records import new_id

UPLOAD_EXPIRES_S = 24 * 3600  # as long as an idempotent answer is kept: what is replayed still works
DOWNLOAD_EXPIRES_S = 5 * 60


class OfferUpload:
    """Keys are ours and create-only; the URL is bound to size, type and, where declared, checksum."""

    def __init__(self, assets: Assets, uploads: Storage) -> None:
        self._assets = assets
        self._uploads = uploads

    def __call__(self, owner: str, new: NewUpload) -> UploadOffer:
        """Raises TooLarge beyond the type's limit and beyond the quota, InvalidInput for a type it cannot be."""
        require_size(new.type, new.size)
        _require_declared(new)
        asset = self._assets.announced(
            owner,
            new_id("ast"),
            new.type,
            new.name,
            new.size,
            content_type=new.content_type,
            crc32c=new.crc32c or "",
        )
        self._assets.register(asset)
        try:
            return self._signed(asset, new)
        except ReelprintError:  # nobody would ever bring it
            self._assets.delete(owner, asset.id, force=True)
            raise

    def _signed(self, asset: Asset, new: NewUpload) -> UploadOffer:
        upload = self._uploads.sign(
            "PUT",
            asset.upload_key,
            UPLOAD_EXPIRES_S,
            content_type=new.content_type,
            length_range=(new.size, new.size),
            crc32c=new.crc32c,
            if_generation=0,
        )
        resumable = self._uploads.start_resumable(
            asset.upload_key, content_type=new.content_type, size=new.size, if_generation=0
        )
        return UploadOffer(asset=asset, upload=_request(upload), resumable=_resumable(resumable))


class OfferDownload:
    """Signed links to an asset's files, always as attachments."""

    def __init__(self, assets: Assets, uploads: Storage, media: Storage) -> None:
        self._assets = assets
        self._uploads = uploads
        self._media = media

    def __call__(self, owner: str, asset_id: str, file: str) -> SignedRequest:
        """`file`: original, media, thumbnail, sound or text. Raises NotFound for one that was not made, Conflict before."""
        asset = self._assets.get(owner, asset_id)
        storage, key, media_type = self._place(asset, file)
        name = asset.name if file == "original" else f"{asset.name}.{file}.{key.rpartition('.')[2]}"
        signed = storage.sign("GET", key, DOWNLOAD_EXPIRES_S, content_type=media_type, disposition=disposition(name))
        return _request(signed)

    def _place(self, asset: Asset, file: str) -> tuple[Storage, str, str]:
        if file == "original":
            if self._uploads.stat(asset.upload_key) is None:
                raise Conflict(f"The bytes of {asset.id} are not there yet. Upload them first.")
            return self._uploads, asset.upload_key, ANY_TYPE  # nobody looked at them: they are never shown in place
        if not asset.status.is_final:
            raise Conflict(f"The asset {asset.id} is {asset.status}; its files are being made. Wait until it is ready.")
        files = {"thumbnail": asset.thumbnail, "sound": asset.sound, "text": asset.text}
        if file == "media" and asset.media_key:
            return self._media, asset.media_key, asset.media_type
        found = files.get(file)
        if found is None:
            raise NotFound(f"The asset {asset.id} has no {file}: it is a {asset.type} that is {asset.status}.")
        return self._media, found.key, found.media_type


def disposition(name: str) -> str:
    """A Content-Disposition that saves under `name`, cut to what every storage takes."""
    short = name[:60]
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", short)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(short, safe='', errors='replace')}"


def _require_declared(new: NewUpload) -> None:
    kind = KINDS[new.type]
    if new.content_type not in kind.declared and new.content_type != ANY_TYPE:
        fault = Fault(
            pointer="/content_type",
            code="unsupported-type",
            detail=f"A {new.type} is {kind.takes}.",
            found=new.content_type,
            fix=f"Say one of {', '.join(sorted(kind.declared))}, or {ANY_TYPE}.",
        )
        raise InvalidInput("The upload cannot be of this type; see errors.", faults=[fault])


def _request(signed: SignedUrl) -> SignedRequest:
    return SignedRequest(
        method=signed.method, url=signed.url, headers=dict(signed.headers), expires_at=signed.expires_at
    )


def _resumable(offer: ResumableUpload) -> ResumableOffer:
    return ResumableOffer(
        **_request(offer.session).model_dump(),
        protocol=offer.protocol,
        piece_bytes=offer.piece_bytes,
        parts=[_request(part) for part in offer.parts],
        progress=_request(offer.progress) if offer.progress else None,
    )
