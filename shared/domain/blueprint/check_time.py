"""Time as the shape of a blueprint cannot say it: order, overlaps, and what must lie inside the video."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.domain.blueprint.limits import MAX_SECONDS
from shared.domain.blueprint.raw import (
    Place,
    Raw,
    at,
    fault,
    items,
    mapping,
    objects,
    ratio,
    span,
    tracks,
    video_end,
    whole,
)
from shared.domain.errors import Fault


def _order(raw: Raw) -> Iterator[Fault]:
    """Items come in the order of time, and overlap none but the neighbour that a transition joins them to."""
    for place, track in tracks(raw):
        joined = {pair for _, t in objects(track, "transitions") if (pair := _overlapping(t))}
        previous, end, earlier = "", 0, 0  # the item ahead, where it ends, and where all before it end
        for i, item in objects(track, "items"):
            start, length, name = whole(item, "timeline_start"), span(item), str(item.get("id"))
            if start is None or length is None:
                previous, end, earlier = "", 0, 0
                continue
            free = earlier if (previous, name) in joined else max(end, earlier)
            if start < free:
                detail = f"the items ahead of it take the time up to {free}"
                fix = "Sort the items; move it, or add a transition."
                yield fault((*place, "items", i, "timeline_start"), "overlap", detail, start, fix)
            previous, end, earlier = name, start + length, max(end, earlier)


def _overlapping(transition: Raw) -> tuple[str, str] | None:
    """The items that a transition lets overlap: a cut lets none."""
    return None if transition.get("type") == "cut" else _pair(transition)


def _pair(transition: Raw) -> tuple[str, str] | None:
    first, second = transition.get("from"), transition.get("to")
    return (first, second) if isinstance(first, str) and isinstance(second, str) else None


def _transitions(raw: Raw) -> Iterator[Fault]:
    for place, track in tracks(raw):
        row = [item for _, item in objects(track, "items")]
        index = {item["id"]: n for n, item in enumerate(row) if isinstance(item.get("id"), str)}
        seen: set[tuple[str, str]] = set()
        for x, transition in objects(track, "transitions"):
            pair, here = _pair(transition), (*place, "transitions", x)
            if pair is None:
                continue
            first, second = index.get(pair[0]), index.get(pair[1])
            shown = f"{pair[0]} -> {pair[1]}"
            if pair in seen:
                yield fault(here, "duplicate-transition", "two items have one transition", shown, "Remove one.")
            elif first is None or second != first + 1:
                fix = "Name two items that follow each other on this track."
                yield fault(here, "not-neighbours", "a transition joins two neighbours", shown, fix)
            elif transition.get("type") != "cut":
                yield from _overlap((*here, "duration"), transition, row[first], row[first + 1])
            seen.add(pair)


def _overlap(place: Place, transition: Raw, first: Raw, second: Raw) -> Iterator[Fault]:
    length, start = whole(transition, "duration"), whole(second, "timeline_start")
    begin, one, other = whole(first, "timeline_start"), span(first), span(second)
    if length is None or start is None or begin is None or one is None or other is None:
        return
    if length > min(one, other):
        detail, fix = "a transition is no longer than either item", "Shorten the transition or lengthen the items."
        yield fault(place, "too-long", detail, length, fix)
    elif begin + one - start != length:
        detail = f"the items overlap by {begin + one - start}, the transition lasts {length}"
        yield fault(place, "wrong-overlap", detail, length, "Let `to` start that much before `from` ends.")


def _inside_items(raw: Raw) -> Iterator[Fault]:
    """Fades and keyframes lie within their item."""
    for place, _, item in items(raw):
        length = span(item)
        for name in ("fade_in", "fade_out"):
            if length is not None and (whole(item, name) or 0) > length:
                detail = f"the item lasts {length}"
                yield fault((*place, name), "too-long", detail, item[name], "Fade no longer than the item lasts.")
        before = -1
        for k, keyframe in objects(item, "transform", "keyframes"):
            frame = whole(keyframe, "frame")
            if frame is not None and (frame <= before or (length is not None and frame > length)):
                detail = f"keyframes rise, here from above {before}, and lie within the item"
                here = (*place, "transform", "keyframes", k, "frame")
                yield fault(here, "out-of-order", detail, frame, "Sort the keyframes; drop those beyond the item.")
            before = before if frame is None else max(before, frame)


def _cue_order(raw: Raw) -> Iterator[Fault]:
    for code, cues in mapping(raw, "captions", "languages").items():
        end = 0
        for c, cue in objects(cues):
            start, length = whole(cue, "start"), whole(cue, "duration")
            if start is None or length is None:
                continue
            if start < end:
                place, fix = ("captions", "languages", code, c, "start"), "Sort the cues; end each before the next."
                yield fault(place, "overlap", f"the cue ahead of it ends at {end}", start, fix)
            end = max(end, start + length)


def _inside_video(raw: Raw) -> Iterator[Fault]:
    """The poster, cues and markers lie within the video, and the video within the limit."""
    end = video_end(raw)
    if end is None:
        return
    rate = ratio(raw, "output", "frame_rate")
    if rate and end / rate > MAX_SECONDS:
        detail = f"a production lasts at most {MAX_SECONDS // 3600} hours"
        yield fault(("tracks",), "too-long", detail, end, "Split the production.")
    poster = whole(raw, "output", "poster", "frame")
    if poster is not None and poster >= end:
        place = ("output", "poster", "frame")
        yield fault(place, "beyond-end", f"the video has {end} frames", poster, "Name a frame inside.")
    for code, cues in mapping(raw, "captions", "languages").items():
        yield from _stretches(("captions", "languages", code), cues, end)
    yield from _stretches(("markers",), at(raw, "markers"), end)


def _stretches(place: Place, entries: object, end: int) -> Iterator[Fault]:
    """Cues or markers that begin at the video's end or later, or last longer than the video."""
    for n, entry in objects(entries):
        start, length = whole(entry, "start"), whole({"duration": 0} | entry, "duration")
        if start is not None and start >= end:
            fix = "Move it into the video."
            yield fault((*place, n, "start"), "beyond-end", f"the video ends at {end}", start, fix)
        elif start is not None and length is not None and start + length > end:
            detail = f"the video ends at {end}, this at {start + length}"
            yield fault((*place, n, "duration"), "beyond-end", detail, length, "Shorten it.")


TIME_CHECKS: tuple[Callable[[Raw], Iterator[Fault]], ...] = (
    _order,
    _transitions,
    _inside_items,
    _cue_order,
    _inside_video,
)
