"""Who needs an asset: open jobs that name it, and blueprints that play it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.domain.asset import Asset
from shared.domain.errors import Fault
from shared.domain.job import JobStatus
from shared.ports.documents import Document, Documents, Where

_AT_ONCE = 100
MAX_LISTED = 50


def users_of(documents: Documents, asset: Asset) -> list[Fault]:
    """Each user as a fault: what it is, and its id as `found`; at most MAX_LISTED."""
    found: list[Fault] = []
    for user in _users(documents, asset):
        found.append(user)
        if len(found) == MAX_LISTED:
            break
    return found


def _users(documents: Documents, asset: Asset) -> Iterator[Fault]:
    for status in (JobStatus.PENDING, JobStatus.RUNNING):
        for document in _all(
            documents, "jobs", [Where("owner", "==", asset.owner), Where("status", "==", status.value)]
        ):
            if _names(document.data.get("input"), asset.id):
                yield _user("job", document.id, "Wait until it has ended, or cancel it.")
    for document in _all(documents, "plans", [Where("owner", "==", asset.owner), _holds("assets", asset.id)]):
        yield _user("plan", document.id, "Take the asset out of the plan.")
    seen: set[str] = set()
    for uri in asset.uris:
        for document in _all(documents, "blueprints", [Where("owner", "==", asset.owner), _holds("sources", uri)]):
            if document.id not in seen:
                seen.add(document.id)
                yield _user("blueprint", document.id, "It could not be rendered again; finished films stay.")


def _holds(field: str, value: str) -> Where:
    return Where(field, "array_contains", value)


def _user(what: str, name: str, fix: str) -> Fault:
    return Fault(pointer="", code=f"needed-by-{what}", detail=f"A {what} needs this asset.", found=name, fix=fix)


def _names(value: Any, asset_id: str) -> bool:
    if isinstance(value, dict):
        return any(_names(child, asset_id) for child in value.values())
    if isinstance(value, list):
        return any(_names(child, asset_id) for child in value)
    return bool(value == asset_id)


def _all(documents: Documents, collection: str, where: list[Where]) -> Iterator[Document]:
    cursor: str | None = None
    while True:
        page = documents.query(collection, where, limit=_AT_ONCE, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
