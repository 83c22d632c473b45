"""One film of everything that is drawn, rendered by the job and looked at frame by frame."""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.conftest import CLICKS, FOREIGN_FRAMES, HOUSE_FRAMES, Sources, stored
from tests.support.assembly import Ended, Raw, Studio, clip, colour, house_options, production, sound_track
from tests.support.media import (
    RATE,
    Pictures,
    Samples,
    decode_grey,
    decode_sound,
    ffmpeg,
    ffprobe,
    frame_hashes,
    numbered_frames,
    psnr,
    read_numbers,
    tone,
    write_house_clip,
)

pytestmark = pytest.mark.media

FRAMES, AAC_FRAME = 273, 1024
BACKGROUND = "#20c040"
ENGLISH = ["One", "Two lines\nof text", "Grüße, 日本, ¿qué?", "a < b && {c} \\N <i>d</i> {\\b1}"]
SPANISH = ["Uno", "Dos líneas\nde texto"]
CLICK_STARTS = (0, 94 * AAC_FRAME, 200 * AAC_FRAME + 77)


def cues(texts: list[str]) -> list[Raw]:
    return [{"start": 10 + 50 * n, "duration": 40, "text": text} for n, text in enumerate(texts)]


def film_document(assets: dict[str, Raw]) -> Raw:
    card = {"kind": "title_card", "title": "Title", "subtitle": "Subtitle", "footer": "Footer"}
    pictures = [
        colour("ground", 0, 20, BACKGROUND),
        {"type": "still", "id": "photo", "asset": "png", "timeline_start": 20, "duration": 30, "fit": "contain"},
        {"type": "generator", "id": "card", "generator": card, "timeline_start": 50, "duration": 20},
        clip("at-keyframe", "house", 80, 0, 45),  # behind a hole of ten frames
        clip("between", "house", 125, 7, 40),
        clip("again", "house", 165, 30, 30),
        clip("foreign", "foreign", 195, 11, 30),
        clip("slower", "slow", 225, 10, 30),
        {"type": "gap", "id": "gap", "timeline_start": 255, "duration": 15},
        clip("short", "house", 270, 20, 3),
    ]
    said = [clip(f"click-{n}", "clicks", start, 0, 48_000) for n, start in enumerate(CLICK_STARTS)]
    return production(
        pictures,
        assets,
        sound_track("voices", "narration", said),
        output={"channels": 2, "poster": {"frame": 130}},
        captions={"mode": "soft", "languages": {"en": cues(ENGLISH), "es-MX": cues(SPANISH)}},
        metadata={"title": "A = B; #1", "author": "Somebody \\ else", "language": "en"},
        markers=[
            {"kind": "chapter", "start": 150, "label": "Second; with = signs"},
            {"kind": "chapter", "start": 0, "label": "First"},
            {"kind": "beat", "start": 30},
        ],
    )


@dataclass(frozen=True)
class Film:
    studio: Studio
    ended: Ended
    path: Path
    frames: Pictures

    @property
    def numbers(self) -> list[int]:
        return read_numbers(self.frames)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Film:
    studio = Studio(tmp_path_factory.mktemp("film"))
    ended = studio.render(film_document(stored(studio, sources)))
    assert ended.code == 0, ended.log
    path = studio.fetch("films/film.mp4", "film.mp4")
    return Film(studio, ended, path, decode_grey(path))


def house_numbers(first: int, count: int) -> list[int]:
    return list(HOUSE_FRAMES)[first : first + count]


def test_frames_and_samples_are_as_planned(film: Film) -> None:
    samples = -(-FRAMES * 1600 // AAC_FRAME) * AAC_FRAME
    assert (film.ended.report["frames"], film.ended.report["samples"]) == (FRAMES, samples)
    assert (len(film.frames), len(decode_sound(film.path, 2))) == (FRAMES, samples)


@pytest.mark.parametrize(
    ("start", "numbers"),
    [
        (80, house_numbers(0, 45)),
        (125, house_numbers(7, 40)),
        (165, house_numbers(30, 30)),
        (195, list(FOREIGN_FRAMES)[11:41]),
        (270, house_numbers(20, 3)),
    ],
    ids=["copied", "entered between keyframes", "played again", "foreign, with B-frames", "without a keyframe"],
)
def test_every_frame_is_the_right_frame_of_its_source(film: Film, start: int, numbers: list[int]) -> None:
    assert film.numbers[start : start + len(numbers)] == numbers


def test_a_source_at_another_rate_keeps_its_speed(film: Film) -> None:
    """At 30 frames a second, a film of 24 shows the frame that is nearest in time: n/24 s falls on round(n * 30/24)."""
    begins = [int(n * 30 / 24 + 0.5) for n in range(49)]
    shown = [201 + max(n for n in range(48) if begins[n] <= frame) for frame in range(10, 40)]
    assert film.numbers[225:255] == shown


@pytest.mark.parametrize(("start", "end"), [(70, 80), (255, 270)], ids=["a hole", "a gap"])
def test_nothing_is_black(film: Film, start: int, end: int) -> None:
    assert film.frames[start:end].max() <= 17


def test_copied_frames_are_the_sources_own(film: Film, sources: Sources) -> None:
    made, source = frame_hashes(film.path), frame_hashes(sources.house)
    assert made[80:125] == source[0:45]
    assert made[133:165] == source[15:47]  # from the clip's own keyframe on
    assert made[165:195] == source[30:60]
    assert film.ended.report["shots"]["copied"] == 4


def test_a_copy_entered_between_keyframes_leans_on_a_frame_as_good_as_its_sources(film: Film, sources: Sources) -> None:
    """Seven frames differ from their source by what encoding the first anew took; a decoder finds nothing amiss."""
    own = decode_grey(sources.house)
    assert min(psnr(film.frames[125 + n], own[7 + n]) for n in range(8)) > 30
    strict = ["ffmpeg", "-v", "warning", "-err_detect", "explode", "-xerror", "-i", str(film.path), "-f", "null", "-"]
    said = subprocess.run(strict, capture_output=True, check=True)
    assert said.stderr == b""


def test_encoded_frames_are_near_their_source(film: Film, sources: Sources) -> None:
    source = decode_grey(sources.house)
    assert psnr(film.frames[125:133], source[7:15]) > 30
    assert psnr(film.frames[195:225], decode_grey(sources.foreign)[11:41]) > 30


def rgb(path: Path, frame: int, width: int = 160, height: int = 90) -> Pictures:
    """One frame in RGB, read by the colour tags it carries."""
    pick = f"select=eq(n\\,{frame}),scale=in_color_matrix=bt709:in_range=tv"
    raw = ffmpeg("-i", path, "-vf", pick, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def test_colours_are_those_asked_for(film: Film) -> None:
    for frame in (0, 19):
        assert np.abs(rgb(film.path, frame).reshape(-1, 3).mean(0) - [0x20, 0xC0, 0x40]).max() < 4


def test_a_contained_picture_keeps_its_shape_between_black_bars(film: Film) -> None:
    """A square picture fills the height of 90; its white middle half is 45 wide."""
    shown = rgb(film.path, 35)
    assert shown[45, [5, 30, 130, 155]].max() < 20
    assert np.abs(shown[5, [40, 80, 120]].astype(int) - [0x20, 0x60, 0xA0]).max() < 8
    assert shown[45, [62, 80, 98]].min() > 240
    assert np.abs(shown[45, [50, 110]].astype(int) - [0x20, 0x60, 0xA0]).max() < 12


def test_a_title_card_has_light_letters_on_its_dark_ground(film: Film) -> None:
    shown = film.frames[60]
    assert shown[20:60].max() > 150
    assert np.median(shown) < 60
    assert (shown[:, :10] < 90).all()


def test_a_still_is_the_same_throughout(film: Film) -> None:
    assert psnr(film.frames[20:50], np.repeat(film.frames[49:50], 30, axis=0)) > 45


TYPES, FITS = ("png", "jpeg", "webp"), ("cover", "contain", "fill", "contain_blur")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Path:
    """Each picture type in each fit, five frames long, joined with a house clip.

    It would not join if a picture's own colour tags got into the parameter sets.
    """
    studio = Studio(tmp_path_factory.mktemp("gallery"))
    still = {"type": "still", "duration": 5}
    shown = [(name, fit) for name in TYPES for fit in FITS]
    items = [
        {**still, "id": f"s{n}", "asset": name, "fit": fit, "timeline_start": 5 * n}
        for n, (name, fit) in enumerate(shown)
    ]
    assert studio.render(production([*items, clip("c", "house", 60, 0, 5)], stored(studio, sources))).code == 0
    return studio.fetch("films/film.mp4", "film.mp4")


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("fit", FITS)
def test_pictures_of_every_type_are_shown_in_every_fit(gallery: Path, name: str, fit: str) -> None:
    shown = rgb(gallery, 5 * (TYPES.index(name) * len(FITS) + FITS.index(fit)) + 2).astype(int)
    assert shown[45, 80].min() > 235  # the white middle
    corner = {"cover": [0x20, 0x60, 0xA0], "fill": [0x20, 0x60, 0xA0], "contain": [0, 0, 0]}.get(fit)
    if corner:
        assert np.abs(shown[4, 4] - corner).max() < 14
    else:
        assert shown[4, 4, 2] > shown[4, 4, 0] + 30  # something of the picture's blue
    white = int((shown[45].min(axis=1) > 225).sum())
    assert white == pytest.approx({"cover": 80, "fill": 80}.get(fit, 45), abs=3)


# Sound against picture


def place_of_click(sound: Samples, expected: int) -> int:
    burst = tone(4000, 0.004, -3.0) * np.linspace(1, 0, 192)
    near = sound[expected - AAC_FRAME : expected + AAC_FRAME + 192]
    return int(np.argmax(np.abs(np.correlate(near, burst)))) - AAC_FRAME


def test_every_click_is_heard_where_it_was_put(film: Film) -> None:
    """Within a few samples, where a whole AAC frame of 1,024 would be 21 ms."""
    sound = np.concatenate([np.zeros(AAC_FRAME), decode_sound(film.path, 1)])
    off = [place_of_click(sound, AAC_FRAME + start + click) for start in CLICK_STARTS for click in CLICKS]
    assert max(map(abs, off)) <= 12, off


def test_between_the_clicks_there_is_silence(film: Film) -> None:
    sound = decode_sound(film.path, 1)
    for start in CLICK_STARTS:
        quiet = sound[start + 12_000 : start + 26_000]
        assert np.abs(quiet).max() < 10 ** (-60 / 20)


# The file


def top_level_boxes(path: Path) -> list[str]:
    data, position, found = path.read_bytes(), 0, []
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        found.append(kind.decode())
        position += size
    return found


def probe(path: Path) -> Any:
    return json.loads(ffprobe(path, "-show_streams", "-show_chapters", "-show_format", "-of", "json"))


def test_the_header_comes_before_the_media(film: Film) -> None:
    assert top_level_boxes(film.path)[:2] == ["ftyp", "moov"]


def test_the_picture_is_declared_as_it_is(film: Film) -> None:
    video = probe(film.path)["streams"][0]
    expected = {
        "codec_name": "h264", "profile": "High", "pix_fmt": "yuv420p", "width": 160, "height": 90, "has_b_frames": 0,
        "sample_aspect_ratio": "1:1", "r_frame_rate": "30/1", "avg_frame_rate": "30/1", "nb_frames": str(FRAMES),
        "color_range": "tv", "color_space": "bt709", "color_primaries": "bt709", "color_transfer": "bt709",
        "start_time": "0.000000",
    }  # fmt: skip
    assert {name: video[name] for name in expected} == expected


def test_there_is_no_b_frame_and_every_frame_has_its_time(film: Film) -> None:
    said = ffprobe(film.path, "-select_streams", "v:0", "-show_entries", "frame=pict_type,pts_time", "-of", "csv=p=0")
    rows = [line.split(",") for line in said.split()]
    assert {row[1] for row in rows} == {"I", "P"}
    assert [round(float(row[0]) * 30, 3) for row in rows] == list(range(FRAMES))


def test_every_seam_is_a_keyframe(film: Film) -> None:
    said = ffprobe(film.path, "-select_streams", "v:0", "-show_entries", "packet=flags", "-of", "csv=p=0")
    keyframes = {n for n, flags in enumerate(said.split()) if flags.startswith("K")}
    assert {0, 20, 50, 70, 80, 125, 133, 165, 195, 225, 255, 270} <= keyframes


def test_the_sound_is_declared_as_it_is(film: Film) -> None:
    audio = probe(film.path)["streams"][1]
    found = (audio["codec_name"], audio["sample_rate"], audio["channels"], audio["tags"]["language"])
    assert found == ("aac", "48000", 2, "eng")


def test_title_author_and_chapters_are_in_the_file(film: Film) -> None:
    facts = probe(film.path)
    assert (facts["format"]["tags"]["title"], facts["format"]["tags"]["artist"]) == ("A = B; #1", "Somebody \\ else")
    found = [(c["start_time"], c["end_time"], c["tags"]["title"]) for c in facts["chapters"]]
    assert found == [("0.000000", "5.000000", "First"), ("5.000000", "9.100000", "Second; with = signs")]


def srt_cues(text: str) -> list[tuple[str, str]]:
    """(clock line, text) of each cue, without the joiners that keep readers from taking text for markup."""
    blocks = [block.split("\n", 2) for block in text.replace("\u2060", "").replace("\r\n", "\n").strip().split("\n\n")]
    return [(clock, words) for _, clock, words in blocks]


def clocks(count: int) -> list[str]:
    return ["00:00:00,333 --> 00:00:01,667", "00:00:02,000 --> 00:00:03,333", "00:00:03,667 --> 00:00:05,000",
            "00:00:05,333 --> 00:00:06,667"][:count]  # fmt: skip


@pytest.mark.parametrize(("track", "texts"), [(0, ENGLISH), (1, SPANISH)])
def test_a_caption_track_gives_back_every_cue(film: Film, track: int, texts: list[str]) -> None:
    found = srt_cues(ffmpeg("-i", film.path, "-map", f"0:s:{track}", "-f", "srt", "-").decode())
    assert found == list(zip(clocks(len(texts)), texts, strict=True))


def test_caption_tracks_name_their_languages(film: Film) -> None:
    tracks = [s for s in probe(film.path)["streams"] if s["codec_type"] == "subtitle"]
    assert [(t["codec_name"], t["tags"]["language"]) for t in tracks] == [("mov_text", "eng"), ("mov_text", "spa")]


def test_each_language_has_its_sidecars(film: Film) -> None:
    assert film.studio.keys("films/") == [
        "films/film.en.srt", "films/film.en.vtt", "films/film.es-MX.srt", "films/film.es-MX.vtt",
        "films/film.mp4", "films/film.poster.jpg", "films/film.report.json",
    ]  # fmt: skip
    for language, texts in (("en", ENGLISH), ("es-MX", SPANISH)):
        found = srt_cues(film.studio.media.get(f"films/film.{language}.srt").decode())
        assert found == list(zip(clocks(len(texts)), texts, strict=True))
    webvtt = film.studio.media.get("films/film.en.vtt").decode()
    assert webvtt.startswith("WEBVTT\n\n1\n00:00:00.333 --> 00:00:01.667\nOne\n\n2\n")
    assert "a &lt; b &amp;&amp; {c} \\N &lt;i&gt;d&lt;/i&gt; {\\b1}" in webvtt


def test_the_poster_is_the_frame_asked_for(film: Film) -> None:
    poster = decode_grey(film.studio.fetch("films/film.poster.jpg", "poster.jpg"))
    assert read_numbers(poster) == [film.numbers[130]]
    assert psnr(poster[0], film.frames[130]) > 30


def test_the_report_is_published_and_on_record(film: Film) -> None:
    published = json.loads(film.studio.media.get("films/film.report.json"))
    assert published | {"cpu_seconds": 0} == film.ended.report | {"cpu_seconds": 0}
    assert published["shots"] == {"made": 8, "reused": 0, "copied": 4}
    assert (published["loudness_lufs"], published["gain_db"], published["uri"]) != (None, 0, "")
    assert film.ended.record is not None
    assert (film.ended.record["status"], film.ended.record["percentage"]) == ("completed", 100)


def test_log_lines_are_json_and_scratch_is_left_clean(film: Film) -> None:
    assert [(line["severity"], line["message"], line["render_id"]) for line in film.ended.log] == [
        ("INFO", "finished", "render-1")
    ]
    assert film.studio.leftovers() == []


# Other shapes of production


@pytest.mark.parametrize("rate", [{"num": 24000, "den": 1001}, {"num": 25, "den": 1}, {"num": 60, "den": 1}])
def test_frames_stay_exact_at_other_rates(studio: Studio, sources: Sources, tmp_path: Path, rate: Raw) -> None:
    output = {"frame_rate": rate}
    name = f"{rate['num']}/{rate['den']}"
    path = write_house_clip(tmp_path / "own.mp4", numbered_frames(range(1, 41)), name, house_options(output))
    assets = {"own": studio.put(path, "video/mp4"), "tone": studio.put(sources.tone, "audio/wav")}
    sound = sound_track("music", "music", [clip("t", "tone", 0, 0, RATE)])
    ended = studio.render(
        production([clip("a", "own", 0, 3, 30), clip("b", "own", 30, 0, 9)], assets, sound, output=output)
    )
    made = studio.fetch("films/film.mp4", "film.mp4")
    assert read_numbers(decode_grey(made)) == [*range(4, 34), *range(1, 10)]
    assert ended.report["shots"]["copied"] == 2
    assert probe(made)["streams"][0]["r_frame_rate"] == name


def test_shots_of_a_single_frame_join_without_loss(studio: Studio, sources: Sources) -> None:
    items = [clip(f"c{n}", "house", n, 15 * (n % 4), 1) for n in range(12)]
    assert studio.render(production(items, stored(studio, sources))).code == 0
    assert read_numbers(decode_grey(studio.fetch("films/film.mp4", "film.mp4"))) == [1, 16, 31, 46] * 3


def test_a_long_still_holds_its_exact_length(studio: Studio, sources: Sources) -> None:
    """Longer than its one group of pictures (5 s), and no multiple of it."""
    still = {"type": "still", "id": "s", "asset": "png", "timeline_start": 0, "duration": 401}
    ended = studio.render(production([still], stored(studio, sources)))
    assert ended.report["shots"] == {"made": 1, "reused": 0, "copied": 0}
    frames = decode_grey(studio.fetch("films/film.mp4", "film.mp4"))
    assert len(frames) == 401
    assert psnr(frames, np.repeat(frames[:1], 401, axis=0)) > 40


@pytest.mark.parametrize("inline", [True, False])
def test_the_earlier_flat_form_is_rendered(studio: Studio, sources: Sources, inline: bool) -> None:
    studio.media.put_file("moves/house.mp4", sources.house, content_type="video/mp4")
    studio.media.put_file("song.wav", sources.tone, content_type="audio/wav")
    moves = [
        {"move_id": str(n), "video_path": "moves/house.mp4", "start": n * 0.5, "end": n * 0.5 + 0.5} for n in range(3)
    ]
    flat = {"task_id": "dance", "song": {"audio_path": "song.wav"}, "moves_used": moves}
    flat |= {"video_output": {"path": "films/film.mp4", "width": 160, "height": 90}}
    ended = studio.render(flat) if inline else studio.render(None, **studio.stored_blueprint(flat))
    assert ended.report["frames"] == 45
    assert [n for n in read_numbers(decode_grey(studio.fetch("films/film.mp4", "film.mp4"))) if n > 0] == [
        *range(1, 16)
    ] * 3
