"""Functions as they are deployed, for measuring: the functions framework's own gunicorn, two worker processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psutil

HOME = Path(__file__).parent.parent.parent
WORKERS = 2
_PATIENCE_S = 60.0


class Served:
    """One function on its port. CPU is that of its workers, without the process that watches them."""

    def __init__(self, process: psutil.Process, port: int) -> None:
        self.port = port
        self._process = process

    def cpu_seconds(self) -> float:
        spent = [child.cpu_times() for child in self._process.children(recursive=True)]
        return sum(times.user + times.system for times in spent)


@contextmanager
def served(folder: Path, target: str, main: str, settings: Mapping[str, str]) -> Iterator[Served]:
    """The function `target` of a `main.py` with this text, which is put into `folder`, until the block ends."""
    folder.mkdir()
    (folder / "main.py").write_text(main)
    port = _free_port()
    program = "from functions_framework._cli import _cli; _cli()"
    where = ["--target", target, "--source", str(folder / "main.py"), "--host", "127.0.0.1", "--port", str(port)]
    env = {"PATH": os.defpath, "PYTHONPATH": str(HOME), "WORKERS": str(WORKERS), **settings}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-c", program, *where], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        process = psutil.Process(server.pid)
        _wait_for(server, port, folder / "log")
        yield Served(process, port)
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the function does not come: {log.read_text()[-2000:]}")
