"""Shots: how each is made, what its address depends on, and what is refused before anything is made."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest

from jobs.assemble.plan import RenderPlan, Shot, ShotKind, Source, plan_render
from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import InvalidInput
from tests.support.assembly import Raw, clip, colour, production, sound_track

HOUSE = Source("sha256:house", frozenset({0, 15, 30, 45}), 60)
SOURCES = {
    "house": HOUSE,
    "film": Source("sha256:film"),
    "photo": Source("sha256:photo"),
    "voice": Source("sha256:voice"),
}
ASSETS = {
    "house": {"uri": "media://house.mp4", "media_type": "video/mp4"},
    "film": {"uri": "media://film.webm", "media_type": "video/webm"},
    "photo": {"uri": "media://photo.png", "media_type": "image/png"},
    "voice": {"uri": "media://voice.wav", "media_type": "audio/wav"},
}
VOICE = sound_track("voices", "narration", [clip("v", "voice", 0, 0, 48_000)])


def plan(document: Raw, encoder: str = "encoder 1", **sources: Source) -> RenderPlan:
    return plan_render(parse_blueprint(document), SOURCES | sources, encoder)


def shots(*items: Raw, **more: Any) -> tuple[Shot, ...]:
    return plan(production(items, ASSETS, **more)).shots


def still(start: int, duration: int, **more: Any) -> Raw:
    return {"type": "still", "id": f"s{start}", "asset": "photo", "timeline_start": start, "duration": duration, **more}


def outline(found: tuple[Shot, ...]) -> list[tuple[str, int, int, int]]:
    return [(shot.kind.value, shot.start, shot.frames, shot.source_start) for shot in found]


def burned(*cues: tuple[int, int, str]) -> Raw:
    listed = [{"start": start, "duration": duration, "text": text} for start, duration, text in cues]
    return {"mode": "burned", "burn_language": "en", "languages": {"en": listed}}


def test_a_house_clip_entered_at_a_keyframe_is_copied_up_to_any_frame() -> None:
    assert outline(shots(clip("c", "house", 0, 15, 7))) == [("copy", 0, 7, 15)]


def test_a_house_clip_entered_between_keyframes_is_encoded_up_to_the_next_one_and_copied_from_there() -> None:
    assert outline(shots(clip("c", "house", 10, 7, 40))) == [
        ("still", 0, 10, 0),
        ("encode", 10, 8, 7),
        ("copy", 18, 32, 15),
    ]


def test_a_house_clip_without_a_keyframe_in_its_range_is_encoded() -> None:
    assert outline(shots(clip("c", "house", 0, 16, 10))) == [("encode", 0, 10, 16)]


def test_a_foreign_clip_is_encoded() -> None:
    assert outline(shots(clip("c", "film", 0, 0, 40))) == [("encode", 0, 40, 0)]


def test_pictures_cards_colours_gaps_and_holes_are_stills() -> None:
    card = {"type": "generator", "id": "card", "generator": {"kind": "title_card", "title": "T"}}
    gap = {"type": "gap", "id": "gap", "timeline_start": 50, "duration": 5}
    found = shots(colour("c", 0, 10), still(10, 10), {**card, "timeline_start": 30, "duration": 20}, gap)
    assert [(shot.kind.value, shot.start, shot.frames) for shot in found] == [
        ("still", 0, 10), ("still", 10, 10), ("still", 20, 10), ("still", 30, 20), ("still", 50, 5),
    ]  # fmt: skip
    assert found[2].key == found[4].key  # a hole is as black as a gap


def test_a_copied_shot_has_no_address_and_every_other_one_has() -> None:
    found = shots(clip("c", "house", 0, 7, 40), still(40, 10))
    assert (
        [shot.key is None for shot in found] == [shot.kind is ShotKind.COPY for shot in found] == [False, True, False]
    )


def test_an_address_does_not_depend_on_the_place_in_time() -> None:
    cue = burned((3, 4, "x"))
    moved = burned((103, 4, "x"))
    early = shots(clip("a", "film", 0, 5, 20), still(20, 10), captions=cue)
    late = shots(clip("b", "film", 100, 5, 20), still(120, 10), captions=moved)
    assert [shot.key for shot in early] == [shot.key for shot in late[1:]]


def test_an_address_of_a_still_does_not_depend_on_its_length() -> None:
    assert shots(still(0, 10))[0].key == shots(still(0, 1000))[0].key


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["tracks"][0]["items"][0].update(source_range={"start": 6, "duration": 20}),
        lambda d: d["tracks"][0]["items"][0].update(source_range={"start": 5, "duration": 19}),
        lambda d: d["tracks"][0]["items"][0].update(fit="contain"),
        lambda d: d["output"].update(width=176),
        lambda d: d["output"].update(profile="high"),
        lambda d: d["output"].update(frame_rate={"num": 25, "den": 1}),
        lambda d: d["captions"]["languages"]["en"][0].update(text="y"),
        lambda d: d["captions"]["languages"]["en"][0].update(start=4),
        lambda d: d["captions"]["languages"]["en"][0].update(duration=5),
        lambda d: d["captions"].update(style={"size": 60}),
    ],
)
def test_an_address_depends_on_all_that_shows(change: Any) -> None:
    document = production([clip("a", "film", 0, 5, 20)], ASSETS, captions=burned((3, 4, "x")))
    changed = copy.deepcopy(document)
    change(changed)
    assert plan(changed).shots[0].key != plan(document).shots[0].key


def test_an_address_depends_on_the_sources_bytes_and_the_encoder_and_not_on_the_sources_name() -> None:
    document = production([clip("a", "film", 0, 5, 20)], ASSETS)
    renamed = production([clip("a", "other", 0, 5, 20)], {"other": ASSETS["film"]})
    key = plan(document).shots[0].key
    assert plan(document, film=Source("sha256:new")).shots[0].key != key
    assert plan(document, encoder="encoder 2").shots[0].key != key
    assert plan(renamed, other=SOURCES["film"]).shots[0].key == key


def test_a_still_parts_where_its_burned_caption_changes() -> None:
    found = shots(still(0, 100), captions=burned((10, 20, "a"), (30, 20, "b"), (60, 40, "a")))
    assert [(shot.start, shot.frames, [cue.text for cue in shot.cues]) for shot in found] == [
        (0, 10, []), (10, 20, ["a"]), (30, 20, ["b"]), (50, 10, []), (60, 40, ["a"]),
    ]  # fmt: skip
    assert found[1].key == found[4].key  # the same picture under the same words


def test_a_clip_under_a_burned_caption_is_encoded_with_the_cue_in_its_own_time() -> None:
    (shot,) = shots(clip("c", "house", 0, 0, 40), captions=burned((35, 5, "x")))
    assert (shot.kind, shot.frames) == (ShotKind.ENCODE, 40)
    parted = shots(still(0, 20), clip("c", "house", 20, 0, 40), captions=burned((10, 30, "x")))
    assert [[(cue.start, cue.duration) for cue in shot.cues] for shot in parted] == [[], [(0, 10)], [(0, 20)]]


@pytest.mark.parametrize("mode", ["soft", "none"])
def test_captions_that_are_not_burned_leave_the_pictures_alone(mode: str) -> None:
    captions = {**burned((10, 20, "a")), "mode": mode}
    assert outline(shots(clip("c", "house", 0, 0, 40), captions=captions)) == [("copy", 0, 40, 0)]


@pytest.mark.parametrize(
    ("frames", "rate", "audio_frames"),
    [(30, {"num": 30, "den": 1}, 47), (1, {"num": 30, "den": 1}, 2), (30000, {"num": 30000, "den": 1001}, 46922)],
)
def test_the_sound_covers_the_last_frame_in_whole_aac_frames(frames: int, rate: Raw, audio_frames: int) -> None:
    found = plan(production([colour("c", 0, frames)], ASSETS, VOICE, output={"frame_rate": rate}))
    assert (found.frames, found.audio_frames, found.samples) == (frames, audio_frames, audio_frames * 1024)


def test_a_production_without_sound_plans_none() -> None:
    found = plan(production([colour("c", 0, 30)]))
    assert (found.blocks, found.audio_frames, found.samples) == ((), 0, 0)


def test_a_range_beyond_a_house_clips_end_is_refused_with_its_place() -> None:
    document = production([colour("c", 0, 5), clip("d", "house", 5, 30, 30), clip("e", "house", 35, 31, 30)], ASSETS)
    with pytest.raises(InvalidInput) as caught:
        plan(document)
    assert [(f.pointer, f.code) for f in caught.value.faults] == [("/tracks/0/items/2/source_range", "beyond-source")]


def _two(first: Raw, second: Raw, kind: str, duration: int) -> Raw:
    return {
        "items": [first, second],
        "transitions": [{"from": first["id"], "to": second["id"], "type": kind, "duration": duration}],
    }


VIEW = {"start": {}, "end": {"width": 0.5}}
NOT_DRAWN: dict[str, tuple[Raw, str]] = {
    "ken burns": ({"items": [still(0, 30, ken_burns=VIEW)]}, "/tracks/0/items/0/ken_burns"),
    "transform": ({"items": [still(0, 30, transform={"x": 0.2})]}, "/tracks/0/items/0/transform"),
    "fade under a transition": (
        _two(still(0, 30, fade_out=3), still(20, 30), "dissolve", 10),
        "/tracks/0/items/0/fade_out",
    ),
    "fade without room": (
        _two(still(0, 30), clip("c", "film", 20, 0, 30, fade_out=25), "wipe_up", 10),
        "/tracks/0/items/1/fade_out",
    ),
    "speed": ({"items": [clip("c", "film", 0, 0, 60, speed={"num": 2})]}, "/tracks/0/items/0/speed"),
    "sound of a clip": ({"items": [clip("c", "film", 0, 0, 30, gain_db=-3.0)]}, "/tracks/0/items/0/gain_db"),
    "sound of a video track": ({"items": [still(0, 30)], "gain_db": -3.0}, "/tracks/0/gain_db"),
    "ducking of pictures": ({"items": [still(0, 30)], "ducking": {"trigger_track": "voices"}}, "/tracks/0/ducking"),
    "cut that overlaps": (_two(still(0, 30), still(25, 30), "cut", 5), "/tracks/0/items/1/timeline_start"),
}


@pytest.mark.parametrize(("track", "pointer"), NOT_DRAWN.values(), ids=NOT_DRAWN)
def test_what_is_not_drawn_is_refused_with_its_place(track: Raw, pointer: str) -> None:
    document = production([], ASSETS, VOICE)
    document["tracks"][0] |= track
    assert refused(document) == [pointer]


def joined(first: Raw, second: Raw, kind: str, duration: int, **more: Any) -> tuple[Shot, ...]:
    document = production([], ASSETS, **more)
    document["tracks"][0] |= _two(first, second, kind, duration)
    return plan(document).shots


def test_a_transition_encodes_its_overlap_and_the_way_to_the_next_keyframe_alone() -> None:
    found = joined(clip("a", "house", 0, 0, 30), clip("b", "house", 20, 0, 40), "dissolve", 10)
    assert outline(found) == [
        ("copy", 0, 20, 0),
        ("encode", 20, 10, 20),
        ("encode", 30, 5, 10),
        ("copy", 35, 25, 15),
    ]
    overlap = found[1].overlap
    assert overlap is not None
    assert (overlap.item.id, overlap.source_start, overlap.transition.type) == ("b", 0, "dissolve")


def test_an_item_may_be_nothing_but_its_two_transitions() -> None:
    items = [still(0, 20), {**still(10, 20), "asset": "photo"}, clip("c", "film", 20, 5, 30)]
    document = production([], ASSETS)
    pairs = pairwise(items)
    joins = [{"from": a["id"], "to": b["id"], "type": "wipe_left", "duration": 10} for a, b in pairs]
    document["tracks"][0] |= {"items": items, "transitions": joins}
    assert outline(plan(document).shots) == [
        ("still", 0, 10, 0),
        ("encode", 10, 10, 0),
        ("encode", 20, 10, 0),
        ("encode", 30, 20, 15),
    ]


def test_only_what_fades_of_a_picture_is_encoded() -> None:
    assert outline(shots(still(0, 60, fade_in=10, fade_out=5))) == [
        ("encode", 0, 10, 0),
        ("still", 10, 45, 0),
        ("encode", 55, 5, 0),
    ]
    assert outline(shots(clip("c", "house", 0, 0, 60, fade_out=5))) == [("copy", 0, 55, 0), ("encode", 55, 5, 55)]


def test_a_fade_is_part_of_the_address() -> None:
    one, other, none = (
        shots(clip("c", "film", 0, 0, 30, **more))[0].key for more in ({"fade_in": 30}, {"fade_out": 30}, {})
    )
    assert len({one, other, none}) == 3


def test_an_overlap_is_addressed_by_all_that_is_seen_in_it() -> None:
    def key(kind: str = "dissolve", first: int = 0, later: int = 0, text: str = "") -> object:
        captions = burned((25, 2, text)) if text else {}
        pair = (clip("a", "film", later, 0, 30), clip("b", "film", 20 + later, first, 40))
        found = joined(*pair, kind, 10, captions=captions)
        return next(shot.key for shot in found if shot.overlap)

    assert key() == key(later=7)  # not by where it lies
    assert len({key(), key("wipe_up"), key(first=1), key(text="Hello")}) == 4


SOUND = clip("a", "voice", 0, 0, 9_600)
NOT_PLAYED: dict[str, tuple[Raw, str]] = {
    "speed": ({"items": [{**SOUND, "speed": {"num": 3, "den": 2}}]}, "/tracks/1/items/0/speed"),
    "transform": ({"items": [{**SOUND, "transform": {"x": 0.2}}]}, "/tracks/1/items/0/transform"),
    "crossfade": (_two(SOUND, clip("b", "voice", 4_800, 0, 9_600), "dissolve", 4_800), "/tracks/1/transitions/0"),
    "ducking by pictures": (
        {"items": [SOUND], "ducking": {"trigger_track": "picture"}},
        "/tracks/1/ducking/trigger_track",
    ),
}


@pytest.mark.parametrize(("track", "pointer"), NOT_PLAYED.values(), ids=NOT_PLAYED)
def test_what_is_not_played_is_refused_with_its_place(track: Raw, pointer: str) -> None:
    document = production([colour("c", 0, 60)], ASSETS, sound_track("t", "effects", []))
    document["tracks"][1] |= track
    assert refused(document) == [pointer]


def test_overlays_and_sprites_are_refused_together_with_everything_else() -> None:
    overlay = {"id": "over", "kind": "overlay", "items": [{**still(5, 5), "id": "logo"}]}
    document = production([still(0, 30, ken_burns=VIEW)], ASSETS, overlay, output={"sprite": {"interval": 30}})
    assert refused(document) == ["/tracks/0/items/0/ken_burns", "/tracks/1", "/output/sprite"]


def refused(document: Raw) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        plan(document)
    assert all(fault.detail and fault.fix for fault in caught.value.faults)
    return [fault.pointer for fault in caught.value.faults]


def test_a_cut_between_items_that_touch_is_drawn() -> None:
    document = production([], ASSETS)
    document["tracks"][0] |= _two(still(0, 30), still(30, 30), "cut", 1)
    assert [shot.frames for shot in plan(document).shots] == [30, 30]
