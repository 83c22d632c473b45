"""Requests that storage answers by itself: where an upload goes, and where a file is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel

from shared.domain.asset import Asset


class SignedRequest(BaseModel):
    """Good until `expires_at`, with exactly this method and these headers, for whoever holds it."""

    method: str
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class ResumableOffer(SignedRequest):
    """An upload in pieces. `protocol` "content-range": PUT pieces of a multiple of `piece_bytes` to `url`, each but the last,
    with Content-Range; 308 tells what is kept. "parts": PUT the n-th `piece_bytes` to `parts[n]`, then POST the list of
    ETags to `url`; a GET of `progress` lists the parts that are there.
    """

    protocol: str
    piece_bytes: int
    parts: list[SignedRequest] = []
    progress: SignedRequest | None = None


class UploadOffer(BaseModel):
    """An asset that waits for its bytes, and two ways to bring them: choose one, then confirm."""

    asset: Asset
    upload: SignedRequest
    resumable: ResumableOffer
