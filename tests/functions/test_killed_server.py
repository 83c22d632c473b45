"""kill -9 in the middle of a render: nothing half-made is visible, and the next start goes on from what exists."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.studio import new_chapter, served_studio

pytestmark = pytest.mark.media
TEXT = "\n\n".join(
    f"Paragraph number {word} is spoken slowly, and then the next one begins." for word in "abcdefghijklmnop"
)


def until(client: httpx.Client, job_id: str, reached: Any, seconds: float = 90) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}").json()
        if reached(job):
            return job
        assert time.monotonic() < deadline, job["message"]
        time.sleep(0.02)


def rendering(job: dict[str, Any]) -> bool:
    assert job["status"] in ("pending", "running"), job
    return bool(job["steps"][-1]["status"] == "running")


def kill_renderers(data: Path) -> int:
    """SIGKILL the supervisors of this data folder; what they started dies with them."""
    found = [
        p
        for p in psutil.process_iter(["cmdline"])
        if any(str(data / "executions") in a for a in p.info["cmdline"] or [])
    ]
    for process in found:
        process.kill()
    return len(found)


@pytest.mark.parametrize("with_renderer", [False, True], ids=["server", "server-and-renderer"])
def test_the_job_goes_on_after_the_next_start(tmp_path: Path, with_renderer: bool) -> None:
    with served_studio(tmp_path) as (server, client):
        project, chapter = new_chapter(client, TEXT)
        given = {"project_id": project, "chapter_id": chapter, "frame": {"width": 640, "height": 360}}
        job_id = client.post("/jobs", json={"type": "narration", "input": given}).json()["id"]
        job = until(client, job_id, rendering)
        server.send_signal(signal.SIGKILL)
        server.wait()
        if with_renderer:
            assert kill_renderers(tmp_path) >= 1
            assert not list((tmp_path / "storage" / "media" / "objects").rglob("*.mp4*"))
    with served_studio(tmp_path) as (_, client):
        ended = until(client, job_id, lambda job: job["status"] in ("completed", "failed"))
        assert ended["status"] == "completed", ended["error"]
        assert ended["attempt"] == 1
        assert (ended["executions"] != job["executions"]) is with_renderer
        film = client.get(f"/jobs/{job_id}/files/en.mp4").content
    (tmp_path / "film.mp4").write_bytes(film)
    said = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(tmp_path / "film.mp4"), "-f", "null", "-"], capture_output=True, check=True
    )
    assert said.stderr == b""
