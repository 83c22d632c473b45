"""Burned captions: in the picture while the cue lasts, and not a frame longer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import HOUSE_FRAMES, Sources, stored
from tests.support.assembly import Raw, Studio, clip, colour, production
from tests.support.media import Pictures, decode_grey, ffmpeg, ffprobe, numbered_frames, read_numbers, write_clip

pytestmark = pytest.mark.media

STYLE = {"size": 200, "margin": 100, "outline_width": 0}
LOWER = slice(50, 90)  # rows where captions are drawn: under the barcodes


def burned(*cues: tuple[int, int, str], mode: str = "burned", **style: object) -> Raw:
    listed = [{"start": start, "duration": duration, "text": text} for start, duration, text in cues]
    return {"mode": mode, "burn_language": "en", "languages": {"en": listed}, "style": STYLE | style}


def rendered(
    studio: Studio, items: list[Raw], assets: dict[str, Raw], captions: Raw, name: str, **output: object
) -> Pictures:
    uri = {"uri": f"media://films/{name}.mp4"}
    ended = studio.render(production(items, assets, output=output | uri, captions=captions))
    assert ended.code == 0, ended.log
    return decode_grey(studio.fetch(f"films/{name}.mp4", f"{name}.mp4"))


def captioned(frames: Pictures) -> list[int]:
    """Frames with something bright in their lower half, on a dark ground."""
    return [n for n, frame in enumerate(frames) if frame[LOWER].max() > 180]


def inks(studio: Studio, *texts: str) -> Pictures:
    """The picture each caption makes on a dark colour."""
    cues = [(2 * n, 2, text) for n, text in enumerate(texts)]
    return rendered(studio, [colour("c", 0, 2 * len(texts), "#101010")], {}, burned(*cues), "inks")[::2]


def test_a_still_shows_each_caption_exactly_as_long_as_its_cue(studio: Studio) -> None:
    frames = rendered(
        studio, [colour("c", 0, 40, "#101010")], {}, burned((5, 10, "first"), (15, 5, "second"), (30, 10, "last")), "a"
    )
    assert captioned(frames) == [*range(5, 20), *range(30, 40)]
    assert np.abs(frames[5].astype(int) - frames[15]).max() > 100  # other words


@pytest.mark.parametrize("rate", [(24000, 1001), (30, 1), (60, 1)])
def test_a_clip_shows_its_caption_exactly_as_long_as_the_cue(
    studio: Studio, tmp_path: Path, rate: tuple[int, int]
) -> None:
    dark = np.minimum(numbered_frames([0] * 40), 40)
    name = f"{rate[0]}/{rate[1]}"
    path = write_clip(tmp_path / "dark.mkv", dark, name, "-c:v", "ffv1")
    assets = {"dark": studio.put(path, "video/x-matroska")}
    frame_rate = {"frame_rate": {"num": rate[0], "den": rate[1]}}
    frames = rendered(
        studio, [clip("c", "dark", 0, 0, 40)], assets, burned((7, 9, "words"), (31, 3, "x")), "a", **frame_rate
    )
    assert captioned(frames) == [*range(7, 16), *range(31, 34)]


def test_the_picture_goes_on_under_a_caption_and_is_untouched_without_one(studio: Studio, sources: Sources) -> None:
    assets = stored(studio, sources)
    items = [clip("c", "house", 0, 0, 30), clip("d", "house", 30, 30, 30)]
    with_words = rendered(studio, items, assets, burned((10, 10, "words")), "a")
    without = rendered(studio, items, assets, {"mode": "none"}, "b")
    assert read_numbers(with_words) == list(HOUSE_FRAMES)
    changed = [n for n in range(60) if np.abs(with_words[n][LOWER].astype(int) - without[n][LOWER]).max() > 60]
    assert changed == list(range(10, 20))
    assert (with_words[30:] == without[30:]).all()  # no cue there: copied as ever


def test_both_draws_the_caption_and_keeps_the_track(studio: Studio) -> None:
    frames = rendered(studio, [colour("c", 0, 20, "#101010")], {}, burned((5, 10, "words"), mode="both"), "a")
    assert captioned(frames) == list(range(5, 15))
    assert "mov_text" in ffprobe(studio.root / "a.mp4", "-show_entries", "stream=codec_name")


def test_burned_alone_has_sidecars_and_no_track(studio: Studio) -> None:
    rendered(studio, [colour("c", 0, 20, "#101010")], {}, burned((5, 10, "words")), "a")
    assert "mov_text" not in ffprobe(studio.root / "a.mp4", "-show_entries", "stream=codec_name")
    assert {"films/a.en.srt", "films/a.en.vtt"} <= set(studio.keys("films/"))


@pytest.mark.parametrize(("position", "rows"), [("top", slice(0, 45)), ("bottom", slice(45, 90))])
def test_a_caption_lies_where_its_style_says(studio: Studio, position: str, rows: slice) -> None:
    (frame,) = rendered(studio, [colour("c", 0, 1, "#101010")], {}, burned((0, 1, "words"), position=position), "a")
    bright = np.argwhere(frame > 120)
    assert len(bright) > 20
    assert rows.start <= bright[:, 0].min() <= bright[:, 0].max() < rows.stop
    assert bright[:, 1].mean() == pytest.approx(80, abs=6)


def test_codes_in_a_users_words_are_drawn_and_not_obeyed(studio: Studio) -> None:
    """Obeyed, the first would be invisible, the second a drawing, the third on two lines, the fourth at the top."""
    plain, hidden, drawing, escape, broken, top = inks(
        studio, "x", "{\\alpha&HFF&}x", "{\\p1}m 0 0 l 99 0 99 99 0 99", "a\\Nb", "a\nb", "{\\an8}x"
    )
    assert (hidden > 120).sum() > 3 * (plain > 120).sum()
    assert (drawing > 120).mean() < 0.2
    assert (heights_of_lines(escape), heights_of_lines(broken)) == (1, 2)
    assert np.argwhere(top > 120)[:, 0].min() > 30


def heights_of_lines(frame: Pictures) -> int:
    """How many lines of text a picture shows: runs of rows with something bright in them."""
    rows = (frame > 120).any(axis=1).astype(int)
    return int((np.diff(np.concatenate([[0], rows])) == 1).sum())


def test_a_right_to_left_caption_is_drawn_by_the_house_and_stands_mirrored_in_no_way(studio: Studio) -> None:
    """The first of two words is the right one; read the other way, the narrow one would stand there."""
    wide, both, narrow = inks(studio, "\u05e9\u05e9\u05e9\u05e9", "\u05e9\u05e9\u05e9\u05e9 \u05d5", "\u05d5")
    columns = (both > 120).any(axis=0)
    right = int(np.flatnonzero(columns).max())
    length = span((wide > 120).any(axis=0))
    gap = np.flatnonzero(~columns[right - length - 6 : right - length + 1])
    assert len(gap) > 0  # the space follows the wide word, to its left
    assert columns[right - length + 2 : right - 2].mean() > 0.6
    assert span((narrow > 120).any(axis=0)) < length / 3


def span(columns: Pictures) -> int:
    drawn = np.flatnonzero(columns)
    return int(drawn.max() - drawn.min()) + 1


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_text_without_spaces_is_broken_into_lines_inside_the_frame(studio: Studio, language: str) -> None:
    text = {"zh": "今天天气很好我们一起去公园散步吧", "ja": "きょうはとてもいいてんきですね"}[language]
    said = {"mode": "burned", "burn_language": language, "style": {"size": 200, "margin": 60, "outline_width": 0}}
    said["languages"] = {language: [{"start": 0, "duration": 1, "text": text}]}
    (frame,) = rendered(studio, [colour("c", 0, 1, "#101010")], {}, said, "wide")
    bright = np.argwhere(frame > 120)
    assert heights_of_lines(frame) >= 2
    assert 6 <= bright[:, 1].min() < bright[:, 1].max() < 154


def test_captions_and_cards_are_written_in_their_languages_own_forms(studio: Studio) -> None:
    """Chinese and Japanese write these characters differently; what differs in language alone must differ in the picture."""
    card: Raw = {"type": "generator", "id": "d", "timeline_start": 1, "duration": 1}
    card["generator"] = {"kind": "title_card", "title": "直骨直骨"}
    seen = {}
    for language in ("zh", "ja"):
        said: Raw = {"mode": "burned", "burn_language": language, "style": STYLE}
        said["languages"] = {language: [{"start": 0, "duration": 1, "text": "直骨直骨"}]}
        uri = {"uri": f"media://films/{language}.mp4", "profile": "high"}
        document = production(
            [colour("c", 0, 1, "#101010"), card], captions=said, output=uri, metadata={"language": language}
        )
        assert studio.render(document).code == 0
        seen[language] = decode_grey(studio.fetch(f"films/{language}.mp4", f"{language}.mp4")).astype(int)
    caption, title = np.abs(seen["zh"] - seen["ja"]).reshape(2, -1).max(axis=1)
    assert caption > 60
    assert title > 60


def test_soft_tracks_hold_every_script_to_the_millisecond(studio: Studio) -> None:
    """Read back from the file by ffmpeg: the marks that players need, and nothing else, came with the words."""
    texts = {"he": "ABC: שלום!", "ar": "السلام عليكم.", "ja": "「字幕」です。", "en": "a --> b & <i>c</i>"}
    cues = [(1001, 30), (1049, 1), (1100, 17)]
    languages = {
        code: [{"start": start, "duration": length, "text": text} for start, length in cues]
        for code, text in texts.items()
    }
    rate = {"frame_rate": {"num": 30000, "den": 1001}}
    document = production(
        [colour("c", 0, 1200)],
        captions={"mode": "soft", "languages": languages},
        output=rate,
        metadata={"language": "he"},
    )
    assert studio.render(document).code == 0
    film = studio.fetch("films/film.mp4", "film.mp4")
    for track, (code, text) in enumerate(texts.items()):
        shown = packets(film, track)
        assert [(start, length) for start, length in shown] == [
            (round(start * 1001 / 30), round((start + length) * 1001 / 30) - round(start * 1001 / 30))
            for start, length in cues
        ]
        read = ffmpeg("-i", film, "-map", f"0:s:{track}", "-f", "srt", "-").decode()
        words = read.split("\n")[2].replace("\u2060", "")
        assert words == (f"\u202b{text}\u202c" if code in ("he", "ar") else text)
        assert studio.media.get(f"films/film.{code}.vtt").decode().count("\u202b") == (3 if code in ("he", "ar") else 0)


def packets(film: Path, track: int) -> list[tuple[int, int]]:
    """(start, duration) in milliseconds of a caption track's packets that show something."""
    read = ffprobe(
        film, "-select_streams", f"s:{track}", "-show_entries", "packet=pts_time,duration_time,size", "-of", "csv=p=0"
    )
    rows = [line.strip(",").split(",") for line in read.split()]
    return [(round(float(pts) * 1000), round(float(length) * 1000)) for pts, length, size in rows if int(size) > 2]
