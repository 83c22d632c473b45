"""Every way to fail: its exit code, its log line, its record, nothing published, nothing left in scratch."""

from __future__ import annotations

import copy
import errno
import hashlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.assemble import main
from jobs.assemble.running.failures import known
from jobs.assemble.running.progress import Progress
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.domain.errors import RenderFailed, StorageFailed, StorageFull
from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Ended, Raw, Studio, clip, colour, production, sound_track
from tests.support.assembly_tools import FFMPEG, Tampered
from tests.support.media import RATE, decode_grey, read_numbers, write_wav

pytestmark = pytest.mark.media

STILL = {"type": "still", "id": "s", "timeline_start": 0, "duration": 10}


def failed(ended: Ended, studio: Studio, code: int, kind: str, status: str = "failed") -> str:
    """Assert all that holds for any failure; the error's sentence, for what is particular to it."""
    assert (ended.code, ended.error["type"]) == (code, kind), ended.log
    assert ended.record is not None
    assert ended.record["status"] == status
    assert studio.keys("films/") == []
    assert studio.leftovers() == []
    detail: str = ended.error["detail"]
    assert str(studio.root) not in detail
    return detail


def simple() -> Raw:
    return production([colour("c", 0, 30)])


# 2: the blueprint or the settings


def test_a_blueprint_with_ten_faults_tells_all_ten(studio: Studio) -> None:
    document = production(
        [
            {**colour("c", 0, 30), "duration": "long"},
            clip("a", "nowhere", 30, 0, 30),
            clip("a", "wav", 60, 0, 10),
            {"type": "gap", "id": "g", "timeline_start": 62, "duration": 5},
            {"type": "gap", "id": "h", "timeline_start": -1, "duration": 5},
        ],
        {"wav": {"uri": "media://a/../b.wav", "media_type": "audio/wav"}},
        output={"width": 161, "sample_rate": 8000},
        surprise=True,
        captions={"mode": "burned", "languages": {}},
    )
    document["kind"] = "opera"
    ended = studio.render(document)
    detail = failed(ended, studio, 2, "invalid-input")
    faults = ended.error["errors"]
    expected = {
        "/tracks/0/items/0/duration", "/tracks/0/items/1/asset", "/tracks/0/items/2/asset", "/tracks/0/items/2/id",
        "/tracks/0/items/3/timeline_start", "/tracks/0/items/4/timeline_start", "/assets/wav/uri", "/output/width",
        "/output/sample_rate", "/surprise", "/captions/burn_language", "/kind",
    }  # fmt: skip
    assert {fault["pointer"] for fault in faults} >= expected
    assert str(len(faults)) in detail
    assert all(fault["detail"] and fault["code"] for fault in faults)


@pytest.mark.parametrize("text", ["", "{" * 5000, '{"a": 1, "a": 2}', '{"schema_version": "9.9"}'])
def test_what_is_no_blueprint_is_said_to_be_none(studio: Studio, text: str) -> None:
    failed(studio.render(None, BLUEPRINT_JSON=text), studio, 2, "invalid-input")


def test_a_sheet_of_thumbnails_that_does_not_fit_is_refused(studio: Studio) -> None:
    ended = studio.render(production([colour("c", 0, 30_000)], output={"sprite": {"interval": 1}}))
    failed(ended, studio, 2, "invalid-input")
    assert [fault["pointer"] for fault in ended.error["errors"]] == ["/output/sprite/interval"]


def test_a_media_type_that_is_not_rendered_is_refused(studio: Studio, sources: Sources) -> None:
    assets = {"png": studio.put(sources.png, "image/svg+xml")}
    ended = studio.render(production([{**STILL, "asset": "png"}], assets))
    failed(ended, studio, 2, "invalid-input")
    assert ended.error["errors"][0]["found"] == "image/svg+xml"


def test_a_range_beyond_a_house_clip_is_refused(studio: Studio, sources: Sources) -> None:
    ended = studio.render(production([clip("c", "house", 0, 30, 31)], stored(studio, sources)))
    failed(ended, studio, 2, "invalid-input")
    assert ended.error["errors"][0]["pointer"] == "/tracks/0/items/0/source_range"


def test_an_address_that_is_not_connected_is_refused_before_any_work(studio: Studio) -> None:
    ended = studio.render(production([colour("c", 0, 30)], output={"uri": "gs://bucket/film.mp4"}))
    assert "gs://bucket/film.mp4" in failed(ended, studio, 2, "invalid-input")
    assert studio.keys("artifacts/") == []


WRONG_SETTINGS: dict[str, dict[str, str]] = {
    "no blueprint": {},
    "no sha256": {"BLUEPRINT_URI": "media://one.json"},
    "another bucket": {"BLUEPRINT_URI": "ftp://one.json", "BLUEPRINT_SHA256": "0" * 64},
}


@pytest.mark.parametrize("extra", WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_a_run_without_a_blueprint_is_misconfigured(studio: Studio, extra: dict[str, str]) -> None:
    assert "BLUEPRINT_" in failed(studio.render(None, **extra), studio, 2, "misconfigured")


@pytest.mark.parametrize(
    "extra", [{"REELPRINT_WORKERS": "many", "REELPRINT_COLOUR": "red"}, {"CLOUD_RUN_TASK_COUNT": "0"}]
)
def test_wrong_settings_are_all_told_though_there_is_no_record_to_tell_them_on(
    studio: Studio, extra: dict[str, str]
) -> None:
    ended = studio.render(simple(), **extra)
    assert (ended.code, ended.record) == (2, None)
    assert ended.log[-1]["severity"] == "ERROR"
    assert all(name.removeprefix("REELPRINT_") in ended.log[-1]["message"] for name in extra)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd"])
def test_a_blueprints_address_cannot_leave_its_bucket(studio: Studio, key: str) -> None:
    ended = studio.render(None, BLUEPRINT_URI=f"media://{key}", BLUEPRINT_SHA256="0" * 64)
    failed(ended, studio, 2, "invalid-input")


# 3: missing


def test_a_missing_source_is_named(studio: Studio, sources: Sources) -> None:
    for bound in ({"sha256": "0" * 64}, {}):
        for item, kind in (({**STILL, "asset": "a"}, "image/png"), (clip("c", "a", 0, 0, 10), "video/mp4")):
            asset = {"uri": "media://sources/none", "media_type": kind, **bound}
            detail = failed(studio.render(production([item], {"a": asset})), studio, 3, "missing-asset")
            assert "'a'" in detail
            assert "media://sources/none" in detail


def test_another_generation_of_a_source_is_a_missing_one(studio: Studio, sources: Sources) -> None:
    studio.put(sources.png, "image/png")
    asset = {"uri": "media://sources/picture.png", "media_type": "image/png", "generation": "12345"}
    assert "12345" in failed(
        studio.render(production([{**STILL, "asset": "a"}], {"a": asset})), studio, 3, "missing-asset"
    )


def test_a_missing_blueprint_is_named(studio: Studio) -> None:
    ended = studio.render(None, BLUEPRINT_URI="media://none.json", BLUEPRINT_SHA256="0" * 64)
    assert "media://none.json" in failed(ended, studio, 3, "missing-asset")


# 4: corrupt


def cut(share: float) -> Callable[[Path], bytes]:
    return lambda path: path.read_bytes()[: int(path.stat().st_size * share)]


def whole(path: Path) -> bytes:
    return path.read_bytes()


CORRUPT: dict[str, tuple[str, Callable[[Path], bytes], str]] = {
    "empty picture": ("png", cut(0), "image/png"),
    "half a png": ("png", cut(0.5), "image/png"),
    "half a jpeg": ("jpeg", cut(0.5), "image/jpeg"),
    "most of a jpeg": ("jpeg", cut(0.9), "image/jpeg"),
    "half a webp": ("webp", cut(0.5), "image/webp"),
    "a png that says jpeg": ("png", whole, "image/jpeg"),
    "a sound that says png": ("tone", whole, "image/png"),
    "a playlist that says png": ("png", lambda _: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "image/png"),
    "a script that says mp4": ("foreign", lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n", "video/mp4"),
    "an empty film": ("foreign", cut(0), "video/x-matroska"),
    "half a film": ("foreign", cut(0.5), "video/x-matroska"),
    "a film without its header": ("house", cut(0.8), "video/mp4"),
    "a matroska that says mp4": ("foreign", whole, "video/mp4"),
    "an empty sound": ("tone", cut(0), "audio/wav"),
    "half a sound": ("tone", cut(0.5), "audio/wav"),
    "a sound that lacks its last sample": ("tone", lambda path: path.read_bytes()[:-2], "audio/wav"),
    "a wav that says flac": ("tone", whole, "audio/flac"),
    "a silent film as sound": ("foreign", whole, "video/x-matroska"),
}


def playing(kind: str, asset: Raw, *, as_sound: bool) -> Raw:
    if as_sound or kind == "audio":
        return production(
            [colour("c", 0, 60)], {"a": asset}, sound_track("t", "music", [clip("m", "a", 0, 0, 2 * RATE)])
        )
    return production([{**STILL, "asset": "a"} if kind == "image" else clip("c", "a", 0, 0, 50)], {"a": asset})


@pytest.fixture(scope="module")
def corrupt_runs(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> dict[str, tuple[Studio, Ended]]:
    """Every corrupt source, played; two jobs at a time, each in a studio of its own."""

    def run(case: str) -> tuple[Studio, Ended]:
        name, spoil, media_type = CORRUPT[case]
        studio = Studio(tmp_path_factory.mktemp("corrupt"))
        path = studio.root / "spoilt"
        path.write_bytes(spoil(getattr(sources, name)))
        asset = studio.put(path, media_type)
        return studio, studio.render(playing(media_type.partition("/")[0], asset, as_sound="as sound" in case))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CORRUPT, pool.map(run, CORRUPT), strict=True))


@pytest.mark.parametrize("case", CORRUPT)
def test_a_corrupt_source_is_named(corrupt_runs: dict[str, tuple[Studio, Ended]], case: str) -> None:
    studio, ended = corrupt_runs[case]
    detail = failed(ended, studio, 4, "corrupt-asset")
    assert "'a'" in detail
    assert "media://sources/spoilt" in detail
    assert "passwd" not in detail


@pytest.mark.parametrize("name", ["png", "foreign", "house", "tone"])
def test_a_source_that_is_not_the_one_declared_is_corrupt(studio: Studio, sources: Sources, name: str) -> None:
    """A house clip too, of which not a byte is decoded."""
    asset = stored(studio, sources)[name] | {"sha256": hashlib.sha256(b"another file").hexdigest()}
    document = playing(asset["media_type"].partition("/")[0], asset, as_sound=False)
    assert "sha256" in failed(studio.render(document), studio, 4, "corrupt-asset")


def test_a_blueprint_that_is_not_the_one_declared_is_corrupt(studio: Studio) -> None:
    extra = studio.stored_blueprint(simple()) | {"BLUEPRINT_SHA256": "0" * 64}
    failed(studio.render(None, **extra), studio, 4, "corrupt-asset")


# 5: storage


def limited(kilobytes: int) -> list[str]:
    """A command prefix under which no file grows beyond the limit: a full disk that spoils nobody else's day."""
    return ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash"]


def noisy(studio: Studio, seconds: int) -> Raw:
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, seconds * RATE)
    asset = studio.put(write_wav(studio.root / "noise.wav", noise), "audio/wav")
    return production(
        [colour("c", 0, 30 * seconds)], {"a": asset}, sound_track("t", "music", [clip("m", "a", 0, 0, seconds * RATE)])
    )


@pytest.mark.parametrize(
    ("kilobytes", "step"), [(1000, "bringing a source"), (2300, "mixing")], ids=["download", "mix"]
)
def test_a_full_disk_is_said_to_be_full_and_the_next_run_succeeds(studio: Studio, kilobytes: int, step: str) -> None:
    """The source has 1.9 MB; its mix, in float, 3.8 MB."""
    document = noisy(studio, 20)
    ended = studio.render(document, limited(kilobytes))
    assert "space" in failed(ended, studio, 5, "storage-full").lower()
    assert ended.error["retryable"]
    assert studio.render(document).code == 0


def test_a_folder_that_cannot_be_written_is_a_storage_failure(studio: Studio) -> None:
    (studio.root / "in-the-way").write_text("a file where a folder should be")
    ended = studio.render(simple(), REELPRINT_DATA_DIR=str(studio.root / "in-the-way"))
    assert ended.code == 5
    assert ended.log[-1]["severity"] == "ERROR"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EFBIG, StorageFull), (errno.EIO, StorageFailed)]
)
def test_what_the_system_refuses_in_scratch_is_a_storage_failure(number: int, kind: type[Exception]) -> None:
    assert type(known(OSError(number, "no", "name"))) is kind


# 6: the renderer


@pytest.mark.parametrize("program", ["/nonexistent/ffmpeg", "/etc/passwd", "/"])
def test_a_missing_ffmpeg_is_said_to_be_missing(studio: Studio, program: str) -> None:
    ended = studio.render(simple(), REELPRINT_FFMPEG=program)
    assert program in failed(ended, studio, 6, "engine-unavailable")


def test_a_result_that_lacks_a_frame_is_not_published(studio: Studio, sources: Sources) -> None:
    """The join says it went well; the gate counts."""
    shorter = f'exec {FFMPEG} "${{@:1:$#-1}}" -frames:v 58 "${{!#}}"'
    tampered = Tampered(studio.root, "joined.mp4", shorter)
    document = production([clip("c", "house", 0, 0, 60)], stored(studio, sources))
    detail = failed(studio.render(document, REELPRINT_FFMPEG=str(tampered.program)), studio, 6, "render-failed")
    assert "frames: found 58, planned 60" in detail


def test_a_shot_that_lacks_a_frame_is_not_kept(studio: Studio) -> None:
    tampered = Tampered(studio.root, "keyint=150", f'exec {FFMPEG} "${{@:1:$#-1}}" -frames:v 149 "${{!#}}"')
    detail = failed(studio.render(simple(), REELPRINT_FFMPEG=str(tampered.program)), studio, 6, "render-failed")
    assert "149 frames encoded, 150 planned" in detail
    assert studio.keys("artifacts/") == []
    assert studio.render(simple()).code == 0


def test_a_killed_ffmpeg_is_no_fault_of_the_source(studio: Studio, sources: Sources) -> None:
    """What kills it, the lack of memory above all, may be gone the next time: no final exit code."""
    tampered = Tampered(studio.root, "asset-", "kill -9 $$")
    document = production([clip("c", "foreign", 0, 0, 30)], stored(studio, sources))
    ended = studio.render(document, REELPRINT_FFMPEG=str(tampered.program))
    assert "signal 9" in failed(ended, studio, 6, "engine-failed")
    assert ended.error["retryable"]


# 7: told to stop; killed


@pytest.fixture
def hanging(studio: Studio) -> Iterator[Tampered]:
    """An ffmpeg that hangs at the film's source, deaf to SIGTERM, once the colour's shot may be made beside it."""
    tampered = Tampered(studio.root, "asset-", "trap '' TERM; while true; do sleep 0.1; done")
    yield tampered
    tampered.end()


def half_done(studio: Studio, sources: Sources) -> Raw:
    return production([colour("c", 0, 30), clip("f", "foreign", 30, 0, 40)], stored(studio, sources))


def wait_for_artifacts(studio: Studio, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(studio.keys("artifacts/shot/")) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_render_told_to_stop_stops_and_the_next_run_goes_on_from_there(
    studio: Studio, sources: Sources, hanging: Tampered
) -> None:
    document = half_done(studio, sources)
    task = studio.start(document, REELPRINT_FFMPEG=str(hanging.program), REELPRINT_WORKERS="2")
    hanging.wait()
    wait_for_artifacts(studio, 1)
    task.send_signal(signal.SIGTERM)
    ended = studio.ended(task, timeout=5)
    failed(ended, studio, 7, "cancelled", status="cancelled")
    assert hanging.processes() == []
    report = studio.render(document).report
    assert report["shots"] == {"made": 1, "reused": 1, "copied": 0}


def test_a_render_told_to_stop_while_joining_publishes_nothing(studio: Studio, sources: Sources) -> None:
    hanging = Tampered(studio.root, "joined.mp4", "while true; do sleep 0.1; done")
    task = studio.start(half_done(studio, sources), REELPRINT_FFMPEG=str(hanging.program))
    hanging.wait()
    task.send_signal(signal.SIGTERM)
    failed(studio.ended(task, timeout=5), studio, 7, "cancelled", status="cancelled")
    assert hanging.processes() == []


@pytest.mark.parametrize("step", ["asset-", "joined.mp4"])
def test_a_killed_render_leaves_nothing_half_done_and_the_next_run_completes_it(
    studio: Studio, sources: Sources, step: str
) -> None:
    hanging = Tampered(studio.root, step, "while true; do sleep 0.1; done")
    document = half_done(studio, sources)
    task = studio.start(document, REELPRINT_FFMPEG=str(hanging.program), REELPRINT_WORKERS="2")
    hanging.wait()
    wait_for_artifacts(studio, 1)
    task.kill()
    task.communicate(timeout=5)
    hanging.end()
    assert studio.keys("films/") == []
    assert all(studio.media.get(key) for key in studio.keys(""))  # every object is whole: its checksum is read again
    report = studio.render(document).report
    assert report["shots"]["reused"] >= 1
    assert read_numbers(decode_grey(studio.fetch("films/film.mp4", "film.mp4")))[30:] == list(range(101, 141))


# 1: something of ours


def test_a_bug_is_told_like_any_other_failure(studio: Studio, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    for name, value in studio.environment(simple()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(main, "parse_blueprint", broken)
    assert main.main() == 1
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    record = studio.record()
    assert record is not None
    assert (line["severity"], line["error"]["type"]) == ("ERROR", "internal")
    assert (record["status"], record["error"]) == ("failed", line["error"])


def test_a_store_that_cannot_be_opened_does_not_hide_the_failure(studio: Studio) -> None:
    (studio.root / "documents.sqlite3").mkdir()
    ended = studio.render(simple())
    assert (ended.code, ended.record) == (5, None)
    assert "documents.sqlite3" in ended.log[-1]["message"]


def test_a_record_that_cannot_be_written_does_not_hide_the_failure(tmp_path: Path, capsys: Any) -> None:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite3", SystemClock())) as documents:
        Progress(documents, "/no such/id").fail(RenderFailed("The join broke."))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines[0]["message"] == "The join broke."
    assert lines[1]["message"].startswith("The record could not be written")


def test_the_same_failure_twice_reads_the_same(studio: Studio, sources: Sources) -> None:
    """No address in memory, no scratch folder, no time in a message: two runs can be told to have failed alike."""
    path = studio.root / "spoilt.png"
    path.write_bytes(sources.png.read_bytes()[:100])
    document = production([{**STILL, "asset": "a"}], {"a": studio.put(path, "image/png")})
    one, other = (failed(studio.render(copy.deepcopy(document)), studio, 4, "corrupt-asset") for _ in range(2))
    assert one == other
