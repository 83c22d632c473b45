"""What every speech engine promises. A further engine is one more line in ENGINES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.speech.azure import AzureSpeech
from shared.adapters.speech.espeak import EspeakSpeech
from shared.adapters.speech.flite import FliteSpeech
from shared.adapters.speech.google import GoogleSpeech, key_headers
from shared.adapters.speech.openai import OpenAiSpeech
from shared.adapters.speech.zyphra import ZyphraSpeech
from shared.domain.errors import InvalidInput
from shared.domain.speech_check import check_speech
from shared.domain.waveform import Waveform, measure, read_wav, write_wav
from shared.ports.speech import Speech, Voice
from tests.support.speech_vendors import KEY, Vendors, speech_vendors

pytestmark = pytest.mark.media

ENGINES: dict[str, Callable[[Vendors], Speech]] = {
    "flite": lambda _: FliteSpeech(),
    "espeak": lambda _: EspeakSpeech(),
    "google": lambda vendors: GoogleSpeech(key_headers(KEY), vendors.url),
    "azure": lambda vendors: AzureSpeech(KEY, vendors.url),
    "zyphra": lambda vendors: ZyphraSpeech(KEY, vendors.url, "zonos-v0.1-transformer", lambda key: b""),
    "openai": lambda vendors: OpenAiSpeech(KEY, f"{vendors.url}/v1", "tts-1", (), ("en", "es")),
}
LINE = "The lighthouse stood on the point, and nobody had been up there since the storm."
LONG = (LINE + " It was cold; the wind came in from the north. ") * 3 + "Nobody spoke for a long time."


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with speech_vendors() as made:
        yield made


@pytest.fixture(params=ENGINES)
def speech(request: pytest.FixtureRequest, vendors: Vendors) -> Iterator[Speech]:
    made = ENGINES[request.param](vendors)
    yield made
    close = getattr(made, "close", None)
    if close:
        close()


def english(speech: Speech) -> list[Voice]:
    return [voice for voice in speech.describe().voices if voice.language.startswith("en")]


def speak(speech: Speech, text: str, settings: dict[str, str] | None = None) -> Waveform:
    return read_wav(speech.synthesize(text, english(speech)[0], settings or {}))


def said(speech: Speech, text: str) -> int:
    return measure(speak(speech, text)).speaking


def test_it_declares_itself(speech: Speech) -> None:
    engine = speech.describe()
    assert engine.version
    assert len({voice.id for voice in engine.voices}) == len(engine.voices) > 0
    for voice in engine.voices:
        assert voice.engine == engine.name
        assert voice.id == f"{engine.name}/{voice.name}"
        assert voice.gender in {"female", "male", "unknown"}
        assert voice.language
        assert voice.description


def test_two_instances_declare_the_same(speech: Speech, vendors: Vendors) -> None:
    other = ENGINES[speech.describe().name](vendors)
    assert other.describe() == speech.describe()
    getattr(other, "close", lambda: None)()


def test_it_speaks_sound_speech_under_a_correct_header(speech: Speech) -> None:
    data = speech.synthesize(LINE, english(speech)[0], {})
    waveform = read_wav(data)
    assert data == write_wav(waveform)
    assert waveform.rate >= 16_000
    assert check_speech(measure(waveform), LINE, waveform.rate) == []


def test_a_segment_of_full_length_is_spoken_whole(speech: Speech) -> None:
    assert len(LONG) >= 400
    waveform = speak(speech, LONG)
    assert check_speech(measure(waveform), LONG, waveform.rate) == []


def test_voices_differ(speech: Speech) -> None:
    first, second = english(speech)[:2]
    assert speech.synthesize("Good evening.", first, {}) != speech.synthesize("Good evening.", second, {})


@pytest.mark.parametrize("text", ["-o lighthouse", "--version of the storm", "-f is an option", "@lighthouse.txt"])
def test_a_text_that_looks_like_an_option_is_spoken(speech: Speech, text: str) -> None:
    words = text.lstrip("-@")
    assert said(speech, text) >= 0.8 * said(speech, words)


def test_typography_and_accents_are_spoken_and_drop_nothing(speech: Speech) -> None:
    fancy = "“Don’t go—” she said… ‘Why?’ The café’s ﬁnal night – naïve, wasn’t it?"
    plain = "\"Don't go,\" she said... 'Why?' The cafe's final night, naive, wasn't it?"
    assert said(speech, fancy) == pytest.approx(said(speech, plain), rel=0.12)


def test_a_faster_rate_takes_less_time(speech: Speech) -> None:
    lengths = [len(speak(speech, LINE, {"rate": rate}).samples) for rate in ("0.5", "1.0", "2.0")]
    assert lengths[0] > 1.6 * lengths[1] > 2.5 * lengths[2]


@pytest.mark.parametrize(
    "settings", [{"rate": "0.4"}, {"rate": "2.1"}, {"rate": "fast"}, {"rate": "nan"}, {"mood": "sad"}]
)
def test_settings_that_are_not_understood_are_refused(speech: Speech, settings: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        speech.synthesize(LINE, english(speech)[0], settings)


@pytest.mark.parametrize("text", ["", " \n", "… — !", "one\0two", "half a \ud83d pair"])
def test_what_cannot_be_spoken_is_refused(speech: Speech, text: str) -> None:
    with pytest.raises(InvalidInput):
        speech.synthesize(text, english(speech)[0], {})


def test_a_text_beyond_the_caps_is_refused(speech: Speech) -> None:
    caps = speech.describe().caps
    longest = caps.max_characters or caps.max_bytes
    assert longest
    with pytest.raises(InvalidInput, match=str(longest)):
        speech.synthesize("a " * longest, english(speech)[0], {})


@pytest.mark.parametrize("name", ["nobody", "-w", "../slt"])
def test_an_unknown_voice_is_refused(speech: Speech, name: str) -> None:
    engine = speech.describe().name
    with pytest.raises(InvalidInput, match="no voice"):
        speech.synthesize(LINE, Voice(f"{engine}/{name}", engine, name, "en", "unknown"), {})


def test_threads_may_share_it(speech: Speech) -> None:
    texts = ["One.", "Two of them.", "Three came back to the house.", "Four."]
    alone = [said(speech, text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: said(speech, text), texts)) == pytest.approx(alone, rel=0.2)
