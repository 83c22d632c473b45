"""The language model that the settings name."""

from __future__ import annotations

from collections.abc import Mapping

from shared.adapters.llm.gemini import GeminiLlm
from shared.adapters.llm.openai import OllamaLlm, OpenAiLlm
from shared.adapters.llm.unset import UnsetLlm
from shared.domain.language_settings import LanguageSettings

_DIALECTS: Mapping[str, type[OpenAiLlm | OllamaLlm | GeminiLlm]] = {
    "openai": OpenAiLlm,
    "ollama": OllamaLlm,
    "gemini": GeminiLlm,
}


def open_llm(settings: LanguageSettings) -> OpenAiLlm | OllamaLlm | GeminiLlm | UnsetLlm:
    """One that answers, or where something is not set one that says what. Nothing is asked yet."""
    if settings.missing_for_llm:
        return UnsetLlm(settings.missing_for_llm)
    return _DIALECTS[settings.llm](
        settings.llm_url,
        settings.llm_model,
        settings.llm_key.get_secret_value(),
        context_tokens=settings.llm_context_tokens,
        timeout_s=settings.llm_timeout_s,
    )
