"""What each kind of track can hold: sound has no place in the frame, an overlay takes no ground with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.domain.blueprint.raw import Raw, fault, items, objects, tracks
from shared.domain.errors import Fault

# An overlay's transition mixes two whole pictures, the ground under both being the same: what moves or covers the whole
# frame would take the ground with it.
_OVERLAY_TRANSITIONS = ("cut", "dissolve", "wipe_left", "wipe_right", "wipe_up", "wipe_down")


def _pictures_of_sound(raw: Raw) -> Iterator[Fault]:
    for place, track, item in items(raw):
        for name in ("ken_burns", "transform"):
            if track.get("kind") == "audio" and item.get(name):
                detail = "an audio track has no picture"
                yield fault((*place, name), "no-picture", detail, item[name], "Remove it.")


def _overlay_transitions(raw: Raw) -> Iterator[Fault]:
    for place, track in tracks(raw):
        for x, join in objects(track, "transitions") if track.get("kind") == "overlay" else ():
            kind = join.get("type")
            if isinstance(kind, str) and kind not in _OVERLAY_TRANSITIONS:
                detail = f"overlays pass over by {', '.join(_OVERLAY_TRANSITIONS)}"
                fix = "Use one of these, or fade_in, fade_out and keyframes of the items."
                yield fault((*place, "transitions", x, "type"), "wrong-track", detail, kind, fix)


TRACK_CHECKS: tuple[Callable[[Raw], Iterator[Fault]], ...] = (
    _pictures_of_sound,
    _overlay_transitions,
)
