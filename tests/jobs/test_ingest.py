"""The ingest job as its own process: what comes is brought to the house's forms, and what cannot be is told why."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.config import read_settings
from shared.domain.asset import Asset, AssetStatus, AssetType
from shared.ports.documents import Where
from tests.support.assembly import CHECKOUT, Studio, clip, production
from tests.support.media import (
    decode_grey,
    decode_sound,
    ffmpeg,
    ffprobe,
    numbered_frames,
    read_numbers,
    tone,
    write_clip,
    write_wav,
)

pytest.importorskip("joserfc", reason="these run in a whole studio, which requirements/assemble.txt does not hold")
from shared.wiring import App, build
from tests.support.studio import running_studio
from tests.support.uploads import sent, settled

pytestmark = pytest.mark.media
ME = "usr_me"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path / "data")}))
    yield studio
    studio.close()


def job(app: App, asset: Asset, **limits: int) -> tuple[int, list[dict[str, Any]]]:
    """Run the job on an asset; its exit code and its log."""
    task = started(app, asset, **limits)
    _, said = task.communicate(timeout=60)
    lines = said.decode().splitlines()
    assert all(line.startswith("{") for line in lines), said.decode()
    return task.returncode, [json.loads(line) for line in lines]


def started(app: App, asset: Asset, **limits: int) -> subprocess.Popen[bytes]:
    info = app.uploads.stat(asset.upload_key)
    assert info
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"REELPRINT_DATA_DIR": str(app.settings.data_dir), "INGEST_OWNER": ME, "INGEST_ASSET_ID": asset.id}
    env |= {"INGEST_GENERATION": str(info.generation), "TMPDIR": str(app.settings.data_dir)}
    command = [sys.executable, "-m", "jobs.ingest.main"]

    def bound() -> None:
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, name), (value, value))

    return subprocess.Popen(command, env=env, cwd=CHECKOUT, stderr=subprocess.PIPE, preexec_fn=bound)  # noqa: PLW1509 - sets limits, nothing else


def ingested(app: App, kind: AssetType, path: Path) -> Asset:
    asset = app.assets.create(ME, kind, path.name, path.read_bytes())
    code, log = job(app, asset)
    found = app.assets.get(ME, asset.id)
    assert code == (0 if found.status is AssetStatus.READY else 4), log
    return found


def fetched(app: App, key: str, target: Path) -> Path:
    app.media.download(key, target)
    return target


def moving(path: Path, width: int, height: int, *options: str, rate: str = "30", frames: int = 60) -> Path:
    return write_clip(path, numbered_frames(range(1, frames + 1), width, height), rate, *options)


def test_a_clip_is_normalised_and_a_film_copies_it(app: App, tmp_path: Path) -> None:
    source = moving(tmp_path / "move.mkv", 320, 180, "-c:v", "libx264", "-bf", "2")
    asset = ingested(app, AssetType.MOVE_CLIP, source)
    assert (asset.width, asset.height, asset.frames, asset.size_class) == (1280, 720, 60, "landscape")
    assert asset.probe.frame_rate and asset.probe.frame_rate.num == 30
    film = fetched(app, asset.media_key, tmp_path / "clip.mp4")
    assert read_numbers(decode_grey(film, 1280, 720)) == list(range(1, 61))
    shown = ffprobe(film, "-show_entries", "stream=sample_aspect_ratio,color_space,pix_fmt", "-of", "csv=p=0")
    assert shown.strip() == "1:1,yuv420p,bt709" or set(shown.strip().split(",")) == {"1:1", "yuv420p", "bt709"}
    assert app.uploads.get(asset.upload_key) == source.read_bytes()  # what came is kept

    studio = Studio(tmp_path / "data")
    used: dict[str, Any] = {"uri": f"media://{asset.media_key}", "media_type": asset.media_type, "sha256": asset.sha256}
    used["probe"] = asset.probe.model_dump(mode="json", exclude_none=True)
    size = {"width": 1280, "height": 720}
    report = studio.render(production([clip("a", "move", 0, 0, 60)], {"move": used}, output=size)).report
    assert report["shots"]["copied"] == 1 and report["shots"]["made"] == 0, report
    assert read_numbers(decode_grey(studio.fetch("films/film.mp4", "film.mp4"), 1280, 720)) == list(range(1, 61))


@pytest.mark.parametrize(
    ("size", "rate", "options", "wanted", "frames"),
    [
        ((180, 320), "25", ("-c:v", "libx264"), (720, 1280), 60),
        ((160, 160), "60", ("-c:v", "libvpx", "-b:v", "1M"), (720, 720), 25),
        ((160, 180), "30", ("-c:v", "libx264", "-vf", "setsar=2/1"), (1280, 720), 50),
    ],
)
def test_each_shape_has_its_size_class(
    app: App,
    tmp_path: Path,
    size: tuple[int, int],
    rate: str,
    options: tuple[str, ...],
    wanted: tuple[int, int],
    frames: int,
) -> None:
    path = tmp_path / ("move.webm" if "libvpx" in options else "move.mp4")
    asset = ingested(app, AssetType.MOVE_CLIP, moving(path, *size, *options, rate=rate, frames=50))
    assert (asset.width, asset.height, asset.frames) == (*wanted, frames)
    picture = decode_grey(fetched(app, asset.media_key, tmp_path / "clip.mp4"), *wanted)[0]
    assert (
        picture[-40:, :20].mean() > 30 and picture[-40:, -20:].mean() > 30
    )  # it fills its frame, with no black beside it


def test_a_turned_clip_is_stood_upright(app: App, tmp_path: Path) -> None:
    lying = moving(tmp_path / "lying.mp4", 320, 180, "-c:v", "libx264")
    turned = tmp_path / "turned.mp4"
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    assert "rotation" in ffprobe(turned, "-show_entries", "stream_side_data=rotation")
    asset = ingested(app, AssetType.MOVE_CLIP, turned)
    assert (asset.width, asset.height) == (720, 1280)
    film = fetched(app, asset.media_key, tmp_path / "clip.mp4")
    assert "rotation" not in ffprobe(film, "-show_entries", "stream_side_data=rotation")


def test_a_clips_sound_is_kept_apart_and_as_long(app: App, tmp_path: Path) -> None:
    silent = moving(tmp_path / "silent.mp4", 320, 180, "-c:v", "libx264")
    beep = write_wav(tmp_path / "beep.wav", np.concatenate([np.zeros(24_000), tone(997, 0.5)]))
    path = tmp_path / "move.mp4"
    ffmpeg("-i", silent, "-i", beep, "-c:v", "copy", "-c:a", "aac", path)
    asset = ingested(app, AssetType.MOVE_CLIP, path)
    assert asset.sound and (asset.sound.samples, asset.sound.sample_rate, asset.samples) == (96_000, 48_000, None)
    sound = decode_sound(fetched(app, asset.sound.key, tmp_path / "sound.flac"))
    assert len(sound) == 96_000
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    assert abs(int(loud[0]) - 24_000) < 1500 and abs(int(loud[-1]) - 48_000) < 1500
    assert asset.thumbnail and app.media.get(asset.thumbnail.key)[:2] == b"\xff\xd8"


def test_a_song_is_decoded_once(app: App, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    ffmpeg("-i", write_wav(tmp_path / "s.wav", tone(440, 4, rate=22_050), 22_050), path)
    asset = ingested(app, AssetType.SONG, path)
    assert (asset.sample_rate, asset.channels, asset.media_type) == (48_000, 2, "audio/flac")
    assert asset.samples and abs(asset.samples - 4 * 48_000) < 5000
    assert len(decode_sound(fetched(app, asset.media_key, tmp_path / "s.flac"))) == asset.samples


def spoken(rate: int = 48_000) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Five seconds of syllables with pauses."""
    syllable = np.concatenate([tone(220, 0.3, -12, rate), np.zeros(rate // 5)])
    return np.tile(syllable, 10)


def test_a_voice_becomes_441_khz_mono_and_is_measured(app: App, tmp_path: Path) -> None:
    path = tmp_path / "voice.webm"
    ffmpeg("-i", write_wav(tmp_path / "v.wav", spoken()), "-c:a", "libopus", path)
    asset = ingested(app, AssetType.VOICE_SAMPLE, path)
    assert (asset.sample_rate, asset.channels, asset.media_type) == (44_100, 1, "audio/wav"), asset.reason
    assert asset.level and -20 < asset.level.speech_dbfs < -10 and asset.level.noise_dbfs < -40


def hissing() -> np.ndarray[Any, np.dtype[np.float64]]:
    return spoken() + np.random.default_rng(1).normal(0, 0.05, len(spoken()))


@pytest.mark.parametrize(
    ("kind", "sound", "says"),
    [
        (AssetType.VOICE_SAMPLE, spoken() * 0.01, "too quiet"),
        (AssetType.VOICE_SAMPLE, np.clip(spoken() * 30, -1, 1), "clipped"),
        (AssetType.VOICE_SAMPLE, hissing(), "too noisy"),
        (AssetType.VOICE_SAMPLE, np.zeros(48_000 * 4), "too quiet"),
        (AssetType.VOICE_SAMPLE, spoken()[:48_000], "3 s are the least"),
        (AssetType.SONG, tone(440, 1), "3 s are the least"),
    ],
)
def test_a_sound_that_is_unfit_fails_with_the_reason(
    app: App, tmp_path: Path, kind: AssetType, sound: np.ndarray[Any, np.dtype[np.float64]], says: str
) -> None:
    asset = ingested(app, kind, write_wav(tmp_path / "s.wav", sound))
    assert asset.status is AssetStatus.FAILED and says in asset.reason
    assert not app.media.list(f"{asset.folder}/").items


@pytest.mark.parametrize("kind", [AssetType.MOVE_CLIP, AssetType.SONG, AssetType.VOICE_SAMPLE])
def test_what_does_not_decode_fails_with_the_reason(app: App, tmp_path: Path, kind: AssetType) -> None:
    head = b"\x00\x00\x00\x18ftypmp42" if kind is AssetType.MOVE_CLIP else b"RIFF\x24\x00\x00\x00WAVE"
    path = tmp_path / "broken"
    path.write_bytes(head + bytes(2000))
    asset = ingested(app, kind, path)
    assert asset.status is AssetStatus.FAILED and "Save it anew" in asset.reason + "Save it anew" * (
        "holds no" in asset.reason
    )
    assert str(app.settings.data_dir) not in asset.reason


@pytest.mark.parametrize(("name", "says"), [("move.mp4", ""), ("move.mkv", "it was cut off")])
def test_a_clip_that_was_cut_off_is_refused(app: App, tmp_path: Path, name: str, says: str) -> None:
    """An MP4's packets miss their ends; what is left of a Matroska file plays without a complaint."""
    options = ("-c:v", "libx264", "-g", "10", "-movflags", "+faststart")
    whole = moving(tmp_path / name, 320, 180, *options[: 4 if name.endswith("mkv") else 6], frames=150).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(whole[: len(whole) // 2])
    asset = ingested(app, AssetType.MOVE_CLIP, path)
    assert asset.status is AssetStatus.FAILED and says in asset.reason, asset.reason


def test_no_room_is_told_and_tried_again(app: App, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "song.wav", np.random.default_rng(2).normal(0, 0.2, 48_000 * 10))
    asset = app.assets.create(ME, AssetType.SONG, "song", path.read_bytes())
    code, _ = job(app, asset, RLIMIT_FSIZE=600_000)
    found = app.assets.get(ME, asset.id)
    assert code == 5, found
    assert found.status is AssetStatus.PENDING and "space" in found.reason.lower()
    assert job(app, asset)[0] == 0
    found = app.assets.get(ME, asset.id)
    assert (found.status, found.reason) == (AssetStatus.READY, "")


def test_a_job_for_what_is_gone_or_done_does_nothing(app: App, tmp_path: Path) -> None:
    asset = ingested(app, AssetType.SONG, write_wav(tmp_path / "s.wav", tone(440, 4)))
    before = app.assets.find(ME, asset.id)
    assert job(app, asset)[0] == 0
    assert app.assets.find(ME, asset.id) == before
    app.documents.delete("assets", asset.id)
    assert job(app, asset)[0] == 0


def test_a_killed_ingest_is_tried_again(tmp_path: Path) -> None:
    """The first run of ffmpeg kills the job that started it, as kill -9 would; the next one works."""
    marker, program = tmp_path / "was-here", tmp_path / "ffmpeg"
    program.write_text(
        f'#!/bin/sh\nif [ ! -e "{marker}" ]; then touch "{marker}"; kill -9 $PPID; exit 1; fi\nexec ffmpeg "$@"\n'
    )
    program.chmod(0o755)
    path = write_wav(tmp_path / "song.wav", tone(440, 4))
    with running_studio(tmp_path / "data", ffmpeg=str(program)) as (_, client):
        asset = settled(client, sent(client, "song", path.read_bytes())["id"])
    assert marker.exists() and asset["status"] == "ready", asset["reason"]


def test_a_deleted_assets_job_is_stopped(tmp_path: Path) -> None:
    marker, program = tmp_path / "was-here", tmp_path / "ffmpeg"
    program.write_text(f'#!/bin/sh\necho $$ > "{marker}"\nexec sleep 60\n')
    program.chmod(0o755)
    path = write_wav(tmp_path / "song.wav", tone(440, 4))
    with running_studio(tmp_path / "data", ffmpeg=str(program)) as (server, client):
        asset = sent(client, "song", path.read_bytes())
        wait_for(lambda: marker.exists() and marker.read_text().strip() != "")
        assert client.delete(f"/assets/{asset['id']}").status_code == 204
        pid = int(marker.read_text())
        wait_for(lambda: not is_running(pid))
        assert server.app.documents.count("assets", [Where("owner", "==", "local")]) == 0
        assert not server.app.media.list("users/local/").items


def wait_for(holds: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_settings_that_are_missing_are_named() -> None:
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "jobs.ingest.main"], env=env, cwd=CHECKOUT, capture_output=True, check=False
    )
    assert done.returncode == 2 and b"INGEST_ASSET_ID" in done.stderr
