"""A raw document, read with care: whatever has a wrong shape is stepped over, for the shape's own faults tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from shared.domain.blueprint.model import LONGEST
from shared.domain.errors import Fault
from shared.domain.faults import excerpt, pointer

Place = tuple[str | int, ...]
Raw = dict[str, Any]


def fault(place: Place, code: str, detail: str, found: Any, fix: str) -> Fault:
    return Fault(pointer=pointer(place), code=code, detail=detail, found=excerpt(found), fix=fix)


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path, or None where there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def whole(value: Any, *path: str | int) -> int | None:
    """A whole number that the shape allows for a time: from 0 to 2^40."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= LONGEST else None


def ratio(value: Any, *path: str | int) -> Fraction | None:
    """A rational above zero; `den` is 1 where it is not given."""
    found = at(value, *path)
    if not isinstance(found, dict):
        return None
    num, den = whole(found, "num"), whole({"den": 1} | found, "den")
    return Fraction(num, den) if num and den else None


def objects(value: Any, *path: str | int) -> Iterator[tuple[int, Raw]]:
    """The objects of a list, each with its index."""
    found = at(value, *path)
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def mapping(value: Any, *path: str | int) -> Raw:
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def tracks(raw: Raw) -> Iterator[tuple[Place, Raw]]:
    for t, track in objects(raw, "tracks"):
        yield ("tracks", t), track


def items(raw: Raw) -> Iterator[tuple[Place, Raw, Raw]]:
    """Every item with its place and its track."""
    for place, track in tracks(raw):
        for i, item in objects(track, "items"):
            yield (*place, "items", i), track, item


def span(item: Raw) -> int | None:
    """An item's length on its track, as the model computes it."""
    if item.get("type") != "clip":
        return whole(item, "duration") or None
    length = whole(item, "source_range", "duration") or None
    if length is None or "speed" not in item:
        return length
    speed = ratio(item, "speed")
    return max(1, int(length / speed)) if speed else None


def video_end(raw: Raw) -> int | None:
    """The frame after the last of the video; None where a video item's time is not known, or there is none."""
    ends = [_end(item) for _, track, item in items(raw) if track.get("kind") == "video"]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _end(item: Raw) -> int | None:
    start, length = whole(item, "timeline_start"), span(item)
    return None if start is None or length is None else start + length


def is_unsafe(uri: str) -> bool:
    """Whether a URI's path could lead out of its bucket, or be read as another key by another storage."""
    return any(part in ("", ".", "..") for part in uri.partition("://")[2].split("/"))
