"""The translation engines that the settings name, in their order."""

from __future__ import annotations

from pathlib import Path

from shared.adapters.translation.apertium import ApertiumTranslation
from shared.adapters.translation.google import GoogleTranslation
from shared.adapters.translation.libretranslate import LibreTranslateTranslation
from shared.adapters.translation.llm import LlmTranslation
from shared.domain.language_settings import LanguageSettings
from shared.ports.llm import Llm

Translator = ApertiumTranslation | GoogleTranslation | LibreTranslateTranslation | LlmTranslation


def open_translators(settings: LanguageSettings, apertium_dir: Path, llm: Llm) -> dict[str, Translator]:
    """By name. Those that are not set up are there too, and say what they lack."""
    google_key, libre_key = settings.google_translate_key, settings.libretranslate_key
    known: dict[str, Translator] = {
        "apertium": ApertiumTranslation(apertium_dir),
        "google": GoogleTranslation(google_key.get_secret_value(), settings.google_translate_url),
        "libretranslate": LibreTranslateTranslation(settings.libretranslate_url, libre_key.get_secret_value()),
        "llm": LlmTranslation(llm),
    }
    return {name: known[name] for name in settings.translators}
