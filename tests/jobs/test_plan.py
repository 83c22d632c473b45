"""Shots: how each is made, what its address depends on, and what is refused before anything is made."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest

from jobs.assemble.pictures.shots import Shot, ShotKind, Source
from jobs.assemble.plan import RenderPlan, plan_render
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


def test_of_a_house_clip_entered_between_keyframes_one_frame_is_encoded_for_the_rest_to_lean_on() -> None:
    found = shots(clip("c", "house", 10, 7, 40))
    assert outline(found) == [("still", 0, 10, 0), ("encode", 10, 1, 7), ("copy", 11, 39, 8)]
    assert [shot.hands_over for shot in found] == [False, True, False]
    assert [shot.is_entered for shot in found] == [False, False, True]
    assert [shot.keyframe for shot in found] == [0, 10, 10]


def test_a_house_clip_without_a_keyframe_in_its_range_is_entered_like_any() -> None:
    assert outline(shots(clip("c", "house", 0, 16, 10))) == [("encode", 0, 1, 16), ("copy", 1, 9, 17)]
    assert outline(shots(clip("c", "house", 0, 16, 1))) == [("encode", 0, 1, 16)]


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


def test_a_house_clip_is_encoded_under_burned_captions_alone_and_one_frame_behind_them() -> None:
    long = Source("sha256:house", frozenset(range(0, 300, 15)), 300)
    document = production([clip("c", "house", 0, 0, 300)], ASSETS, captions=burned((62, 40, "x"), (200, 20, "y")))
    found = plan(document, house=long).shots
    assert outline(found) == [
        ("copy", 0, 62, 0),
        ("encode", 62, 41, 62),
        ("copy", 103, 97, 103),
        ("encode", 200, 21, 200),
        ("copy", 221, 79, 221),
    ]
    assert [[(cue.start, cue.duration, cue.text) for cue in shot.cues] for shot in found] == [
        [], [(0, 40, "x")], [], [(0, 20, "y")], [],
    ]  # fmt: skip


def test_between_near_captions_nothing_is_copied_that_is_not_worth_its_seams() -> None:
    def between(first: int, second: int) -> list[tuple[str, int, int, int]]:
        cues = burned((2, first - 2, "x"), (second, 40 - second, "y"))
        return outline(shots(clip("c", "house", 0, 0, 40), captions=cues))

    assert between(22, 29) == [("encode", 0, 40, 0)]
    assert between(22, 30) == [("encode", 0, 23, 0), ("copy", 23, 7, 23), ("encode", 30, 10, 30)]
    assert between(15, 22) == [("encode", 0, 15, 0), ("copy", 15, 7, 15), ("encode", 22, 18, 22)]


def test_a_cue_over_several_shots_is_cut_to_each() -> None:
    parted = shots(still(0, 20), clip("c", "film", 20, 0, 40), captions=burned((10, 30, "x")))
    assert [[(cue.start, cue.duration) for cue in shot.cues] for shot in parted] == [[], [(0, 10)], [(0, 20)]]


def test_long_encodes_are_parted_on_a_grid_of_the_source() -> None:
    """So that an edit ahead of them, or at their head, leaves the later pieces as they were."""
    found = shots(clip("c", "film", 7, 100, 1000))
    assert [(shot.start, shot.frames, shot.source_start) for shot in found[1:]] == [
        (7, 200, 100), (207, 300, 300), (507, 300, 600), (807, 200, 900),
    ]  # fmt: skip
    trimmed = shots(clip("c", "film", 0, 150, 950))
    assert [shot.key for shot in trimmed[1:]] == [shot.key for shot in found[2:]]


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


def joined(first: Raw, second: Raw, kind: str, duration: int, **more: Any) -> tuple[Shot, ...]:
    document = production([], ASSETS, **more)
    document["tracks"][0] |= _two(first, second, kind, duration)
    return plan(document).shots


def test_a_transition_encodes_its_overlap_and_one_frame_behind_it_alone() -> None:
    found = joined(clip("a", "house", 0, 0, 30), clip("b", "house", 20, 0, 40), "dissolve", 10)
    assert outline(found) == [
        ("copy", 0, 20, 0),
        ("encode", 20, 10, 20),
        ("encode", 30, 1, 10),
        ("copy", 31, 29, 11),
    ]
    scene = found[1].scene
    assert scene.into is not None and scene.transition is not None
    assert (scene.into.item.id, scene.into.source_frame, scene.transition.type) == ("b", 0, "dissolve")


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
        return next(shot.key for shot in found if shot.scene.transition)

    assert key() == key(later=7)  # not by where it lies
    assert len({key(), key("wipe_up"), key(first=1), key(text="Hello")}) == 4


def refused(document: Raw) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        plan(document)
    assert all(fault.detail and fault.fix for fault in caught.value.faults)
    return [fault.pointer for fault in caught.value.faults]


def test_a_cut_between_items_that_touch_is_drawn() -> None:
    document = production([], ASSETS)
    document["tracks"][0] |= _two(still(0, 30), still(30, 30), "cut", 1)
    assert [shot.frames for shot in plan(document).shots] == [30, 30]


def over(*items: Raw, **more: Any) -> Raw:
    return {"id": "over", "kind": "overlay", "items": list(items), **more}


def logo(start: int, duration: int, **more: Any) -> Raw:
    return {**still(start, duration, **more), "id": f"logo{start}"}


def with_overlay(items: list[Raw], *overlays: Raw) -> tuple[Shot, ...]:
    return plan(production(items, ASSETS, *overlays)).shots


def test_an_overlay_parts_what_lies_under_it_and_leaves_the_rest_alone() -> None:
    found = with_overlay([clip("c", "house", 0, 0, 60)], over(logo(20, 15)))
    assert outline(found) == [("copy", 0, 20, 0), ("encode", 20, 15, 20), ("encode", 35, 1, 35), ("copy", 36, 24, 36)]
    assert [len(shot.layers) for shot in found] == [0, 1, 0, 0]


def test_a_held_picture_under_a_held_overlay_is_a_still() -> None:
    found = with_overlay([still(0, 60)], over(logo(10, 40, transform={"x": 0.9, "scale": 0.2}, fade_out=5)))
    assert outline(found) == [("still", 0, 10, 0), ("still", 10, 35, 0), ("encode", 45, 5, 0), ("still", 50, 10, 0)]


def test_an_overlays_keyframes_are_encoded_up_to_the_last_of_them() -> None:
    moving = {"keyframes": [{"frame": 0, "x": 0.1}, {"frame": 20, "x": 0.9}]}
    found = with_overlay([still(0, 60)], over(logo(10, 50, transform=moving)))
    assert outline(found) == [("still", 0, 10, 0), ("encode", 10, 20, 0), ("still", 30, 30, 0)]


def test_layers_are_told_from_below_up_and_where_they_are() -> None:
    upper = {"id": "upper", "kind": "overlay", "items": [{**clip("u", "film", 5, 30, 20)}]}
    found = with_overlay([still(0, 40)], over(logo(0, 15)), upper)
    middle = found[1]
    assert [scene.stretch.item.id for scene in middle.layers] == ["logo0", "u"]
    assert [(shot.start, shot.frames, [layer.stretch.source_frame for layer in shot.layers]) for shot in found] == [
        (0, 5, [0]), (5, 10, [0, 30]), (15, 10, [40]), (25, 15, []),
    ]  # fmt: skip


def test_an_overlay_within_a_transition_parts_it() -> None:
    document = production([], ASSETS, over(logo(25, 100)))
    document["tracks"][0] |= _two(still(0, 30), still(20, 30), "dissolve", 10)
    found = plan(document).shots
    assert [(shot.start, shot.frames, shot.scene.passed) for shot in found if shot.scene.transition] == [
        (20, 5, 0), (25, 5, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("speed", "frames", "last"),
    [({"num": 2}, 20, 48), ({"num": 1, "den": 2}, 80, 49), ({"num": 3, "den": 2}, 26, 47)],
)
def test_a_clip_at_another_speed_is_encoded(speed: Raw, frames: int, last: int) -> None:
    item = clip("c", "house", 0, 10, 40, speed=speed)
    (shot,) = shots(item)
    assert (shot.kind, shot.frames, shot.source_start) == (ShotKind.ENCODE, frames, 10)
    assert shot.scene.later(frames - 1).stretch.source_frame == last


@pytest.mark.parametrize(
    "change",
    [
        lambda i: i.update(speed={"num": 3, "den": 1}),
        lambda i: i.update(ken_burns={"start": {}, "end": {"width": 0.5}}),
        lambda i: i.update(ken_burns={"start": {}, "end": {"width": 0.4}}),
        lambda i: i.update(transform={"x": 0.4}),
        lambda i: i.update(transform={"opacity": 0.4}),
        lambda i: i.update(fade_in=10),
        lambda i: i.update(fade_out=10),
        lambda i: i.update(source_range={"start": 5, "duration": 40}),
        lambda i: i.update(fit="contain"),
    ],
)
def test_an_address_depends_on_all_that_an_overlay_shows(change: Any) -> None:
    item = {**clip("u", "film", 0, 4, 40, speed={"num": 2, "den": 1}), "transform": {"x": 0.3}}
    changed = copy.deepcopy(item)
    change(changed)
    one, other = (with_overlay([still(0, 20)], over(each))[0].key for each in (item, changed))
    assert one != other


def test_a_still_that_travels_is_addressed_by_where_it_is_and_how_long_it_travels() -> None:
    travel = {"ken_burns": {"start": {}, "end": {"width": 0.5}}}
    keys = {shots(still(0, length, **travel))[0].key for length in (20, 30)}
    keys |= {shot.key for shot in shots(still(0, 600, **travel))}
    assert len(keys) == 4
