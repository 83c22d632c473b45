"""The vendors that the settings name, made; and for all others, what to set."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.adapters.speech.azure import AzureSpeech
from shared.adapters.speech.google import GoogleSpeech, key_headers
from shared.adapters.speech.google_login import MachineLogin
from shared.adapters.speech.openai import OpenAiSpeech
from shared.adapters.speech.zyphra import ZyphraSpeech
from shared.domain.price import parse_prices
from shared.domain.speech_settings import SpeechSettings

Vendor = AzureSpeech | GoogleSpeech | OpenAiSpeech | ZyphraSpeech
WHAT_TO_SET: Mapping[str, str] = {
    "google": "Set REELPRINT_GOOGLE_SPEECH_KEY, or REELPRINT_GOOGLE_SPEECH_LOGIN=machine, and a price.",
    "azure": "Set REELPRINT_AZURE_SPEECH_KEY and REELPRINT_AZURE_SPEECH_REGION, and a price.",
    "zyphra": "Set REELPRINT_ZYPHRA_KEY and a price.",
    "openai": "Set REELPRINT_OPENAI_SPEECH_KEY, or REELPRINT_OPENAI_SPEECH_URL of a server of your own, and a price.",
}
OPENAI_URL = "https://api.openai.com/v1"


def open_vendors(settings: SpeechSettings, ffmpeg: str, read_sample: Callable[[str], bytes]) -> dict[str, Vendor]:
    """Vendors by engine name; none is asked for anything yet. `read_sample` opens a recording by its media key."""
    made: dict[str, Callable[[], Vendor]] = {
        "google": lambda: _google(settings, ffmpeg),
        "azure": lambda: _azure(settings, ffmpeg),
        "zyphra": lambda: ZyphraSpeech(
            settings.zyphra_key.get_secret_value(),
            settings.zyphra_url,
            settings.zyphra_model,
            read_sample,
            ffmpeg=ffmpeg,
        ),
        "openai": lambda: _openai(settings, ffmpeg),
    }
    return {name: made[name]() for name in settings.speech_vendors}


def absent_vendors(settings: SpeechSettings) -> dict[str, str]:
    """What to set for each vendor that is not configured."""
    return {name: fix for name, fix in WHAT_TO_SET.items() if name not in settings.speech_vendors}


def _google(settings: SpeechSettings, ffmpeg: str) -> GoogleSpeech:
    key = settings.google_speech_key.get_secret_value()
    return GoogleSpeech(key_headers(key) if key else MachineLogin(), settings.google_speech_url, ffmpeg=ffmpeg)


def _azure(settings: SpeechSettings, ffmpeg: str) -> AzureSpeech:
    url = settings.azure_speech_url or f"https://{settings.azure_speech_region}.tts.speech.microsoft.com"
    return AzureSpeech(settings.azure_speech_key.get_secret_value(), url, ffmpeg=ffmpeg)


def _openai(settings: SpeechSettings, ffmpeg: str) -> OpenAiSpeech:
    return OpenAiSpeech(
        settings.openai_speech_key.get_secret_value(),
        settings.openai_speech_url or OPENAI_URL,
        settings.openai_speech_model,
        [name for name in settings.openai_speech_voices.split(",") if name],
        [name for name in settings.openai_speech_languages.split(",") if name] or ["en"],
        paid=any(
            price for name, price in parse_prices(settings.speech_prices).items() if name.partition("/")[0] == "openai"
        ),
        ffmpeg=ffmpeg,
    )
