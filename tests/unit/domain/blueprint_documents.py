"""Blueprints to test with: the golden files, a small one, and ways to change them and to see what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import Fault, InvalidInput

GOLDEN = Path(__file__).parents[2] / "golden"
GONE = object()  # a value for `changed`: the field is taken out


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"blueprint-{name}.json").read_bytes())


def small() -> Any:
    """Ten seconds at 25 frames: two clips on the video track, one song."""
    return {
        "schema_version": "1.0",
        "kind": "choreography",
        "task_id": "small",
        "output": {"width": 640, "height": 360, "frame_rate": {"num": 25}, "uri": "media://out/small.mp4"},
        "assets": {
            "move": {"uri": "media://clips/move.mp4", "media_type": "video/mp4"},
            "photo": {"uri": "media://photo.png", "media_type": "image/png"},
            "song": {"uri": "media://song.wav", "media_type": "audio/wav"},
        },
        "tracks": [
            {"id": "video", "kind": "video", "items": [clip("a", 0, 125), clip("b", 125, 125)]},
            {"id": "music", "kind": "audio", "items": [clip("s", 0, 480_000, "song")]},
        ],
    }


def clip(name: str, start: int, duration: int, asset: str = "move", first: int = 0) -> Any:
    place = {"source_range": {"start": first, "duration": duration}, "timeline_start": start}
    return {"type": "clip", "id": name, "asset": asset, **place}


def transition(first: str, second: str, duration: int, kind: str = "dissolve") -> Any:
    return {"from": first, "to": second, "type": kind, "duration": duration}


def changed(document: Any, *changes: tuple[str, Any]) -> Any:
    """A copy with values put at JSON Pointers, or taken out of them where the value is GONE."""
    copy = json.loads(json.dumps(document))
    for place, value in changes:
        *way, last = (part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:])
        target: Any = copy
        for part in way:
            target = target[int(part)] if isinstance(target, list) else target[part]
        step: Any = int(last) if isinstance(target, list) else last
        if value is GONE:
            del target[step]
        elif isinstance(target, list) and step == len(target):
            target.append(value)
        else:
            target[step] = value
    return copy


def refused(document: Any) -> list[Fault]:
    """All faults of a document that must be refused."""
    with pytest.raises(InvalidInput) as caught:
        parse_blueprint(document)
    return list(caught.value.faults)


def codes(document: Any) -> dict[str, str]:
    """What is wrong, by JSON Pointer."""
    faults = refused(document)
    found = {fault.pointer: fault.code for fault in faults}
    assert len(found) == len(faults), f"two faults at one place: {faults}"
    assert all(fault.detail and fault.fix for fault in faults)
    return found
