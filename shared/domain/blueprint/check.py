"""What the shape of a blueprint cannot say: references, limits, media; `check_time` holds what is about time,
`check_tracks` what each kind of track can hold, `check_sound` what sound cannot do.

The checks read the raw document and step over whatever has a wrong shape, so that a reference fault is found even where
another field of the same item is malformed: all faults come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.domain.blueprint.caption_style import CaptionStyle
from shared.domain.blueprint.check_sound import SOUND_CHECKS
from shared.domain.blueprint.check_sprite import SPRITE_CHECKS
from shared.domain.blueprint.check_time import TIME_CHECKS
from shared.domain.blueprint.check_tracks import TRACK_CHECKS
from shared.domain.blueprint.limits import MAX_CUES, MAX_FRAMES_PER_SECOND, MAX_ITEMS
from shared.domain.blueprint.raw import Place, Raw, at, fault, is_unsafe, items, mapping, ratio, tracks, whole
from shared.domain.errors import Fault


def check_blueprint(raw: Raw) -> list[Fault]:
    """All faults of meaning in a raw 1.0 document. Never raises, whatever JSON the document holds."""
    checks: tuple[Callable[[Raw], Iterator[Fault]], ...] = (
        _frame_rate,
        _uris,
        _limits,
        _identifiers,
        _video_track,
        _ducking,
        _items,
        _burn_language,
        _fallback_fonts,
        *TIME_CHECKS,
        *SPRITE_CHECKS,
        *TRACK_CHECKS,
        *SOUND_CHECKS,
    )
    return [fault for check in checks for fault in check(raw)]


def _frame_rate(raw: Raw) -> Iterator[Fault]:
    rate = ratio(raw, "output", "frame_rate")
    if rate is not None and not 1 <= rate <= MAX_FRAMES_PER_SECOND:
        detail = f"a frame rate lies between 1 and {MAX_FRAMES_PER_SECOND} frames a second"
        found = f"{rate.numerator}/{rate.denominator}"
        yield fault(("output", "frame_rate"), "out-of-range", detail, found, "Give for example 30/1 or 30000/1001.")


def _uris(raw: Raw) -> Iterator[Fault]:
    places: list[tuple[Place, object]] = [(("output", "uri"), at(raw, "output", "uri"))]
    places += [(("assets", name, "uri"), at(asset, "uri")) for name, asset in mapping(raw, "assets").items()]
    for place, uri in places:
        if isinstance(uri, str) and is_unsafe(uri):
            detail = "a path holds no empty, `.` or `..` part"
            yield fault(place, "unsafe-path", detail, uri, "Name the object by its whole key.")


def _limits(raw: Raw) -> Iterator[Fault]:
    count = sum(1 for _ in items(raw))
    if count > MAX_ITEMS:
        yield fault(("tracks",), "too-many", f"at most {MAX_ITEMS} items fit", count, "Split the production.")
    for code, cues in mapping(raw, "captions", "languages").items():
        if isinstance(cues, list) and len(cues) > MAX_CUES:
            place = ("captions", "languages", code)
            yield fault(place, "too-many", f"at most {MAX_CUES} cues fit", cues, "Split the production.")


def _identifiers(raw: Raw) -> Iterator[Fault]:
    seen: set[str] = set()
    named = [*tracks(raw), *((place, item) for place, _, item in items(raw))]
    for place, entry in named:
        name = entry.get("id")
        if isinstance(name, str):
            if name in seen:
                detail = "tracks and items each have an id of their own"
                yield fault((*place, "id"), "duplicate-id", detail, name, "Rename one.")
            seen.add(name)


def _video_track(raw: Raw) -> Iterator[Fault]:
    detail = "a production has one video track"
    found = list(tracks(raw))
    videos = [(place, track) for place, track in found if track.get("kind") == "video"]
    if found and not videos and all(track.get("kind") in ("overlay", "audio") for _, track in found):
        yield fault(("tracks",), "no-video", detail, at(raw, "tracks"), "Add a track of kind video.")
    for place, track in videos:
        if place != videos[0][0]:
            yield fault((*place, "kind"), "second-video", detail, "video", "Use an overlay track.")
        elif track.get("items", []) == []:
            fix = "Add an item: a clip, a still, or a generator."
            yield fault((*place, "items"), "no-video", "the video track holds nothing", [], fix)


def _ducking(raw: Raw) -> Iterator[Fault]:
    silent = ("video", "overlay")
    heard = [track.get("id") for _, track in tracks(raw) if track.get("kind") not in silent]
    for place, track in tracks(raw):
        trigger = at(track, "ducking", "trigger_track")
        if isinstance(trigger, str) and (trigger not in heard or trigger == track.get("id")):
            detail = "ducking follows another audio track"
            yield fault(
                (*place, "ducking", "trigger_track"), "unknown-track", detail, trigger, "Name an audio track's id."
            )


def _items(raw: Raw) -> Iterator[Fault]:
    assets = mapping(raw, "assets")
    are_known = isinstance(raw.get("assets", {}), dict)
    for place, track, item in items(raw):
        name = item.get("asset")
        if isinstance(name, str) and are_known and name not in assets:
            fix = "Declare it under assets, or correct the name."
            yield fault((*place, "asset"), "unknown-asset", "the item names an asset that is not declared", name, fix)
        elif isinstance(name, str) and isinstance(assets.get(name), dict):
            yield from _media_type(place, track, item, assets[name])
            yield from _source_range(place, track, item, assets[name], raw)
        if track.get("kind") == "audio" and item.get("type") in ("still", "generator"):
            fix = "Move it to a video or overlay track."
            yield fault((*place, "type"), "wrong-track", "a picture lies on an audio track", item.get("type"), fix)


def _media_type(place: Place, track: Raw, item: Raw, asset: Raw) -> Iterator[Fault]:
    media = str(asset.get("media_type", "")).partition("/")[0]
    wanted = {"still": ("image",), "clip": ("audio", "video") if track.get("kind") == "audio" else ("video",)}
    allowed = wanted.get(str(item.get("type")), ())
    if media in ("image", "audio", "video") and allowed and media not in allowed:
        detail = f"a {item.get('type')} on this track plays {' or '.join(allowed)}"
        fix = "Use another asset or item type."
        yield fault((*place, "asset"), "wrong-media", detail, asset.get("media_type"), fix)


def _source_range(place: Place, track: Raw, item: Raw, asset: Raw, raw: Raw) -> Iterator[Fault]:
    start, length = whole(item, "source_range", "start"), whole(item, "source_range", "duration")
    if item.get("type") != "clip" or start is None or length is None:
        return
    held = _samples_held(asset, raw) if track.get("kind") == "audio" else _frames_held(asset, raw)
    if held is not None and start + length > held:
        detail = f"the range ends at {start + length}, the asset at {held}"
        yield fault((*place, "source_range"), "beyond-source", detail, f"{start}+{length}", "Shorten the range.")


def _samples_held(asset: Raw, raw: Raw) -> int | None:
    """Length of a sounding asset in output samples, by its probe, rounded up."""
    samples, rate = whole(asset, "probe", "samples"), whole(asset, "probe", "sample_rate")
    wanted = whole({"sample_rate": 48000} | mapping(raw, "output"), "sample_rate")
    return -(-samples * wanted // rate) if samples and rate and wanted else None


def _frames_held(asset: Raw, raw: Raw) -> int | None:
    """Length of a video asset in output frames, by its probe, rounded down."""
    frames, rate, wanted = (
        whole(asset, "probe", "frames"),
        ratio(asset, "probe", "frame_rate"),
        ratio(raw, "output", "frame_rate"),
    )
    return int(frames / rate * wanted) if frames and rate and wanted else None


def _burn_language(raw: Raw) -> Iterator[Fault]:
    languages, burned = at(raw, "captions", "languages"), at(raw, "captions", "burn_language")
    is_needed = at(raw, "captions", "mode") in ("burned", "both")
    if not isinstance(languages, dict | None) or not isinstance(burned, str | None):
        return
    if burned not in (languages or {}) and (is_needed or burned is not None):
        detail = "the language burned in is one of captions.languages"
        fix = "Set captions.burn_language to one of them."
        yield fault(("captions", "burn_language"), "unknown-language", detail, burned, fix)


def _fallback_fonts(raw: Raw) -> Iterator[Fault]:
    seen = {str(({"font": CaptionStyle().font} | mapping(raw, "captions", "style"))["font"]).casefold()}
    names = at(raw, "captions", "style", "fallback_fonts")
    for n, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str):
            if name.casefold() in seen:
                place = ("captions", "style", "fallback_fonts", n)
                yield fault(place, "duplicate-font", "a family is tried once", name, "Leave it out.")
            seen.add(name.casefold())
