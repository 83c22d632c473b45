"""What open event streams cost the rest of the API: `python -m tests.bench.events [STREAMS]`.

The server is a process of its own, with as many running jobs as there are streams, each followed by one. Measured is a
plain GET of one job, in turns without and with the streams open, and the server's memory.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from shared.config import read_settings
from shared.domain.job import Job, JobStatus, JobType, Step, StepStatus
from shared.wiring import build

ROUNDS, GETS = 5, 200
OWNER = "local"


@dataclass(frozen=True)
class StreamCost:
    """Seconds of a plain GET, alone and beside the streams; `memory` in bytes a stream, as opened round after round."""

    plain: float
    beside: float
    ratio: float
    memory: list[float]


def main() -> None:
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    cost = cost_of_streams(streams)
    print(
        f"a plain GET: {cost.plain * 1000:.2f} ms; beside {streams} open streams "
        f"{cost.beside * 1000:.2f} ms: {cost.ratio:.2f}x"
    )
    first, last = cost.memory[0] / 1024, cost.memory[-1] / 1024
    print(f"memory: {first:.0f} KiB a stream when first opened, {last:.0f} KiB the last time")


def cost_of_streams(streams: int) -> StreamCost:
    """On the local server, where streams and GETs are one process: in the cloud they are two functions."""
    with tempfile.TemporaryDirectory() as folder:
        ids = _running_jobs(Path(folder), streams)
        address = Path(folder) / "address"
        command = [sys.executable, "-m", "functions.dev_server", "--port-file", str(address)]
        env = {"PATH": os.defpath, "REELPRINT_DATA_DIR": folder, "REELPRINT_PORT": "0", "REELPRINT_ACCOUNTS": "open"}
        with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as server:
            try:
                _wait_until(address.exists)
                with httpx.Client(base_url=f"{address.read_text()}/api/v1", timeout=30) as client:
                    return _cost(psutil.Process(server.pid), client, ids)
            finally:
                server.terminate()


def _cost(server: psutil.Process, client: httpx.Client, ids: list[str]) -> StreamCost:
    plain, beside, memory = [], [], []
    _gets(client, ids[0])  # what is loaded on first use is loaded
    for _ in range(ROUNDS):
        plain.append(_gets(client, ids[0]))
        before = server.memory_info().rss
        opened = [_open(client.base_url, job_id) for job_id in ids]
        memory.append((server.memory_info().rss - before) / len(ids))
        beside.append(_gets(client, ids[0]))
        for connection in opened:
            connection.close()
        _wait_until(lambda: _sockets(server) < len(ids) // 2)
    ratio = statistics.median(b / a for a, b in zip(plain, beside, strict=True))
    return StreamCost(statistics.median(plain), statistics.median(beside), ratio, memory)


def _running_jobs(folder: Path, count: int) -> list[str]:
    """Jobs that run and never end: whatever looks at their step finds that a later look has taken over."""
    app = build(read_settings({"REELPRINT_DATA_DIR": str(folder)}))
    step = Step(name="voice", weight=100, status=StepStatus.RUNNING, round=10**15, done=1, total=9)
    now = app.clock.now()
    for n in range(count):
        job = Job(
            id=f"job_{n:024x}",
            owner=OWNER,
            created_at=now,
            updated_at=now,
            type=JobType.TEXT_TO_SPEECH,
            status=JobStatus.RUNNING,
            input={},
            steps=[step],
        )
        app.documents.put("jobs", job.id, job.model_dump(mode="json"))
    app.close()
    return [f"job_{n:024x}" for n in range(count)]


def _open(url: httpx.URL, job_id: str) -> socket.socket:
    """A stream, followed as far as its first bytes."""
    connection = socket.create_connection((url.host, url.port or 80))
    connection.sendall(f"GET /api/v1/jobs/{job_id}/events HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
    said = b""
    while b"retry:" not in said:
        piece = connection.recv(4096)
        if not piece:
            raise RuntimeError(f"the stream ended with {said[:200]!r}")
        said += piece
    return connection


def _gets(client: httpx.Client, job_id: str) -> float:
    """Seconds of one GET, the median of many."""
    times = []
    for _ in range(GETS):
        began = time.perf_counter()
        client.get(f"/jobs/{job_id}").raise_for_status()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _sockets(server: psutil.Process) -> int:
    return sum(1 for connection in server.net_connections() if connection.status == psutil.CONN_ESTABLISHED)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("the server does not come, or holds what its clients have closed")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
