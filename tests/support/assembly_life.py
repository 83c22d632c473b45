"""What disturbs a render, and what watches it: storage that stumbles, an ffmpeg that hangs at its n-th call, noted records."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from jobs.assemble.render import Renderer, encoder_version
from jobs.assemble.running.child import Children
from jobs.assemble.running.progress import COLLECTION, Progress
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.config import tool_environment
from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import StorageFailed
from shared.ports.documents import Transaction
from shared.ports.storage import ObjectInfo
from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.assembly_tools import FFMPEG
from tests.support.clock import HeldClock
from tests.support.media import RATE


def small_film(assets: dict[str, Raw]) -> Raw:
    """A second of everything that the job does: a colour, an encoded clip, sound, captions, poster and sprite sheet."""
    cues = [{"start": 0, "duration": 20, "text": "One line"}]
    return production(
        [colour("c", 0, 12), clip("f", "foreign", 12, 20, 12), clip("h", "house", 24, 0, 6)],
        assets,
        sound_track("t", "music", [clip("m", "tone", 0, 0, RATE)]),
        output={"poster": {"frame": 14}, "sprite": {"interval": 10}},
        captions={"mode": "soft", "languages": {"en": cues}},
    )


class Recorded(SqliteDocuments):
    """Real documents that note when, by a held clock, each record was written, and what it said."""

    def __init__(self, path: Path, clock: HeldClock) -> None:
        super().__init__(path, clock)
        self._held = clock
        self.writes: list[tuple[float, Raw]] = []

    def transaction(self, work: Callable[[Transaction], Any]) -> Any:
        result = super().transaction(work)
        found = self.get(COLLECTION, "r")
        self.writes.append((self._held.now().timestamp(), found.data if found else {}))
        return result


class Hurried:
    """A clock by which a second passes whenever it is looked at, so that every step is written."""

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock

    def __call__(self) -> float:
        self._clock.advance(1)
        return self._clock.now().timestamp()


class Strict(FilesystemStorage):
    """Real storage that does not take what is stored under `prefix`, nor as many of the first calls as `failures`."""

    prefix, failures, error = "none/", 0, StorageFailed("The storage did not answer.")
    calls: dict[tuple[str, str], int]

    def _stumble(self, name: str, key: str) -> None:
        calls = self.__dict__.setdefault("calls", {})
        calls[name, key] = calls.get((name, key), 0) + 1
        if (key.startswith(self.prefix) and name.startswith("put")) or calls[name, key] <= self.failures:
            raise self.error

    def stat(self, key: str) -> ObjectInfo | None:
        self._stumble("stat", key)
        return super().stat(key)

    def get(self, key: str) -> bytes:
        self._stumble("get", key)
        return super().get(key)

    def open(self, key: str) -> Any:
        self._stumble("open", key)
        return super().open(key)

    def download(self, key: str, path: Path) -> ObjectInfo:
        self._stumble("download", key)
        return super().download(key, path)

    def put(self, key: str, data: bytes | BinaryIO, **options: Any) -> ObjectInfo:
        self._stumble("put", key)
        return super().put(key, data, **options)

    def put_file(self, key: str, path: Path, **options: Any) -> ObjectInfo:
        """One call, as a vendor's is, whatever it is made of here."""
        self._stumble("put_file", key)
        with path.open("rb") as source:
            return super().put(key, source, **options)


def strict(studio: Studio, **facts: Any) -> Strict:
    media = Strict(studio.root / "storage", "media", SystemClock())
    for name, value in facts.items():
        setattr(media, name, value)
    return media


def render_with(studio: Studio, media: Strict, document: Raw, progress: Progress) -> Raw:
    children = Children(tool_environment())
    renderer = Renderer(
        parse_blueprint(document),
        {"media": media},
        children,
        progress,
        studio.scratch,
        encoder=encoder_version(children),
        workers=1,
    )
    return renderer.run()


class NthCall:
    """A program that is ffmpeg, until it is called for the n-th time: then it does `deed` instead."""

    def __init__(self, folder: Path, number: int = 0, deed: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.program, self._calls, self._reached = folder / "counted-ffmpeg", folder / "calls", folder / "reached"
        calls, reached = shlex.quote(str(self._calls)), shlex.quote(str(self._reached))
        count = (
            f"echo $$ >> {calls}; if [ $(wc -l < {calls}) -eq {number} ]; then echo $$ > {reached}; {deed or ':'}; fi\n"
        )
        self.program.write_text(f'#!/bin/bash\n{count}exec {FFMPEG} "$@"\n')
        self.program.chmod(0o755)

    @property
    def calls(self) -> int:
        return len(self._calls.read_text().split())

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while not (self._reached.exists() and self._reached.read_text().endswith("\n")):
            assert time.monotonic() < deadline, "the call never came"
            time.sleep(0.02)

    def living(self) -> list[str]:
        return [pid for pid in self._calls.read_text().split() if Path(f"/proc/{pid}/fd/0").exists()]
