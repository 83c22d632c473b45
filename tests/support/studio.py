"""A whole studio for a test: the real doors over HTTP on a free port, the real queue, data in a folder of the test's own."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from functions.dev_server import Server
from shared.config import read_settings

HOME = Path(__file__).parent.parent.parent
TEXT = (
    "“Who lit the lamp?” asked Mara.\n\n"
    "“Nobody did,” said Tobias. “It has burned since I was a boy.”\n\n"
    "The sea went on speaking to the stones. Far out, a bell rang twice and was quiet.\n"
)


@contextmanager
def running_studio(folder: Path, **settings: str) -> Iterator[tuple[Server, httpx.Client]]:
    """A server with its queue, and a client of it. `settings` are REELPRINT_* values by their lower-case names; without
    `accounts="required"` (tests.support.accounts signs people in) it is the open studio of one user.
    """
    settings = {"accounts": "open", **settings}
    given = {f"REELPRINT_{name.upper()}": value for name, value in settings.items()}
    server = Server(read_settings({"REELPRINT_DATA_DIR": str(folder), "REELPRINT_PORT": "0", **given}))
    server.start()
    try:
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as client:
            yield server, client
    finally:
        server.stop()


@contextmanager
def served_studio(
    data: Path, settings: Mapping[str, str] | None = None, **limits: int
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The server as a process of its own; killed at the end, if it still runs. `settings` are as `running_studio` takes
    them, `limits` are RLIMIT_* by name.
    """
    address = data / "address"
    address.unlink(missing_ok=True)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "REELPRINT_DATA_DIR": str(data), "REELPRINT_PORT": "0"}
    env["REELPRINT_ACCOUNTS"] = "open"
    env |= {f"REELPRINT_{name.upper()}": value for name, value in (settings or {}).items()}
    with (data / "log").open("ab") as log:
        command = [sys.executable, "-m", "functions.dev_server", "--port-file", str(address)]
        server = subprocess.Popen(command, cwd=HOME, env=env, stdout=log, stderr=log)
    for name, value in limits.items():
        resource.prlimit(server.pid, getattr(resource, name), (value, value))
    try:
        for _ in range(600):
            if address.exists():
                break
            time.sleep(0.05)
        with httpx.Client(base_url=f"{address.read_text()}/api/v1", timeout=30) as client:
            yield server, client
    finally:
        server.kill()
        server.wait()


def new_chapter(client: httpx.Client, text: str = TEXT, language: str = "en") -> tuple[str, str]:
    """(project id, chapter id) of a fresh chapter."""
    project = client.post("/projects", json={"title": "Tales", "language": language}).json()["id"]
    answer = client.post(f"/projects/{project}/chapters", json={"title": "The lamp", "text": text})
    assert answer.status_code == 201, answer.text
    return project, answer.json()["id"]


def ended(client: httpx.Client, job_id: str, seconds: float = 120) -> dict[str, Any]:
    """The job once it has ended, however it did."""
    deadline = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}").json()
        if job["status"] in ("completed", "failed", "cancelled"):
            return job
        assert time.monotonic() < deadline, f"the job is {job['status']} at {job['percentage']}%: {job['message']}"
        time.sleep(0.1)
