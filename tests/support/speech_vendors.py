"""Speech vendors on loopback: each request is held against what the vendor documents, and answered as it answers.

The sound is a hum of our own, as long as somebody takes to say the text: 65 ms a letter, at the rate that was asked for.
"""

from __future__ import annotations

import base64
import json
import math
import re
import subprocess
import threading
import xml.etree.ElementTree as ET
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shared.domain.waveform import Waveform, write_wav

KEY = "a-key-of-the-tests"
RATE = 24_000
LETTER_MS, OTHER_MS = 65, 0
SPEAK = "{http://www.w3.org/2001/10/synthesis}"
STYLED = "{https://www.w3.org/2001/mstts}"
GOOGLE_VOICES = [
    ("en-US-Neural2-C", ["en-US"], "FEMALE"),
    ("en-US-Studio-Q", ["en-US"], "MALE"),
    ("en-GB-Standard-A", ["en-GB"], "FEMALE"),
    ("es-ES-Wavenet-B", ["es-ES"], "MALE"),
    ("en-US-Chirp3-HD-Charon", ["en-US"], "MALE"),
    ("Charon", ["en-US"], "MALE"),  # needs a model beside its name: no voice of ours
]
AZURE_VOICES: list[dict[str, Any]] = [
    {"ShortName": "en-US-JennyNeural", "Gender": "Female", "Locale": "en-US", "StyleList": ["cheerful", "sad"]},
    {"ShortName": "en-US-Ava:DragonHDLatestNeural", "Gender": "Female", "Locale": "en-US"},
    {"ShortName": "es-MX-JorgeNeural", "Gender": "Male", "Locale": "es-MX", "SecondaryLocaleList": ["en-US"]},
]


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    spoken: str = ""  # the text in it, without markup


@dataclass(frozen=True)
class Refusal:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Vendors:
    """What was asked, and what is refused next. `quirk` changes a sound before it is answered."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.refusals: list[Refusal] = []
        self.broken: str = ""  # why a request was not as documented
        self.down = False
        self.sounds: list[bytes] = []  # answered instead of the hum, in turn
        self.url = ""
        self.lock = threading.Lock()

    @property
    def spoken(self) -> list[str]:
        return [asked.spoken for asked in self.asked if asked.spoken]

    def refuse(self, status: int, body: bytes | dict[str, Any] = b"", **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.refusals.append(Refusal(status, data, {name.replace("_", "-"): value for name, value in headers.items()}))


def hum(text: str, voice: str, rate: float = 1.0, *, level: float = 0.15) -> bytes:
    """A WAV in which `text` could be said: a tone that belongs to the voice, rising and falling."""
    letters = sum(char.isalnum() for char in text)
    length = int(RATE * (150 + letters * LETTER_MS) / 1000 / rate)
    pitch = 110 + zlib.crc32(voice.encode()) % 200
    period = [round(32_767 * level * math.sqrt(2) * math.sin(2 * math.pi * pitch * n / RATE)) for n in range(RATE)]
    whole = array("h", (period * (length // RATE + 1))[:length])
    silence = array("h", bytes(2 * (RATE // 5)))
    return write_wav(Waveform(RATE, silence + whole + silence))


def webm(wav: bytes) -> bytes:
    command = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "pipe:0", "-c:a", "libopus", "-f", "webm", "pipe:1"]
    return subprocess.run(command, input=wav, capture_output=True, check=True).stdout


@contextmanager
def speech_vendors() -> Iterator[Vendors]:
    """All four on one port: their paths differ."""
    vendors = Vendors()

    class Handler(_Handler):
        known = vendors

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendors.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield vendors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not vendors.broken, vendors.broken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    known: Vendors

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Tests have their own output."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, headers, data = self._answer(body)
        except AssertionError as exc:
            self.known.broken = f"{self.command} {self.path}: {exc}"
            status, headers, data = 400, {}, b'{"error": {"message": "not as documented"}}'
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        path = self.path.partition("?")[0]
        routes = {
            ("GET", "/v1/voices"): self._google_voices,
            ("POST", "/v1/text:synthesize"): self._google,
            ("POST", "/v1beta1/text:synthesize"): self._google,
            ("GET", "/cognitiveservices/voices/list"): self._azure_voices,
            ("POST", "/cognitiveservices/v1"): self._azure,
            ("POST", "/v1/audio/text-to-speech"): self._zyphra,
            ("POST", "/v1/audio/speech"): self._openai,
        }
        answer = routes.get((self.command, path))
        assert answer is not None, "no such address"
        spoken, media_type, data = answer(body)
        asked = Asked(self.command, path, dict(self.headers), body, spoken)
        with self.known.lock:
            self.known.asked.append(asked)
            if spoken and self.known.down:
                return 503, {}, b"down"
            if spoken and self.known.refusals:
                refusal = self.known.refusals.pop(0)
                return refusal.status, refusal.headers, refusal.body
        return 200, {"Content-Type": media_type}, data

    def _sound(self, text: str, voice: str, rate: float = 1.0) -> bytes:
        with self.known.lock:
            return self.known.sounds.pop(0) if self.known.sounds else hum(text, voice, rate)

    def _google_voices(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["X-Goog-Api-Key"] == KEY, "no key"
        voices = [
            {"languageCodes": codes, "name": name, "ssmlGender": gender, "naturalSampleRateHertz": RATE}
            for name, codes, gender in GOOGLE_VOICES
        ]
        return "", "application/json", json.dumps({"voices": voices}).encode()

    def _google(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["X-Goog-Api-Key"] == KEY, "no key"
        asked = json.loads(body)
        assert set(asked) <= {"input", "voice", "audioConfig", "enableTimePointing"}, f"unknown fields in {set(asked)}"
        assert asked["audioConfig"]["audioEncoding"] == "LINEAR16"
        assert set(asked["voice"]) == {"languageCode", "name"}
        (kind, sent), timed = next(iter(asked["input"].items())), "enableTimePointing" in asked
        assert len(sent.encode()) <= 5_000, "more than 5,000 bytes of input"
        assert timed is self.path.startswith("/v1beta1"), "time points are of v1beta1"
        marks: list[tuple[str, str]] = []
        text = sent
        if kind == "ssml":
            text, marks = _read_marks(sent)
        name, rate = asked["voice"]["name"], asked["audioConfig"].get("speakingRate", 1.0)
        answer: dict[str, Any] = {"audioContent": base64.b64encode(self._sound(text, name, rate)).decode()}
        if timed:
            answer["timepoints"] = [
                {"markName": mark, "timeSeconds": 0.2 + sum(map(str.isalnum, before)) * LETTER_MS / 1000}
                for mark, before in marks
            ]
        return text, "application/json", json.dumps(answer).encode()

    def _azure_voices(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["Ocp-Apim-Subscription-Key"] == KEY, "no key"
        return "", "application/json", json.dumps(AZURE_VOICES).encode()

    def _azure(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["Ocp-Apim-Subscription-Key"] == KEY, "no key"
        assert self.headers["Content-Type"] == "application/ssml+xml"
        assert self.headers["X-Microsoft-OutputFormat"] == "riff-24khz-16bit-mono-pcm"
        assert self.headers["User-Agent"], "a User-Agent is required"
        assert len(body) <= 64 * 1024, "more than 64 KB of SSML"
        root = ET.fromstring(body)  # noqa: S314 - what our own adapter wrote
        assert root.tag == f"{SPEAK}speak" and root.get("version") == "1.0"
        (speaker,) = root
        known = {voice["ShortName"] for voice in AZURE_VOICES}
        assert speaker.tag == f"{SPEAK}voice" and speaker.get("name") in known, "an unknown voice"
        prosody = speaker.find(f".//{SPEAK}prosody")
        rate = 1 + int(str(prosody.get("rate")).rstrip("%")) / 100 if prosody is not None else 1.0
        text = "".join(speaker.itertext())
        return text, "audio/x-wav", self._sound(text, str(speaker.get("name")), rate)

    def _zyphra(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["X-API-Key"] == KEY, "no key"
        asked = json.loads(body)
        documented = "text speaking_rate fmax pitch_std emotion language_iso_code mime_type model speaker_audio"
        assert set(asked) <= {*documented.split(), "default_voice_name"}, f"unknown fields in {set(asked)}"
        assert 5 <= asked["speaking_rate"] <= 35
        assert asked["language_iso_code"] in {"en-us", "fr-fr", "de", "ja", "ko", "cmn"}
        assert asked["mime_type"] == "audio/webm"
        assert ("speaker_audio" in asked) is not ("default_voice_name" in asked), "one voice"
        voice = asked.get("default_voice_name") or base64.b64decode(asked["speaker_audio"], validate=True).hex()[:400]
        sound = self._sound(asked["text"], voice, asked["speaking_rate"] / 15)
        return asked["text"], "audio/webm", webm(sound) if len(sound) > 44 else sound

    def _openai(self, body: bytes) -> tuple[str, str, bytes]:
        assert self.headers["Authorization"] == f"Bearer {KEY}", "no key"
        asked = json.loads(body)
        assert set(asked) <= {"model", "input", "voice", "response_format", "speed"}, f"unknown fields in {set(asked)}"
        assert asked["response_format"] == "wav" and len(asked["input"]) <= 4_096
        sound = self._sound(asked["input"], asked["voice"], asked.get("speed", 1.0))
        streamed = sound[:4] + b"\xff\xff\xff\xff" + sound[8:40] + b"\xff\xff\xff\xff" + sound[44:]
        return asked["input"], "audio/wav", streamed if len(sound) > 44 else sound


def _read_marks(ssml: str) -> tuple[str, list[tuple[str, str]]]:
    """The text of SSML, and each mark with the text before it."""
    root = ET.fromstring(ssml)  # noqa: S314 - what our own adapter wrote
    assert root.tag == "speak"
    marks, text = [], ""
    for event in re.finditer(r'<mark name="(\d+)"/>|<[^>]*>|([^<]+)', ssml):
        if event[1]:
            marks.append((event[1], text))
        elif event[2]:
            text += ET.fromstring(f"<t>{event[2]}</t>").text or ""  # noqa: S314 - the same
    assert text == "".join(root.itertext())
    return text, marks


def vendor_settings(vendors: Vendors, **more: str) -> dict[str, str]:
    """Settings by their lower-case names, with all four set up."""
    return {
        "google_speech_key": KEY,
        "google_speech_url": vendors.url,
        "azure_speech_key": KEY,
        "azure_speech_url": vendors.url,
        "zyphra_key": KEY,
        "zyphra_url": vendors.url,
        "openai_speech_key": KEY,
        "openai_speech_url": f"{vendors.url}/v1",
        "speech_prices": "google=16,google/studio=160,azure=15,zyphra=20,openai=15",
        **more,
    }
