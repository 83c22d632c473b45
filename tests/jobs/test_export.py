"""The export job as its own process: books out of voiced chapters, measured and read again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.config import read_settings
from shared.domain.errors import Conflict
from shared.domain.export_timeline import AAC_FRAME, GRID, LEAD_IN, RATE, milliseconds
from shared.domain.project import ChapterChanges
from shared.ports.storage import every_object

pytest.importorskip("joserfc", reason="these run in a whole studio, which requirements/assemble.txt does not hold")
from shared.services.keep_plans import SegmentChanges
from shared.wiring import App, build
from tests.support.assembly import CHECKOUT
from tests.support.exports import (
    ME,
    add_chapter,
    asked,
    click_at,
    fetched,
    made,
    new_book,
    new_cover,
    onsets,
    put_voice,
    run,
    spoken_segments,
    voiced,
)
from tests.support.media import decode_sound, ffprobe, tone

pytestmark = pytest.mark.media
ONE = ("One", "“Who lit the lamp?” asked Mara.\n\n“Nobody did,” said Tobias. “It has burned since I was a boy.”\n")
TWO = ("Two = a; b # c \\ d", "The sea went on speaking to the stones. Far out, a bell rang twice and was quiet.\n")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path / "data")}))
    yield studio
    studio.close()


def probed(path: Path, *entries: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ffprobe(path, *entries, "-of", "json"))
    return found


def heard_at(path: Path) -> Any:
    """A file's sound, 44.1 kHz mono."""
    return decode_sound(path, 1, RATE)


def test_a_book_of_three_hundred_chapters_has_all_of_them_each_where_it_begins(app: App, tmp_path: Path) -> None:
    """QuickTime's list holds what Nero's does not, and the three hundredth click has not drifted by one frame."""
    project = new_book(app)
    sounds = {"Click.": 0.10, "Clack.": 0.15, "Cluck.": 0.20}
    for text, second in sounds.items():
        put_voice(app, text, click_at(second))
    texts = [list(sounds)[number % 3] for number in range(300)]
    for number, text in enumerate(texts, 1):
        add_chapter(app, project, number, f"Nº {number}: a=b; c#d \\ e", text)
    export = made(app, project, "m4b", title="Clicks; #1 = \\", narrator="Nobody", year=1901, description="Two\nlines")
    assert sum(chapter["aac"]["made"] for chapter in export.reports["chapters"]) == 3  # alike is made once

    path = fetched(app, export, "book.m4b", tmp_path)
    found = probed(path, "-show_chapters", "-show_format", "-show_streams")
    assert [c["tags"]["title"] for c in found["chapters"]] == [f"Nº {n}: a=b; c#d \\ e" for n in range(1, 301)]
    tags = found["format"]["tags"]
    assert (tags["title"].rstrip(), tags["artist"], tags["composer"]) == ("Clicks; #1 = \\", "A. Keeper", "Nobody")
    assert (tags["date"], tags["description"], tags["genre"]) == ("1901", "Two\nlines", "Audiobook")
    assert tags["major_brand"] == "M4B " and found["streams"][0]["tags"]["language"] == "eng"

    frames = -(-(LEAD_IN + RATE // 2 + 2 * RATE) // AAC_FRAME)  # half a second of voice, and the tail
    starts = [number * frames * AAC_FRAME for number in range(301)]
    assert [round(float(c["start_time"]) * 1000) for c in found["chapters"]] == [milliseconds(s) for s in starts[:-1]]
    sound = heard_at(path)
    assert len(sound) == starts[-1]
    clicks = onsets(sound, RATE // 2)
    planned = [start + LEAD_IN + round(sounds[text] * RATE) for start, text in zip(starts, texts, strict=False)]
    assert len(clicks) == 300
    assert (
        max(abs(one - other) for one, other in zip(clicks, planned, strict=True)) <= 8
    )  # samples: the burst's own rise
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")  # faststart


def test_two_engines_in_one_chapter_sound_where_the_timeline_says(app: App, tmp_path: Path) -> None:
    """Voices of 16 and 22.05 kHz; the pause that somebody set is there to the grid."""
    project = new_book(app, ("One", "First.\n\nSecond.\n\nThird."))
    chapter = app.chapters.all_of(ME, project.id)[0]
    names = [segment.segment_id for segment in spoken_segments(app, project)]
    app.plans.edit(ME, project.id, chapter.id, names[0], SegmentChanges(pause_ms=1500))
    app.plans.edit(ME, project.id, chapter.id, names[1], SegmentChanges(voice="espeak/en-us"))
    put_voice(app, "First.", click_at(0.1))
    put_voice(app, "Second.", click_at(0.1, 22_050), 22_050, "espeak/en-us")
    put_voice(app, "Third.", click_at(0.1))
    export = made(app, project, "wav", "m4b")
    starts = [LEAD_IN, LEAD_IN + 100 * GRID, LEAD_IN + 100 * GRID + 58 * GRID]  # 0.5 + 1.5 s; 0.5 + 0.65 s, on the grid
    for name in ("0001.wav", "book.m4b"):
        clicks = onsets(heard_at(fetched(app, export, name, tmp_path)), RATE // 4)
        assert len(clicks) == 3
        assert max(abs(click - start - RATE // 10) for click, start in zip(clicks, starts, strict=True)) <= 8, name


def test_voices_are_brought_to_one_level(app: App, tmp_path: Path) -> None:
    project = new_book(app, ("One", "Near.\n\nFar."))
    put_voice(app, "Near.", tone(300, 2.0, -20.0, 16_000))
    put_voice(app, "Far.", tone(300, 2.0, -26.0, 16_000), level=-26.0)
    sound = heard_at(fetched(app, made(app, project, "wav"), "0001.wav", tmp_path))
    middle = LEAD_IN + 2 * RATE
    near, far = np.abs(sound[:middle]).max(), np.abs(sound[middle:]).max()
    assert abs(20 * np.log10(far / near)) < 0.1


def test_acx_files_meet_its_terms_and_say_so(app: App, tmp_path: Path) -> None:
    project = voiced(app, new_book(app, ONE, TWO))
    export = made(app, project, "acx", "mp3", mp3_kbps=96)
    assert [report["passes"] for report in export.reports["acx"]] == [True, True], export.reports["acx"]
    path = fetched(app, export, "0002.acx.mp3", tmp_path)
    stream = probed(path, "-show_streams")["streams"][0]
    assert (stream["codec_name"], stream["sample_rate"], stream["bit_rate"], stream["channels"]) == (
        "mp3",
        "44100",
        "192000",
        1,
    )
    sound = heard_at(path)
    rms = 10 * np.log10(np.mean(sound**2))
    measures = {measure["name"]: measure["value"] for measure in export.reports["acx"][1]["measures"]}
    assert -23 <= rms <= -18 and abs(rms - measures["rms_db"]) < 0.2
    peak = 20 * np.log10(np.abs(sound).max())
    assert peak <= -3 and abs(peak - measures["peak_db"]) < 0.2
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    assert 0.5 <= loud[0] / RATE <= 1.0 and 1.0 <= (len(sound) - loud[-1]) / RATE <= 5.0
    tags = probed(fetched(app, export, "0002.mp3", tmp_path), "-show_format")["format"]
    assert tags["tags"]["title"] == "Two = a; b # c \\ d" and tags["tags"]["track"] == "2/2"
    assert tags["tags"]["artist"] == "A. Keeper" and abs(int(tags["bit_rate"]) - 96_000) < 3_000


def test_what_acx_refuses_is_named_with_what_to_do(app: App) -> None:
    """A voice that hums through its pauses, and a pause at the end that is too long."""
    project = new_book(app, ("One", "Hum."))
    chapter = app.chapters.all_of(ME, project.id)[0]
    segment = spoken_segments(app, project)[0].segment_id
    app.plans.edit(ME, project.id, chapter.id, segment, SegmentChanges(pause_ms=8000))
    put_voice(app, "Hum.", tone(220, 4.0, -20.0, 16_000))
    report = made(app, project, "acx").reports["acx"][0]
    failed = {measure["name"]: measure["fix"] for measure in report["measures"] if not measure["passes"]}
    assert not report["passes"] and set(failed) == {"tail_s"} and "pause" in failed["tail_s"]


def test_every_chapter_is_at_one_loudness_under_the_ceiling(app: App) -> None:
    project = new_book(app, ("Soft", "Soft."), ("Loud", "Loud."), ("Spiky", "Spiky."))
    spikes = tone(300, 4.0, -30.0, 16_000)
    spikes[::4000] = 0.99
    for text, sound in (("Soft.", tone(300, 4.0, -38.0, 16_000)), ("Loud.", tone(300, 4.0, -1.0, 16_000))):
        put_voice(app, text, sound)
    put_voice(app, "Spiky.", spikes)
    chapters = made(app, project, "m4b", "mp3").reports["chapters"]
    for name in ("aac", "mp3"):
        assert [abs(chapter[name]["lufs"] + 18) < 0.6 for chapter in chapters[:2]] == [True, True], chapters
        assert all(chapter[name]["true_peak_dbtp"] <= -1.5 for chapter in chapters), chapters
        assert chapters[2][name]["limited"]


def test_a_second_export_makes_only_what_is_missing(app: App) -> None:
    project = voiced(app, new_book(app, ONE, TWO))
    made(app, project, "m4b")
    second = made(app, project, "m4b", "epub", "mp3")
    assert [(c["aac"]["made"], c["mp3"]["made"]) for c in second.reports["chapters"]] == [(False, True)] * 2
    add_chapter(app, project, 3, "Three", "A boat went by.")
    voiced(app, project)
    third = made(app, project, "m4b", "mp3")
    assert [(c["aac"]["made"], c["mp3"]["made"]) for c in third.reports["chapters"]] == [(False, False)] * 2 + [
        (True, True)
    ]


def test_a_broken_voice_is_named_and_made_anew(app: App) -> None:
    project = voiced(app, new_book(app, ONE, TWO))
    export = asked(app, project, "m4b")
    segment = spoken_segments(app, project)[1]
    key = app.voice_segment.key(segment.text, "flite/slt", {}).path
    info = app.media.stat(key)
    assert info
    whole = app.media.get(key)
    app.media.put(key, whole[:-2] + b"\x01\x02", metadata=info.metadata)
    code, log = run(app, export)
    failed, _ = app.exports.get(ME, project.id, export.id)
    assert (code, failed.status) == (4, "failed") and failed.error and failed.error["type"] == "corrupt-asset"
    assert segment.segment_id in failed.message and "Voice the chapter again" in failed.message
    assert failed.files == [] and log[-1]["severity"] == "ERROR"

    assert app.media.stat(key) is None  # so that voicing it makes it again
    again = app.exports.retry(ME, project.id, export.id)
    code, _ = run(app, again, attempt=2)
    assert (code, app.exports.get(ME, project.id, export.id)[0].error["type"]) == (4, "missing-asset")  # type: ignore[index]
    voiced(app, project)
    app.exports.retry(ME, project.id, export.id)
    assert run(app, export, attempt=3)[0] == 0
    assert app.exports.get(ME, project.id, export.id)[0].status == "completed"


def test_a_full_disk_leaves_nothing_half_made_and_a_retry_goes_on(app: App) -> None:
    project = voiced(app, new_book(app, ONE, TWO))
    export = asked(app, project, "wav", "m4b")
    code, _ = run(app, export, RLIMIT_FSIZE=1_500_000)  # the mix of either chapter is larger
    found, _ = app.exports.get(ME, project.id, export.id)
    assert (code, found.status, found.files) == (5, "pending", [])
    assert found.error and found.error["type"] == "storage-full"
    assert run(app, export)[0] == 0
    assert app.exports.get(ME, project.id, export.id)[0].status == "completed"


def test_an_edit_made_meanwhile_is_for_the_next_export(app: App, tmp_path: Path) -> None:
    project = voiced(app, new_book(app, ONE))
    export = asked(app, project, "vtt", "epub")
    chapter = app.chapters.all_of(ME, project.id)[0]
    app.plans.change_chapter(ME, project.id, chapter.id, ChapterChanges(title="Another", text="Something else."))
    assert run(app, export)[0] == 0
    assert "Who lit the lamp?" in fetched(app, export, "0001.vtt", tmp_path).read_text()
    app.projects.delete(ME, project.id, app.chapters)
    assert app.exports.get(ME, project.id, export.id)[0].status == "completed"  # it outlives its project


def test_a_text_that_was_changed_since_it_was_planned_is_refused_and_nothing_stays(app: App, tmp_path: Path) -> None:
    project = voiced(app, new_book(app, ONE))
    chapter = app.chapters.all_of(ME, project.id)[0]
    app.chapters.change(ME, project.id, chapter.id, ChapterChanges(text="Changed behind the plan's back."))
    with pytest.raises(Conflict) as refused:
        asked(app, project, "m4b", cover_asset_id=new_cover(app, tmp_path))
    assert [fault.code for fault in refused.value.faults] == ["stale-plan"]
    assert not [found for found in every_object(app.media, f"users/{ME}/") if "/exp_" in found.key]


def test_an_ffmpeg_that_is_missing_is_named(tmp_path: Path) -> None:
    app = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path), "REELPRINT_FFMPEG": "no-such-ffmpeg"}))
    try:
        project = voiced(app, new_book(app, TWO))
        export = asked(app, project, "m4b")
        assert run(app, export)[0] == 4
        found, _ = app.exports.get(ME, project.id, export.id)
        assert found.status == "failed" and "no-such-ffmpeg" in found.message and "REELPRINT_FFMPEG" in found.message
    finally:
        app.close()


def test_settings_that_are_missing_are_named(app: App) -> None:
    command = [sys.executable, "-m", "jobs.export.main"]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, cwd=CHECKOUT, capture_output=True, check=False)
    assert done.returncode == 2 and b"EXPORT_ID" in done.stderr
