"""A picture, decoded in full and written anew: upright, small enough, without what else it carried."""

from __future__ import annotations

from typing import Any

from shared.domain.asset import Asset
from shared.domain.asset_type import HEAD_BYTES, AssetType, looks_like
from shared.domain.errors import CorruptAsset
from shared.ports.media import Media
from shared.ports.storage import Storage
from shared.services.asset_work import AssetWork, main_file
from shared.services.keep_assets import require_size, unlike

PICTURES = (AssetType.PORTRAIT, AssetType.BACKGROUND)
MIN_PORTRAIT = 256  # pixels of the shorter side


def ingest_picture(asset: Asset, uploads: Storage, media: Media, work: AssetWork) -> dict[str, Any]:
    """The facts of a picture that is ready. Raises UnsupportedMedia, CorruptAsset, TooLarge."""
    require_size(asset.type, asset.size)
    data = uploads.get(asset.upload_key)
    if not looks_like(asset.type, data[:HEAD_BYTES]):
        raise unlike(asset.type)
    picture = media.normalise_picture(data)
    facts: dict[str, Any] = {"width": picture.width, "height": picture.height, "codec": "png"}
    if asset.type is AssetType.PORTRAIT:
        if min(picture.width, picture.height) < MIN_PORTRAIT:
            raise CorruptAsset(
                f"The portrait has {picture.width}x{picture.height} pixels; {MIN_PORTRAIT} on the shorter side are the "
                "least. Take a larger one."
            )
        facts["crop"] = media.portrait_crop(picture)
    small = media.thumbnail(picture)
    facts["thumbnail"] = work.keep(small.data, small.media_type)
    return facts | main_file(work.keep(picture.data, picture.media_type))
