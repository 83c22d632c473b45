"""What of the blueprint's vocabulary this renderer does not draw yet: refused with its place, never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator

from shared.domain.blueprint.model import Blueprint, Clip, Gap, Track, TrackKind, TransitionType
from shared.domain.errors import Fault, InvalidInput


def refuse_what_is_not_drawn(blueprint: Blueprint) -> None:
    """Raise InvalidInput for every part of the vocabulary that this renderer would have to leave out."""
    faults = [
        Fault(
            pointer=f"/tracks/{t}{place}",
            code="not-rendered",
            detail=f"this renderer does not draw {what} yet",
            fix="Leave it out, or render with a version that draws it.",
        )
        for t, track in enumerate(blueprint.tracks)
        for place, what in _not_drawn(track)
    ]
    if blueprint.output.sprite:
        faults.append(
            Fault(
                pointer="/output/sprite", code="not-rendered", detail="no sprite sheet is made yet", fix="Leave it out."
            )
        )
    if faults:
        raise InvalidInput(f"The blueprint asks for {len(faults)} thing(s) that are not rendered yet.", faults=faults)


def _not_drawn(track: Track) -> list[tuple[str, str]]:
    if track.kind is TrackKind.OVERLAY:
        return [("", "overlay tracks")]
    # A video track has no sound here.
    unheard = [] if track.kind is TrackKind.AUDIO else ["gain_db", "ducking"]
    found = [(f"/{name}", f"{name} of a {track.kind} track") for name in unheard if getattr(track, name)]
    if track.kind is TrackKind.AUDIO:
        joins = enumerate(track.transitions)
        found += [(f"/transitions/{x}", f"a {t.type} of sound") for x, t in joins if t.type is not TransitionType.CUT]
    if track.kind is TrackKind.VIDEO:
        found += [(f"/items/{i}/{side}", f"a {side} under a transition") for i, side in _fades_under_joins(track)]
    for i, item in enumerate(track.items):
        names = [name for name in ["ken_burns", "transform", *unheard] if getattr(item, name, None)]
        names += ["speed"] if isinstance(item, Clip) and item.speed.fraction != 1 else []
        found += [(f"/items/{i}/{name}", f"{name} of an item on a {track.kind} track") for name in names]
    return found


def _fades_under_joins(track: Track) -> Iterator[tuple[int, str]]:
    """Fades on a side on which the item also passes over into its neighbour, or that leave each other no room."""
    joins = [join for join in track.transitions if join.type is not TransitionType.CUT]
    for i, item in enumerate(track.items):
        if isinstance(item, Gap):
            continue
        before = sum(join.duration for join in joins if join.to_item == item.id)
        after = sum(join.duration for join in joins if join.from_item == item.id)
        is_crowded = item.fade_in + item.fade_out + before + after > item.span
        if item.fade_in and (before or is_crowded):
            yield i, "fade_in"
        if item.fade_out and (after or is_crowded):
            yield i, "fade_out"
