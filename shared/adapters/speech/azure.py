"""Azure Speech over REST.

As documented: POST /cognitiveservices/v1 with the headers Ocp-Apim-Subscription-Key, X-Microsoft-OutputFormat and
User-Agent, and SSML as the body, answers the sound; GET /cognitiveservices/voices/list lists voices. A turn takes 64 KB of
SSML with 50 voice tags and ten minutes of sound; what is longer is cut off without a word. Word boundaries are events of
the SDK's socket: over REST there are none, and none are declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from shared.adapters.speech.catalogue import Catalogue
from shared.adapters.speech.request import check_bytes, check_text, check_voice, ipa_of, rate_of
from shared.adapters.speech.vendor_http import VendorHttp
from shared.adapters.speech.vendor_sound import pcm_wav
from shared.domain.errors import EngineFailed, InvalidInput
from shared.domain.ssml import ssml_body
from shared.ports.speech import Caps, SpeechEngine, Voice

ENGINE = "azure"
# Eight minutes as the planner counts them leave room for a voice that reads slower than it thinks.
CAPS = Caps(max_bytes=64 * 1024, max_minutes=8.0, overhead=0.15)
FORMAT = "riff-24khz-16bit-mono-pcm"
_GENDERS = {"Female": "female", "Male": "male"}
_NAMESPACES = 'xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="https://www.w3.org/2001/mstts"'


class AzureSpeech:
    """The `Speech` port. `url` is the region's, https://{region}.tts.speech.microsoft.com. Threads may share it."""

    def __init__(self, key: str, url: str, *, ffmpeg: str = "ffmpeg", timeout_s: float = 120.0) -> None:
        self._headers = {"Ocp-Apim-Subscription-Key": key, "User-Agent": "Reelprint"}
        self._url = url
        self._ffmpeg = ffmpeg
        self._http = VendorHttp(ENGINE, "REELPRINT_AZURE_SPEECH_KEY and _REGION", timeout_s=timeout_s)
        self._catalogue = Catalogue(self._fetch)

    def describe(self) -> SpeechEngine:
        return self._catalogue()

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        engine = self.describe()
        check_text(text, engine)
        check_voice(voice, engine)
        sent = check_bytes(_ssml(text, voice, settings, engine), engine)
        headers = {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": FORMAT}
        sound = self._http.post(f"{self._url}/cognitiveservices/v1", self._headers | headers, sent, text)
        return pcm_wav(sound, ENGINE, self._ffmpeg)

    def close(self) -> None:
        self._http.close()

    def _fetch(self) -> SpeechEngine:
        answer = self._http.get_json(f"{self._url}/cognitiveservices/voices/list", self._headers)
        listed = answer if isinstance(answer, list) else []
        voices = tuple(_voice(each) for each in listed if isinstance(each, dict) and _is_usable(each))
        if not voices:
            raise EngineFailed("azure listed no voice; it is asked again")
        return SpeechEngine(
            ENGINE,
            "v1",
            CAPS,
            voices,
            paid=True,
            settings=("rate", "ipa", "style"),
            remote=True,
            varies=True,
            marks_up=True,
        )


def _ssml(text: str, voice: Voice, settings: Mapping[str, str], engine: SpeechEngine) -> str:
    rate, style = rate_of(settings, engine), settings.get("style", "")
    if style and style not in voice.styles:
        known = ", ".join(voice.styles) or "none"
        raise InvalidInput(f"{voice.id} has the styles {known}; found {style[:40]!r}")
    body = ssml_body(text, ipa_of(settings))
    if rate != 1.0:
        body = f'<prosody rate="{round((rate - 1) * 100):+d}%">{body}</prosody>'
    if style:
        body = f"<mstts:express-as style={quoteattr(style)}>{body}</mstts:express-as>"
    speaker = f"<voice name={quoteattr(_short_name(voice))}>{body}</voice>"
    return f'<speak version="1.0" {_NAMESPACES} xml:lang={quoteattr(voice.language)}>{speaker}</speak>'


def _is_usable(listed: Mapping[str, Any]) -> bool:
    return isinstance(listed.get("ShortName"), str) and isinstance(listed.get("Locale"), str)


def _voice(listed: Mapping[str, Any]) -> Voice:
    short, locale = listed["ShortName"], listed["Locale"]
    name = short.replace(":", ".")  # an id here has no colon, and a short name no dot
    kind = "hd" if "DragonHD" in short else "neural"
    title = listed.get("DisplayName") or short
    return Voice(
        f"{ENGINE}/{name}",
        ENGINE,
        name,
        locale,
        _GENDERS.get(listed.get("Gender", ""), "unknown"),
        f"{title}, {listed.get('LocaleName') or locale}",
        age="child" if "ChildVoice" in str(listed.get("VoiceTag", "")) else "",
        styles=tuple(listed.get("StyleList") or ()),
        also=tuple(listed.get("SecondaryLocaleList") or ()),
        tier=kind,
    )


def _short_name(voice: Voice) -> str:
    return voice.name.replace(".", ":")
