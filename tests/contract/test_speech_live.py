"""The vendors themselves, one short sentence each: only where the environment holds a vendor's key. Costs next to nothing."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from shared.adapters.speech.vendors import WHAT_TO_SET, open_vendors
from shared.config import PREFIX, read_settings
from shared.domain.speech_check import check_speech
from shared.domain.waveform import measure, read_wav

TEXT = "The lighthouse stood on the point."
NAMES = ("google_speech_", "azure_speech_", "zyphra_", "openai_speech_")


@pytest.mark.media
@pytest.mark.parametrize("name", WHAT_TO_SET)
def test_a_vendor_speaks(name: str) -> None:
    given = {key: value for key, value in os.environ.items() if key.removeprefix(PREFIX).lower().startswith(NAMES)}
    prices = {f"{PREFIX}SPEECH_PRICES": ",".join(f"{vendor}=0" for vendor in WHAT_TO_SET)}
    settings = read_settings(given | prices)
    if name not in settings.speech_vendors:
        pytest.skip(f"{name} is not set up in this environment. {WHAT_TO_SET[name]}")
    with closing(open_vendors(settings, settings.ffmpeg, lambda key: b"")[name]) as speech:
        voice = next(voice for voice in speech.describe().voices if voice.language.startswith("en"))
        sound = read_wav(speech.synthesize(TEXT, voice, {}))
    assert check_speech(measure(sound), TEXT, sound.rate) == []
