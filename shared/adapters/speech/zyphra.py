"""Zyphra's Zonos: expressive speech in the voice of a recording, or in one of nine built-in voices.

As documented: POST /v1/audio/text-to-speech with the header X-API-Key and JSON {text, speaking_rate 5-35, model,
language_iso_code, mime_type, speaker_audio (base64) | default_voice_name, emotion, pitch_std} answers the sound. The hybrid
model takes neither emotion nor pitch_std. No longest text is published; about 400 characters keep the model steady.
A voice in another language than its first is named with it: "zyphra/british_male+fr".
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from shared.adapters.speech.request import check_text, check_voice, rate_of
from shared.adapters.speech.vendor_http import VendorHttp
from shared.adapters.speech.vendor_sound import pcm_wav
from shared.domain.errors import InvalidInput
from shared.ports.speech import CLONED, Caps, SpeechEngine, Voice

ENGINE = "zyphra"
CAPS = Caps(max_characters=450)  # whole sentences of about 400
USUAL_RATE = 15.0  # its speaking_rate, in phonemes a second, where ours is 1.0
MAX_SAMPLE_BYTES = 20 * 2**20
LANGUAGES = {"en": "en-us", "fr": "fr-fr", "de": "de", "ja": "ja", "ko": "ko", "zh": "cmn"}
_BCP47 = {"en": "en-US", "fr": "fr-FR", "de": "de-DE", "ja": "ja-JP", "ko": "ko-KR", "zh": "zh-CN"}
EMOTIONS = ("happiness", "sadness", "disgust", "fear", "surprise", "anger", "other", "neutral")
_BUILT_IN = {  # name: language, gender, age
    "american_female": ("en", "female", ""),
    "american_male": ("en", "male", ""),
    "british_female": ("en", "female", ""),
    "british_male": ("en", "male", ""),
    "energetic_girl": ("en", "female", "young"),
    "energetic_boy": ("en", "male", "young"),
    "anime_girl": ("en", "female", "young"),
    "japanese_female": ("ja", "female", ""),
    "japanese_male": ("ja", "male", ""),
}


class ZyphraSpeech:
    """The `Speech` and `CloningSpeech` ports. `read_sample` opens a recording by its media key. Threads may share it."""

    def __init__(
        self,
        key: str,
        url: str,
        model: str,
        read_sample: Callable[[str], bytes],
        *,
        ffmpeg: str = "ffmpeg",
        timeout_s: float = 120.0,
    ) -> None:
        self._headers = {"X-API-Key": key}
        self._url = url
        self._model = model
        self._read_sample = read_sample
        self._ffmpeg = ffmpeg
        self._http = VendorHttp(ENGINE, "REELPRINT_ZYPHRA_KEY", timeout_s=timeout_s)

    def describe(self) -> SpeechEngine:
        return self._engine

    def cloned(self, name: str, sample: str) -> Voice:
        language = name.partition("+")[2] or "en"
        if language not in LANGUAGES:
            raise InvalidInput(f"zyphra speaks {', '.join(LANGUAGES)}; found {language[:20]!r}")
        described = f"a voice made of your recording {name.removeprefix(CLONED).partition('+')[0]}"
        return Voice(f"{ENGINE}/{name}", ENGINE, name, _BCP47[language], "unknown", described, sample=sample)

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        check_text(text, self._engine)
        if not voice.sample:
            check_voice(voice, self._engine)
        body = self._request(text, voice, settings)
        headers = {**self._headers, "Content-Type": "application/json"}
        sent = json.dumps(body, ensure_ascii=False).encode()
        answer = self._http.post(f"{self._url}/v1/audio/text-to-speech", headers, sent, text)
        return pcm_wav(answer, ENGINE, self._ffmpeg)

    def close(self) -> None:
        self._http.close()

    @cached_property
    def _engine(self) -> SpeechEngine:
        more = ("emotion", "pitch_std") if self._model.endswith("transformer") else ()
        return SpeechEngine(
            ENGINE,
            self._model,
            CAPS,
            tuple(_voices()),
            cloning=True,
            paid=True,
            settings=("rate", *more),
            formats=("audio/webm",),
            remote=True,
            varies=True,
        )

    def _request(self, text: str, voice: Voice, settings: Mapping[str, str]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "text": text,
            "model": self._model,
            "speaking_rate": USUAL_RATE * rate_of(settings, self._engine),
            "language_iso_code": LANGUAGES[voice.language.partition("-")[0]],
            "mime_type": "audio/webm",
        }
        body |= self._speaker(voice)
        if "emotion" in settings:
            body["emotion"] = _emotion(settings["emotion"])
        if "pitch_std" in settings:
            body["pitch_std"] = _number("pitch_std", settings["pitch_std"], 500)
        return body

    def _speaker(self, voice: Voice) -> dict[str, str]:
        if not voice.sample:
            return {"default_voice_name": voice.name.partition("+")[0]}
        sample = self._read_sample(voice.sample)
        if len(sample) > MAX_SAMPLE_BYTES:
            raise InvalidInput(f"a voice is made of at most {MAX_SAMPLE_BYTES} bytes of recording, found {len(sample)}")
        return {"speaker_audio": base64.b64encode(sample).decode()}


def _voices() -> list[Voice]:
    found = []
    for built_in, (home, gender, age) in _BUILT_IN.items():
        for language in (home, *(other for other in LANGUAGES if other != home)):
            name = built_in if language == home else f"{built_in}+{language}"
            described = f"{built_in.replace('_', ' ')}, {_BCP47[language]}"
            found.append(Voice(f"{ENGINE}/{name}", ENGINE, name, _BCP47[language], gender, described, age=age))
    return found


def _emotion(value: str) -> dict[str, float]:
    """The setting `emotion`: a JSON object of some of the eight, 0 to 1 each. Raises InvalidInput."""
    try:
        found = json.loads(value)
    except ValueError as exc:
        raise InvalidInput("expected the setting emotion to be a JSON object") from exc
    if not isinstance(found, dict) or not set(found) <= set(EMOTIONS):
        raise InvalidInput(f"expected the setting emotion to name some of {', '.join(EMOTIONS)}")
    return {name: _number(f"emotion {name}", str(share), 1) for name, share in found.items()}


def _number(name: str, value: str, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise InvalidInput(f"expected {name} to be from 0 to {most:g}, found {value[:20]!r}")
    return number
