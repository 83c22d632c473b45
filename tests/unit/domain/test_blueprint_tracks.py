"""What each kind of track can hold, refused by the parser with its place."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import InvalidInput

Raw = dict[str, Any]


def still(name: str, start: int, duration: int, **more: Any) -> Raw:
    return {"type": "still", "id": name, "asset": "photo", "timeline_start": start, "duration": duration, **more}


def clip(name: str, asset: str, start: int, duration: int, **more: Any) -> Raw:
    source = {"start": 0, "duration": duration}
    return {"type": "clip", "id": name, "asset": asset, "timeline_start": start, "source_range": source, **more}


def track(kind: str, *items: Raw, **more: Any) -> Raw:
    return {"id": f"the-{kind}", "kind": kind, "items": list(items), **more}


def join(first: str, second: str, kind: str, duration: int) -> list[Raw]:
    return [{"from": first, "to": second, "type": kind, "duration": duration}]


def document(*tracks: Raw) -> Raw:
    picture = [] if any(each["kind"] == "video" for each in tracks) else [track("video", still("base", 0, 60))]
    return {
        "schema_version": "1.0",
        "kind": "narration",
        "task_id": "t",
        "output": {"width": 160, "height": 90, "frame_rate": {"num": 30}, "uri": "media://film.mp4"},
        "assets": {
            "photo": {"uri": "media://photo.png", "media_type": "image/png"},
            "film": {"uri": "media://film.webm", "media_type": "video/webm"},
            "voice": {"uri": "media://voice.wav", "media_type": "audio/wav"},
        },
        "tracks": [*picture, *tracks],
        "captions": {"mode": "none"},
    }


def faults(raw: Raw) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        parse_blueprint(raw)
    assert all(fault.detail and fault.fix for fault in caught.value.faults)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


VIEW = {"start": {}, "end": {"width": 0.5}}


@pytest.mark.parametrize("name", ["ken_burns", "transform"])
def test_sound_has_no_place_in_the_frame(name: str) -> None:
    wrong = track("audio", clip("v", "voice", 0, 100, **{name: VIEW if name == "ken_burns" else {"x": 0.2}}))
    assert faults(document(wrong)) == [(f"/tracks/1/items/0/{name}", "no-picture")]


@pytest.mark.parametrize("kind", ["slide_left", "slide_right", "fade", "dip_to_colour"])
def test_overlays_pass_over_by_what_leaves_the_ground_alone(kind: str) -> None:
    wrong = track("overlay", still("a", 0, 30), still("b", 20, 30), transitions=join("a", "b", kind, 10))
    assert faults(document(wrong)) == [("/tracks/1/transitions/0/type", "wrong-track")]
