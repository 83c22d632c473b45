"""Gemini by generateContent, with `responseMimeType` and `responseSchema`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.adapters.json_http import JsonHttp
from shared.adapters.llm.answering import Reply, answered, counted
from shared.adapters.llm.schemas import GEMINI, schema_for
from shared.domain.errors import BadOutput, EngineFailed
from shared.ports.llm import Answered, LlmEngine, Message, Usage

A = TypeVar("A", bound=BaseModel)
SETTINGS = "REELPRINT_LLM_URL, REELPRINT_LLM_MODEL and REELPRINT_LLM_KEY"
URL = "https://generativelanguage.googleapis.com/v1beta"
_ENDED, _CUT_OFF = ("STOP", None), "MAX_TOKENS"
_VERSION = "1"  # raise it when the same question is put otherwise


class GeminiLlm:
    """The `Llm` port over POST {url}/models/{model}:generateContent."""

    def __init__(self, url: str, model: str, key: str, *, context_tokens: int, timeout_s: float) -> None:
        model = model.removeprefix("models/")
        self._url = f"{(url or URL).rstrip('/')}/models/{model}:generateContent"
        self._headers = {"x-goog-api-key": key}
        self._engine = LlmEngine("gemini", model, f"gemini-{_VERSION}:{model}", context_tokens, paid=True)
        self._http = JsonHttp("Gemini", SETTINGS, timeout_s=timeout_s)

    def describe(self) -> LlmEngine:
        return self._engine

    def answer(self, messages: Sequence[Message], shape: type[A]) -> Answered[A]:
        wanted = {"responseMimeType": "application/json", "responseSchema": schema_for(shape, GEMINI), "temperature": 0}
        return answered("Gemini", lambda asked: self._send(asked, wanted), messages, shape)

    def close(self) -> None:
        """Close kept-open connections."""
        self._http.close()

    def _send(self, messages: Sequence[Message], wanted: dict[str, Any]) -> Reply:
        system = [{"text": message.text} for message in messages if message.role == "system"]
        turns = [
            {"role": "model" if message.role == "assistant" else "user", "parts": [{"text": message.text}]}
            for message in messages
            if message.role != "system"
        ]
        body: dict[str, Any] = {"contents": turns, "generationConfig": wanted}
        if system:
            body["systemInstruction"] = {"parts": system}
        return _reply(self._http.post(self._url, self._headers, body))


def _reply(found: Any) -> Reply:
    try:
        used = found.get("usageMetadata") or {}
        usage = Usage(1, counted(used.get("promptTokenCount")), counted(used.get("candidatesTokenCount")))
        if (found.get("promptFeedback") or {}).get("blockReason"):
            raise BadOutput("Gemini refuses to answer this.")
        candidate = found["candidates"][0]
        reason = candidate.get("finishReason")
        if reason not in (*_ENDED, _CUT_OFF):  # SAFETY, RECITATION and their like
            raise BadOutput("Gemini broke its answer off and will not give it.")
        parts = (candidate.get("content") or {}).get("parts") or []
        text = "".join(str(part.get("text", "")) for part in parts if not part.get("thought"))
        return Reply(text, reason == _CUT_OFF, usage)
    except (KeyError, IndexError, TypeError, AttributeError) as exc:
        raise EngineFailed("Gemini answered without a candidate; it is asked again.") from exc
