"""The main job, measured: the demo's story first, then after one changed sentence. `python -m tests.bench.main_job`

Prints seconds, CPU seconds of the whole studio (server, engines, renderers), what was made and reused, and bytes kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from demo.client import Client
from demo.run import HERE, Story, edit_one_sentence, story_of_the_demo, wish_for
from demo.studio import wait_for_address


@dataclass(frozen=True)
class Run:
    """One job, as it ended, with what it cost."""

    job: dict[str, Any]
    seconds: float
    cpu: float
    bytes_kept: int


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="reelprint-bench-") as folder:
        data = Path(folder)
        env = {**os.environ, "REELPRINT_PORT": "0", "REELPRINT_DATA_DIR": folder, "REELPRINT_ACCOUNTS": "open"}
        with (data / "log").open("wb") as log:
            command = [sys.executable, "-m", "functions.dev_server", "--port-file", str(data / "address")]
            server = subprocess.Popen(command, cwd=HERE.parent, env=env, stdout=log, stderr=log)
        try:
            client = Client(wait_for_address(server, data / "address", data / "log"))
            first, second = measure(client, story_of_the_demo(), server, data)
        finally:
            server.terminate()
            server.wait(20)
    report(first, second)
    return 0


def measure(client: Client, story: Story, server: subprocess.Popen[bytes], data: Path) -> tuple[Run, Run]:
    project = client.post("/projects", {"title": story.title, "author": story.author, "language": story.language})
    chapter = client.upload_text(project["id"], story.title, story.raw)
    wish = wish_for(story, project["id"], chapter["id"], to="es")
    first = run(client, wish, server, data)
    edit_one_sentence(client, wish)
    return first, run(client, wish, server, data)


def run(client: Client, wish: dict[str, Any], server: subprocess.Popen[bytes], data: Path) -> Run:
    started, before = time.monotonic(), cpu_seconds(server)
    job = client.follow(client.post("/jobs", {"type": "narration", "input": wish}), lambda _: None)
    seconds = time.monotonic() - started
    time.sleep(1)  # the last supervisor is still to be waited for, and its time counted
    kept = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    return Run(job, seconds, cpu_seconds(server) - before, kept)


def cpu_seconds(server: subprocess.Popen[bytes]) -> float:
    """Of the server, of all children it has waited for, and of those that still run."""
    root = psutil.Process(server.pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def report(first: Run, second: Run) -> None:
    print(f"{'':<36}{'first run':>12}{'after edit':>12}{'ratio':>8}")
    row("seconds", first.seconds, second.seconds)
    row("CPU seconds, whole studio", first.cpu, second.cpu)
    for name in ("voice", "translate", "voice_translation"):
        row(f"{name}: made", *(made(run.job, name) for run in (first, second)))
    for language in first.job["result"]["reports"]:
        one, two = (run.job["result"]["reports"][language] for run in (first, second))
        for kind in ("shots", "audio_blocks"):
            row(f"{language} {kind}: made", one[kind]["made"], two[kind]["made"])
        row(f"{language} renderer CPU seconds", one["cpu_seconds"], two["cpu_seconds"])
    row("bytes kept", first.bytes_kept, second.bytes_kept)


def made(job: dict[str, Any], name: str) -> int:
    step = next(step for step in job["steps"] if step["name"] == name)
    return int(step["total"] - step["reused"])


def row(name: str, first: float, second: float) -> None:
    shown = (f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" for value in (first, second))
    print(f"{name:<36}{''.join(f'{value:>14}' for value in shown)}{second / first if first else 0:>8.2f}")


if __name__ == "__main__":
    sys.exit(main())
