"""Construction, and nothing else: settings in, a working studio out. The only place where services meet adapters."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.jobs.subprocess import SubprocessJobs
from shared.adapters.media.toolbox import MediaToolbox
from shared.adapters.speech.espeak import EspeakSpeech
from shared.adapters.speech.flite import FliteSpeech
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.adapters.translation.apertium import ApertiumTranslation
from shared.config import Settings, settings_environment, tool_environment
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.speech import Speech
from shared.ports.storage import Storage
from shared.ports.tasks import QueueKind, QueuePolicy
from shared.services.advance_job import AdvanceJob
from shared.services.announce_object import AnnounceObject
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import SpeechEngines, TranslationEngines
from shared.services.ingest_asset import IngestAsset
from shared.services.keep_assets import Assets
from shared.services.keep_jobs import Jobs
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.narration_steps import NarrationSteps
from shared.services.render_blueprint import FINAL_EXIT_CODES, RenderBlueprint
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment

DEFAULT_VOICES = {"en": "flite/slt"}  # flite's English is the more pleasant; espeak-ng speaks all the rest


@dataclass(frozen=True)
class App:
    """One studio. Doors take what they need from here."""

    settings: Settings
    clock: Clock
    documents: Documents
    media: Storage
    uploads: FilesystemStorage
    tasks: EmbeddedTasks
    speech: SpeechEngines
    translation: TranslationEngines
    projects: Projects
    chapters: Chapters
    plans: Plans
    assets: Assets
    ingest: IngestAsset
    jobs: Jobs
    advance: AdvanceJob
    renders: RenderBlueprint
    voice_segment: VoiceSegment
    task_token: str
    closers: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        """Give back what is held open: translation pipelines, database connections."""
        for close in self.closers:
            close()


def build(settings: Settings) -> App:
    """A studio on the embedded backend. Opens its files; starts nothing. Raises StorageFailed where they cannot be."""
    clock = SystemClock()
    root = settings.data_dir.resolve()
    root.mkdir(parents=True, exist_ok=True)
    documents = SqliteDocuments(root / "documents.sqlite3", clock)
    tasks = EmbeddedTasks(root / "tasks.sqlite3", clock)
    media = FilesystemStorage(root / "storage", settings.media_bucket, clock)
    uploads = FilesystemStorage(root / "storage", settings.uploads_bucket, clock, AnnounceObject(tasks))
    artifacts = ArtifactStore(media)
    engines: dict[str, Speech] = {"flite": FliteSpeech(settings.flite), "espeak": EspeakSpeech(settings.espeak)}
    speech = SpeechEngines(engines, DEFAULT_VOICES)
    apertium = ApertiumTranslation(settings.apertium_dir)
    translation = TranslationEngines({"apertium": apertium})
    projects = Projects(documents, clock)
    chapters = Chapters(documents, clock, media, settings.max_chapter_bytes)
    plans = Plans(documents, clock, media, projects, chapters, speech)
    assets = Assets(documents, clock, uploads, settings.max_upload_bytes)
    voice_segment, translate_segment = VoiceSegment(speech, artifacts), TranslateSegment(translation, artifacts)
    narration = NarrationSteps(
        projects=projects,
        chapters=chapters,
        plans=plans,
        assets=assets,
        speech=speech,
        translation=translation,
        voice_segment=voice_segment,
        translate_segment=translate_segment,
        artifacts=artifacts,
        media=media,
    )
    executions = _executions(settings, root, clock)
    renders = RenderBlueprint(documents, clock, media, executions)
    return App(
        settings=settings,
        clock=clock,
        documents=documents,
        media=media,
        uploads=uploads,
        tasks=tasks,
        speech=speech,
        translation=translation,
        projects=projects,
        chapters=chapters,
        plans=plans,
        assets=assets,
        ingest=IngestAsset(documents, clock, uploads, media, MediaToolbox(settings.ffmpeg)),
        jobs=Jobs(documents, clock, tasks, executions, narration),
        advance=AdvanceJob(
            documents=documents,
            clock=clock,
            tasks=tasks,
            artifacts=artifacts,
            narration=narration,
            render=renders,
            voice_segment=voice_segment,
            translate_segment=translate_segment,
        ),
        renders=renders,
        voice_segment=voice_segment,
        task_token=_task_token(root / "task-token"),
        closers=(apertium.close, tasks.close, documents.close),
    )


def build_dispatcher(app: App, base_url: str) -> Dispatcher:
    """What delivers the embedded queue to the doors at `base_url`."""
    return Dispatcher(app.tasks, base_url, queue_policies(app.settings), app.task_token, app.clock)


def queue_policies(settings: Settings) -> Mapping[QueueKind, QueuePolicy]:
    """One policy a kind, held by each of its priorities' queues."""
    attempts = settings.task_attempts
    return {
        QueueKind.SPEECH: QueuePolicy(attempts, max_concurrent=settings.speech_concurrency, deadline_s=120),
        QueueKind.TRANSLATION: QueuePolicy(attempts, max_concurrent=settings.translation_concurrency, deadline_s=60),
        QueueKind.JOB: QueuePolicy(attempts, max_concurrent=4, deadline_s=300),
        QueueKind.EVENT: QueuePolicy(attempts, max_concurrent=2, deadline_s=300),
    }


def _executions(settings: Settings, root: Path, clock: Clock) -> SubprocessJobs:
    """Jobs as processes of this very code, on the same data."""
    given = {**settings_environment(settings), "REELPRINT_DATA_DIR": str(root)}
    home = str(Path(__file__).resolve().parent.parent)
    commands = {"assemble": [sys.executable, "-m", "jobs.assemble.main"]}
    env = {**tool_environment(), **given, "PYTHONPATH": home}
    return SubprocessJobs(root / "executions", commands, clock, env, final_exit_codes=FINAL_EXIT_CODES)


def _task_token(path: Path) -> str:
    """The secret between the queue and the doors, made once and readable by its owner alone."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # somebody else's is in place already, and whole
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
