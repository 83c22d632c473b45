"""Settings of the language model and of translation vendors. Part of `shared.config.Settings`."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_URL = r"^(https?://[A-Za-z0-9.:\[\]_/-]{1,255}[A-Za-z0-9\]])?$"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_ENGINES = ("apertium", "google", "libretranslate", "llm")
_ONE_ENGINE = "(?:" + "|".join(_ENGINES) + ")"
LANGUAGE_SECRETS = ("llm_key", "google_translate_key", "libretranslate_key")


class LanguageSettings(BaseModel):
    """Without them nothing leaves this machine: casting goes by rules, and Apertium translates."""

    model_config = ConfigDict(frozen=True)

    llm: Literal["", "openai", "ollama", "gemini"] = ""  # openai: and all who speak alike; "": no language model
    llm_url: Annotated[str, Field(pattern=_URL)] = ""  # such as http://127.0.0.1:11434/v1; "": the vendor's own
    llm_model: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{0,100}$")] = ""
    llm_key: SecretStr = SecretStr("")
    llm_context_tokens: Annotated[int, Field(ge=8192, le=2_000_000)] = 8192  # of a question and its answer together
    llm_timeout_s: Annotated[float, Field(gt=0, le=600)] = 60.0  # of one request; a translation task has 300 s
    llm_casting_windows: Annotated[int, Field(ge=0, le=1000)] = 40  # the most that one chapter is asked about
    translation_engines: Annotated[str, Field(pattern=rf"^{_ONE_ENGINE}(,{_ONE_ENGINE})*$")] = (
        "apertium,libretranslate,google,llm"  # in order: the first that is there and has the pair translates it
    )
    google_translate_key: SecretStr = SecretStr("")
    google_translate_url: Annotated[str, Field(pattern=_URL)] = ""  # "": Google's
    libretranslate_url: Annotated[str, Field(pattern=_URL)] = ""  # such as http://127.0.0.1:5000; "": none
    libretranslate_key: SecretStr = SecretStr("")

    @property
    def translators(self) -> list[str]:
        """Engines in order of preference."""
        return list(dict.fromkeys(self.translation_engines.split(",")))

    @property
    def missing_for_llm(self) -> str:
        """The settings that a language model still needs, in words; "" where it is whole."""
        if not self.llm:
            return "REELPRINT_LLM to openai, ollama or gemini, and REELPRINT_LLM_MODEL"
        if not self.llm_model:
            return "REELPRINT_LLM_MODEL to the model's name"
        needs_key = self.llm == "gemini" or (self.llm == "openai" and not self.llm_url)
        return "REELPRINT_LLM_KEY" if needs_key and not self.llm_key.get_secret_value() else ""

    @model_validator(mode="after")
    def _keys_are_safe(self) -> Self:
        """A key goes over https alone, except to this machine."""
        keys = {
            "llm_url": self.llm_key,
            "google_translate_url": self.google_translate_key,
            "libretranslate_url": self.libretranslate_key,
        }
        for name, key in keys.items():
            url = urlsplit(getattr(self, name))
            if key.get_secret_value() and url.scheme == "http" and url.hostname not in _THIS_MACHINE:
                raise ValueError(f"{name} must be https, or on this machine: a key goes there")
        return self
