"""Settings of the language model and of translation vendors: what is missing, what is unsafe, and what jobs never see."""

from __future__ import annotations

from typing import Any

import pytest

from shared.config import read_settings, settings_environment
from shared.domain.errors import Misconfigured

MODEL = {"REELPRINT_LLM": "openai", "REELPRINT_LLM_MODEL": "m", "REELPRINT_LLM_KEY": "k" * 20}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "REELPRINT_LLM "),
        ({"LLM": "ollama"}, "REELPRINT_LLM_MODEL"),
        ({"LLM": "gemini", "LLM_MODEL": "m"}, "REELPRINT_LLM_KEY"),
        ({"LLM": "openai", "LLM_MODEL": "m"}, "REELPRINT_LLM_KEY"),
        ({"LLM": "openai", "LLM_MODEL": "m", "LLM_URL": "http://127.0.0.1:8000/v1"}, ""),
        ({"LLM": "ollama", "LLM_MODEL": "llama3.1:8b"}, ""),
    ],
)
def test_what_a_model_still_needs_is_said(given: dict[str, Any], missing: str) -> None:
    found = read_settings({f"REELPRINT_{name}": value for name, value in given.items()}).missing_for_llm
    assert found.startswith(missing) and bool(found) is bool(missing)


@pytest.mark.parametrize(
    "given",
    [
        {"REELPRINT_LLM": "claude"},
        {"REELPRINT_LLM_CONTEXT_TOKENS": "2048"},
        {"REELPRINT_TRANSLATION_ENGINES": "apertium,babelfish"},
        {"REELPRINT_LIBRETRANSLATE_URL": "ftp://127.0.0.1"},
        {**MODEL, "REELPRINT_LLM_URL": "http://models.example/v1"},
        {"REELPRINT_LIBRETRANSLATE_URL": "http://mt.example", "REELPRINT_LIBRETRANSLATE_KEY": "kkkkkkkk"},
    ],
)
def test_what_is_wrong_or_would_send_a_key_in_the_open_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings(given)
    assert "kkkk" not in str(caught.value)


def test_engines_are_asked_in_the_order_given_each_once() -> None:
    assert read_settings({}).translators == ["apertium", "libretranslate", "google", "llm"]
    assert read_settings({"REELPRINT_TRANSLATION_ENGINES": "llm,google,llm"}).translators == ["llm", "google"]


def test_jobs_are_told_no_key() -> None:
    keys = {"REELPRINT_GOOGLE_TRANSLATE_KEY": "g" * 20, "REELPRINT_LIBRETRANSLATE_KEY": "l" * 20}
    told = settings_environment(read_settings({**MODEL, **keys}))
    assert not [name for name in told if name.endswith("_KEY")]
    assert told["REELPRINT_LLM"] == "openai"
