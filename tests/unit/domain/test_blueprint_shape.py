"""Every rule of the model: what each field takes at its bounds, and what it is told just beyond them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.domain.blueprint.model import Blueprint
from tests.unit.domain.blueprint_documents import GONE, changed, golden, refused

OUTPUT = "/output"
ASSET = "/assets/move"
PROBE = "/assets/move/probe"
CLIP = "/tracks/0/items/0"
STILL = "/tracks/0/items/1"
COLOUR = "/tracks/0/items/3"
CARD = "/tracks/0/items/4"
GAP = "/tracks/0/items/7"
TRANSITION = "/tracks/0/transitions/9"
OVERLAY = "/tracks/1/items/0"
TRANSFORM = "/tracks/1/items/0/transform"
DUCKING = "/tracks/3/ducking"
STYLE = "/captions/style"
CUE = "/captions/languages/es-419/0"
MOST = 2**40

LOW, HIGH, ABOVE, BELOW = "greater-than-equal", "less-than-equal", "less-than", "greater-than"
PATTERN, ENUM, CONST = "string-pattern-mismatch", "enum", "literal-error"
INT, FLOAT, TEXT, LIST = "int-type", "float-type", "string-type", "list-type"

# Whole numbers: the place, the least and the most it takes.
WHOLE = [
    (f"{OUTPUT}/frame_rate/num", 1, 1_000_000),
    (f"{OUTPUT}/frame_rate/den", 1, 1_000_000),
    (f"{OUTPUT}/poster/frame", 0, MOST),
    (f"{OUTPUT}/sprite/interval", 1, MOST),
    (f"{OUTPUT}/sprite/columns", 1, 64),
    (f"{PROBE}/width", 1, None),
    (f"{PROBE}/height", 1, None),
    (f"{PROBE}/frames", 1, None),
    (f"{PROBE}/sample_rate", 1, None),
    (f"{PROBE}/channels", 1, None),
    (f"{PROBE}/samples", 1, None),
    (f"{PROBE}/frame_rate/num", 1, 1_000_000),
    (f"{CLIP}/timeline_start", 0, MOST),
    (f"{CLIP}/source_range/start", 0, MOST),
    (f"{CLIP}/source_range/duration", 1, MOST),
    (f"{CLIP}/speed/num", 1, 1_000_000),
    (f"{CLIP}/speed/den", 1, 1_000_000),
    (f"{CLIP}/fade_in", 0, MOST),
    (f"{CLIP}/fade_out", 0, MOST),
    (f"{STILL}/duration", 1, MOST),
    (f"{COLOUR}/duration", 1, MOST),
    (f"{GAP}/duration", 1, MOST),
    (f"{TRANSITION}/duration", 1, MOST),
    (f"{TRANSFORM}/keyframes/0/frame", 0, MOST),
    (f"{DUCKING}/attack_ms", 1, 2000),
    (f"{DUCKING}/release_ms", 1, 9000),
    (f"{STYLE}/size", 10, 200),
    (f"{STYLE}/outline_width", 0, 20),
    (f"{STYLE}/margin", 0, 400),
    (f"{CUE}/start", 0, MOST),
    (f"{CUE}/duration", 1, MOST),
    (f"{CUE}/words/0/start", 0, MOST),
    (f"{CUE}/words/0/duration", 1, MOST),
    ("/markers/0/start", 0, MOST),
    ("/markers/0/duration", 0, MOST),
]

# Decimal numbers: the place, the least and the most; a least that is not taken itself is told apart by its code.
DECIMAL = [
    (f"{OUTPUT}/loudness/integrated_lufs", -40, -9, LOW),
    (f"{OUTPUT}/loudness/true_peak_dbtp", -9, 0, LOW),
    (f"{CLIP}/gain_db", -96, 24, LOW),
    ("/tracks/2/gain_db", -96, 24, LOW),
    (f"{DUCKING}/amount_db", 0, 40, LOW),
    (f"{STILL}/ken_burns/start/x", 0, 1, LOW),
    (f"{STILL}/ken_burns/start/y", 0, 1, LOW),
    (f"{STILL}/ken_burns/end/width", 0, 1, BELOW),
    (f"{TRANSFORM}/scale", 0, 16, BELOW),
    (f"{TRANSFORM}/opacity", 0, 1, LOW),
    (f"{TRANSFORM}/keyframes/0/scale", 0, 16, BELOW),
    (f"{TRANSFORM}/keyframes/0/opacity", 0, 1, LOW),
]

# Text of one form: the place, what it takes, what it does not.
COLOURS = (["#000000", "#aBcDeF"], ["000000", "#fff", "#gggggg", "#0000000", "red", "#000000\n", ""])
NAMES = (["a", "0", "A.b_c-1", "x" * 128], ["", "-a", ".a", "a b", "a/b", "é", "x" * 129, "a\n"])
LANGUAGES = (["es", "gsw", "pt-BR", "zh-Hant-TW", "es-419"], ["", "e", "engl", "ES", "es_MX", "es-", "es-x", "es\n"])
URIS = (
    ["media://a", "uploads://u/é/名前.mp4", "gs://abc/k", "s3://a.b-c_d/k/k", "media://" + "k" * 1024],
    [
        *("", "a.mp4", "/a.mp4", "media:/a", "media://", "file:///etc/passwd", "https://host/a", "concat:a|b"),
        *("MEDIA://a", "media://a b", "media://a\tb", "media://a\n", "media://a?b", "media://a#b", "media://a\\b"),
        *(
            "media://a\x7f",
            "gs://bucket",
            "gs://ab/k",
            "gs://Abc/k",
            "s3://bucket",
            " media://a",
            "media://" + "k" * 1025,
        ),
    ],
)
FORMS = [
    ("/task_id", *NAMES),
    (f"{CLIP}/id", *NAMES),
    (f"{CLIP}/asset", *NAMES),
    (f"{STILL}/asset", *NAMES),
    (f"{TRANSITION}/from", *NAMES),
    (f"{TRANSITION}/to", *NAMES),
    (f"{DUCKING}/trigger_track", *NAMES),
    ("/tracks/0/id", *NAMES),
    (f"{OUTPUT}/uri", *URIS),
    (f"{ASSET}/uri", *URIS),
    (f"{ASSET}/generation", ["0", "9" * 20], ["", "-1", "1.0", "9" * 21]),
    (f"{ASSET}/sha256", ["0" * 64, "f" * 64], ["", "F" * 64, "0" * 63, "0" * 65, "g" * 64]),
    (
        f"{ASSET}/media_type",
        ["video/mp4", "image/svg+xml", "audio/x-m4a", "audio/" + "a" * 64],
        ["text/plain", "video", "video/", "Video/mp4", "video/MP4", "video/mp4;codecs=x", "audio/" + "a" * 65],
    ),
    (f"{COLOUR}/generator/colour", *COLOURS),
    *((f"{CARD}/generator/{name}", *COLOURS) for name in ("top", "bottom", "ink", "accent")),
    (f"{TRANSITION}/colour", *COLOURS),
    (f"{STYLE}/colour", *COLOURS),
    (f"{STYLE}/outline", *COLOURS),
    (f"{STYLE}/font", ["Noto Sans", "x" * 64], ["", "a:b", "a,b", "x" * 65]),
    ("/captions/burn_language", *LANGUAGES),
]

# Text of any form: the place, the shortest and the longest.
LENGTHS = [
    (f"{CARD}/generator/title", 1, 200),
    (f"{CARD}/generator/subtitle", 0, 200),
    (f"{CARD}/generator/footer", 0, 200),
    (f"{CUE}/text", 1, 500),
    (f"{CUE}/words/0/text", 0, None),
    ("/markers/0/label", 0, 200),
    ("/metadata/title", 0, None),
    (f"{PROBE}/codec", 0, None),
]

# One of a few values: the place, all it takes, the code for others.
CHOICES = [
    ("/schema_version", ["1.0"], CONST),
    ("/kind", ["narration", "presenter", "choreography", "live"], ENUM),
    (f"{OUTPUT}/format", ["mp4"], CONST),
    (f"{OUTPUT}/profile", ["preview", "standard", "high"], ENUM),
    (f"{OUTPUT}/sample_rate", [44100, 48000], CONST),
    (f"{OUTPUT}/channels", [1, 2], CONST),
    ("/tracks/1/kind", ["video", "overlay", "audio"], ENUM),
    ("/tracks/1/role", ["narration", "music", "effects", None], CONST),
    (f"{STILL}/fit", ["cover", "contain", "fill", "contain_blur"], ENUM),
    (
        f"{TRANSITION}/type",
        [
            *("cut", "fade", "dissolve", "wipe_left", "wipe_right", "wipe_up", "wipe_down"),
            *("slide_left", "slide_right", "dip_to_colour"),
        ],
        ENUM,
    ),
    ("/captions/mode", ["soft", "burned", "both", "none"], ENUM),
    (f"{STYLE}/position", ["bottom", "top", "middle"], CONST),
    ("/markers/0/kind", ["beat", "bar", "move", "chapter", "segment"], ENUM),
]

REQUIRED = [
    *(f"/{name}" for name in ("schema_version", "kind", "task_id", "output", "tracks")),
    *(f"{OUTPUT}/{name}" for name in ("width", "height", "frame_rate", "uri", "frame_rate/num")),
    *(f"{OUTPUT}/{name}" for name in ("poster/frame", "sprite/interval")),
    *(f"{ASSET}/{name}" for name in ("uri", "media_type")),
    *(f"/tracks/0/{name}" for name in ("id", "kind")),
    *(f"{CLIP}/{name}" for name in ("type", "id", "timeline_start", "asset", "source_range")),
    *(f"{CLIP}/{name}" for name in ("source_range/start", "source_range/duration", "speed/num")),
    *(f"{STILL}/{name}" for name in ("type", "id", "timeline_start", "asset", "duration")),
    *(f"{STILL}/ken_burns/{name}" for name in ("start", "end")),
    *(f"{COLOUR}/{name}" for name in ("type", "id", "timeline_start", "generator", "duration")),
    *(f"{COLOUR}/generator/{name}" for name in ("kind", "colour")),
    *(f"{CARD}/generator/{name}" for name in ("kind", "title")),
    *(f"{GAP}/{name}" for name in ("type", "id", "timeline_start", "duration")),
    *(f"{TRANSITION}/{name}" for name in ("from", "to", "type", "duration")),
    f"{TRANSFORM}/keyframes/0/frame",
    f"{DUCKING}/trigger_track",
    *(f"{CUE}/{name}" for name in ("start", "duration", "text")),
    *(f"{CUE}/words/0/{name}" for name in ("start", "duration", "text")),
    *(f"/markers/0/{name}" for name in ("kind", "start")),
]

OBJECTS = [
    *("", "/output", "/output/frame_rate", "/output/loudness", "/output/poster", "/output/sprite", "/assets/move"),
    *("/assets/move/probe", "/tracks/0", CLIP, f"{CLIP}/source_range", f"{CLIP}/speed", STILL, f"{STILL}/ken_burns"),
    *(f"{STILL}/ken_burns/start", COLOUR, f"{COLOUR}/generator", f"{CARD}/generator", GAP, TRANSITION, TRANSFORM),
    *(f"{TRANSFORM}/keyframes/0", DUCKING, "/captions", STYLE, CUE, f"{CUE}/words/0", "/markers/0"),
]

MAPS = ["/metadata", "/assets", "/captions/languages"]
LISTS = [
    *("/tracks", "/tracks/0/items", "/tracks/0/transitions", f"{TRANSFORM}/keyframes"),
    *("/captions/languages/en", f"{CUE}/words", "/markers"),
]
NOT_MAPS: tuple[Any, ...] = (5, "x", [], None)
NOT_LISTS: tuple[Any, ...] = (5, "x", {}, None)


def everything(*changes: tuple[str, Any]) -> Any:
    return changed(golden("1.0-everything"), *changes)


def code_at(pointer: str, document: Any) -> str:
    """What is said of one place; other places may suffer with it."""
    (found,) = [fault for fault in refused(document) if fault.pointer == pointer]
    assert found.detail and found.fix
    return found.code


def assert_fits(document: Any) -> None:
    Blueprint.model_validate_json(json.dumps(document), by_alias=True, by_name=False)


@pytest.mark.parametrize(("place", "least", "most"), WHOLE)
def test_whole_numbers_have_bounds(place: str, least: int, most: int | None) -> None:
    for value in (least, most or 2**63 - 1):
        assert_fits(everything((place, value)))
    assert code_at(place, everything((place, least - 1))) == LOW
    if most:
        assert code_at(place, everything((place, most + 1))) == HIGH


@pytest.mark.parametrize("place", [place for place, _, _ in WHOLE])
@pytest.mark.parametrize("value", ["5", 5.5, True, [], {}])
def test_whole_numbers_are_whole_numbers(place: str, value: Any) -> None:
    assert code_at(place, everything((place, value))) == INT


@pytest.mark.parametrize("side", ["width", "height"])
@pytest.mark.parametrize(
    ("value", "code"),
    [(14, LOW), (15, "multiple-of"), (17, "multiple-of"), (4095, "multiple-of"), (4098, HIGH), (640.5, INT)],
)
def test_sides_are_even_and_bounded(side: str, value: Any, code: str) -> None:
    for fine in (16, 4096):
        assert_fits(everything((f"{OUTPUT}/{side}", fine)))
    assert code_at(f"{OUTPUT}/{side}", everything((f"{OUTPUT}/{side}", value))) == code


@pytest.mark.parametrize(("place", "least", "most", "low"), DECIMAL)
def test_decimal_numbers_have_bounds(place: str, least: float, most: float, low: str) -> None:
    for value in (least if low == LOW else least + 1e-9, most):
        assert_fits(everything((place, value)))
    assert code_at(place, everything((place, least - 0.01 if low == LOW else least))) == low
    assert code_at(place, everything((place, most + 0.01))) == HIGH
    assert code_at(place, everything((place, "0.5"))) == FLOAT


@pytest.mark.parametrize("place", [f"{TRANSFORM}/x", f"{TRANSFORM}/y", f"{TRANSFORM}/keyframes/0/x"])
def test_an_overlay_may_lie_outside_the_frame(place: str) -> None:
    for value in (-3, 0.5, 3.5):
        assert_fits(everything((place, value)))
    assert code_at(place, everything((place, "left"))) == FLOAT


@pytest.mark.parametrize(("place", "fine", "wrong"), FORMS)
def test_text_has_the_form_of_its_field(place: str, fine: list[str], wrong: list[str]) -> None:
    for value in fine:
        assert_fits(everything((place, value)))
    for value in wrong:
        assert code_at(place, everything((place, value))) == PATTERN, value
    assert code_at(place, everything((place, 5))) == TEXT
    assert code_at(place, everything((place, []))) == TEXT


@pytest.mark.parametrize(("place", "shortest", "longest"), LENGTHS)
def test_text_has_a_length(place: str, shortest: int, longest: int | None) -> None:
    for length in (shortest, longest or 5000):
        assert_fits(everything((place, "é" * length)))
    if shortest:
        assert code_at(place, everything((place, "é" * (shortest - 1)))) == "string-too-short"
    if longest:
        assert code_at(place, everything((place, "é" * (longest + 1)))) == "string-too-long"
    assert code_at(place, everything((place, 5))) == TEXT


@pytest.mark.parametrize(("place", "values", "code"), CHOICES)
def test_choices_are_taken_as_they_are_written(place: str, values: list[Any], code: str) -> None:
    for value in values:
        assert_fits(everything((place, value)))
    for value in ("", "other", str(values[0]).upper() + "!", 3, ["mp4"]):
        if place != "/schema_version":  # other versions have their own answer
            assert code_at(place, everything((place, value))) == code


@pytest.mark.parametrize("place", [f"{OUTPUT}/sample_rate", f"{OUTPUT}/channels"])
def test_a_number_is_not_taken_from_text(place: str) -> None:
    assert code_at(place, everything((place, "2"))) == CONST


@pytest.mark.parametrize("place", REQUIRED)
def test_a_missing_field_is_told_where_it_is_missing(place: str) -> None:
    (found,) = [fault for fault in refused(everything((place, GONE))) if fault.pointer == place]
    assert (found.code, found.found, found.fix) == ("missing", "", "Add this field.")


def test_no_other_field_is_required() -> None:
    """Taking out any single field that is not listed above leaves the shape whole."""
    document = golden("1.0-everything")
    for place in fields(document, ""):
        if place not in REQUIRED and not place.endswith(tuple(f"/{name}" for name in TWICE_REQUIRED)):
            assert_fits(changed(document, (place, GONE)))


TWICE_REQUIRED = {place.rpartition("/")[2] for place in REQUIRED}


def fields(value: Any, place: str) -> list[str]:
    if isinstance(value, list):
        return [found for n, child in enumerate(value) for found in fields(child, f"{place}/{n}")]
    if not isinstance(value, dict):
        return []
    names = {name: f"{place}/{name.replace('~', '~0').replace('/', '~1')}" for name in value}
    return [*names.values(), *(found for name, child in value.items() for found in fields(child, names[name]))]


@pytest.mark.parametrize("place", OBJECTS)
def test_an_unknown_field_is_refused(place: str) -> None:
    (found,) = [f for f in refused(everything((f"{place}/colour_of_joy", [1]))) if f.code == "extra-forbidden"]
    assert (found.pointer, found.found) == (f"{place}/colour_of_joy", "a list of 1")
    assert "spelling" in found.fix


@pytest.mark.parametrize("place", [place for place in OBJECTS if place])
@pytest.mark.parametrize("value", [5, "x", []])
def test_an_object_is_an_object(place: str, value: Any) -> None:
    assert code_at(place, everything((place, value))) in ("model-type", "dict-type")


@pytest.mark.parametrize("place", MAPS)
def test_a_map_is_an_object(place: str) -> None:
    for value in NOT_MAPS:
        assert code_at(place, everything((place, value))) == "dict-type"


@pytest.mark.parametrize("place", LISTS)
def test_a_list_is_a_list(place: str) -> None:
    for value in NOT_LISTS:
        assert code_at(place, everything((place, value))) == LIST


@pytest.mark.parametrize("place", ["/assets", "/captions/languages"])
def test_the_names_in_a_map_have_a_form(place: str) -> None:
    value: Any = {} if place == "/assets" else []
    for name in ("a b", "", "é", "_"):
        (found,) = [f for f in refused(everything((f"{place}/{name}", value))) if f.code == PATTERN]
        assert (found.pointer, found.found) == (f"{place}/{name}", name)


def test_metadata_is_text_by_any_name() -> None:
    assert_fits(everything(("/metadata/any name: é~1", "")))
    assert code_at("/metadata/n", everything(("/metadata/n", 5))) == TEXT


def test_there_is_at_least_one_track() -> None:
    assert code_at("/tracks", everything(("/tracks", []))) == "too-short"


@pytest.mark.parametrize("value", ["zap", "", "Clip", 5, None, [], {"a": 1}])
@pytest.mark.parametrize(
    ("place", "tag"), [(CLIP, "type"), (STILL, "type"), (f"{CARD}/generator", "kind"), (f"{COLOUR}/generator", "kind")]
)
def test_an_unknown_branch_is_told_at_the_field_that_chooses_it(place: str, tag: str, value: Any) -> None:
    document = everything((f"{place}/{tag}", value))
    (found,) = [fault for fault in refused(document) if fault.pointer == f"{place}/{tag}"]
    assert (found.code, found.fix) == ("union-tag-invalid", "Give one of the values listed.")
    assert ("'clip', 'gap', 'still', 'generator'" if tag == "type" else "'title_card', 'colour'") in found.detail
    assert found.found == {"None": "null", "[]": "a list of 0", "{'a': 1}": "an object of 1 field(s)"}.get(
        str(value), str(value)
    )


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{GAP}/asset", "photo"),
        (f"{GAP}/fade_in", 1),
        (f"{STILL}/source_range", {"start": 0, "duration": 1}),
        (f"{STILL}/speed", {"num": 1}),
        (f"{COLOUR}/asset", "photo"),
        (f"{CLIP}/duration", 60),
        (f"{CLIP}/generator", {"kind": "colour", "colour": "#000000"}),
        (f"{COLOUR}/generator/title", "x"),
        (f"{CARD}/generator/colour", "#000000"),
        (f"{COLOUR}/clip", {}),
    ],
)
def test_a_branch_takes_no_field_of_another(place: str, value: Any) -> None:
    assert code_at(place, everything((place, value))) == "extra-forbidden"


def test_the_names_that_code_uses_are_not_those_of_the_document() -> None:
    document = everything((f"{TRANSITION}/from_item", "i8"), (f"{TRANSITION}/from", GONE))
    assert code_at(f"{TRANSITION}/from_item", document) == "extra-forbidden"
    assert code_at(f"{TRANSITION}/from", document) == "missing"


@pytest.mark.parametrize(
    ("duration", "num", "den", "span"),
    [(90, 3, 2, 60), (90, 1, 1, 90), (90, 1, 2, 180), (91, 2, 1, 45), (1, 16, 1, 1), (100, 1001, 1000, 99)],
)
def test_a_clip_at_a_speed_lasts_as_much_less(duration: int, num: int, den: int, span: int) -> None:
    speed = {"num": num, "den": den}
    document = everything((f"{CLIP}/source_range/duration", duration), (f"{CLIP}/speed", speed))
    assert Blueprint.model_validate_json(json.dumps(document)).tracks[0].items[0].span == span


@pytest.mark.parametrize(
    ("samples", "rate", "frame_rate", "frames"),
    [
        (48_000, 48_000, (30, 1), 30),
        (48_001, 48_000, (30, 1), 31),
        (1, 44_100, (25, 1), 1),
        (48_048, 48_000, (30_000, 1001), 30),
    ],
)
def test_without_pictures_a_production_lasts_as_long_as_its_sound(
    samples: int, rate: int, frame_rate: tuple[int, int], frames: int
) -> None:
    rational = {"num": frame_rate[0], "den": frame_rate[1]}
    document = everything(
        ("/output/frame_rate", rational),
        ("/output/sample_rate", rate),
        (
            "/tracks",
            [
                {
                    "id": "a",
                    "kind": "audio",
                    "items": [{"type": "gap", "id": "g", "timeline_start": 0, "duration": samples}],
                }
            ],
        ),
    )
    assert Blueprint.model_validate_json(json.dumps(document)).duration == frames


def test_a_production_lasts_as_long_as_its_last_picture() -> None:
    document = everything(("/tracks/0/items/9/duration", 1), ("/tracks/0/items/8/duration", 500))
    assert Blueprint.model_validate_json(json.dumps(document)).duration == 376 + 500
