"""/voices: who can speak here, and how each one sounds; and the state of the engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import functions_framework
from pydantic import BaseModel, Field, StringConstraints
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions._http.pagination import Listing, PageQuery, page_of
from functions.studio import Studio, studio
from shared.domain.asset import AssetStatus, AssetType
from shared.ports.speech import CLONED, CloningSpeech, SpeechEngine, Voice
from shared.ports.tasks import speech_queue
from shared.services.breaker import BreakerView
from shared.services.engines import EngineStatus, speaks
from shared.services.speech_desk import SpeechDesk
from shared.services.voice_segment import breaker_name

door = Door("voices")
_MAX_CLONED = 200


class VoiceQuery(PageQuery):
    """Only voices that speak this language (BCP 47), of this engine or gender, where given."""

    language: Annotated[str, StringConstraints(min_length=2, max_length=35)] | None = None
    engine: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    provider: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = Field(
        None, description="The same as `engine`."
    )
    gender: Literal["female", "male", "unknown"] | None = None


class VoiceEntry(BaseModel):
    """One voice; its `id` is what a cast names. `also` are further languages it speaks; `age`, `styles` and `tier` are its
    provider's words; `is_cloned` voices are made of a recording of yours.
    """

    id: str
    engine: str
    name: str
    language: str
    gender: str
    description: str
    age: str
    styles: list[str]
    also: list[str]
    tier: str
    is_cloned: bool


class Engine(BaseModel):
    """An engine, and what is missing where it cannot work."""

    name: str
    is_available: bool
    reason: str


class Limits(BaseModel):
    """The most that one request may carry; null: no such limit is known."""

    max_characters: int | None
    max_bytes: int | None
    max_minutes: float | None


class SpeechProvider(Engine):
    """What a speech engine declares. One that is not configured says in `reason` what to set.

    `breaker` tells whether it is left alone after failing; `waiting` and `active` count its queued texts, of all users.
    `price_per_million` is the amount for a million characters, where it costs anything; voices' tiers may differ.
    """

    is_configured: bool
    is_remote: bool = False
    is_paid: bool = False
    caps: Limits | None = None
    languages: list[str] = []
    formats: list[str] = []
    voices: int = 0
    cloning: bool = False
    word_timings: bool = False
    ssml: bool = False
    settings: list[str] = []
    price_per_million: str | None = None
    currency: str
    breaker: BreakerView
    waiting: int
    active: int


class Engines(BaseModel):
    speech: list[SpeechProvider]
    translation: list[Engine]


@door.get("/voices", policy=Policy.USER, query=VoiceQuery, answers=Listing[VoiceEntry])
def list_voices(call: Call[Studio], query: VoiceQuery) -> Answer:
    """List the voices here, and those made of your own recordings."""
    voices = [*call.app.app.speech.voices(), *_cloned(call)]
    chosen = [_entry(voice) for voice in voices if _is_wanted(voice, query)]
    page = page_of(chosen, query, call.principal.uid, lambda voice: voice.id)
    return Answer(Listing[VoiceEntry](items=page.items, next_page_token=page.next_page_token))


@door.post(
    "/voices/{engine}/{name}/preview",
    policy=Policy.USER,
    answers="audio/wav",
    limited=True,
    refuses=(403, 404, 416, 422, 502, 503),
)
def preview_voice(call: Call[Studio], engine: str, name: str) -> Answer:
    """Hear a short phrase in the voice's own language, as WAV.

    It is made once and kept; where a voice costs money, the first to hear it pays. 429 after thirty new ones in ten minutes.
    """
    sound = call.app.app.speak_now.preview(call.principal.uid, f"{engine}/{name}")
    return Answer(File(sound.source, sound.size, "audio/wav", inline=True), revision=sound.digest)


@door.get("/generate/tts/status", policy=Policy.USER, answers=Engines)
def read_engines(call: Call[Studio]) -> Answer:
    """Say which speech and translation engines can work here, what they declare, and what the others lack."""
    app = call.app.app
    described = {engine.name: engine for _, engine in app.speech.available()}
    depth = {queue.queue: (queue.scheduled, queue.active) for queue in app.tasks.state()}
    translation = [Engine(name=s.name, is_available=s.is_available, reason=s.reason) for s in app.translation.status()]
    speech = [_provider(app.speech_desk, status, described.get(status.name), depth) for status in app.speech.status()]
    return Answer(Engines(speech=speech, translation=translation))


def _provider(
    desk: SpeechDesk, status: EngineStatus, engine: SpeechEngine | None, depth: Mapping[str, tuple[int, int]]
) -> SpeechProvider:
    kind, prices = speech_queue(f"{status.name}/"), desk.spending.prices
    queued = [counts for queue, counts in depth.items() if queue.rpartition("-")[0] == kind]
    return SpeechProvider(
        **vars(status),
        **(_declared(engine) if engine else {}),
        price_per_million=f"{prices.per_million(status.name):f}" if engine and engine.paid else None,
        currency=prices.currency,
        breaker=desk.breaker.view(breaker_name(status.name)),
        waiting=sum(waiting for waiting, _ in queued),
        active=sum(active for _, active in queued),
    )


def _declared(engine: SpeechEngine) -> dict[str, Any]:
    caps = engine.caps
    return {
        "is_remote": engine.remote,
        "is_paid": engine.paid,
        "caps": Limits(max_characters=caps.max_characters, max_bytes=caps.max_bytes, max_minutes=caps.max_minutes),
        "languages": sorted({code for voice in engine.voices for code in (voice.language, *voice.also)}),
        "formats": list(engine.formats),
        "voices": len(engine.voices),
        "cloning": engine.cloning,
        "word_timings": engine.word_timings,
        "ssml": engine.marks_up,
        "settings": list(engine.settings),
    }


def _cloned(call: Call[Studio]) -> Iterator[Voice]:
    """A voice for each ready recording of the caller's, by each engine that can make one."""
    app, uid = call.app.app, call.principal.uid
    for speech, engine in app.speech.available():
        if engine.cloning and isinstance(speech, CloningSpeech):
            page = app.assets.page(uid, AssetType.VOICE_SAMPLE, _MAX_CLONED, None, status=AssetStatus.READY)
            yield from (speech.cloned(f"{CLONED}{asset.id}", asset.media_key) for asset in page.items)


def _is_wanted(voice: Voice, query: VoiceQuery) -> bool:
    return (
        (query.language is None or speaks(voice, query.language))
        and (query.engine is None or voice.engine == query.engine)
        and (query.provider is None or voice.engine == query.provider)
        and (query.gender is None or voice.gender == query.gender)
    )


def _entry(voice: Voice) -> VoiceEntry:
    known = {name: value for name, value in vars(voice).items() if name in VoiceEntry.model_fields}
    known |= {"styles": list(voice.styles), "also": list(voice.also)}
    return VoiceEntry(**known, is_cloned=bool(voice.sample))


@functions_framework.http
def voices(request: Request) -> Response:
    return door.serve(request, studio)
