"""What is there is used: second runs, edits, tasks that share the work, and publication that happens once."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from shared.ports.storage import every_object
from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.assembly_tools import FFMPEG, Tampered
from tests.support.media import RATE, decode_grey, tone, write_wav

pytestmark = pytest.mark.media

AAC_FRAME, LINES = 1024, 8


def at(document: Raw, name: str) -> Raw:
    """The same production, published elsewhere."""
    return {**document, "output": {**document["output"], "uri": f"media://films/{name}.mp4"}}


def chapter(studio: Studio) -> Raw:
    """Thirty seconds of narration under one colour, with burned captions: one line and one cue every 3.5 s."""
    step = -(-7 * RATE // 2 // AAC_FRAME) * AAC_FRAME
    assets, items, cues = {}, [], []
    for n in range(LINES):
        assets[f"line-{n}"] = studio.put(
            write_wav(studio.root / f"line-{n}.wav", tone(300 + 20 * n, 3, -20)), "audio/wav"
        )
        items.append(clip(f"n{n}", f"line-{n}", n * step, 0, 3 * RATE))
        cues.append({"start": n * step * 30 // RATE, "duration": 90, "text": f"Line {n}"})
    captions = {"mode": "both", "burn_language": "en", "languages": {"en": cues}}
    ground = colour("ground", 0, LINES * step * 30 // RATE + 30)
    return production([ground], assets, sound_track("voices", "narration", items), captions=captions)


@dataclass(frozen=True)
class Rendered:
    studio: Studio
    document: Raw
    report: Raw

    def again(self, name: str, **edits: Any) -> Raw:
        """Render an edited copy to an address of its own; the report."""
        return self.studio.render(at(self.document | edits, name)).report


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The chapter, rendered once. Tests only add to it, each under names of its own."""
    studio = Studio(tmp_path_factory.mktemp("chapter"))
    document = chapter(studio)
    return Rendered(studio, document, studio.render(document).report)


def test_the_first_run_makes_everything(rendered: Rendered) -> None:
    assert rendered.report["shots"] == {"made": LINES + 1, "reused": 0, "copied": 0}  # one pause looks like another
    assert rendered.report["audio_blocks"]["made"] >= 2
    assert rendered.report["audio_blocks"]["reused"] == 0


def test_a_second_run_makes_nothing(rendered: Rendered) -> None:
    report = rendered.again("again")
    assert report["shots"] == {"made": 0, "reused": LINES + 1, "copied": 0}
    assert report["audio_blocks"] == {"made": 0, "reused": rendered.report["audio_blocks"]["made"]}
    media = rendered.studio.media
    assert media.get("films/again.mp4") == media.get("films/film.mp4")


def test_another_cue_makes_one_shot(rendered: Rendered) -> None:
    captions = copy.deepcopy(rendered.document["captions"])
    captions["languages"]["en"][5]["text"] = "Line five, said otherwise"
    report = rendered.again("another-cue", captions=captions)
    assert (report["shots"]["made"], report["audio_blocks"]["made"]) == (1, 0)


def test_another_line_makes_its_own_block_and_no_picture(rendered: Rendered) -> None:
    other = write_wav(rendered.studio.root / "other.wav", tone(777, 3, -20))
    assets = rendered.document["assets"] | {"line-2": rendered.studio.put(other, "audio/wav")}
    report = rendered.again("another-line", assets=assets)
    assert (report["shots"]["made"], report["audio_blocks"]) == (
        0,
        {"made": 1, "reused": rendered.report["audio_blocks"]["made"] - 1},
    )


def test_what_is_published_is_never_written_over(rendered: Rendered) -> None:
    """Neither the video nor a sidecar, by a second run or by another blueprint for the same address."""
    studio = rendered.studio
    before = {key: studio.media.stat(key) for key in studio.keys("films/film.")}
    other = copy.deepcopy(rendered.document)
    other["captions"]["languages"]["en"][0]["text"] = "Another first line"
    for document in (rendered.document, other):
        ended = studio.render(document)
        assert ended.code == 0
        assert [line["message"] for line in ended.log] == ["published already", "finished"]
    assert {key: studio.media.stat(key) for key in studio.keys("films/film.")} == before


def test_whoever_publishes_second_keeps_what_the_first_published(studio: Studio) -> None:
    """Nothing was there when this task looked; at the very end, something is."""
    release = studio.root / "release"
    waiting = f'while [ ! -e "{release}" ]; do sleep 0.05; done; exec {FFMPEG} "$@"'
    slow = Tampered(studio.root, "joined.mp4", waiting)
    task = studio.start(production([colour("c", 0, 10)]), REELPRINT_FFMPEG=str(slow.program))
    slow.wait()
    studio.media.put("films/film.mp4", b"the first")
    release.touch()
    ended = studio.ended(task)
    assert (ended.code, ended.log[0]["message"]) == (0, "another task published the same video first")
    assert studio.media.get("films/film.mp4") == b"the first"


def test_two_tasks_at_once_give_the_file_that_one_gives(rendered: Rendered, studio: Studio) -> None:
    for key in rendered.studio.keys("sources/"):
        studio.media.put_file(key, rendered.studio.fetch(key, "copied"), content_type="audio/wav")
    count = {"CLOUD_RUN_TASK_COUNT": "2", "REELPRINT_WORKERS": "1"}
    tasks = [studio.start(rendered.document, **count, CLOUD_RUN_TASK_INDEX=str(index)) for index in range(2)]
    ended = [studio.ended(task) for task in tasks]
    assert [task.code for task in ended] == [0, 0], [task.log for task in ended]
    assert studio.keys("films/film.") == rendered.studio.keys("films/film.")
    for key in studio.keys("films/"):
        if not key.endswith("report.json"):  # it tells who made what
            assert studio.media.get(key) == rendered.studio.media.get(key), key
    made = sum(task.log[-1]["shots"]["made"] for task in ended)
    assert LINES + 1 <= made <= LINES + 4  # what both were at in the same moment is made twice, and kept once


def test_a_task_makes_its_own_share_first_and_then_what_the_others_come_to_last(studio: Studio) -> None:
    greys = [30, 70, 110, 150, 190]
    items = [colour(f"c{n}", 10 * n, 10, f"#{grey:02x}{grey:02x}{grey:02x}") for n, grey in enumerate(greys)]
    task = {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2", "REELPRINT_WORKERS": "1"}
    assert studio.render(production(items), **task).report["shots"]["made"] == 5
    made = sorted(every_object(studio.media, "artifacts/shot/"), key=lambda info: info.created_at)
    levels = [decode_grey(studio.fetch(info.key, "shot.h264"))[0].mean() * 255 / 219 - 16 for info in made]
    order = [min(range(5), key=lambda n: abs(greys[n] - level)) for level in levels]
    assert order == [1, 3, 4, 2, 0]
    assert "films/film.mp4" in studio.keys("films/")


def test_a_picture_moved_in_time_is_not_made_again(studio: Studio, sources: Sources) -> None:
    assets = stored(studio, sources)
    items = [clip("a", "foreign", 0, 0, 20), colour("c", 20, 20)]
    studio.render(production(items, assets))
    moved = [colour("c", 0, 77), clip("a", "foreign", 77, 0, 20)]
    assert studio.render(at(production(moved, assets), "moved")).report["shots"]["made"] == 0


def test_a_source_that_changes_in_place_is_taken_anew(studio: Studio, sources: Sources) -> None:
    """Without a sha256 its generation and checksum in storage bind it."""
    asset = {"uri": "media://sources/any.png", "media_type": "image/png"}
    still = {"type": "still", "id": "s", "asset": "any", "timeline_start": 0, "duration": 10}
    for name, made in (("one", 1), ("two", 0)):
        if name == "one":
            studio.media.put_file("sources/any.png", sources.png, content_type="image/png")
        assert studio.render(at(production([still], {"any": asset}), name)).report["shots"]["made"] == made
    other = studio.root / "other.png"
    other.write_bytes(sources.png.read_bytes() + b"\0")
    studio.media.put_file("sources/any.png", other, content_type="image/png")
    assert studio.render(at(production([still], {"any": asset}), "three")).report["shots"]["made"] == 1
