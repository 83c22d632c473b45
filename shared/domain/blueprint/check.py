"""What the shape of a blueprint cannot say: references, order, ranges, limits.

The checks read the raw document and step over whatever has a wrong shape, so that a reference fault is found even where
another field of the same item is malformed: all faults come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from shared.domain.errors import Fault
from shared.domain.faults import excerpt, pointer

MAX_SECONDS = 12 * 3600
MAX_ITEMS = 20_000
MAX_CUES = 100_000
MAX_FRAMES_PER_SECOND = 120

Place = tuple[str | int, ...]
Raw = dict[str, Any]


def check_blueprint(raw: Raw) -> list[Fault]:
    """All faults of meaning in a raw 1.0 document. Never raises, whatever the document holds."""
    checks: tuple[Callable[[Raw], Iterator[Fault]], ...] = (
        _frame_rate,
        _uris,
        _limits,
        _identifiers,
        _tracks,
        _items,
        _order,
        _transitions,
        _captions,
        _inside,
    )
    return [fault for check in checks for fault in check(raw)]


def _fault(place: Place, code: str, detail: str, found: Any, fix: str) -> Fault:
    return Fault(pointer=pointer(place), code=code, detail=detail, found=excerpt(found), fix=fix)


def _at(value: Any, *path: str | int) -> Any:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _whole(value: Any, *path: str | int) -> int | None:
    found = _at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _objects(value: Any, *path: str | int) -> Iterator[tuple[int, Raw]]:
    found = _at(value, *path)
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _every_item(raw: Raw) -> Iterator[tuple[Place, Raw, Raw]]:
    for t, track in _objects(raw, "tracks"):
        for i, item in _objects(track, "items"):
            yield ("tracks", t, "items", i), track, item


def _assets(raw: Raw) -> Raw:
    found = _at(raw, "assets")
    return found if isinstance(found, dict) else {}


def _span(item: Raw) -> int | None:
    """An item's length on its track, as the model computes it."""
    if item.get("type") != "clip":
        return _whole(item, "duration")
    length, num, den = (
        _whole(item, "source_range", "duration"),
        _whole(item, "speed", "num"),
        _whole(item, "speed", "den"),
    )
    num, den = (1 if "speed" not in item else num), (1 if den is None else den)
    if length is None or not num or den < 1 or num < 1:
        return None
    return max(1, int(Fraction(length) * den / num))


def _frame_rate(raw: Raw) -> Iterator[Fault]:
    num, den = _whole(raw, "output", "frame_rate", "num"), _whole(raw, "output", "frame_rate", "den") or 1
    if num is not None and den > 0 and not 1 <= Fraction(num, den) <= MAX_FRAMES_PER_SECOND:
        yield _fault(
            ("output", "frame_rate"),
            "out-of-range",
            f"a frame rate lies between 1 and {MAX_FRAMES_PER_SECOND} frames a second",
            f"{num}/{den}",
            "Give for example 30/1 or 30000/1001.",
        )


def _uris(raw: Raw) -> Iterator[Fault]:
    places: list[tuple[Place, Any]] = [(("output", "uri"), _at(raw, "output", "uri"))]
    places += [(("assets", name, "uri"), _at(asset, "uri")) for name, asset in _assets(raw).items()]
    for place, uri in places:
        if isinstance(uri, str) and any(part in ("", ".", "..") for part in uri.partition("://")[2].split("/")):
            yield _fault(
                place,
                "unsafe-path",
                "a path holds no empty, `.` or `..` part",
                uri,
                "Name the object by its whole key.",
            )


def _limits(raw: Raw) -> Iterator[Fault]:
    items = sum(1 for _ in _every_item(raw))
    if items > MAX_ITEMS:
        yield _fault(
            ("tracks",), "too-many", f"at most {MAX_ITEMS} items fit one production", items, "Split the production."
        )
    languages = _at(raw, "captions", "languages")
    for code, cues in languages.items() if isinstance(languages, dict) else ():
        if isinstance(cues, list) and len(cues) > MAX_CUES:
            place = ("captions", "languages", code)
            yield _fault(place, "too-many", f"at most {MAX_CUES} cues fit one language", cues, "Split the production.")


def _identifiers(raw: Raw) -> Iterator[Fault]:
    seen: set[str] = set()
    named = [(("tracks", t), track) for t, track in _objects(raw, "tracks")]
    named += [(place, item) for place, _, item in _every_item(raw)]  # type: ignore[misc]  # places of two lengths
    for place, entry in named:
        name = entry.get("id")
        if isinstance(name, str):
            if name in seen:
                yield _fault(
                    (*place, "id"), "duplicate-id", "tracks and items each have an id of their own", name, "Rename one."
                )
            seen.add(name)


def _tracks(raw: Raw) -> Iterator[Fault]:
    names = {track.get("id") for _, track in _objects(raw, "tracks") if isinstance(track.get("id"), str)}
    kinds = [track.get("kind") for _, track in _objects(raw, "tracks")]
    if kinds and "video" not in kinds:
        yield _fault(("tracks",), "no-video", "a production has one video track", kinds, "Add a track of kind video.")
    for t, track in _objects(raw, "tracks"):
        trigger = _at(track, "ducking", "trigger_track")
        if isinstance(trigger, str) and (trigger not in names or trigger == track.get("id")):
            place = ("tracks", t, "ducking", "trigger_track")
            yield _fault(place, "unknown-track", "ducking follows another track", trigger, "Name an audio track's id.")
        if track.get("kind") == "video" and kinds.index("video") != t:
            yield _fault(
                ("tracks", t, "kind"),
                "second-video",
                "a production has one video track",
                "video",
                "Use an overlay track.",
            )


def _items(raw: Raw) -> Iterator[Fault]:
    assets = _assets(raw)
    for place, track, item in _every_item(raw):
        name = item.get("asset")
        asset = assets.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and name not in assets:
            fix = "Declare it under assets, or correct the name."
            yield _fault((*place, "asset"), "unknown-asset", "the item names an asset that is not declared", name, fix)
        elif isinstance(asset, dict):
            yield from _media_type(place, track, item, asset)
            yield from _source_range(place, track, item, asset, raw)
        if track.get("kind") == "audio" and item.get("type") in ("still", "generator"):
            fix = "Move it to a video or overlay track."
            yield _fault((*place, "type"), "wrong-track", "a picture lies on an audio track", item.get("type"), fix)


def _media_type(place: Place, track: Raw, item: Raw, asset: Raw) -> Iterator[Fault]:
    media = str(asset.get("media_type", "")).partition("/")[0]
    wanted = {"still": ("image",), "clip": ("audio", "video") if track.get("kind") == "audio" else ("video",)}
    allowed = wanted.get(str(item.get("type")), ())
    if media in ("image", "audio", "video") and allowed and media not in allowed:
        detail = f"a {item.get('type')} on a {track.get('kind')} track plays {' or '.join(allowed)}"
        yield _fault(
            (*place, "asset"), "wrong-media", detail, asset.get("media_type"), "Use another asset or item type."
        )


def _source_range(place: Place, track: Raw, item: Raw, asset: Raw, raw: Raw) -> Iterator[Fault]:
    start, length = _whole(item, "source_range", "start"), _whole(item, "source_range", "duration")
    if item.get("type") != "clip" or start is None or length is None:
        return
    if track.get("kind") == "audio":
        samples, rate = _whole(asset, "probe", "samples"), _whole(asset, "probe", "sample_rate")
        wanted_rate = _whole(raw, "output", "sample_rate") or 48000
        held = None if not samples or not rate else -(-samples * wanted_rate // rate)
    else:
        held = _frames_held(asset, raw)
    if held is not None and start + length > held:
        detail = f"the range ends at {start + length}, the asset at {held}"
        yield _fault((*place, "source_range"), "beyond-source", detail, f"{start}+{length}", "Shorten the range.")


def _frames_held(asset: Raw, raw: Raw) -> int | None:
    """Length of a video asset in output frames, by its probe."""
    frames, num = _whole(asset, "probe", "frames"), _whole(asset, "probe", "frame_rate", "num")
    den = _whole(asset, "probe", "frame_rate", "den") or 1
    out_num, out_den = _whole(raw, "output", "frame_rate", "num"), _whole(raw, "output", "frame_rate", "den") or 1
    if not frames or not num or not out_num or den < 1 or num < 1:
        return frames
    return int(Fraction(frames) * den / num * out_num / out_den)


def _order(raw: Raw) -> Iterator[Fault]:
    for t, track in _objects(raw, "tracks"):
        overlaps = {
            (x.get("from"), x.get("to")): _whole(x, "duration") or 0
            for _, x in _objects(track, "transitions")
            if _hashable(x)
        }
        before: tuple[Any, int] | None = None
        for i, item in _objects(track, "items"):
            start, span = _whole(item, "timeline_start"), _span(item)
            if start is None or span is None:
                before = None
                continue
            if before is not None and isinstance(item.get("id"), str):
                shared = overlaps.get((before[0], item["id"]), 0)
                if start < before[1] - shared:
                    place = ("tracks", t, "items", i, "timeline_start")
                    detail = f"it starts before the item ahead of it ends at {before[1] - shared}"
                    yield _fault(place, "overlap", detail, start, "Sort the items; move it, or add a transition.")
            before = (item.get("id"), start + span)


def _hashable(transition: Raw) -> bool:
    return isinstance(transition.get("from"), str) and isinstance(transition.get("to"), str)


def _transitions(raw: Raw) -> Iterator[Fault]:
    for t, track in _objects(raw, "tracks"):
        items = [item for _, item in _objects(track, "items")]
        index = {item["id"]: n for n, item in enumerate(items) if isinstance(item.get("id"), str)}
        for x, transition in _objects(track, "transitions"):
            place: Place = ("tracks", t, "transitions", x)
            first, second = transition.get("from"), transition.get("to")
            if not _hashable(transition):
                continue
            if first not in index or second not in index or index[second] != index[first] + 1:
                fix = "Name two items that follow each other on this track."
                yield _fault(place, "not-neighbours", "a transition joins two neighbours", f"{first} -> {second}", fix)
            else:
                yield from _overlap(place, transition, items[index[first]], items[index[second]])


def _overlap(place: Place, transition: Raw, first: Raw, second: Raw) -> Iterator[Fault]:
    length, start = _whole(transition, "duration"), _whole(second, "timeline_start")
    begin, span, other = _whole(first, "timeline_start"), _span(first), _span(second)
    if None in (length, start, begin, span, other):
        return
    assert length is not None and start is not None and begin is not None and span is not None and other is not None  # noqa: S101  # narrows for mypy what `None in` proved
    if length > min(span, other):
        fix = "Shorten the transition or lengthen the items."
        yield _fault((*place, "duration"), "too-long", "a transition is no longer than either item", length, fix)
    if transition.get("type") != "cut" and begin + span - start != length:
        detail = f"the items overlap by {begin + span - start}, the transition lasts {length}"
        yield _fault(
            (*place, "duration"), "wrong-overlap", detail, length, "Let `to` start that much before `from` ends."
        )


def _captions(raw: Raw) -> Iterator[Fault]:
    languages = _at(raw, "captions", "languages")
    mode, burned = _at(raw, "captions", "mode"), _at(raw, "captions", "burn_language")
    known = languages if isinstance(languages, dict) else {}
    if mode in ("burned", "both") and (
        burned is None or burned not in known if isinstance(burned, str | None) else False
    ):
        fix = "Set captions.burn_language to one of captions.languages."
        yield _fault(
            ("captions", "burn_language"), "unknown-language", "burned captions have one language", burned, fix
        )
    for code in known:
        end = 0
        for c, cue in _objects(known, code):
            start, length = _whole(cue, "start"), _whole(cue, "duration")
            if start is None or length is None:
                continue
            if start < end:
                place = ("captions", "languages", code, c, "start")
                yield _fault(
                    place,
                    "overlap",
                    f"the cue ahead of it ends at {end}",
                    start,
                    "Sort the cues; end each before the next.",
                )
            end = max(end, start + length)


def _inside(raw: Raw) -> Iterator[Fault]:
    end = _video_end(raw)
    if end is None:
        return
    num, den = _whole(raw, "output", "frame_rate", "num") or 30, _whole(raw, "output", "frame_rate", "den") or 1
    if den > 0 and Fraction(end * den, max(1, num)) > MAX_SECONDS:
        yield _fault(
            ("tracks",), "too-long", f"a production lasts at most {MAX_SECONDS // 3600} hours", end, "Split it."
        )
    poster = _whole(raw, "output", "poster", "frame")
    if poster is not None and poster >= end:
        yield _fault(
            ("output", "poster", "frame"), "beyond-end", f"the video has {end} frames", poster, "Name a frame inside."
        )
    languages = _at(raw, "captions", "languages")
    for code in languages if isinstance(languages, dict) else ():
        for c, cue in _objects(languages, code):
            start, length = _whole(cue, "start"), _whole(cue, "duration")
            if start is not None and length is not None and start + length > end:
                place = ("captions", "languages", code, c)
                yield _fault(
                    place, "beyond-end", f"the video ends at {end}", f"{start}+{length}", "Move or shorten the cue."
                )
    for m, marker in _objects(raw, "markers"):
        start = _whole(marker, "start")
        if start is not None and start >= end:
            yield _fault(("markers", m, "start"), "beyond-end", f"the video ends at {end}", start, "Move the marker.")


def _video_end(raw: Raw) -> int | None:
    ends = []
    for _, track, item in _every_item(raw):
        if track.get("kind") == "video":
            start, span = _whole(item, "timeline_start"), _span(item)
            if start is None or span is None:
                return None
            ends.append(start + span)
    return max(ends, default=None)
