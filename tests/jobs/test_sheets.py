"""The sheet of thumbnails: every one shows the frame it stands for, in its colours, where the index says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from urllib.parse import unquote, urljoin

import numpy as np
import pytest

from jobs.assemble.pictures.sheets import sprite_index
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.check_sprite import MAX_SHEET_PIXELS, MAX_SHEET_SIDE, thumbnail_size
from shared.domain.blueprint.model import Sprite
from shared.domain.errors import InvalidInput
from shared.ports.storage import every_object
from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Raw, Studio, clip, colour, output_of, production
from tests.support.media import Pictures, decode_grey, ffmpeg, ffprobe, psnr, read_numbers

INTERVAL, COLUMNS, FRAMES = 7, 4, 120
GREEN = "#20c040"


@dataclass(frozen=True)
class Moment:
    """One cue of the index: from when to when (seconds), and where its thumbnail lies."""

    start: Fraction
    end: Fraction
    sheet: str
    place: tuple[int, int, int, int]


@dataclass(frozen=True)
class Film:
    studio: Studio
    path: Path
    frames: Pictures
    sheet: Pictures
    moments: list[Moment]

    def thumbnail(self, moment: Moment) -> Pictures:
        x, y, width, height = moment.place
        return self.sheet[y : y + height, x : x + width]


def read_index(text: str) -> list[Moment]:
    """An index as players read it: blocks between blank lines, times in the first line of each, the picture in the second."""
    head, *blocks = text.strip().split("\n\n")
    assert head == "WEBVTT"
    return [_moment(*block.split("\n")) for block in blocks]


def _moment(times: str, target: str) -> Moment:
    found = re.fullmatch(r"(\d\d):(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d):(\d\d)\.(\d{3})", times)
    assert found, times
    start, end = (_seconds(found.groups()[n : n + 4]) for n in (0, 4))
    sheet, _, place = target.partition("#xywh=")
    x, y, width, height = map(int, place.split(","))
    return Moment(start, end, sheet, (x, y, width, height))


def _seconds(parts: tuple[str, ...]) -> Fraction:
    hours, minutes, seconds, millis = map(int, parts)
    return hours * 3600 + minutes * 60 + seconds + Fraction(millis, 1000)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Film:
    studio = Studio(tmp_path_factory.mktemp("sprite"))
    items = [
        clip("copied", "house", 0, 15, 40),
        clip("entered", "house", 40, 7, 20),
        clip("foreign", "foreign", 60, 3, 30),
        colour("green", 90, 20, GREEN),
        clip("short", "house", 110, 30, 10),
    ]
    sprite = {"interval": INTERVAL, "columns": COLUMNS}
    ended = studio.render(production(items, stored(studio, sources), output={"sprite": sprite}))
    assert ended.code == 0, ended.log
    path, sheet = studio.fetch("films/film.mp4", "film.mp4"), studio.fetch("films/film.sprite.jpg", "sprite.jpg")
    index = read_index(studio.media.get("films/film.sprite.vtt").decode())
    return Film(studio, path, decode_grey(path), decode_grey(sheet, *size_of(sheet))[0], index)


def size_of(picture: Path) -> tuple[int, int]:
    width, height = ffprobe(picture, "-show_entries", "stream=width,height", "-of", "csv=p=0").strip().split(",")
    return int(width), int(height)


def keyframe_before(path: Path, frame: int) -> int:
    said = ffprobe(path, "-select_streams", "v:0", "-show_entries", "packet=flags", "-of", "csv=p=0").split()
    return max(n for n in range(frame + 1) if said[n].startswith("K"))


@pytest.mark.media
def test_every_thumbnail_shows_the_keyframe_at_or_before_its_frame(film: Film) -> None:
    for number, moment in enumerate(film.moments):
        frame = number * INTERVAL
        shown = keyframe_before(film.path, frame)
        if 90 <= shown < 110:
            continue  # it stands still and has no other keyframe; its colour is looked at by itself
        assert frame - shown < 15  # half a second
        thumbnail = film.thumbnail(moment)
        assert read_numbers(thumbnail[None]) == read_numbers(film.frames[shown : shown + 1]) != [-1]
        assert psnr(thumbnail, film.frames[shown]) > 30, (frame, shown)


@pytest.mark.media
def test_the_index_covers_the_film_without_a_gap(film: Film) -> None:
    assert len(film.moments) == -(-FRAMES // INTERVAL)
    assert film.moments[0].start == 0
    assert film.moments[-1].end == 4
    assert all(one.end == other.start for one, other in pairwise(film.moments))
    assert [round(moment.start * 30) for moment in film.moments] == list(range(0, FRAMES, INTERVAL))


@pytest.mark.media
def test_the_index_leads_to_the_sheet_beside_it_and_no_further(film: Film) -> None:
    height, width = film.sheet.shape
    assert (width, height) == (COLUMNS * 160, 5 * 90)
    for moment in film.moments:
        assert unquote(urljoin("https://h/films/film.sprite.vtt", moment.sheet)) == "https://h/films/film.sprite.jpg"
        x, y, wide, high = moment.place
        assert 0 <= x <= width - wide
        assert 0 <= y <= height - high
    assert len({moment.place for moment in film.moments}) == len(film.moments)


@pytest.mark.media
def test_thumbnails_have_the_colours_of_the_film(film: Film) -> None:
    width, height = size_of(film.studio.root / "sprite.jpg")
    raw = ffmpeg("-i", film.studio.root / "sprite.jpg", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    x, y, wide, high = film.moments[98 // INTERVAL].place
    shown = np.frombuffer(raw, np.uint8).reshape(height, width, 3)[y : y + high, x : x + wide]
    assert np.abs(shown.reshape(-1, 3).mean(0) - [0x20, 0xC0, 0x40]).max() < 4


@pytest.mark.media
def test_sheet_and_index_are_there_before_the_film(film: Film) -> None:
    written = sorted(every_object(film.studio.media, "films/"), key=lambda info: info.created_at)
    assert [(info.key.removeprefix("films/film."), info.content_type) for info in written] == [
        ("sprite.jpg", "image/jpeg"),
        ("sprite.vtt", "text/vtt"),
        ("report.json", "application/json"),
        ("mp4", "video/mp4"),
    ]


@pytest.mark.media
def test_a_large_upright_film_of_a_moment_has_one_small_upright_thumbnail(studio: Studio) -> None:
    output = {"width": 270, "height": 480, "sprite": {"interval": 900}}
    assert studio.render(production([colour("c", 0, 5, GREEN)], output=output)).code == 0
    sheet = studio.fetch("films/film.sprite.jpg", "sprite.jpg")
    assert size_of(sheet) == (90, 160)
    assert studio.media.get("films/film.sprite.vtt").decode() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.167\nfilm.sprite.jpg#xywh=0,0,90,160\n"
    )


def test_times_are_exact_at_a_broken_rate_and_after_an_hour() -> None:
    output = output_of({"frame_rate": {"num": 24000, "den": 1001}})
    index = read_index(sprite_index("a/b.jpg", output, Sprite(interval=24_000), 24_000 * 4 + 1))
    assert [moment.start for moment in index] == [0, 1001, 2002, 3003, 4004]
    assert index[-1].end == Fraction(4_004_042, 1000)


def test_the_sheets_name_is_a_proper_reference() -> None:
    index = read_index(sprite_index("films/Ein Film #1 – größer.sprite.jpg", output_of(), Sprite(interval=30), 60))
    assert not re.search(r"[^\x21-\x7e]|[#]", index[0].sheet)
    assert unquote(index[0].sheet) == "Ein Film #1 – größer.sprite.jpg"


# Limits


SHAPES = [(1280, 720, 10), (720, 1280, 64), (4096, 16, 64), (160, 90, 1), (16, 16, 64)]


@pytest.mark.parametrize(("width", "height", "columns"), SHAPES)
def test_a_sheet_that_would_be_too_large_is_refused_and_the_interval_named_fits(
    width: int, height: int, columns: int
) -> None:
    document = production([colour("c", 0, 1_000_000)])
    document["output"] |= {"width": width, "height": height, "sprite": {"interval": 1, "columns": columns}}
    with pytest.raises(InvalidInput) as caught:
        parse_blueprint(document)
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.code) == ("/output/sprite/interval", "too-many")
    fitting = int(re.findall(r"\d+", fault.fix)[0])
    document["output"]["sprite"]["interval"] = fitting
    parse_blueprint(document)
    document["output"]["sprite"]["interval"] = fitting - 1
    with pytest.raises(InvalidInput):
        parse_blueprint(document)

    wide, high = thumbnail_size(width, height)
    sides = (columns * wide, ceil(ceil(1_000_000 / fitting) / columns) * high)
    assert max(sides) <= MAX_SHEET_SIDE
    assert sides[0] * sides[1] <= MAX_SHEET_PIXELS


@pytest.mark.parametrize("sprite", [{"interval": "1"}, {"interval": 1, "columns": 0}, {"columns": 3}, [], "all", None])
def test_a_malformed_request_for_a_sheet_is_no_reason_to_break(sprite: Raw) -> None:
    document = production([colour("c", 0, 1_000_000)])
    document["output"]["sprite"] = sprite
    if sprite is None:
        parse_blueprint(document)
        return
    with pytest.raises(InvalidInput) as caught:
        parse_blueprint(document)
    assert all(fault.pointer.startswith("/output/sprite") for fault in caught.value.faults)
