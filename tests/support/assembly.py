"""A studio on a temporary folder: sources go in, blueprints are rendered by the assembly job as its own process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.assemble import house
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import Output
from shared.ports.storage import every_object

CHECKOUT = Path(__file__).parents[2]
Raw = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How one task ended: its exit code, its log lines, and the record it left."""

    code: int
    log: list[Raw]
    record: Raw | None

    @property
    def report(self) -> Raw:
        assert self.code == 0, self.log
        assert self.record is not None
        report: Raw = self.record["report"]
        return report

    @property
    def error(self) -> Raw:
        """The error of the last log line, once it is shown that log and record tell the same."""
        last = self.log[-1]
        assert last["severity"] == "ERROR"
        assert self.record is not None
        assert self.record["message"] == last["message"] == last["error"]["detail"]
        assert self.record["error"] == last["error"]
        found: Raw = last["error"]
        return found


class Studio:
    """`root` holds everything: storage and documents where the job looks for them, its scratch, and made media."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.media = FilesystemStorage(root / "storage", "media", SystemClock())
        self.scratch = root / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)

    def put(self, path: Path, media_type: str, **facts: Any) -> Raw:
        """Store a file as a source; the blueprint's entry for it, bound by sha256."""
        key = f"sources/{path.name}"
        self.media.put_file(key, path, content_type=media_type)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return {"uri": f"media://{key}", "media_type": media_type, "sha256": digest, **facts}

    def environment(self, blueprint: Raw | None, **extra: str) -> dict[str, str]:
        """All that the job gets to see. A `blueprint` is given inline and its task id names the record."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ}
        kept |= {"REELPRINT_DATA_DIR": str(self.root), "TMPDIR": str(self.scratch), "RENDER_ID": "render-1"}
        if blueprint is not None:
            kept["BLUEPRINT_JSON"] = json.dumps(blueprint)
        return kept | extra

    def stored_blueprint(self, blueprint: Raw) -> dict[str, str]:
        """The variables that lead to a blueprint too large for one."""
        data = json.dumps(blueprint).encode()
        self.media.put("blueprints/one.json", data)
        return {"BLUEPRINT_URI": "media://blueprints/one.json", "BLUEPRINT_SHA256": hashlib.sha256(data).hexdigest()}

    def start(self, blueprint: Raw | None, prefix: Sequence[str] = (), **extra: str) -> subprocess.Popen[bytes]:
        argv = [*prefix, sys.executable, "-m", "jobs.assemble.main"]
        return subprocess.Popen(argv, env=self.environment(blueprint, **extra), cwd=CHECKOUT, stderr=subprocess.PIPE)

    def render(self, blueprint: Raw | None, prefix: Sequence[str] = (), **extra: str) -> Ended:
        return self.ended(self.start(blueprint, prefix, **extra), extra.get("RENDER_ID", "render-1"))

    def ended(self, task: subprocess.Popen[bytes], render_id: str = "render-1", timeout: float = 60) -> Ended:
        _, said = task.communicate(timeout=timeout)
        lines = said.decode().splitlines()
        assert all(line.startswith("{") for line in lines), said.decode()  # every line is JSON, none a traceback
        return Ended(task.returncode, [json.loads(line) for line in lines], self.record(render_id))

    def record(self, render_id: str = "render-1") -> Raw | None:
        path = self.root / "documents.sqlite3"
        if not path.is_file():
            return None
        with closing(SqliteDocuments(path, SystemClock())) as documents:
            found = documents.get("renders", render_id)
        return dict(found.data) if found else None

    def keys(self, prefix: str) -> list[str]:
        return [info.key for info in every_object(self.media, prefix)]

    def fetch(self, key: str, name: str) -> Path:
        """A stored object as a local file."""
        target = self.root / name
        self.media.download(key, target)
        return target

    def leftovers(self) -> list[str]:
        """What the job left in its scratch folder; nothing, when it tidied up."""
        return [path.name for path in self.scratch.rglob("*")]


def production(
    items: Sequence[Raw],
    assets: Mapping[str, Raw] | None = None,
    *audio: Raw,
    output: Raw | None = None,
    captions: Raw | None = None,
    **more: Any,
) -> Raw:
    """A blueprint of 160x90 at 30 frames a second, published to films/film.mp4."""
    frame = {"profile": "preview", "width": 160, "height": 90, "frame_rate": {"num": 30, "den": 1}, "channels": 1}
    return {
        "schema_version": "1.0",
        "kind": "narration",
        "task_id": "film",
        "output": {**frame, "uri": "media://films/film.mp4", **(output or {})},
        "assets": dict(assets or {}),
        "tracks": [{"id": "picture", "kind": "video", "items": list(items)}, *audio],
        "captions": captions or {"mode": "none"},
        **more,
    }


def colour(item_id: str, start: int, duration: int, value: str = "#204060") -> Raw:
    place = {"id": item_id, "timeline_start": start, "duration": duration}
    return {"type": "generator", "generator": {"kind": "colour", "colour": value}, **place}


def clip(item_id: str, asset: str, start: int, first: int, duration: int, **more: Any) -> Raw:
    span = {"start": first, "duration": duration}
    return {"type": "clip", "id": item_id, "asset": asset, "timeline_start": start, "source_range": span, **more}


def sound_track(track_id: str, role: str, items: Sequence[Raw], **more: Any) -> Raw:
    return {"id": track_id, "kind": "audio", "role": role, "items": list(items), **more}


def house_options(output: Raw | None = None) -> Raw:
    """ffmpeg options of the house format for a production's frame."""
    return house.video_options(output_of(output), still=False)


def output_of(output: Raw | None = None) -> Output:
    return parse_blueprint(production([colour("c", 0, 1)], output=output)).output
