"""/generate/text-to-speech: a text as sound, at once or as a job; and what voicing will cost, before it does."""

from __future__ import annotations

from datetime import datetime

import functions_framework
from pydantic import BaseModel, ConfigDict
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.file import File
from functions._http.guard import Policy
from functions.studio import Studio, studio
from shared.domain.blueprint.model import LanguageCode
from shared.domain.job import NarrationInput, Substituted, VoiceName
from shared.domain.new_job import TextToSpeechInput
from shared.services.estimate_speech import Estimate
from shared.services.speak_now import SpokenText

door = Door("generate")
_HREF = "/api/v1/generate/text-to-speech"


class SpokenNow(BaseModel):
    """A text that was spoken at once. `href` is its WAV; `substituted` tells where another voice spoke than was asked for."""

    id: str
    href: str
    voice: str
    characters: int
    samples: int
    sample_rate: int
    price: str
    currency: str
    created_at: datetime
    substituted: Substituted | None


class SpeechAnswer(BaseModel):
    """`speech` for a text of up to 400 characters, else `job_id` and `href` of the job that speaks it."""

    speech: SpokenNow | None = None
    job_id: str | None = None
    href: str


class NarrationToEstimate(BaseModel):
    """The parts of a narration that its price depends on, as the job takes them."""

    model_config = ConfigDict(extra="forbid")

    translate_to: list[LanguageCode] = []
    narrate: list[LanguageCode] = []
    voices: dict[LanguageCode, dict[str, VoiceName]] = {}


@door.post(
    "/generate/text-to-speech",
    policy=Policy.USER,
    body=TextToSpeechInput,
    answers=SpeechAnswer,
    status=201,
    idempotent=True,
    limited=True,
    refuses=(403, 502, 503),
)
def speak_text(call: Call[Studio], body: TextToSpeechInput) -> Answer:
    """Speak a text: up to 400 characters at once, anything longer as a job.

    403 spending-cap-reached before anything is asked of a provider that it could not pay. 502 where the sound failed its
    check every time, 503 with Retry-After where the provider is down or asks to wait.
    """
    made = call.app.app.speak_now.speak(call.principal.uid, body)
    if made.speech is None:
        return Answer(SpeechAnswer(job_id=made.job_id, href=f"/api/v1/jobs/{made.job_id}"))
    spoken = _shown(made.speech)
    return Answer(SpeechAnswer(speech=spoken, href=spoken.href))


@door.get("/generate/text-to-speech/{speech_id}", policy=Policy.USER, answers=SpokenNow)
def read_speech(call: Call[Studio], speech_id: str) -> Answer:
    """Read what is known of a text of yours that was spoken at once."""
    return Answer(_shown(call.app.app.speak_now.find(call.principal.uid, speech_id)))


@door.get("/generate/text-to-speech/{speech_id}/audio", policy=Policy.USER, answers="audio/wav", refuses=(416,))
def read_speech_audio(call: Call[Studio], speech_id: str) -> Answer:
    """Hear a text of yours that was spoken at once, whole or a byte range of it."""
    sound = call.app.app.speak_now.sound(call.principal.uid, speech_id)
    source = File(sound.source, sound.size, "audio/wav", f"{speech_id}.wav", inline=True)
    return Answer(source, revision=sound.digest)


@door.post("/generate/text-to-speech/estimate", policy=Policy.USER, body=TextToSpeechInput, answers=Estimate)
def estimate_text(call: Call[Studio], body: TextToSpeechInput) -> Answer:
    """Say what speaking a text would cost: what is voiced already costs nothing, nor does an offline voice."""
    return Answer(call.app.app.estimate.text(call.principal.uid, body))


@door.post(
    "/projects/{project_id}/planning/chapters/{chapter_id}/estimate",
    policy=Policy.USER,
    body=NarrationToEstimate,
    answers=Estimate,
)
def estimate_chapter(call: Call[Studio], project_id: str, chapter_id: str, body: NarrationToEstimate) -> Answer:
    """Say what voicing a chapter would cost as its plan is now, or would be; nothing is planned or made."""
    wish = NarrationInput(project_id=project_id, chapter_id=chapter_id, **body.model_dump())
    return Answer(call.app.app.estimate.narration(call.principal.uid, wish))


def _shown(spoken: SpokenText) -> SpokenNow:
    href = f"{_HREF}/{spoken.id}/audio"
    return SpokenNow(**spoken.model_dump(include=set(SpokenNow.model_fields)), href=href)


@functions_framework.http
def generate(request: Request) -> Response:
    return door.serve(request, studio)
