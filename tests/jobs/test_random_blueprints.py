"""Random productions over the whole vocabulary: each valid one is rendered exactly as planned, frame by frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import Blueprint, Clip
from tests.jobs.conftest import FOREIGN_FRAMES, HOUSE_FRAMES, Sources, stored
from tests.support.assembly import Raw, Studio, production, sound_track
from tests.support.media import decode_grey, decode_sound, read_numbers

pytestmark = pytest.mark.media

NUMBERS = {"house": HOUSE_FRAMES, "foreign": FOREIGN_FRAMES}
SPEEDS = st.sampled_from([(1, 1)] * 4 + [(2, 1), (1, 2), (4, 3)])
FITS = st.sampled_from(["cover", "contain", "fill", "contain_blur"])
JOINS = st.sampled_from(["cut", "dissolve", "fade", "wipe_left", "slide_right", "wipe_down", "dip_to_colour"])
SHARES = st.floats(0.1, 0.9).map(lambda share: round(share, 2))


@st.composite
def looks(draw: st.DrawFn, length: int, *, is_overlay: bool) -> Raw:
    """What any picture may carry: a fit, fades, a moving view, a place in the frame."""
    found: Raw = {"fit": draw(FITS)}
    if draw(st.integers(0, 3)) == 0:
        found["fade_in"] = draw(st.integers(0, length // 2))
        found["fade_out"] = draw(st.integers(0, length - found["fade_in"]))
    if draw(st.integers(0, 4)) == 0:
        views = [{"x": draw(SHARES), "y": draw(SHARES), "width": draw(SHARES)} for _ in range(2)]
        found["ken_burns"] = {"start": views[0], "end": views[1]}
    if is_overlay or draw(st.integers(0, 5)) == 0:
        frames = sorted(draw(st.sets(st.integers(0, length - 1), max_size=3)))
        keyframes = [{"frame": n, "x": draw(SHARES), "opacity": draw(SHARES)} for n in frames]
        found["transform"] = {"x": draw(SHARES), "scale": draw(SHARES), "keyframes": keyframes}
    return found


@st.composite
def pictures(draw: st.DrawFn, name: str, start: int, *, is_overlay: bool = False) -> Raw:
    kind = draw(st.sampled_from(["clip", "clip", "still", "generator", "gap"]))
    length = draw(st.integers(3, 24))
    item: Raw = {"type": kind, "id": name, "timeline_start": start}
    if kind == "clip":
        num, den = draw(SPEEDS)
        item |= {"asset": draw(st.sampled_from(sorted(NUMBERS))), "speed": {"num": num, "den": den}}
        item["source_range"] = {"start": draw(st.integers(0, 30)), "duration": max(length, 6)}
        length = max(1, int(item["source_range"]["duration"] / Fraction(num, den)))
    else:
        item["duration"] = length
        if kind == "still":
            item["asset"] = "png"
        if kind == "generator":
            item["generator"] = {"kind": "colour", "colour": draw(st.sampled_from(["#803010", "#1030a0"]))}
    return item if kind == "gap" else item | draw(looks(length, is_overlay=is_overlay))


@st.composite
def productions(draw: st.DrawFn) -> Raw:
    """Two to five items joined in some way, perhaps overlays, sound and burned captions."""
    items: list[Raw] = []
    joins: list[Raw] = []
    position = 0
    for n in range(draw(st.integers(2, 5))):
        item = draw(pictures(f"p{n}", position))
        kind = draw(JOINS)
        if items and kind != "cut":
            room = min(_span(items[-1]), _span(item)) // 2
            if room:
                item["timeline_start"] = items[-1]["timeline_start"] + _span(items[-1]) - room
                joins.append({"from": f"p{n - 1}", "to": f"p{n}", "type": kind, "duration": room})
        items.append(item)
        position = item["timeline_start"] + _span(item) + draw(st.sampled_from([0, 0, 3]) if n else st.just(0))
    end = max(item["timeline_start"] + _span(item) for item in items)
    tracks: list[Raw] = []
    for n in range(draw(st.integers(0, 2))):
        over = draw(pictures(f"o{n}", draw(st.integers(0, end - 1)), is_overlay=True))
        tracks.append({"id": f"over{n}", "kind": "overlay", "items": [over]})
    if draw(st.booleans()):
        span = {"start": draw(st.integers(0, 9_000)), "duration": draw(st.integers(2_000, 30_000))}
        heard = {"type": "clip", "id": "s", "asset": "tone", "timeline_start": draw(st.integers(0, 20_000))}
        tracks.append(sound_track("sound", "effects", [{**heard, "source_range": span, "gain_db": -6.0}]))
    captions: Raw = {"mode": "none"}
    if draw(st.integers(0, 2)) == 0:
        start = draw(st.integers(0, end - 2))
        cue = {"start": start, "duration": draw(st.integers(1, end - start)), "text": "Look"}
        captions = {"mode": "burned", "burn_language": "en", "languages": {"en": [cue]}}
    document = production(items, None, *tracks, captions=captions)
    document["tracks"][0]["transitions"] = joins
    return document


def _span(item: Raw) -> int:
    if item["type"] != "clip":
        return int(item["duration"])
    speed = Fraction(item["speed"]["num"], item["speed"]["den"])
    return max(1, int(item["source_range"]["duration"] / speed))


@given(document=productions())
@settings(
    max_examples=12,
    phases=[Phase.generate],  # a render takes a second: the first failure is told as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_random_production_is_rendered_exactly(
    tmp_path_factory: pytest.TempPathFactory, sources: Sources, document: Raw
) -> None:
    studio = Studio(tmp_path_factory.mktemp("random"))
    document = {**document, "assets": stored(studio, sources)}
    blueprint = parse_blueprint(document)
    ended = studio.render(document)
    assert ended.report["frames"] == blueprint.duration
    film = studio.fetch("films/film.mp4", "film.mp4")
    frames = decode_grey(film)
    assert len(frames) == blueprint.duration
    expected = plain_numbers(blueprint)
    assert {n: read_numbers(frames[n : n + 1])[0] for n in expected} == expected
    if ended.report["samples"]:
        assert len(decode_sound(film)) == ended.report["samples"]


def plain_numbers(blueprint: Blueprint) -> dict[int, int]:
    """Output frames on which nothing but one clip's own frame is seen, and the number that it carries.

    Told straight from the blueprint, frame by frame, by nothing that plans or draws.
    """
    found: dict[int, int] = {}
    picture = blueprint.tracks[0]
    covers: list[Any] = [item for track in blueprint.tracks if track.kind == "overlay" for item in track.items]
    covers += [cue for cues in blueprint.captions.languages.values() for cue in cues]
    for item in picture.items:
        if (
            not isinstance(item, Clip)
            or item.ken_burns
            or item.transform
            or item.fit not in ("cover", "fill", "contain")
        ):
            continue
        for n in range(item.fade_in, item.span - item.fade_out):
            place = item.timeline_start + n
            alone = sum(i.timeline_start <= place < i.timeline_start + i.span for i in picture.items) == 1
            if alone and not any(_shows(cover, place) for cover in covers):
                found[place] = NUMBERS[item.asset][item.source_range.start + int(n * item.speed.fraction)]
    return found


def _shows(cover: Any, frame: int) -> bool:
    start = getattr(cover, "timeline_start", None)
    begin, length = (cover.start, cover.duration) if start is None else (start, cover.span)
    return bool(begin <= frame < begin + length)
