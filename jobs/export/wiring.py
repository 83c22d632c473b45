"""Construction for the export job: the only place where it meets an adapter."""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.storage.backends import open_bucket
from shared.config import ExportRequest, Settings
from shared.ports.storage import Storage
from shared.services.artifact_store import ArtifactStore
from shared.services.export_work import ExportWork


@dataclass(frozen=True)
class ExportApp:
    media: Storage
    artifacts: ArtifactStore
    work: ExportWork


def build(settings: Settings, request: ExportRequest) -> ExportApp:
    clock = SystemClock()
    root = settings.data_dir
    media = open_bucket(settings, root / "storage", settings.media_bucket, clock)
    documents = SqliteDocuments(root / "documents.sqlite3", clock)
    work = ExportWork(documents, clock, media, request.owner, request.export_id, request.attempt)
    return ExportApp(media, ArtifactStore(media), work)
