"""What every production for show needs: a studio of its own, and a folder whose contents change all at once."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from demo.client import ApiError, Client

HERE = Path(__file__).parent
START_SECONDS = 30
MARKER = ".made-by-reelprint-demo"


def produce(out: Path, make: Callable[[Client, Path], None]) -> int:
    """Let `make` fill a new folder through a studio's API; it takes the place of `out` when all is made. The exit code."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a pipe, too, sees each line when it is said
    work = out.with_name(out.name + ".new")
    try:
        _require_ours(out)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / MARKER).touch()
        with _server(work / "studio") as url:
            client = Client(url)
            client.sign_up("demo", work / "studio" / "outbox")
            make(client, work)
        shutil.rmtree(out, ignore_errors=True)
        work.rename(out)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was made earlier is as it was.\n")
        return 130
    except (ApiError, OSError, httpx.HTTPError) as exc:
        sys.stderr.write(f"\n{exc}\n")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


@contextmanager
def _server(data: Path) -> Iterator[str]:
    """The studio as a process of its own, on a free port; ended with the demo."""
    data.mkdir()
    port_file, log = data / "address", data / "server.log"
    env = {**os.environ, "REELPRINT_PORT": "0", "REELPRINT_DATA_DIR": str(data), "REELPRINT_ACCOUNTS": "required"}
    env |= {"REELPRINT_SMTP_HOST": "", "REELPRINT_WEB_URL": ""}  # the letter that makes the account goes to the outbox
    command = [sys.executable, "-m", "functions.dev_server", "--port-file", str(port_file)]
    with log.open("wb") as said:
        server = subprocess.Popen(command, env=env, stdout=said, stderr=said, cwd=HERE.parent)
    try:
        yield wait_for_address(server, port_file, log)
    finally:
        server.terminate()
        server.wait(20)


def wait_for_address(server: subprocess.Popen[bytes], port_file: Path, log: Path) -> str:
    """Where the studio is served. Raises OSError with the log's last line when it does not start."""
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise OSError(f"The studio did not start; its log ends: {lines[-1]}")
        time.sleep(0.02)
    return port_file.read_text()


def _require_ours(folder: Path) -> None:
    """Raise OSError for a folder that holds anything but an earlier demo: that one is replaced, others are left alone."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise OSError(f"{folder} holds other files; name an empty or a new folder with OUT=folder.")


def size_of(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def slug_of(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "untitled"


def shown(path: Path) -> str:
    """Relative where it can be: shorter to read and to type."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def readable_file(name: str) -> Path:
    path = Path(name)
    try:
        with path.open("rb"):
            return path
    except OSError as exc:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {exc.strerror}") from exc
