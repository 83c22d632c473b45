"""The document outlives the code: golden files of every version, and the way from 0.9 to 1.0."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.flat import Flat
from shared.domain.blueprint.limits import MAX_ITEMS
from shared.domain.blueprint.reference import json_schema
from tests.unit.domain.blueprint_documents import GOLDEN, GONE, changed, codes, golden, refused

ALL = sorted(path.name.removeprefix("blueprint-").removesuffix(".json") for path in GOLDEN.glob("blueprint-*.json"))


def flat(*changes: tuple[str, Any]) -> Any:
    document = {
        "task_id": "dance",
        "song": {"audio_path": "song.mp3"},
        "moves_used": [move(0, 2), move(2, 4, "turn")],
        "video_output": {"path": "out/dance.mp4"},
    }
    return changed(document, *changes)


def move(start: Any, end: Any, name: str = "basic") -> Any:
    return {"move_id": name, "video_path": f"clips/{name}.mp4", "start": start, "end": end}


def stretches(*moves: Any) -> list[tuple[int, int]]:
    """Where moves come to lie: first frame and the frame after the last."""
    row = parse_blueprint(flat(("/moves_used", list(moves)))).tracks[0].items
    return [(item.timeline_start, item.timeline_start + item.span) for item in row]


# Golden files


@pytest.mark.parametrize("name", ["1.0-narration", "1.0-everything"])
def test_a_golden_file_says_what_it_said(name: str) -> None:
    blueprint = parse_blueprint((GOLDEN / f"blueprint-{name}.json").read_bytes())
    assert blueprint.model_dump(mode="json", by_alias=True, exclude_unset=True) == golden(name)


def test_an_earlier_version_becomes_what_it_became() -> None:
    upgraded = parse_blueprint((GOLDEN / "blueprint-0.9-choreography.json").read_bytes())
    expected = golden("0.9-choreography.upgraded")
    assert upgraded.model_dump(mode="json", by_alias=True, exclude_unset=True) == expected
    assert parse_blueprint(expected) == upgraded


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_is_read_back_the_same(name: str) -> None:
    blueprint = parse_blueprint(golden(name))
    assert parse_blueprint(blueprint.model_dump(mode="json", by_alias=True)) == blueprint
    assert parse_blueprint(blueprint.model_dump_json(by_alias=True)) == blueprint


def test_there_is_a_golden_file_of_every_version() -> None:
    assert {name.partition("-")[0] for name in ALL} == {"0.9", "1.0"}


def test_one_golden_file_uses_the_whole_vocabulary() -> None:
    """Every field of every object, and every value of every choice."""
    schema = json_schema()
    used: set[str] = set()
    collect(golden("1.0-everything"), schema, "Blueprint", schema["$defs"], used)
    wanted = {f"{name}.{field}" for name, body in bodies(schema) for field in body.get("properties", {})}
    wanted |= {f"{name}={value}" for name, body in bodies(schema) for value in body.get("enum", ())}
    missing = wanted - used - {f"{name}={value}" for name, value in ONLY_ONE_EACH}
    assert missing == set()


# A document is of one kind, has one profile and one way of captions.
ONLY_ONE_EACH = [
    *(("ProductionKind", kind) for kind in ("narration", "presenter", "live")),
    *(("Profile", profile) for profile in ("preview", "standard")),
    *(("CaptionMode", mode) for mode in ("soft", "burned", "none")),
]


def bodies(schema: Any) -> list[tuple[str, Any]]:
    return [("Blueprint", schema), *schema["$defs"].items()]


def collect(value: Any, body: Any, name: str, definitions: Any, used: set[str]) -> None:
    """Walk a document along its schema and note the fields and choices that it uses."""
    if "$ref" in body:
        name = body["$ref"].rpartition("/")[2]
        body = definitions[name]
    used.add(f"{name}={value}" if "enum" in body else name)
    if "discriminator" in body:
        tag = body["discriminator"]["propertyName"]
        collect(value, {"$ref": body["discriminator"]["mapping"][value[tag]]}, name, definitions, used)
    for choice in body.get("anyOf", ()) if value is not None else ():
        if "$ref" in choice:
            collect(value, choice, name, definitions, used)
    if isinstance(value, list):
        for child in value:
            collect(child, body.get("items", {}), name, definitions, used)
    if isinstance(value, dict):
        patterns = list(body.get("patternProperties", {}).values())
        for field, child in value.items():
            inner = body.get("properties", {}).get(field)
            used.add(f"{name}.{field}")
            collect(child, inner or (patterns[0] if patterns else {}), name, definitions, used)


# Which version


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("2.0", "2.0"),
        ("0.8", "0.8"),
        ("", ""),
        ("1", "1"),
        (None, "null"),
        (1, "1"),
        ([], "a list of 0"),
        (True, "true"),
    ],
)
def test_an_unknown_version_is_told_at_once_and_alone(version: Any, found: str) -> None:
    document = changed(golden("1.0-narration"), ("/schema_version", version), ("/kind", "unheard-of"))
    (fault,) = refused(document)
    assert (fault.pointer, fault.code, fault.found) == ("/schema_version", "unknown-version", found)
    assert "0.9, 1.0" in fault.detail


def test_a_version_is_text() -> None:
    assert codes(changed(golden("1.0-narration"), ("/schema_version", 1.0))) == {"/schema_version": "literal-error"}


@pytest.mark.parametrize("field", ["song", "moves_used", "video_output"])
def test_a_flat_document_need_not_name_its_version(field: str) -> None:
    faults = codes({field: flat()[field]})
    assert faults == {
        f"/{name}": "missing" for name in ("task_id", "song", "moves_used", "video_output") if name != field
    }


def test_a_flat_document_may_name_its_version() -> None:
    assert parse_blueprint({**flat(), "schema_version": "0.9"}) == parse_blueprint(flat())


def test_a_document_without_a_version_and_flat_fields_is_of_this_version() -> None:
    assert codes(changed(golden("1.0-narration"), ("/schema_version", GONE))) == {"/schema_version": "missing"}


# Seconds to frames


@pytest.mark.parametrize(
    ("seconds", "frame"),
    [
        (0.1, 3),
        (1 / 30, 1),
        (0.3, 9),
        (2 / 3, 20),
        (1.016, 30),
        (1.017, 31),
        (1.05, 32),  # 31.5: halves go up
        (4.35, 131),  # 130.5, which is 130.49999999999997 in binary
        (1.0166666666666666, 30),
        (7, 210),
        (43_200, 1_296_000),
    ],
)
def test_seconds_become_the_nearest_frame(seconds: float, frame: int) -> None:
    assert stretches(move(0, seconds)) == [(0, frame)]


def test_a_chain_of_decimal_seconds_leaves_no_holes() -> None:
    """Ends and starts that are written alike become the same frame, wherever they round to."""
    cuts = [round(n * 60 / 128.3, 3) for n in range(0, 160, 4)]
    found = stretches(*(move(start, end) for start, end in pairwise(cuts)))
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]


@pytest.mark.parametrize(
    ("end", "start", "expected"),
    [
        (1.0, 1.0, [(0, 30), (30, 90)]),
        (1.016, 1.017, [(0, 31), (31, 90)]),  # rounding alone would leave a black frame
        (1.0, 1.04, [(0, 31), (31, 90)]),
        (1.0, 1.06, [(0, 30), (32, 90)]),  # two frames are no rounding: a gap is black
        (1.017, 1.016, [(0, 30), (30, 90)]),
        (1.0, 0.97, [(0, 29), (29, 90)]),
    ],
)
def test_what_rounding_leaves_between_moves_is_closed(
    end: float, start: float, expected: list[tuple[int, int]]
) -> None:
    assert stretches(move(0, end), move(start, 3, "turn")) == expected


def test_moves_that_overlap_are_refused_with_the_fields_of_their_own_version() -> None:
    document = flat(("/moves_used", [move(2, 3, "turn"), move(0, 2.07), move(3, 10), move(4, 5), move(9, 12)]))
    faults = refused(document)
    assert [(fault.pointer, fault.code, fault.found) for fault in faults] == [
        ("/moves_used/0/start", "overlap", "2"),
        ("/moves_used/3/start", "overlap", "4"),
        ("/moves_used/4/start", "overlap", "9"),
    ]
    assert "/moves_used/1 lasts until 2.07 s" in faults[0].detail
    assert "/moves_used/2 lasts until 10 s" in faults[2].detail


def test_moves_that_start_together_overlap_even_by_a_frame() -> None:
    document = flat(("/moves_used", [move(0, 0.033), move(0, 2)]))
    assert codes(document) == {"/moves_used/1/start": "overlap"}


def test_a_move_of_one_frame_keeps_it_between_two_that_are_a_frame_off() -> None:
    assert stretches(move(0, 1), move(0.97, 1), move(1, 2)) == [(0, 29), (29, 30), (30, 60)]
    document = flat(("/moves_used", [move(0, 1), move(0.97, 1), move(0.97, 2)]))
    assert codes(document) == {"/moves_used/2/start": "overlap"}


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (1, 1.016), (0, 0)])
def test_a_move_lasts_a_frame_at_least(start: float, end: float) -> None:
    document = flat(("/moves_used", [move(start, end), move(5, 6)]))
    (fault,) = refused(document)
    assert (fault.pointer, fault.code, fault.found) == ("/moves_used/0/end", "too-short", str(end))
    assert stretches(move(1, 1.017)) == [(30, 31)]


def test_moves_are_sorted_by_time() -> None:
    assert stretches(move(4, 6), move(0, 2), move(2, 4)) == [(0, 60), (60, 120), (120, 180)]


def test_markers_follow_the_moves() -> None:
    markers = parse_blueprint(flat(("/moves_used", [move(2, 4, "turn"), move(0.5, 2)]))).markers
    assert [(marker.kind, marker.start, marker.label) for marker in markers] == [
        ("move", 15, "basic"),
        ("move", 60, "turn"),
    ]


def test_the_song_plays_from_its_beginning_to_the_end_of_the_last_move() -> None:
    blueprint = parse_blueprint(flat(("/moves_used", [move(1, 3.333)])))
    (song,) = blueprint.tracks[1].items
    assert (song.timeline_start, song.span) == (0, 100 * 1600)
    assert (blueprint.duration, blueprint.output.sample_rate) == (100, 48_000)


# Paths and media


PATHS = ["/moves_used/1/video_path", "/song/audio_path", "/video_output/path"]


@pytest.mark.parametrize("place", PATHS)
@pytest.mark.parametrize(
    "path",
    [
        *("/srv/clips/a.mp4", "../a.mp4", "clips/../../a.mp4", "./a.mp4", "clips//a.mp4", "a/..", "C:\\clips\\a.mp4"),
        *("file:///etc/passwd.mp4", "https://host/a.mp4", "concat://a.mp4", "media:///a.mp4", "media://../a.mp4"),
        *("gs://a.mp4", "s3://bucket/../a.mp4", "my clips/a.mp4", "a.mp4\n", "a\x00.mp4", "a.mp4?x=1", "", "media://"),
    ],
)
def test_an_unsafe_path_is_refused_at_its_field(place: str, path: str) -> None:
    (fault,) = refused(flat((place, path)))
    assert (fault.pointer, fault.code, fault.found) == (place, "unsafe-path", path)
    assert fault.fix == "Name the object by its whole key."


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("clips/a.mp4", "media://clips/a.mp4"),
        ("a.mp4", "media://a.mp4"),
        ("media://a.mp4", "media://a.mp4"),
        ("uploads://u/é.mp4", "uploads://u/é.mp4"),
        ("gs://bucket/a.mp4", "gs://bucket/a.mp4"),
        ("s3://bucket/a/b.mp4", "s3://bucket/a/b.mp4"),
    ],
)
def test_a_path_is_a_key_of_the_media_bucket_or_a_whole_uri(path: str, uri: str) -> None:
    blueprint = parse_blueprint(flat(*((place, path) for place in PATHS)))
    assert {blueprint.assets["clip-2"].uri, blueprint.assets["song"].uri, blueprint.output.uri} == {uri}


VIDEO = {"mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm"}
SOUND = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
}


@pytest.mark.parametrize(("suffix", "media_type"), VIDEO.items())
def test_a_clip_is_of_the_type_its_suffix_says(suffix: str, media_type: str) -> None:
    for name in (f"a.{suffix}", f"A.{suffix.upper()}", f"a.b.{suffix}"):
        assert parse_blueprint(flat(("/moves_used/0/video_path", name))).assets["clip-1"].media_type == media_type


@pytest.mark.parametrize(("suffix", "media_type"), (SOUND | VIDEO).items())
def test_a_song_is_of_the_type_its_suffix_says(suffix: str, media_type: str) -> None:
    for name in (f"a.{suffix}", f"A.{suffix.upper()}"):
        assert parse_blueprint(flat(("/song/audio_path", name))).assets["song"].media_type == media_type


@pytest.mark.parametrize(
    "name", ["a", "mp4", "a.", "a.avi", "a.mp4/clip", "a.txt", "a.svg", *(f"a.{s}" for s in SOUND)]
)
def test_a_clip_that_is_no_video_by_its_suffix_is_refused(name: str) -> None:
    (fault,) = refused(flat(("/moves_used/1/video_path", name)))
    assert (fault.pointer, fault.code, fault.found) == ("/moves_used/1/video_path", "unknown-media", name)
    assert "mp4, m4v, mov, webm" in fault.detail


@pytest.mark.parametrize("name", ["a", "wav", "a.mid", "a.mp3.exe", "a.m3u8"])
def test_a_song_that_is_no_sound_by_its_suffix_is_refused(name: str) -> None:
    assert codes(flat(("/song/audio_path", name))) == {"/song/audio_path": "unknown-media"}


def test_a_clip_used_twice_is_one_asset() -> None:
    blueprint = parse_blueprint(flat(("/moves_used", [move(0, 1), move(1, 2, "turn"), move(2, 3)])))
    assert [item.asset for item in blueprint.tracks[0].items if item.type == "clip"] == ["clip-1", "clip-2", "clip-1"]
    assert list(blueprint.assets) == ["clip-1", "clip-2", "song"]


# The output


def test_the_output_has_a_size_of_its_own_or_720p() -> None:
    plain = parse_blueprint(flat()).output
    assert (plain.width, plain.height) == (1280, 720)
    assert (plain.frame_rate.num, plain.frame_rate.den) == (30, 1)
    sized = parse_blueprint(flat(("/video_output/width", 1080), ("/video_output/height", 1920))).output
    assert (sized.width, sized.height) == (1080, 1920)


@pytest.mark.parametrize("side", ["width", "height"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (721, "multiple-of"),
        (14, "greater-than-equal"),
        (4098, "less-than-equal"),
        ("720", "int-type"),
        (720.5, "int-type"),
    ],
)
def test_a_size_that_no_video_has_is_refused_at_its_field(side: str, value: Any, code: str) -> None:
    assert codes(flat((f"/video_output/{side}", value))) == {f"/video_output/{side}": code}


# All at once


def test_all_faults_of_a_flat_document_are_told_at_once_in_its_own_order() -> None:
    document = {
        "video_output": {"width": 639, "height": "tall", "path": "/out.mp4"},
        "notes": ["whatever", {"stands": "here"}],
        "task_id": "my dance",
        "moves_used": [
            {"move_id": "", "video_path": "/srv/a.mp4", "start": -1, "end": "2"},
            move(3, 2),
            move(5, 9),
            move(8, 10) | {"video_path": "a.gif"},
            "turn",
            {"start": True, "end": 1e9},
        ],
        "song": {"tempo": 120},
    }
    assert [(fault.pointer, fault.code) for fault in refused(document)] == [
        ("/video_output/width", "multiple-of"),
        ("/video_output/height", "int-type"),
        ("/video_output/path", "unsafe-path"),
        ("/task_id", "string-pattern-mismatch"),
        ("/moves_used/0/move_id", "string-too-short"),
        ("/moves_used/0/video_path", "unsafe-path"),
        ("/moves_used/0/start", "greater-than-equal"),
        ("/moves_used/0/end", "float-type"),
        ("/moves_used/1/end", "too-short"),
        ("/moves_used/3/video_path", "unknown-media"),
        ("/moves_used/3/start", "overlap"),
        ("/moves_used/4", "model-type"),
        ("/moves_used/5/start", "float-type"),
        ("/moves_used/5/end", "less-than-equal"),
        ("/moves_used/5/move_id", "missing"),
        ("/moves_used/5/video_path", "missing"),
        ("/song/audio_path", "missing"),
    ]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("/moves_used", [], "too-short"),
        ("/moves_used", {}, "list-type"),
        ("/moves_used", None, "list-type"),
        ("/song", "song.mp3", "model-type"),
        ("/song/audio_path", 5, "string-type"),
        ("/moves_used/0/move_id", "x" * 201, "string-too-long"),
        ("/moves_used/0/start", None, "float-type"),
        ("/moves_used/1/end", 43_200.1, "less-than-equal"),
        ("/video_output/path", GONE, "missing"),
        ("/task_id", GONE, "missing"),
    ],
)
def test_a_wrong_field_of_a_flat_document_is_told_at_its_place(place: str, value: Any, code: str) -> None:
    assert codes(flat((place, value))) == {place: code}


def test_a_flat_document_has_room_for_as_many_moves_as_a_blueprint_has_items_beside_the_song() -> None:
    assert Flat.model_json_schema()["properties"]["moves_used"]["maxItems"] == MAX_ITEMS - 1
