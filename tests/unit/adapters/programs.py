"""Small programs that stand in for an engine that is broken in one way."""

from __future__ import annotations

import time
from pathlib import Path

import psutil


def script(folder: Path, body: str, name: str = "engine") -> str:
    """An executable shell script in `folder`; returns its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def is_gone(pid: int, patience_s: float = 10.0) -> bool:
    """Whether the process ends, or is a zombie nobody has waited for, before `patience_s` seconds are over."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False
