"""Models behind the chat completions of OpenAI and all who speak alike (vLLM, llama.cpp, LM Studio, Ollama's /v1), and
behind Ollama's own chat, whose `format` is a JSON Schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.adapters.json_http import JsonHttp, Refused
from shared.adapters.llm.answering import Reply, answered, counted
from shared.adapters.llm.schemas import OPENAI, schema_for
from shared.domain.errors import BadOutput, EngineFailed
from shared.ports.llm import Answered, LlmEngine, Message, Usage

A = TypeVar("A", bound=BaseModel)
SETTINGS = "REELPRINT_LLM_URL, REELPRINT_LLM_MODEL and REELPRINT_LLM_KEY"
OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://127.0.0.1:11434"
_VERSION = "1"  # raise it when the same question is put otherwise


class OpenAiLlm:
    """The `Llm` port over POST {url}/chat/completions. `key` "" sends none."""

    def __init__(self, url: str, model: str, key: str, *, context_tokens: int, timeout_s: float) -> None:
        self._url = (url or OPENAI_URL).rstrip("/") + "/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._engine = LlmEngine("openai", model, f"openai-{_VERSION}:{model}", context_tokens, paid=bool(key))
        self._http = JsonHttp("The language model", SETTINGS, timeout_s=timeout_s)
        self._takes_temperature = True

    def describe(self) -> LlmEngine:
        return self._engine

    def answer(self, messages: Sequence[Message], shape: type[A]) -> Answered[A]:
        schema = {"name": shape.__name__, "strict": True, "schema": schema_for(shape, OPENAI)}
        wanted = {"type": "json_schema", "json_schema": schema}
        return answered("The language model", lambda asked: self._send(asked, wanted), messages, shape)

    def close(self) -> None:
        """Close kept-open connections."""
        self._http.close()

    def _send(self, messages: Sequence[Message], wanted: dict[str, Any]) -> Reply:
        body = {"model": self._engine.model, "messages": _spelled(messages), "response_format": wanted, "n": 1}
        if self._takes_temperature:
            try:
                return _chat_reply(self._http.post(self._url, self._headers, {**body, "temperature": 0}))
            except Refused as exc:
                if exc.parameter != "temperature":  # models that reason take their own alone
                    raise
                self._takes_temperature = False
        return _chat_reply(self._http.post(self._url, self._headers, body))


class OllamaLlm:
    """The `Llm` port over POST {url}/api/chat. `key` is for a proxy in front that asks for one."""

    def __init__(self, url: str, model: str, key: str, *, context_tokens: int, timeout_s: float) -> None:
        self._url = (url or OLLAMA_URL).rstrip("/") + "/api/chat"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._engine = LlmEngine("ollama", model, f"ollama-{_VERSION}:{model}", context_tokens, paid=bool(key))
        self._http = JsonHttp("Ollama", SETTINGS, timeout_s=timeout_s)

    def describe(self) -> LlmEngine:
        return self._engine

    def answer(self, messages: Sequence[Message], shape: type[A]) -> Answered[A]:
        schema = schema_for(shape, OPENAI)
        return answered("Ollama", lambda asked: self._send(asked, schema), messages, shape)

    def close(self) -> None:
        """Close kept-open connections."""
        self._http.close()

    def _send(self, messages: Sequence[Message], schema: dict[str, Any]) -> Reply:
        body = {
            "model": self._engine.model,
            "messages": _spelled(messages),
            "stream": False,
            "format": schema,
            # Without num_ctx a server cuts a long question at its own default, in silence.
            "options": {"temperature": 0, "seed": 0, "num_ctx": self._engine.context_tokens},
        }
        found = self._http.post(self._url, self._headers, body)
        try:
            text = str(found["message"]["content"])
            cut_off = found.get("done_reason") == "length"
        except (KeyError, TypeError) as exc:
            raise EngineFailed("Ollama answered without a message; it is asked again.") from exc
        return Reply(text, cut_off, Usage(1, counted(found.get("prompt_eval_count")), counted(found.get("eval_count"))))


def _spelled(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.text} for message in messages]


def _chat_reply(found: Any) -> Reply:
    try:
        choice, used = found["choices"][0], found.get("usage") or {}
        message = choice["message"]
        usage = Usage(1, counted(used.get("prompt_tokens")), counted(used.get("completion_tokens")))
        if message.get("refusal") or choice.get("finish_reason") == "content_filter":
            raise BadOutput("The language model refuses to answer this.")
        return Reply(message.get("content") or "", choice.get("finish_reason") == "length", usage)
    except (KeyError, IndexError, TypeError, AttributeError) as exc:
        raise EngineFailed("The language model answered without a choice; it is asked again.") from exc
