"""What a studio has of the machine it is on: its own secrets, objects on disk with URLs, jobs as processes."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.adapters.jobs.subprocess import SubprocessJobs
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.adapters.storage.signed_urls import hmac_signer
from shared.config import Settings, sdk_environment, settings_environment, tool_environment
from shared.ports.clock import Clock
from shared.ports.storage import Storage
from shared.services.render_blueprint import FINAL_EXIT_CODES

LocalBucket = FilesystemStorage
OBJECTS_PREFIX = "/storage"  # of the local server's object URLs


@dataclass(frozen=True)
class LocalObjects:
    """Buckets on disk by name, and the URLs they are reached by: what the local server's object door serves."""

    urls: LocalUrls
    buckets: Mapping[str, LocalBucket]


def local_urls(settings: Settings, root: Path, clock: Clock) -> LocalUrls:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    signer = hmac_signer("local", secret(root / "url-key"))
    return LocalUrls(f"http://{host}:{settings.port}", OBJECTS_PREFIX, signer, clock)


def local_objects(urls: LocalUrls, *storages: Storage) -> LocalObjects | None:
    buckets = {storage.bucket: storage for storage in storages if isinstance(storage, LocalBucket)}
    return LocalObjects(urls, buckets) if buckets else None


def open_executions(settings: Settings, root: Path, clock: Clock) -> SubprocessJobs:
    """Jobs as processes of this very code, on the same data."""
    given = {**settings_environment(settings), "REELPRINT_DATA_DIR": str(root)}
    home = str(Path(__file__).resolve().parents[2])
    commands = {name: [sys.executable, "-m", f"jobs.{name}.main"] for name in ("assemble", "export", "ingest")}
    env = {**tool_environment(), **sdk_environment(settings), **given, "PYTHONPATH": home}
    return SubprocessJobs(root / "executions", commands, clock, env, final_exit_codes=FINAL_EXIT_CODES)


def secret(path: Path) -> str:
    """A secret of this machine's own, made once and readable by its owner alone."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # somebody else's is in place already, and whole
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
