"""Exports for tests: books that are planned and voiced, by engines or by sounds of the test's own, and the job run on them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np

from shared.domain.asset import AssetStatus, AssetType
from shared.domain.export import Export, ExportStatus, NewExport
from shared.domain.plan import Segment
from shared.domain.project import ChapterSource, NewChapter, NewProject, Project
from shared.services.plan_options import PlanOptions
from shared.wiring import App
from tests.support.assembly import CHECKOUT
from tests.support.media import Samples, write_png

ME = "usr_me"
VOICE = "flite/slt"


def new_book(app: App, *texts: tuple[str, str], title: str = "The Harbour", language: str = "en") -> Project:
    """A project with chapters of these (title, text), each planned."""
    project = app.projects.create(ME, NewProject(title=title, author="A. Keeper", language=language))
    for number, (name, text) in enumerate(texts, 1):
        add_chapter(app, project, number, name, text)
    return project


def add_chapter(app: App, project: Project, number: int, title: str, text: str) -> str:
    """A planned chapter, without a look at all the others; its id."""
    source = ChapterSource(asset_id="", reference=str(number))
    wanted = NewChapter(title=title, text=text)
    name = f"chp_{project.id[4:16]}{number:05}"
    chapter, _ = app.chapters.import_one(ME, project.id, wanted, name, number, source)
    app.plans.generate(ME, project.id, chapter.id, PlanOptions())
    return chapter.id


def spoken_segments(app: App, project: Project) -> list[Segment]:
    found: list[Segment] = []
    for chapter in app.chapters.all_of(ME, project.id):
        found += [s for s in app.plans.get(ME, project.id, chapter.id).segments if s.is_spoken]
    return found


def voiced(app: App, project: Project, voice: str = VOICE) -> Project:
    """Every segment, spoken by an engine."""
    for segment in spoken_segments(app, project):
        app.voice_segment.make(segment.text, voice, {})
    return project


def put_voice(
    app: App, text: str, sound: Samples, rate: int = 16_000, voice: str = VOICE, level: float = -20.0
) -> None:
    """A sound of the test's own, where the engine's would be."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    data = stream.getvalue()
    about = {"sha256": hashlib.sha256(data).hexdigest(), "samples": str(len(sound)), "rate": str(rate), "pauses": "[]"}
    about |= {"level": f"{level:.1f}", "peak": "-20.0"}
    key = app.voice_segment.key(text, voice, {})
    app.media.put(key.path, data, content_type="audio/wav", metadata=about)


def new_cover(app: App, folder: Path) -> str:
    """The id of a picture that is ready."""
    picture = write_png(folder / "cover.png", 300, 400, "0x2060A0").read_bytes()
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", picture)
    info = app.uploads.stat(asset.upload_key)
    assert info
    app.ingest.receive(asset.upload_key, info.generation)
    assert app.assets.get(ME, asset.id).status is AssetStatus.READY
    return asset.id


def asked(app: App, project: Project, *formats: str, chapters: Any = "all", **options: Any) -> Export:
    """An export that waits for its job."""
    wish = NewExport.model_validate({"formats": list(formats), "chapters": chapters, "options": options})
    return app.exports.create(ME, project.id, wish)


def started(app: App, export: Export, attempt: int = 1, **limits: int) -> subprocess.Popen[bytes]:
    """The job as its own process. `limits` are RLIMIT_* by name."""
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = app.settings
    env |= {"REELPRINT_DATA_DIR": str(settings.data_dir), "REELPRINT_FFMPEG": settings.ffmpeg}
    env |= {"EXPORT_OWNER": ME, "EXPORT_ID": export.id, "EXPORT_ATTEMPT": str(attempt)}
    env |= {"TMPDIR": str(settings.data_dir)}

    def bound() -> None:
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, name), (value, value))

    command = [sys.executable, "-m", "jobs.export.main"]
    return subprocess.Popen(command, env=env, cwd=CHECKOUT, stderr=subprocess.PIPE, preexec_fn=bound)  # noqa: PLW1509 - sets limits, nothing else


def run(app: App, export: Export, attempt: int = 1, **limits: int) -> tuple[int, list[dict[str, Any]]]:
    """The job's exit code and log."""
    task = started(app, export, attempt, **limits)
    _, said = task.communicate(timeout=120)
    lines = said.decode().splitlines()
    assert all(line.startswith("{") for line in lines), said.decode()
    return task.returncode, [json.loads(line) for line in lines]


def made(app: App, project: Project, *formats: str, chapters: Any = "all", **options: Any) -> Export:
    """An export that is completed."""
    export = asked(app, project, *formats, chapters=chapters, **options)
    code, log = run(app, export)
    done, _ = app.exports.get(ME, project.id, export.id)
    assert (code, done.status) == (0, ExportStatus.COMPLETED), (log, done.error)
    return done


def fetched(app: App, export: Export, name: str, folder: Path) -> Path:
    """One of its files on disk, once it is as large as it says, with the hash it says."""
    file = app.exports.file(ME, export.project_id, export.id, name)
    target = folder / name
    target.write_bytes(app.media.get(file.key))
    data = target.read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
    return target


def click_at(second: float, rate: int = 16_000, seconds: float = 0.5) -> Samples:
    """Silence with one short burst."""
    sound = np.zeros(round(seconds * rate))
    first = round(second * rate)
    sound[first : first + 48] = np.sin(np.arange(48) * 1.3) * np.linspace(0.9, 0, 48)
    return sound


def onsets(sound: Samples, apart: int) -> list[int]:
    """Where the sound rises after at least `apart` samples of quiet."""
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    if not len(loud):
        return []
    return [int(loud[0]), *(int(at) for at in loud[1:][np.diff(loud) > apart])]
