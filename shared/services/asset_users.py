"""Who needs an asset: open jobs that name it, plans that do, and blueprints that play it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from shared.domain.asset import Asset
from shared.domain.errors import Fault
from shared.domain.job import JobStatus
from shared.ports.documents import Document, Documents, Where
from shared.ports.speech import sample_of

_AT_ONCE = 100
MAX_LISTED = 50


def users_of(documents: Documents, asset: Asset) -> list[Fault]:
    """Each user as a fault: what it is, and its id as `found`; at most MAX_LISTED."""
    found = (user for look in _LOOKS for user in look(documents, asset))
    return list(islice(found, MAX_LISTED))


def _open_jobs(documents: Documents, asset: Asset) -> Iterator[Fault]:
    for status in (JobStatus.PENDING, JobStatus.RUNNING):
        for document in _owned(documents, "jobs", asset, Where("status", "==", status.value)):
            if _names(document.data.get("input"), asset.id):
                yield _user("job", document.id, "Wait until it has ended, or cancel it.")


def _plans(documents: Documents, asset: Asset) -> Iterator[Fault]:
    for document in _owned(documents, "plans", asset, _holds("assets", asset.id)):
        yield _user("plan", document.id, "Take the asset out of the plan.")


def _blueprints(documents: Documents, asset: Asset) -> Iterator[Fault]:
    seen: set[str] = set()
    for uri in asset.uris:
        for document in _owned(documents, "blueprints", asset, _holds("sources", uri)):
            if document.id not in seen:
                seen.add(document.id)
                yield _user("blueprint", document.id, "It could not be rendered again; finished films stay.")


def _casts(documents: Documents, asset: Asset) -> Iterator[Fault]:
    for document in _owned(documents, "casts", asset, Where("owner", "==", asset.owner)):
        if _names(document.data, asset.id):
            yield _user("cast", document.id, "Give the characters that speak with it another voice.")


_LOOKS = (_open_jobs, _plans, _casts, _blueprints)
"""Where an asset can be needed. Whatever else comes to name assets is looked for here."""


def _holds(field: str, value: str) -> Where:
    return Where(field, "array_contains", value)


def _user(what: str, name: str, fix: str) -> Fault:
    return Fault(pointer="", code=f"needed-by-{what}", detail=f"A {what} needs this asset.", found=name, fix=fix)


def _names(value: Any, asset_id: str) -> bool:
    if isinstance(value, dict):
        return any(_names(child, asset_id) for child in value.values())
    if isinstance(value, list):
        return any(_names(child, asset_id) for child in value)
    return bool(value == asset_id) or (isinstance(value, str) and sample_of(value.partition("/")[2]) == asset_id)


def _owned(documents: Documents, collection: str, asset: Asset, wanted: Where) -> Iterator[Document]:
    where, cursor = [Where("owner", "==", asset.owner), wanted], None
    while True:
        page = documents.query(collection, where, limit=_AT_ONCE, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
