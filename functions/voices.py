"""/voices and the state of the engines."""

from __future__ import annotations

from typing import Annotated

import functions_framework
from pydantic import BaseModel, ConfigDict, StringConstraints
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions.studio import Studio, studio

door = Door("voices")


class VoiceQuery(BaseModel):
    """Only voices that speak this language (BCP 47), where given."""

    model_config = ConfigDict(extra="forbid")

    language: Annotated[str, StringConstraints(min_length=2, max_length=35)] | None = None


class VoiceEntry(BaseModel):
    """One voice; its `id` is what a cast names."""

    id: str
    engine: str
    name: str
    language: str
    gender: str
    description: str


class Voices(BaseModel):
    items: list[VoiceEntry]


class Engine(BaseModel):
    """An engine, and what is missing where it cannot work."""

    name: str
    is_available: bool
    reason: str


class Engines(BaseModel):
    speech: list[Engine]
    translation: list[Engine]


@door.get("/voices", policy=Policy.USER, query=VoiceQuery, answers=Voices)
def list_voices(call: Call[Studio], query: VoiceQuery) -> Answer:
    """List the voices here."""
    voices = call.app.app.speech.voices(query.language)
    return Answer(Voices(items=[VoiceEntry.model_validate(vars(voice)) for voice in voices]))


@door.get("/generate/tts/status", policy=Policy.USER, answers=Engines)
def read_engines(call: Call[Studio]) -> Answer:
    """Say which speech and translation engines can work here, and what the others lack."""
    app = call.app.app
    speech, translation = (
        [Engine.model_validate(vars(status)) for status in engines.status()]
        for engines in (app.speech, app.translation)
    )
    return Answer(Engines(speech=speech, translation=translation))


@functions_framework.http
def voices(request: Request) -> Response:
    return door.serve(request, studio)
