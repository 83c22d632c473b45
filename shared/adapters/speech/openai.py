"""Any server with OpenAI's speech endpoint: OpenAI itself, or one of your own.

As documented: POST {base}/audio/speech with a bearer key and JSON {model, input, voice, response_format, speed} answers the
sound; 4,096 characters. No voices are listed and none has a language of its own: they follow the text's. A WAV that is
streamed comes with a length that was not known yet, which `read_wav` understands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property

from shared.adapters.speech.request import check_text, check_voice, rate_of
from shared.adapters.speech.vendor_http import VendorHttp
from shared.adapters.speech.vendor_sound import pcm_wav
from shared.ports.speech import Caps, SpeechEngine, Voice

ENGINE = "openai"
CAPS = Caps(max_characters=4_096)
VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")  # of every model of theirs


class OpenAiSpeech:
    """The `Speech` port. `url` ends before /audio/speech; a server without keys needs none. Threads may share it."""

    def __init__(
        self,
        key: str,
        url: str,
        model: str,
        voices: Sequence[str],
        languages: Sequence[str],
        *,
        paid: bool = True,
        ffmpeg: str = "ffmpeg",
        timeout_s: float = 120.0,
    ) -> None:
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url
        self._model = model
        self._names = tuple(voices) or VOICES
        self._languages = tuple(languages)
        self._paid = paid
        self._ffmpeg = ffmpeg
        setting = "REELPRINT_OPENAI_SPEECH_KEY, _URL and _MODEL"
        self._http = VendorHttp(ENGINE, setting, timeout_s=timeout_s)

    def describe(self) -> SpeechEngine:
        return self._engine

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        check_text(text, self._engine)
        check_voice(voice, self._engine)
        rate = rate_of(settings, self._engine)
        body = {"model": self._model, "input": text, "voice": voice.name, "response_format": "wav"}
        sent = json.dumps(body | ({"speed": rate} if rate != 1.0 else {}), ensure_ascii=False).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        return pcm_wav(self._http.post(f"{self._url}/audio/speech", headers, sent, text), ENGINE, self._ffmpeg)

    def close(self) -> None:
        self._http.close()

    @cached_property
    def _engine(self) -> SpeechEngine:
        first, *others = self._languages
        voices = tuple(
            Voice(
                f"{ENGINE}/{name}",
                ENGINE,
                name,
                first,
                "unknown",
                f"{name}, model {self._model}; speaks the text's language",
                also=tuple(others),
            )
            for name in self._names
        )
        return SpeechEngine(
            ENGINE, self._model, CAPS, voices, paid=self._paid, settings=("rate",), remote=True, varies=True
        )
