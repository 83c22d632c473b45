"""Construction for the ingest job: the only place where it meets an adapter."""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.backends import open_bucket
from shared.config import IngestRequest, Settings
from shared.ports.documents import Documents
from shared.ports.storage import Storage
from shared.services.asset_work import AssetWork


@dataclass(frozen=True)
class IngestApp:
    uploads: Storage
    documents: Documents
    work: AssetWork


def build(settings: Settings, request: IngestRequest) -> IngestApp:
    clock = SystemClock()
    root = settings.data_dir
    uploads = open_bucket(settings, root / "storage", settings.uploads_bucket, clock)
    media = open_bucket(settings, root / "storage", settings.media_bucket, clock)
    documents = SqliteDocuments(root / "documents.sqlite3", clock)
    work = AssetWork(documents, clock, media, request.owner, request.asset_id, request.generation)
    return IngestApp(uploads, documents, work)
