"""Construction, and nothing else: settings in, a working studio out. The only place where services meet adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.adapters.audit import LogAudit
from shared.adapters.books.reader import FormatReader
from shared.adapters.clock import SystemClock
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.llm.dialects import open_llm
from shared.adapters.media.pillow import PillowMedia
from shared.adapters.passwords.argon2 import Argon2Passwords
from shared.adapters.speech.espeak import EspeakSpeech
from shared.adapters.speech.flite import FliteSpeech
from shared.adapters.speech.vendors import absent_vendors, open_vendors
from shared.adapters.storage.backends import open_bucket
from shared.adapters.tasks.dispatcher import Dispatcher
from shared.adapters.tasks.embedded import EmbeddedTasks
from shared.adapters.translation.translators import open_translators
from shared.adapters.webhooks.http import HttpWebhooks
from shared.config import Settings
from shared.domain.asset import AssetType
from shared.domain.price import Prices, parse_prices, to_micros
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.llm import Llm
from shared.ports.speech import Speech
from shared.ports.storage import Storage
from shared.services.accounts import Accounts
from shared.services.advance_job import AdvanceJob
from shared.services.announce_object import AnnounceObject
from shared.services.artifact_store import ArtifactStore
from shared.services.asset_quota import Quota
from shared.services.cast_by_llm import CastByLlm, CastingBudget
from shared.services.cast_lines import CastChapterLines
from shared.services.cast_voices import CastVoices
from shared.services.completion import Completion
from shared.services.confirm_upload import Confirm
from shared.services.delete_user import keepers_of
from shared.services.deliver_webhook import DeliverWebhook
from shared.services.echo import Echo
from shared.services.edit_plan import EditPlan
from shared.services.engines import SpeechEngines, TranslationEngines
from shared.services.estimate_speech import EstimateSpeech
from shared.services.event_tickets import EventTickets
from shared.services.export_looks import ExportLooks
from shared.services.export_pins import ExportPins
from shared.services.flag_speech import FlagSpeech
from shared.services.follow_job import FollowJob
from shared.services.import_book import ImportBook
from shared.services.ingest_asset import IngestAsset
from shared.services.job_bell import JobBell
from shared.services.job_steps import JobSteps
from shared.services.keep_assets import Assets
from shared.services.keep_cast import KeepCast
from shared.services.keep_exports import Exports
from shared.services.keep_glossary import KeepGlossary
from shared.services.keep_jobs import Jobs
from shared.services.keep_lexicon import KeepLexicon
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Chapters, Projects
from shared.services.keep_webhooks import KeepWebhooks
from shared.services.lexicon_hits import LexiconHits
from shared.services.narration_steps import NarrationSteps
from shared.services.offer_upload import OfferDownload, OfferUpload
from shared.services.pronounce import Pronounce
from shared.services.recast_plans import RecastPlans
from shared.services.record_job_event import JobRecords
from shared.services.render_blueprint import RenderBlueprint
from shared.services.review_lines import ReviewLines
from shared.services.segment_audio import SegmentAudio
from shared.services.speak_now import SpeakNow
from shared.services.speech_desk import SpeechDesk, speech_desk
from shared.services.text_steps import TextSteps
from shared.services.translate_segment import TranslateSegment
from shared.services.voice_segment import VoiceSegment
from shared.wiring.machine import LocalObjects, local_objects, local_urls, open_executions, secret
from shared.wiring.people import access_tokens, account_policy, open_mailer
from shared.wiring.queues import queue_policies

DEFAULT_VOICES = {"en": "flite/slt"}  # flite's English is the more pleasant; espeak-ng speaks all the rest


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
    llm: Llm
    cast_by_llm: CastByLlm
    cast: KeepCast
    cast_voices: CastVoices
    review_lines: ReviewLines
    glossary: KeepGlossary
    projects: Projects
    chapters: Chapters
    plans: Plans
    edit_plan: EditPlan
    completion: Completion
    lexicon: KeepLexicon
    segment_audio: SegmentAudio
    assets: Assets
    offer_upload: OfferUpload
    confirm_upload: Confirm
    offer_download: OfferDownload
    ingest: IngestAsset
    import_book: ImportBook
    exports: Exports
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
    speech_desk: SpeechDesk
    estimate: EstimateSpeech
    speak_now: SpeakNow
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
    urls = local_urls(settings, root, clock)
    media = open_bucket(settings, root / "storage", settings.media_bucket, clock, urls=urls)
    uploads = open_bucket(settings, root / "storage", settings.uploads_bucket, clock, announce, urls)
    artifacts = ArtifactStore(media)
    vendors = open_vendors(settings, settings.ffmpeg, media.get)
    engines: dict[str, Speech] = {
        "flite": FliteSpeech(settings.flite),
        "espeak": EspeakSpeech(settings.espeak),
        **vendors,
    }
    speech = SpeechEngines(
        engines,
        DEFAULT_VOICES,
        absent_vendors(settings),
        lambda owner, asset_id: assets.ready(owner, asset_id, AssetType.VOICE_SAMPLE).media_key,
    )
    prices, cap = Prices(parse_prices(settings.speech_prices), settings.currency), to_micros(settings.spending_cap)
    desk = speech_desk(speech, documents, clock, artifacts, prices=prices, cap=cap, fallbacks=settings.fallbacks)
    llm = open_llm(settings)
    translators = open_translators(settings, settings.apertium_dir, llm)
    translation = TranslationEngines(translators)
    projects = Projects(documents, clock)
    chapters = Chapters(documents, clock, media, settings.max_chapter_bytes)
    cast_by_llm = CastByLlm(llm, CastingBudget(max_windows=settings.llm_casting_windows))
    cast_lines = CastChapterLines(documents, clock, cast_by_llm)
    plans = Plans(documents, clock, media, projects, chapters, speech, cast_lines)
    glossary = KeepGlossary(documents, clock, projects, chapters, plans.store)
    pronounce = Pronounce(speech)
    hits = LexiconHits(projects, chapters, plans.store, pronounce)
    lexicon = KeepLexicon(documents, clock, projects, hits, pronounce)
    recast_plans = RecastPlans(plans, lexicon)
    keep_cast = KeepCast(documents, clock, projects, chapters, speech, cast_lines, recast_plans)
    executions = open_executions(settings, root, clock)
    quota = Quota(settings.quota_bytes, settings.quota_assets)
    assets = Assets(documents, clock, uploads, media, executions, quota, settings.max_upload_bytes)
    voice_segment, translate_segment = (
        desk.voice_segment,
        TranslateSegment(translation, artifacts, desk.breaker.guard),
    )
    narration = NarrationSteps(
        projects=projects,
        chapters=chapters,
        plans=plans,
        lexicon=lexicon,
        glossary=glossary,
        pronounce=pronounce,
        assets=assets,
        speech=speech,
        translation=translation,
        voice_segment=voice_segment,
        translate_segment=translate_segment,
        artifacts=artifacts,
        media=media,
        outcomes=desk.outcomes,
        fallbacks=desk.fallbacks,
        casting=cast_lines,
    )
    pins = ExportPins(projects, chapters, plans, lexicon, pronounce, assets, speech, voice_segment, media, cast_lines)
    looks = ExportLooks(documents, clock, media, tasks, executions)
    exports = Exports(documents, clock, media, projects, pins, looks)
    renders = RenderBlueprint(documents, clock, media, executions)
    texts = TextSteps(
        speech=speech,
        translation=translation,
        voice_segment=voice_segment,
        translate_segment=translate_segment,
        media=media,
        outcomes=desk.outcomes,
        fallbacks=desk.fallbacks,
    )
    steps = JobSteps(narration, texts, renders)
    estimate = EstimateSpeech(speech, voice_segment, artifacts, narration, texts, desk.spending)
    bell = JobBell()
    records = JobRecords(documents, clock, tasks, bell, desk.spending.settle_job)
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
        estimate=estimate,
        spending=desk.spending,
        max_open=settings.max_open_jobs,
    )
    return App(
        settings=settings,
        clock=clock,
        documents=documents,
        media=media,
        uploads=uploads,
        announce=announce,
        objects=local_objects(urls, media, uploads),
        tasks=tasks,
        speech=speech,
        translation=translation,
        llm=llm,
        cast_by_llm=cast_by_llm,
        cast=keep_cast,
        cast_voices=CastVoices(projects, speech, keep_cast),
        review_lines=ReviewLines(projects, chapters, plans, recast_plans, cast_lines, keep_cast),
        glossary=glossary,
        projects=projects,
        chapters=chapters,
        plans=plans,
        edit_plan=EditPlan(plans.store, chapters, speech),
        completion=Completion(projects, chapters, plans.store, clock),
        lexicon=lexicon,
        segment_audio=SegmentAudio(projects, plans, lexicon, pronounce, speech, voice_segment, artifacts, cast_lines),
        assets=assets,
        offer_upload=OfferUpload(assets, uploads),
        confirm_upload=Confirm(documents, clock, uploads, quota, announce),
        offer_download=OfferDownload(assets, uploads, media),
        import_book=ImportBook(FormatReader(), uploads, assets, projects, chapters, settings.max_chapter_bytes),
        exports=exports,
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
            speak_unit=desk.speak_unit,
            flag_speech=FlagSpeech(desk.outcomes, steps, plans),
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
        speech_desk=desk,
        estimate=estimate,
        speak_now=SpeakNow(desk, documents, clock, jobs, texts, artifacts),
        accounts=Accounts(
            documents=documents,
            clock=clock,
            tasks=tasks,
            mailer=open_mailer(settings, root, clock),
            hasher=Argon2Passwords(settings.password_memory_kib, settings.password_rounds, settings.password_lanes),
            access=access_tokens(settings, root, clock),
            audit=LogAudit(clock),
            policy=account_policy(settings),
            keepers=[assets.stop_all, exports.stop_all, *keepers_of(documents, jobs, uploads, media)],
        ),
        task_token=secret(root / "task-token"),
        closers=(
            *(one.close for one in (*translators.values(), *vendors.values())),
            llm.close,
            tasks.close,
            documents.close,
        ),
    )


def build_dispatcher(app: App, base_url: str) -> Dispatcher:
    """What delivers the embedded queue to the doors at `base_url`."""
    return Dispatcher(app.tasks, base_url, queue_policies(app.settings), app.task_token, app.clock)
