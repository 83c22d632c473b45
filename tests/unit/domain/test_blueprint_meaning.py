"""What a shape cannot say: references, media, limits, and everything that is about time."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.blueprint import limits, parse_blueprint
from tests.unit.domain.blueprint_documents import GONE, changed, clip, codes, golden, refused, small, transition

ROW = "/tracks/0/items"


def row(*items: Any, transitions: Any = ()) -> Any:
    """The small blueprint with this video track and nothing else."""
    track = {"id": "video", "kind": "video", "items": list(items), "transitions": list(transitions)}
    return changed(small(), ("/tracks", [track]))


def still(name: str, start: int, duration: int) -> Any:
    return {"type": "still", "id": name, "asset": "photo", "timeline_start": start, "duration": duration}


def gap(name: str, start: int, duration: int) -> Any:
    return {"type": "gap", "id": name, "timeline_start": start, "duration": duration}


# References


def test_the_small_blueprint_is_right() -> None:
    assert parse_blueprint(small()).duration == 250


def test_items_name_declared_assets() -> None:
    document = changed(small(), (f"{ROW}/0/asset", "moov"), ("/tracks/1/items/0/asset", "sung"))
    faults = refused(document)
    assert [(fault.pointer, fault.code, fault.found) for fault in faults] == [
        (f"{ROW}/0/asset", "unknown-asset", "moov"),
        ("/tracks/1/items/0/asset", "unknown-asset", "sung"),
    ]


def test_assets_of_a_wrong_shape_do_not_make_their_names_unknown() -> None:
    assert codes(changed(small(), ("/assets", []))) == {"/assets": "dict-type"}
    assert codes(changed(small(), ("/assets/move", 5))) == {"/assets/move": "model-type"}
    assert codes(changed(small(), ("/assets", GONE))) == {
        f"{ROW}/0/asset": "unknown-asset",
        f"{ROW}/1/asset": "unknown-asset",
        "/tracks/1/items/0/asset": "unknown-asset",
    }


def test_every_track_and_item_has_an_id_of_its_own() -> None:
    assert codes(changed(small(), (f"{ROW}/1/id", "a"))) == {f"{ROW}/1/id": "duplicate-id"}
    assert codes(changed(small(), ("/tracks/1/items/0/id", "a"))) == {"/tracks/1/items/0/id": "duplicate-id"}
    assert codes(changed(small(), ("/tracks/1/id", "video"))) == {"/tracks/1/id": "duplicate-id"}
    assert codes(changed(small(), (f"{ROW}/0/id", "music"))) == {f"{ROW}/0/id": "duplicate-id"}


@pytest.mark.parametrize(("kind", "fine"), [("audio", True), ("video", False), ("overlay", False)])
def test_ducking_follows_another_audio_track(kind: str, fine: bool) -> None:
    ducked = {"id": "low", "kind": "audio", "ducking": {"trigger_track": "other"}}
    document = changed(small(), ("/tracks/2", ducked), ("/tracks/3", {"id": "other", "kind": kind, "items": []}))
    if fine:
        parse_blueprint(document)
    else:
        assert codes(document)["/tracks/2/ducking/trigger_track"] == "unknown-track"


@pytest.mark.parametrize("trigger", ["nobody", "music"])
def test_ducking_follows_neither_itself_nor_nobody(trigger: str) -> None:
    document = changed(small(), ("/tracks/1/ducking", {"trigger_track": trigger}))
    assert codes(document) == {"/tracks/1/ducking/trigger_track": "unknown-track"}


# Tracks and media


def test_there_is_one_video_track_and_it_holds_something() -> None:
    assert codes(changed(small(), ("/tracks/0/kind", "overlay"))) == {"/tracks": "no-video"}
    assert codes(changed(small(), ("/tracks/2", {"id": "v2", "kind": "video"}))) == {"/tracks/2/kind": "second-video"}
    assert codes(changed(small(), (ROW, []))) == {ROW: "no-video"}
    assert codes(changed(small(), (ROW, GONE))) == {ROW: "no-video"}


def test_the_first_video_track_is_the_first_one_wherever_it_stands() -> None:
    overlay = {"id": "over", "kind": "overlay"}
    tracks = small()["tracks"]
    parse_blueprint(changed(small(), ("/tracks", [overlay, *reversed(tracks)])))
    assert codes(changed(small(), ("/tracks", [5, *tracks]))) == {"/tracks/0": "model-type"}


def test_a_misspelt_kind_is_not_told_as_a_missing_video_track() -> None:
    assert codes(changed(small(), ("/tracks/0/kind", "vidoe"))) == {"/tracks/0/kind": "enum"}


@pytest.mark.parametrize(
    ("item", "asset", "track", "fine"),
    [
        ("clip", "video/mp4", "video", True),
        ("clip", "video/mp4", "overlay", True),
        ("clip", "video/mp4", "audio", True),
        ("clip", "audio/wav", "audio", True),
        ("clip", "audio/wav", "video", False),
        ("clip", "image/png", "video", False),
        ("clip", "image/png", "audio", False),
        ("still", "image/png", "video", True),
        ("still", "image/png", "overlay", True),
        ("still", "video/mp4", "video", False),
        ("still", "audio/wav", "overlay", False),
    ],
)
def test_items_play_what_their_track_can(item: str, asset: str, track: str, fine: bool) -> None:
    played = changed(clip("x", 0, 10, "it") if item == "clip" else still("x", 0, 10), ("/asset", "it"))
    other = {"id": "other", "kind": "overlay" if track == "video" else track, "items": [played]}
    tracks = [{**other, "kind": "video"}] if track == "video" else [*small()["tracks"], other]
    asset_of_it = {"uri": "media://it", "media_type": asset}
    document = changed(small(), ("/assets/it", asset_of_it), ("/tracks", tracks))
    place = f"/tracks/{len(tracks) - 1}/items/0/asset"
    if fine:
        parse_blueprint(document)
    else:
        (fault,) = refused(document)
        assert (fault.pointer, fault.code, fault.found) == (place, "wrong-media", asset)


@pytest.mark.parametrize(
    "item",
    [still("x", 0, 10), {**gap("x", 0, 10), "type": "generator", "generator": {"kind": "colour", "colour": "#000000"}}],
)
def test_a_picture_lies_on_no_audio_track(item: Any) -> None:
    document = changed(small(), ("/tracks/1/items", [item]))
    assert codes(document) == {"/tracks/1/items/0/type": "wrong-track"}


# Where bytes come from and go to


@pytest.mark.parametrize(
    "path", ["../a", "a/../b", "a/..", "..", ".", "./a", "a/./b", "a//b", "/a", "a/", "//a", "a/../../etc/passwd"]
)
@pytest.mark.parametrize("scheme", ["media://", "uploads://", "gs://bucket/", "s3://bucket/"])
def test_no_path_leads_out_of_its_bucket(scheme: str, path: str) -> None:
    document = changed(small(), ("/output/uri", scheme + path), ("/assets/move/uri", scheme + path))
    faults = refused(document)
    assert [(fault.pointer, fault.code, fault.found) for fault in faults] == [
        ("/output/uri", "unsafe-path", scheme + path),
        ("/assets/move/uri", "unsafe-path", scheme + path),
    ]


@pytest.mark.parametrize("path", ["..a", "a..", "...", "a/.b", "%2e%2e/a", "~", "-rf", "a:b", "|a"])
def test_names_that_only_look_odd_are_names(path: str) -> None:
    parse_blueprint(changed(small(), ("/assets/move/uri", f"media://{path}")))


# Limits


@pytest.mark.parametrize(
    ("num", "den", "fine"),
    [
        (1, 1, True),
        (120, 1, True),
        (60_000, 1001, True),
        (240, 2, True),
        (1, 2, False),
        (121, 1, False),
        (240_001, 2000, False),
    ],
)
def test_a_frame_rate_lies_between_1_and_120(num: int, den: int, fine: bool) -> None:
    document = changed(small(), ("/output/frame_rate", {"num": num, "den": den}))
    if fine:
        parse_blueprint(document)
    else:
        assert codes(document) == {"/output/frame_rate": "out-of-range"}


@pytest.mark.parametrize("rate", [{"num": 0}, {"num": 30_000, "den": "1001"}, {"num": 30, "den": 0}, {"den": 1}, 30])
def test_a_malformed_frame_rate_is_told_once(rate: Any) -> None:
    assert len(refused(changed(small(), ("/output/frame_rate", rate)))) == 1


def test_items_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.MAX_ITEMS == 20_000
    monkeypatch.setattr("shared.domain.blueprint.check.MAX_ITEMS", 3)
    parse_blueprint(small())
    monkeypatch.setattr("shared.domain.blueprint.check.MAX_ITEMS", 2)
    (fault,) = refused(small())
    assert (fault.pointer, fault.code, fault.found) == ("/tracks", "too-many", "3")


def test_cues_are_counted_by_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.MAX_CUES == 100_000
    cues = [{"start": n, "duration": 1, "text": "x"} for n in range(3)]
    document = changed(small(), ("/captions", {"languages": {"en": cues, "es": cues[:2]}}))
    monkeypatch.setattr("shared.domain.blueprint.check.MAX_CUES", 3)
    parse_blueprint(document)
    monkeypatch.setattr("shared.domain.blueprint.check.MAX_CUES", 2)
    (fault,) = refused(document)
    assert (fault.pointer, fault.code, fault.found) == ("/captions/languages/en", "too-many", "a list of 3")


def test_a_production_lasts_at_most_twelve_hours() -> None:
    frames = 12 * 3600 * 25
    parse_blueprint(row(still("a", 0, frames)))
    (fault,) = refused(row(still("a", 0, frames + 1)))
    assert (fault.pointer, fault.code, fault.found) == ("/tracks", "too-long", str(frames + 1))
    assert fault.detail == "a production lasts at most 12 hours"
    assert codes(row(still("a", 2**40, 2**40))) == {"/tracks": "too-long"}
    assert limits.MAX_SECONDS == 43_200


# Order and overlaps


def test_items_follow_each_other_with_or_without_a_hole() -> None:
    parse_blueprint(row(still("a", 0, 10), still("b", 10, 10), gap("c", 20, 5), still("d", 40, 10)))


@pytest.mark.parametrize("start", [0, 5, 9])
def test_items_do_not_overlap_without_a_transition(start: int) -> None:
    (fault,) = refused(row(still("a", 0, 10), still("b", start, 20)))
    assert (fault.pointer, fault.code, fault.found) == (f"{ROW}/1/timeline_start", "overlap", str(start))
    assert "10" in fault.detail and "transition" in fault.fix


def test_items_out_of_order_overlap() -> None:
    assert codes(row(still("a", 50, 10), still("b", 0, 10))) == {f"{ROW}/1/timeline_start": "overlap"}


def test_tracks_do_not_mind_each_other() -> None:
    document = changed(small(), ("/tracks/2", {"id": "over", "kind": "overlay", "items": [still("o", 3, 200)]}))
    parse_blueprint(document)


def test_overlaps_are_found_on_every_kind_of_track() -> None:
    document = changed(small(), ("/tracks/1/items/1", clip("t", 479_999, 10, "song")))
    assert codes(document) == {"/tracks/1/items/1/timeline_start": "overlap"}


@pytest.mark.parametrize("kind", ["fade", "dissolve", "wipe_left", "slide_right", "dip_to_colour"])
def test_a_transition_is_an_overlap_of_its_very_length(kind: str) -> None:
    def joined(start: int) -> Any:
        return row(still("a", 0, 30), still("b", start, 30), transitions=[transition("a", "b", 10, kind)])

    parse_blueprint(joined(20))
    for start, overlap in ((19, 11), (21, 9), (30, 0), (31, -1)):
        (fault,) = refused(joined(start))
        assert (fault.pointer, fault.code, fault.found) == ("/tracks/0/transitions/0/duration", "wrong-overlap", "10")
        assert f"overlap by {overlap}," in fault.detail


def test_a_cut_lets_nothing_overlap() -> None:
    cut = [transition("a", "b", 10, "cut")]
    parse_blueprint(row(still("a", 0, 30), still("b", 30, 5), transitions=cut))
    overlapping = row(still("a", 0, 30), still("b", 20, 30), transitions=cut)
    assert codes(overlapping) == {f"{ROW}/1/timeline_start": "overlap"}


@pytest.mark.parametrize(("first", "second"), [(9, 30), (30, 9)])
def test_a_transition_is_no_longer_than_either_item(first: int, second: int) -> None:
    document = row(still("a", 0, first), still("b", max(0, first - 10), second), transitions=[transition("a", "b", 10)])
    assert codes(document) == {"/tracks/0/transitions/0/duration": "too-long"}


def test_a_transition_may_take_an_item_whole() -> None:
    parse_blueprint(row(still("a", 0, 10), still("b", 0, 30), transitions=[transition("a", "b", 10)]))


def test_never_three_items_at_once() -> None:
    """Each transition is right by itself; together they are longer than the item between them."""
    joined = [transition("a", "b", 20), transition("b", "c", 20)]
    parse_blueprint(row(still("a", 0, 100), still("b", 80, 40), still("c", 100, 50), transitions=joined))
    document = row(still("a", 0, 100), still("b", 80, 39), still("c", 99, 50), transitions=joined)
    (fault,) = refused(document)
    assert (fault.pointer, fault.code) == (f"{ROW}/2/timeline_start", "overlap")
    assert "up to 100" in fault.detail


def test_an_item_inside_another_is_no_way_around_it() -> None:
    document = row(still("a", 0, 100), still("b", 50, 50), still("c", 60, 40), transitions=[transition("a", "b", 50)])
    assert codes(document) == {f"{ROW}/2/timeline_start": "overlap"}


@pytest.mark.parametrize(
    ("first", "second"), [("a", "c"), ("b", "a"), ("a", "a"), ("a", "nobody"), ("nobody", "b"), ("s", "b")]
)
def test_a_transition_joins_neighbours_of_its_track(first: str, second: str) -> None:
    document = row(
        still("a", 0, 10), still("b", 10, 10), still("c", 20, 10), transitions=[transition(first, second, 5)]
    )
    (fault,) = refused(document)
    assert (fault.pointer, fault.code) == ("/tracks/0/transitions/0", "not-neighbours")
    assert fault.found == f"{first} -> {second}"


def test_two_items_have_one_transition() -> None:
    twice = [transition("a", "b", 10), transition("a", "b", 10, "fade")]
    document = row(still("a", 0, 30), still("b", 20, 30), transitions=twice)
    assert codes(document) == {"/tracks/0/transitions/1": "duplicate-transition"}


def test_a_transition_without_a_length_is_told_once() -> None:
    broken = [transition("a", "b", 10) | {"duration": "ten"}]
    document = row(still("a", 0, 30), still("b", 20, 30), transitions=broken)
    assert codes(document) == {"/tracks/0/transitions/0/duration": "int-type"}


def test_a_clip_takes_the_time_it_takes_at_its_speed() -> None:
    fast = clip("a", 0, 100) | {"speed": {"num": 2}}
    parse_blueprint(row(fast, still("b", 50, 10)))
    assert codes(row(fast, still("b", 49, 10))) == {f"{ROW}/1/timeline_start": "overlap"}
    slow = clip("a", 0, 100) | {"speed": {"num": 2, "den": 3}}
    parse_blueprint(row(slow, still("b", 150, 10)))
    assert codes(row(slow, still("b", 149, 10))) == {f"{ROW}/1/timeline_start": "overlap"}
    uneven = clip("a", 0, 101) | {"speed": {"num": 2}}
    parse_blueprint(row(uneven, still("b", 50, 10)))


@pytest.mark.parametrize("speed", [{"num": 0}, {"num": "2"}, {"num": 2, "den": 0}, {"den": 2}, None, 2])
def test_a_clip_of_unknown_length_overlaps_nothing(speed: Any) -> None:
    document = row(clip("a", 0, 100) | {"speed": speed}, still("b", 5, 10))
    assert all(fault.pointer.startswith(f"{ROW}/0/speed") for fault in refused(document))


def test_after_an_item_of_unknown_place_the_order_begins_anew() -> None:
    document = row(
        still("a", 0, 50), still("b", 50, 10) | {"timeline_start": "50"}, still("c", 0, 10), still("d", 9, 5)
    )
    assert codes(document) == {f"{ROW}/1/timeline_start": "int-type", f"{ROW}/3/timeline_start": "overlap"}


# Ranges and sources


def probed(**probe: Any) -> Any:
    return changed(row(clip("a", 0, 100, first=20)), ("/assets/move/probe", probe))


@pytest.mark.parametrize(
    ("frames", "rate", "fine"),
    [
        (120, {"num": 25}, True),
        (119, {"num": 25}, False),
        (240, {"num": 50}, True),
        (239, {"num": 50}, False),
        (144, {"num": 30}, True),
        (143, {"num": 30}, False),
        (144, {"num": 30_000, "den": 1001}, True),
        (143, {"num": 30_000, "den": 1001}, False),
    ],
)
def test_a_clip_lies_inside_its_video_at_the_rate_of_the_output(frames: int, rate: Any, fine: bool) -> None:
    document = probed(frames=frames, frame_rate=rate)
    if fine:
        parse_blueprint(document)
    else:
        (fault,) = refused(document)
        assert (fault.pointer, fault.code, fault.found) == (f"{ROW}/0/source_range", "beyond-source", "20+100")
        assert "ends at 120, the asset at 119" in fault.detail


@pytest.mark.parametrize("probe", [{}, {"frames": 10}, {"frame_rate": {"num": 25}}, {"samples": 1, "sample_rate": 1}])
def test_what_was_not_measured_is_not_held_against_a_clip(probe: Any) -> None:
    parse_blueprint(probed(**probe))


@pytest.mark.parametrize(
    ("samples", "rate", "output_rate", "fine"),
    [
        (480_000, 48_000, 48_000, True),
        (479_999, 48_000, 48_000, False),
        (160_000, 16_000, 48_000, True),
        (159_999, 16_000, 48_000, False),
        (522_448, 48_000, 44_100, True),  # 479,999.1 samples: the last begun one sounds
        (522_447, 48_000, 44_100, False),
        (441_000, 44_100, 48_000, True),
        (440_999, 44_100, 48_000, False),
    ],
)
def test_a_clip_lies_inside_its_sound_at_the_rate_of_the_output(
    samples: int, rate: int, output_rate: int, fine: bool
) -> None:
    probe = {"samples": samples, "sample_rate": rate}
    document = changed(small(), ("/assets/song/probe", probe), ("/output/sample_rate", output_rate))
    if fine:
        parse_blueprint(document)
    else:
        assert codes(document) == {"/tracks/1/items/0/source_range": "beyond-source"}


def test_without_a_rate_of_its_own_the_output_has_48000_samples_a_second() -> None:
    probe = {"samples": 479_998, "sample_rate": 48_000}
    assert codes(changed(small(), ("/assets/song/probe", probe))) == {"/tracks/1/items/0/source_range": "beyond-source"}
    wrong = changed(small(), ("/assets/song/probe", probe), ("/output/sample_rate", "44100"))
    assert codes(wrong) == {"/output/sample_rate": "literal-error"}


def test_the_sound_of_a_video_is_measured_in_samples() -> None:
    probe = {"frames": 1, "frame_rate": {"num": 25}, "samples": 480_000, "sample_rate": 48_000}
    document = changed(small(), ("/assets/song/media_type", "video/mp4"), ("/assets/song/probe", probe))
    parse_blueprint(document)


# Inside items


@pytest.mark.parametrize("name", ["fade_in", "fade_out"])
def test_a_fade_is_no_longer_than_its_item(name: str) -> None:
    parse_blueprint(row(still("a", 0, 30) | {name: 30}))
    assert codes(row(still("a", 0, 30) | {name: 31})) == {f"{ROW}/0/{name}": "too-long"}
    fast = clip("a", 0, 60) | {"speed": {"num": 2}, name: 31}
    assert codes(row(fast)) == {f"{ROW}/0/{name}": "too-long"}


@pytest.mark.parametrize(
    ("frames", "wrong"),
    [([0, 10, 30], []), ([30], []), ([31], [0]), ([10, 10], [1]), ([20, 10, 15], [1, 2]), ([5, "x", 5], [2])],
)
def test_keyframes_rise_within_their_item(frames: list[Any], wrong: list[int]) -> None:
    keyframes = [{"frame": frame, "x": 0.5} for frame in frames]
    document = row(still("a", 0, 30) | {"transform": {"keyframes": keyframes}})
    places = [f"{ROW}/0/transform/keyframes/{n}/frame" for n in wrong]
    if wrong:
        assert [fault.pointer for fault in refused(document) if fault.code == "out-of-order"] == places
    else:
        parse_blueprint(document)


# Captions


def cue(start: int, duration: int) -> Any:
    return {"start": start, "duration": duration, "text": "x"}


def captioned(*cues: Any, **captions: Any) -> Any:
    return changed(small(), ("/captions", {"languages": {"en": list(cues)}, **captions}))


def test_cues_follow_each_other() -> None:
    parse_blueprint(captioned(cue(0, 10), cue(10, 10), cue(30, 220)))
    document = captioned(cue(0, 100), cue(99, 10), cue(50, 10), cue(100, 10), cue(105, 1))
    faults = refused(document)
    assert [(fault.pointer.rpartition("en/")[2], fault.code, fault.found) for fault in faults] == [
        ("1/start", "overlap", "99"),
        ("2/start", "overlap", "50"),
        ("3/start", "overlap", "100"),
        ("4/start", "overlap", "105"),
    ]
    assert "ends at 109" in faults[2].detail


def test_languages_do_not_mind_each_other() -> None:
    document = changed(captioned(cue(0, 100)), ("/captions/languages/es", [cue(50, 100)]))
    parse_blueprint(document)


def test_cues_end_with_the_video() -> None:
    parse_blueprint(captioned(cue(249, 1)))
    (fault,) = refused(captioned(cue(249, 2)))
    assert (fault.pointer, fault.code, fault.found) == ("/captions/languages/en/0/duration", "beyond-end", "2")
    assert fault.detail == "the video ends at 250, this at 251"
    assert codes(captioned(cue(250, 1))) == {"/captions/languages/en/0/start": "beyond-end"}


@pytest.mark.parametrize("mode", ["soft", "burned", "both", "none"])
@pytest.mark.parametrize("language", ["en", "es", None])
def test_the_language_burned_in_is_there(mode: str, language: str | None) -> None:
    document = captioned(cue(0, 10), mode=mode, burn_language=language)
    is_needed = mode in ("burned", "both")
    if language == "en" or (language is None and not is_needed):
        parse_blueprint(document)
    else:
        (fault,) = refused(document)
        assert (fault.pointer, fault.code) == ("/captions/burn_language", "unknown-language")
        assert fault.found == (language or "null")


def test_burned_captions_need_languages_at_all() -> None:
    assert codes(changed(small(), ("/captions", {"mode": "burned"}))) == {"/captions/burn_language": "unknown-language"}
    broken = changed(small(), ("/captions", {"mode": "burned", "burn_language": "en", "languages": []}))
    assert codes(broken) == {"/captions/languages": "dict-type"}


# The end of the video


@pytest.mark.parametrize(("frame", "fine"), [(0, True), (249, True), (250, False), (2**40, False)])
def test_the_poster_is_a_frame_of_the_video(frame: int, fine: bool) -> None:
    document = changed(small(), ("/output/poster", {"frame": frame}))
    if fine:
        parse_blueprint(document)
    else:
        (fault,) = refused(document)
        assert (fault.pointer, fault.code, fault.found) == ("/output/poster/frame", "beyond-end", str(frame))
        assert "250 frames" in fault.detail


@pytest.mark.parametrize(
    ("start", "duration", "place"),
    [(0, 0, ""), (249, 0, ""), (249, 1, ""), (0, 250, ""), (250, 0, "start"), (300, 5, "start"), (249, 2, "duration")],
)
def test_markers_lie_inside_the_video(start: int, duration: int, place: str) -> None:
    document = changed(small(), ("/markers", [{"kind": "chapter", "start": start, "duration": duration}]))
    if place:
        assert codes(document) == {f"/markers/0/{place}": "beyond-end"}
    else:
        parse_blueprint(document)


def test_a_marker_without_a_length_has_none() -> None:
    parse_blueprint(changed(small(), ("/markers", [{"kind": "beat", "start": 249}])))
    assert codes(changed(small(), ("/markers", [{"kind": "beat", "start": 250}]))) == {"/markers/0/start": "beyond-end"}


def test_the_end_is_that_of_the_video_track_only() -> None:
    over = {"id": "over", "kind": "overlay", "items": [still("o", 0, 900)]}
    document = changed(small(), ("/tracks/2", over), ("/output/poster", {"frame": 300}))
    assert codes(document) == {"/output/poster/frame": "beyond-end"}


def test_where_the_end_is_not_known_nothing_lies_beyond_it() -> None:
    document = changed(small(), (f"{ROW}/0/timeline_start", "0"), ("/output/poster", {"frame": 9999}))
    assert codes(document) == {f"{ROW}/0/timeline_start": "int-type"}


def test_the_golden_files_are_right() -> None:
    for name in ("1.0-narration", "1.0-everything"):
        parse_blueprint(golden(name))
