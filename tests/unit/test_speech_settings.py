"""Vendors exist where they are set up whole; what is wrong is told together, and no secret leaves the process."""

from __future__ import annotations

import pytest

from shared.config import read_settings, settings_environment
from shared.domain.errors import Misconfigured

WHOLE = {
    "REELPRINT_GOOGLE_SPEECH_KEY": "g-secret",
    "REELPRINT_AZURE_SPEECH_KEY": "a-secret",
    "REELPRINT_AZURE_SPEECH_REGION": "westeurope",
    "REELPRINT_ZYPHRA_KEY": "z-secret",
    "REELPRINT_OPENAI_SPEECH_KEY": "o-secret",
    "REELPRINT_SPEECH_PRICES": "google=16,google/studio=160,azure=15,zyphra=20,openai=15",
    "REELPRINT_SPEECH_FALLBACK": "en=flite/slt,es=espeak/es",
}


def test_a_vendor_is_there_where_its_key_is() -> None:
    assert read_settings({}).speech_vendors == []
    assert read_settings(WHOLE).speech_vendors == ["google", "azure", "zyphra", "openai"]
    own = {"REELPRINT_OPENAI_SPEECH_URL": "http://speech.lan:8880/v1", "REELPRINT_SPEECH_PRICES": "openai=0"}
    assert read_settings(own).speech_vendors == ["openai"]
    login = {"REELPRINT_GOOGLE_SPEECH_LOGIN": "machine", "REELPRINT_SPEECH_PRICES": "google=4"}
    assert read_settings(login).speech_vendors == ["google"]


def test_fallbacks_are_read_by_language() -> None:
    assert read_settings(WHOLE).fallbacks == {"en": "flite/slt", "es": "espeak/es"}


def test_what_is_missing_is_told_together_and_without_a_secret() -> None:
    halves = {name: value for name, value in WHOLE.items() if name.endswith("_KEY")}
    halves["REELPRINT_ZYPHRA_URL"] = "http://elsewhere.example"
    with pytest.raises(Misconfigured) as refused:
        read_settings(halves)
    for told in ("azure_speech_region", "google=PRICE", "zyphra=PRICE", "zyphra_url must be https"):
        assert told in refused.value.detail
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPEECH_PRICES", "google=dear"),
        ("SPEECH_FALLBACK", "flite/slt"),
        ("SPENDING_CAP", "-1"),
        ("CURRENCY", "euro"),
        ("GOOGLE_PER_SECOND", "0"),
        ("AZURE_SPEECH_URL", "ftp://x"),
        ("ZYPHRA_MODEL", "another"),
    ],
)
def test_each_is_checked(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_settings({f"REELPRINT_{name}": value})


def test_jobs_get_no_key_and_start_without_one() -> None:
    given = settings_environment(read_settings(WHOLE))
    assert not [name for name, value in given.items() if "secret" in value]
    assert read_settings(given).speech_vendors == []
