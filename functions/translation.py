"""/generate/translation: which engines translate here, between which languages, and whether a language model is set up."""

from __future__ import annotations

from typing import Literal

import functions_framework
from pydantic import BaseModel
from werkzeug.wrappers import Request, Response

from functions._http.answer import Answer
from functions._http.call import Call
from functions._http.door import Door
from functions._http.guard import Policy
from functions.studio import Studio, studio
from shared.domain.errors import EngineUnavailable

door = Door("translation")


class TranslationEntry(BaseModel):
    """One engine, and what is missing where it cannot work.

    It translates the `pairs`, and between any two of `languages`. `glossary` and `context`: whether it takes terms and
    neighbouring sentences by itself; a project's glossary is followed either way. `confidence`: its own, or a guess.
    """

    name: str
    is_available: bool
    reason: str = ""
    version: str = ""
    pairs: list[tuple[str, str]] = []
    languages: list[str] = []
    paid: bool = False
    max_characters: int | None = None
    glossary: bool = False
    context: bool = False
    confidence: Literal["engine", "guess"] = "guess"


class LlmEntry(BaseModel):
    """The language model that is set up, and what is missing where there is none."""

    is_available: bool
    reason: str = ""
    name: str = ""
    model: str = ""
    context_tokens: int = 0
    paid: bool = False


class TranslationStatus(BaseModel):
    """Engines in order of preference: the first that has a pair translates it."""

    engines: list[TranslationEntry]
    llm: LlmEntry


@door.get("/generate/translation/status", policy=Policy.USER, answers=TranslationStatus)
def read_translation_engines(call: Call[Studio]) -> Answer:
    """Say which engines translate here and between which languages, and what the others lack."""
    engines = [
        TranslationEntry.model_validate({**(vars(declared) if declared else {}), **vars(status)})
        for status, declared in call.app.app.translation.described()
    ]
    return Answer(TranslationStatus(engines=engines, llm=_llm(call)))


def _llm(call: Call[Studio]) -> LlmEntry:
    try:
        declared = call.app.app.llm.describe()
    except EngineUnavailable as exc:
        return LlmEntry(is_available=False, reason=exc.detail)
    known = {name: getattr(declared, name) for name in ("name", "model", "context_tokens", "paid")}
    return LlmEntry(is_available=True, **known)


@functions_framework.http
def translation(request: Request) -> Response:
    return door.serve(request, studio)
