"""What an audiobook costs: CPU and wall seconds a narrated minute, and what a second export of the same book costs beside it."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from demo.run import story_of_the_demo
from shared.config import read_settings
from shared.domain.export import Export
from shared.domain.project import Project
from shared.wiring import App, build
from tests.support.exports import made, new_book, voiced

CHAPTERS = 2
FORMATS = (("m4b",), ("mp3",), ("acx",), ("epub",), ("srt", "vtt"), ("m4b", "mp3", "acx", "epub", "vtt"))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(app: App, project: Project, formats: Sequence[str]) -> tuple[Export, float, float]:
    """The export, its CPU seconds and its wall seconds."""
    before, began = cpu(), time.monotonic()
    export = made(app, project, *formats)
    return export, cpu() - before, time.monotonic() - began


def main() -> None:
    story = story_of_the_demo().raw.decode()
    for formats in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            app = build(read_settings({"REELPRINT_DATA_DIR": str(Path(folder))}))
            # Each chapter ends in a sentence of its own, so that no two of them are alike.
            texts = [(f"Chapter {n}", f"{story}\n\nThat was chapter {n}.") for n in range(1, CHAPTERS + 1)]
            project = voiced(app, new_book(app, *texts))
            export, spent, took = measured(app, project, formats)
            _, again, again_took = measured(app, project, formats)
            minutes = sum(chapter["seconds"] for chapter in export.reports["chapters"]) / 60
            told = f"{minutes:5.1f} min: {spent / minutes:5.2f} s of CPU a minute ({took / minutes:.2f} s of time)"
            print(f"{'+'.join(formats):24} {told}; again {again / spent:.2f} of it ({again_took:.1f} s)")
            app.close()


if __name__ == "__main__":
    main()
