"""Construction for the assembly job: the only place where it meets an adapter."""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.backends import open_bucket
from shared.config import Settings
from shared.ports.documents import Documents
from shared.ports.storage import Storage


@dataclass(frozen=True)
class AssembleApp:
    buckets: dict[str, Storage]
    documents: Documents


def build(settings: Settings) -> AssembleApp:
    clock = SystemClock()
    root = settings.data_dir
    buckets = {
        "media": open_bucket(settings, root / "storage", settings.media_bucket, clock),
        "uploads": open_bucket(settings, root / "storage", settings.uploads_bucket, clock),
    }
    return AssembleApp(buckets, SqliteDocuments(root / "documents.sqlite3", clock))
