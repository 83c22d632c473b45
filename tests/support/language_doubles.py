"""Vendors of language on the loopback: each takes only requests of the documented shape, and translates by Apertium."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "test-key-0123456789"
PAIRS = {"en": ["en", "es"], "es": ["en", "es"]}
Translate = Callable[[str, str, str], str]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Said:
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Double:
    """A server on a free port. `answer` may be replaced while it runs; what it raises as AssertionError is a 400."""

    def __init__(self, answer: Callable[[Asked], Said]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def say(self, asked: Asked) -> Said:
        self.asked.append(asked)
        try:
            return self.answer(asked)
        except AssertionError as exc:
            return Said({"error": {"status": "NOT_THE_DOCUMENTED_SHAPE", "message": str(exc)}}, 400)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: Any) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                said = double.say(Asked(self.command, self.path, headers, body))
                data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
                self.send_response(said.status)
                for name, value in {"Content-Length": str(len(data)), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """A test says what it has to say by itself."""

        return Handler


def google(translate: Translate) -> Callable[[Asked], Said]:
    """Cloud Translation basic: POST /language/translate/v2."""

    def answer(asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("POST", "/language/translate/v2")
        assert asked.headers["x-goog-api-key"] == KEY
        body = asked.body
        assert set(body) == {"q", "source", "target", "format"}
        assert body["format"] in ("text", "html")
        assert 0 < len(body["q"]) <= 128 and all(isinstance(text, str) and text for text in body["q"])
        assert sum(len(text) for text in body["q"]) <= 30_000
        to = translate if body["format"] == "text" else _in_html(translate)
        texts = [{"translatedText": to(text, body["source"], body["target"])} for text in body["q"]]
        return Said({"data": {"translations": texts}})

    return answer


def _in_html(translate: Translate) -> Translate:
    """As a browser's page: spaces run together, and what is not to be translated stays as it is."""

    def in_html(text: str, source: str, target: str) -> str:
        kept = re.findall(r'<span translate="no">(.*?)</span>', text)
        assert all(piece.isalpha() for piece in kept)
        plain = html.unescape(re.sub(r"\s+", " ", re.sub(r"</?span[^>]*>", "", text)))
        found = html.escape(translate(plain, source, target))
        for piece in kept:
            found = re.sub(rf"\b{piece}\b", f'<span translate="no">{piece}</span>', found, flags=re.IGNORECASE)
        return found

    return in_html


def libretranslate(translate: Translate, key: str = "") -> Callable[[Asked], Said]:
    """LibreTranslate: GET /languages, POST /translate."""

    def answer(asked: Asked) -> Said:
        if asked.path == "/languages":
            return Said([{"code": code, "name": code, "targets": targets} for code, targets in PAIRS.items()])
        assert (asked.method, asked.path) == ("POST", "/translate")
        body = asked.body
        assert set(body) == {"q", "source", "target", "format"} | ({"api_key"} if key else set())
        assert body.get("api_key", "") == key and body["format"] == "text"
        assert len(body["q"]) <= 2000
        if body["target"] not in PAIRS.get(body["source"], []):
            return Said({"error": f"{body['target']} is not supported"}, 400)
        return Said({"translatedText": translate(body["q"], body["source"], body["target"])})

    return answer


Reply = Callable[[list[dict[str, str]], dict[str, Any]], str]  # messages and schema in, the model's text out


def openai(reply: Reply) -> Callable[[Asked], Said]:
    """OpenAI-compatible chat completions with structured outputs."""

    def answer(asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
        assert asked.headers.get("authorization") == f"Bearer {KEY}"
        body = asked.body
        assert set(body) <= {"model", "messages", "response_format", "n", "temperature"}
        assert body["model"] == "model-1"
        assert all(set(message) == {"role", "content"} for message in body["messages"])
        wanted = body["response_format"]
        assert wanted["type"] == "json_schema" and wanted["json_schema"]["strict"] is True
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted["json_schema"]["name"])
        _check_strict(wanted["json_schema"]["schema"])
        text = reply(body["messages"], wanted["json_schema"]["schema"])
        message = {"role": "assistant", "content": text, "refusal": None}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        return Said({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    return answer


def ollama(reply: Reply) -> Callable[[Asked], Said]:
    """Ollama's own chat."""

    def answer(asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("POST", "/api/chat")
        body = asked.body
        assert set(body) == {"model", "messages", "stream", "format", "options"}
        assert body["stream"] is False and body["options"]["num_ctx"] == 8192
        _check_strict(body["format"])
        text = reply(body["messages"], body["format"])
        counts = {"prompt_eval_count": 11, "eval_count": 7}
        return Said({"message": {"role": "assistant", "content": text}, "done": True, "done_reason": "stop", **counts})

    return answer


def gemini(reply: Reply) -> Callable[[Asked], Said]:
    """Gemini's generateContent with a response schema."""

    def answer(asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("POST", "/v1beta/models/model-1:generateContent")
        assert asked.headers["x-goog-api-key"] == KEY
        body = asked.body
        assert set(body) == {"contents", "generationConfig", "systemInstruction"}
        settings = body["generationConfig"]
        assert settings["responseMimeType"] == "application/json"
        _check_openapi(settings["responseSchema"])
        roles = {"user": "user", "model": "assistant"}
        system = [{"role": "system", "content": part["text"]} for part in body["systemInstruction"]["parts"]]
        turns = [{"role": roles[turn["role"]], "content": turn["parts"][0]["text"]} for turn in body["contents"]]
        text = reply(system + turns, settings["responseSchema"])
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7}
        return Said({"candidates": [candidate], "usageMetadata": usage})

    return answer


def translating(translate: Translate) -> Reply:
    """A model that translates what it is asked to."""

    def reply(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        assert [message["role"] for message in messages] == ["system", "user"]
        asked = json.loads(messages[1]["content"])
        text = translate(asked["text"], asked["source_language"], asked["target_language"])
        return json.dumps({"translated_text": text})

    return reply


def _check_strict(schema: Any) -> None:
    """What strict structured outputs take: every property required, no other allowed, no references here."""
    known = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "description"}
    assert set(schema) <= known, set(schema) - known
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    for child in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _check_strict(child)


def _check_openapi(schema: Any) -> None:
    """What Gemini's Schema object has; it refuses words that it does not know."""
    known = {"type", "properties", "required", "items", "enum", "anyOf", "description", "minItems", "maxItems"}
    assert set(schema) <= known, set(schema) - known
    for child in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _check_openapi(child)
