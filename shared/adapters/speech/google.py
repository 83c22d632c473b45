"""Google Cloud Text-to-Speech over REST: v1, and v1beta1 where the time of each word is asked for.

As documented: POST /v1/text:synthesize {input: {text | ssml}, voice: {languageCode, name}, audioConfig: {audioEncoding,
speakingRate}} answers {audioContent}, base64; LINEAR16 comes as a WAV. 5,000 bytes of input, SSML tags among them. A
v1beta1 request with enableTimePointing SSML_MARK answers {timepoints: [{markName, timeSeconds}]} too. GET /v1/voices lists
voices; their names hold locale, family and letter: en-US-Neural2-C. The Chirp and Journey families take no SSML, Studio
takes no marks.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.adapters.speech.catalogue import Catalogue
from shared.adapters.speech.request import check_bytes, check_text, check_voice, ipa_of, rate_of
from shared.adapters.speech.vendor_http import VendorHttp
from shared.adapters.speech.vendor_sound import pcm_wav
from shared.domain.errors import EngineFailed, InvalidInput
from shared.domain.ssml import ssml_body
from shared.ports.speech import Caps, SpeechEngine, Voice, WordTime

ENGINE = "google"
CAPS = Caps(max_bytes=5_000, overhead=0.15)
_NAME = re.compile(
    r"(?P<locale>[a-z]{2,3}(?:-[A-Za-z]{2,4}){1,2})-(?P<family>[A-Za-z0-9]+(?:-HD)?)-(?P<letter>[A-Za-z0-9]+)"
)
_GENDERS = {"FEMALE": "female", "MALE": "male"}
_WITHOUT_SSML, _WITHOUT_MARKS = ("chirp", "journey"), ("chirp", "journey", "studio")


class GoogleSpeech:
    """The `Speech` and `TimedSpeech` ports. `authorize` gives the headers that prove who asks. Threads may share it."""

    def __init__(
        self, authorize: Callable[[], Mapping[str, str]], url: str, *, ffmpeg: str = "ffmpeg", timeout_s: float = 60.0
    ) -> None:
        self._authorize = authorize
        self._url = url
        self._ffmpeg = ffmpeg
        self._http = VendorHttp(ENGINE, "REELPRINT_GOOGLE_SPEECH_KEY", timeout_s=timeout_s)
        self._catalogue = Catalogue(self._fetch)

    def describe(self) -> SpeechEngine:
        return self._catalogue()

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        return self.synthesize_timed(text, voice, settings)[0]

    def synthesize_timed(self, text: str, voice: Voice, settings: dict[str, str]) -> tuple[bytes, Sequence[WordTime]]:
        """With the setting `words` each word's time is asked for, where the voice gives it."""
        engine = self.describe()
        check_text(text, engine)
        check_voice(voice, engine)
        timed = "words" in settings and not voice.tier.startswith(_WITHOUT_MARKS)
        request = _request(text, voice, settings, engine, timed)
        path = "/v1beta1/text:synthesize" if timed else "/v1/text:synthesize"
        answer = self._http.post_json(self._url + path, self._authorize(), request, text)
        return pcm_wav(_sound(answer), ENGINE, self._ffmpeg), _times(answer) if timed else ()

    def close(self) -> None:
        self._http.close()

    def _fetch(self) -> SpeechEngine:
        answer = self._http.get_json(f"{self._url}/v1/voices", self._authorize())
        listed = answer.get("voices", []) if isinstance(answer, dict) else []
        voices = tuple(voice for voice in map(_voice, listed) if voice)
        if not voices:
            raise EngineFailed("google listed no voice; it is asked again")
        return SpeechEngine(
            ENGINE,
            "v1",
            CAPS,
            voices,
            word_timings=True,
            paid=True,
            settings=("rate", "ipa", "words"),
            remote=True,
            varies=True,
            marks_up=True,
        )


def key_headers(key: str) -> Callable[[], Mapping[str, str]]:
    return lambda: {"X-Goog-Api-Key": key}


def _request(text: str, voice: Voice, settings: Mapping[str, str], engine: SpeechEngine, timed: bool) -> dict[str, Any]:
    rate, ipa = rate_of(settings, engine), ipa_of(settings)
    if ipa and not voice.takes_markup:
        raise InvalidInput(f"{voice.id} takes no IPA; choose another voice, or give a respelling")
    is_marked_up = bool(ipa) or timed
    sent = f"<speak>{ssml_body(text, ipa, marked=timed)}</speak>" if is_marked_up else text
    check_bytes(sent, engine)
    request: dict[str, Any] = {
        "input": {"ssml" if is_marked_up else "text": sent},
        "voice": {"languageCode": voice.language, "name": voice.name},
        "audioConfig": {"audioEncoding": "LINEAR16"} | ({"speakingRate": rate} if rate != 1.0 else {}),
    }
    return request | ({"enableTimePointing": ["SSML_MARK"]} if timed else {})


def _voice(listed: Any) -> Voice | None:
    """A voice of the list; None for one of another kind, which needs more than a name."""
    name = listed.get("name", "") if isinstance(listed, dict) else ""
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if not found:
        return None
    family = found["family"].lower()
    codes = [code for code in listed.get("languageCodes", []) if isinstance(code, str)] or [found["locale"]]
    gender = _GENDERS.get(listed.get("ssmlGender", ""), "unknown")
    described = f"Google {found['family']} voice {found['letter']}, {codes[0]}"
    plain = family.startswith(_WITHOUT_SSML)
    return Voice(
        f"{ENGINE}/{name}",
        ENGINE,
        name,
        codes[0],
        gender,
        described,
        also=tuple(codes[1:]),
        tier=family,
        takes_markup=not plain,
    )


def _sound(answer: Any) -> bytes:
    try:
        return base64.b64decode(answer["audioContent"], validate=True)
    except (KeyError, TypeError, binascii.Error) as exc:
        raise EngineFailed("google answered without sound; it is asked again") from exc


def _times(answer: Mapping[str, Any]) -> list[WordTime]:
    try:
        points = answer.get("timepoints", [])
        return [WordTime(int(point["markName"]), round(float(point.get("timeSeconds", 0)) * 1000)) for point in points]
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise EngineFailed("google answered with times that cannot be read; it is asked again") from exc
