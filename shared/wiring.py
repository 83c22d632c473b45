"""Construction, and nothing else: settings in, a working studio out. The only place where services meet adapters."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.adapters.access_tokens.jose import JoseAccessTokens
from shared.adapters.audit import LogAudit
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.jobs.subprocess import SubprocessJobs
from shared.adapters.mailer.outbox import OutboxMailer
from shared.adapters.mailer.smtp import SmtpMailer, SmtpServer
from shared.adapters.media.pillow import PillowMedia
from shared.adapters.passwords.argon2 import Argon2Passwords
from shared.adapters.speech.espeak import EspeakSpeech
from shared.adapters.speech.flite import FliteSpeech
from shared.adapters.storage.backends import open_bucket
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_urls import LocalUrls
from shared.adapters.storage.signed_urls import hmac_signer
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.adapters.translation.apertium import ApertiumTranslation
from shared.adapters.webhooks.http import HttpWebhooks
from shared.config import Settings, sdk_environment, settings_environment, tool_environment
from shared.domain.access_key import parse_access_keys
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.mailer import Mailer
from shared.ports.speech import Speech
from shared.ports.storage import Storage
from shared.ports.tasks import QueueKind, QueuePolicy
from shared.services.accounts import AccountPolicy, Accounts
from shared.services.advance_job import AdvanceJob
from shared.services.announce_object import AnnounceObject
from shared.services.artifact_store import ArtifactStore
from shared.services.asset_quota import Quota
from shared.services.confirm_upload import Confirm
from shared.services.delete_user import keepers_of
from shared.services.deliver_webhook import DeliverWebhook
from shared.services.echo import Echo
from shared.services.engines import SpeechEngines, TranslationEngines
from shared.services.event_tickets import EventTickets
from shared.services.follow_job import FollowJob
from shared.services.ingest_asset import IngestAsset
from shared.services.job_bell import JobBell
from shared.services.job_steps import JobSteps
from shared.services.keep_assets import Assets
from shared.services.keep_jobs import Jobs
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.keep_webhooks import KeepWebhooks
from shared.services.narration_steps import NarrationSteps
from shared.services.offer_upload import OfferDownload, OfferUpload
from shared.services.record_job_event import JobRecords
from shared.services.render_blueprint import FINAL_EXIT_CODES, RenderBlueprint
from shared.services.text_steps import TextSteps
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment

LocalBucket = FilesystemStorage
OBJECTS_PREFIX = "/storage"  # of the local server's object URLs
DEFAULT_VOICES = {"en": "flite/slt"}  # flite's English is the more pleasant; espeak-ng speaks all the rest


@dataclass(frozen=True)
class LocalObjects:
    """Buckets on disk by name, and the URLs they are reached by: what the local server's object door serves."""

    urls: LocalUrls
    buckets: Mapping[str, LocalBucket]


@dataclass(frozen=True)
class App:
    """One studio. Doors take what they need from here."""

    settings: Settings
    clock: Clock
    documents: Documents
    media: Storage
    uploads: Storage
    announce: AnnounceObject
    objects: LocalObjects | None  # None where a vendor keeps the objects
    tasks: EmbeddedTasks
    speech: SpeechEngines
    translation: TranslationEngines
    projects: Projects
    chapters: Chapters
    plans: Plans
    assets: Assets
    offer_upload: OfferUpload
    confirm_upload: Confirm
    offer_download: OfferDownload
    ingest: IngestAsset
    jobs: Jobs
    advance: AdvanceJob
    bell: JobBell
    follow: FollowJob
    event_tickets: EventTickets
    webhooks: KeepWebhooks
    deliver_webhook: DeliverWebhook
    echo: Echo
    renders: RenderBlueprint
    voice_segment: VoiceSegment
    accounts: Accounts
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
    announce = AnnounceObject(tasks)
    urls = _local_urls(settings, root, clock)
    media = open_bucket(settings, root / "storage", settings.media_bucket, clock, urls=urls)
    uploads = open_bucket(settings, root / "storage", settings.uploads_bucket, clock, announce, urls)
    artifacts = ArtifactStore(media)
    engines: dict[str, Speech] = {"flite": FliteSpeech(settings.flite), "espeak": EspeakSpeech(settings.espeak)}
    speech = SpeechEngines(engines, DEFAULT_VOICES)
    apertium = ApertiumTranslation(settings.apertium_dir)
    translation = TranslationEngines({"apertium": apertium})
    projects = Projects(documents, clock)
    chapters = Chapters(documents, clock, media, settings.max_chapter_bytes)
    plans = Plans(documents, clock, media, projects, chapters, speech)
    executions = _executions(settings, root, clock)
    quota = Quota(settings.quota_bytes, settings.quota_assets)
    assets = Assets(documents, clock, uploads, media, executions, quota, settings.max_upload_bytes)
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
    renders = RenderBlueprint(documents, clock, media, executions)
    texts = TextSteps(
        speech=speech,
        translation=translation,
        voice_segment=voice_segment,
        translate_segment=translate_segment,
        media=media,
    )
    steps = JobSteps(narration, texts, renders)
    bell = JobBell()
    records = JobRecords(documents, clock, tasks, bell)
    outgoing = HttpWebhooks(allow_private=settings.webhook_allow_private)
    webhooks = KeepWebhooks(documents, clock, outgoing)
    jobs = Jobs(
        documents=documents,
        clock=clock,
        tasks=tasks,
        executions=executions,
        steps=steps,
        records=records,
        webhooks=webhooks,
        max_open=settings.max_open_jobs,
    )
    return App(
        settings=settings,
        clock=clock,
        documents=documents,
        media=media,
        uploads=uploads,
        announce=announce,
        objects=_local_objects(urls, media, uploads),
        tasks=tasks,
        speech=speech,
        translation=translation,
        projects=projects,
        chapters=chapters,
        plans=plans,
        assets=assets,
        offer_upload=OfferUpload(assets, uploads),
        confirm_upload=Confirm(documents, clock, uploads, quota, announce),
        offer_download=OfferDownload(assets, uploads, media),
        ingest=IngestAsset(documents, clock, uploads, media, PillowMedia(), tasks, executions),
        jobs=jobs,
        advance=AdvanceJob(
            documents=documents,
            clock=clock,
            tasks=tasks,
            artifacts=artifacts,
            narration=narration,
            texts=texts,
            steps=steps,
            records=records,
            render=renders,
            voice_segment=voice_segment,
            translate_segment=translate_segment,
        ),
        bell=bell,
        follow=FollowJob(documents, records),
        event_tickets=EventTickets(documents, clock),
        webhooks=webhooks,
        deliver_webhook=DeliverWebhook(documents, clock, records, outgoing),
        echo=Echo(documents, clock, tasks),
        renders=renders,
        voice_segment=voice_segment,
        accounts=Accounts(
            documents=documents,
            clock=clock,
            tasks=tasks,
            mailer=_mailer(settings, root, clock),
            hasher=Argon2Passwords(settings.password_memory_kib, settings.password_rounds, settings.password_lanes),
            access=_access_tokens(settings, root, clock),
            audit=LogAudit(clock),
            policy=_account_policy(settings),
            keepers=[assets.stop_all, *keepers_of(documents, jobs, uploads, media)],
        ),
        task_token=_secret(root / "task-token"),
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
        QueueKind.ACCOUNT: QueuePolicy(attempts, max_concurrent=2, deadline_s=300),
        # Other people's servers are down for minutes: with ten attempts the last one comes 43 minutes after the first.
        QueueKind.WEBHOOK: QueuePolicy(
            settings.webhook_attempts, min_backoff_s=5.0, max_backoff_s=3600.0, max_concurrent=4, deadline_s=30
        ),
    }


def _mailer(settings: Settings, root: Path, clock: Clock) -> Mailer:
    if not settings.smtp_host:
        return OutboxMailer(root / "outbox", settings.mail_from, clock)
    password = settings.smtp_password.get_secret_value()
    server = SmtpServer(settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user, password)
    return SmtpMailer(server, settings.mail_from, clock)


def _access_tokens(settings: Settings, root: Path, clock: Clock) -> JoseAccessTokens:
    keys = settings.access_keys.get_secret_value() or f"local:{_secret(root / 'access-key')}"
    return JoseAccessTokens(parse_access_keys(keys), clock)


def _account_policy(settings: Settings) -> AccountPolicy:
    return AccountPolicy(
        session=timedelta(hours=settings.session_hours),
        remembered_session=timedelta(days=settings.remembered_days),
        address_attempts=settings.address_attempts,
        hash_concurrency=settings.password_concurrency,
        web_url=settings.web_url,
    )


def _local_urls(settings: Settings, root: Path, clock: Clock) -> LocalUrls:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    signer = hmac_signer("local", _secret(root / "url-key"))
    return LocalUrls(f"http://{host}:{settings.port}", OBJECTS_PREFIX, signer, clock)


def _local_objects(urls: LocalUrls, *storages: Storage) -> LocalObjects | None:
    buckets = {storage.bucket: storage for storage in storages if isinstance(storage, LocalBucket)}
    return LocalObjects(urls, buckets) if buckets else None


def _executions(settings: Settings, root: Path, clock: Clock) -> SubprocessJobs:
    """Jobs as processes of this very code, on the same data."""
    given = {**settings_environment(settings), "REELPRINT_DATA_DIR": str(root)}
    home = str(Path(__file__).resolve().parent.parent)
    commands = {name: [sys.executable, "-m", f"jobs.{name}.main"] for name in ("assemble", "ingest")}
    env = {**tool_environment(), **sdk_environment(settings), **given, "PYTHONPATH": home}
    return SubprocessJobs(root / "executions", commands, clock, env, final_exit_codes=FINAL_EXIT_CODES)


def _secret(path: Path) -> str:
    """A secret of this machine's own, made once and readable by its owner alone."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # somebody else's is in place already, and whole
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
