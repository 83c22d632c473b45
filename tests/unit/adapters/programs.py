"""Small programs that stand in for an engine that is broken in one way."""

from __future__ import annotations

from pathlib import Path


def script(folder: Path, body: str, name: str = "engine") -> str:
    """An executable shell script in `folder`; returns its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)
