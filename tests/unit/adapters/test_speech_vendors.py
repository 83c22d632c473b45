"""What is sent to speech vendors and what is made of their answers, against doubles that hold them to their documents."""

from __future__ import annotations

import base64
import json
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from shared.adapters.speech.azure import AzureSpeech
from shared.adapters.speech.google import GoogleSpeech, key_headers
from shared.adapters.speech.openai import OpenAiSpeech
from shared.adapters.speech.zyphra import ZyphraSpeech
from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable, InvalidInput, ReelprintError
from shared.domain.waveform import measure, read_wav
from shared.ports.speech import Speech, Voice
from tests.support.speech_vendors import KEY, Vendors, hum, speech_vendors

LINE = "Nobody had been up there since the storm."
SAMPLES = {"users/me/sample.wav": b"RIFF the voice of somebody"}
VENDORS: dict[str, Callable[[Vendors], Speech]] = {
    "google": lambda vendors: GoogleSpeech(key_headers(KEY), vendors.url, timeout_s=5),
    "azure": lambda vendors: AzureSpeech(KEY, vendors.url, timeout_s=5),
    "zyphra": lambda vendors: ZyphraSpeech(
        KEY, vendors.url, "zonos-v0.1-transformer", SAMPLES.__getitem__, timeout_s=5
    ),
    "openai": lambda vendors: OpenAiSpeech(KEY, f"{vendors.url}/v1", "tts-1", (), ("en", "es"), timeout_s=5),
}


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with speech_vendors() as made:
        yield made


@pytest.fixture(params=VENDORS)
def speech(request: pytest.FixtureRequest, vendors: Vendors) -> Iterator[Speech]:
    yield from opened(request.param, vendors)


def opened(name: str, vendors: Vendors) -> Iterator[Speech]:
    made = VENDORS[name](vendors)
    yield made
    getattr(made, "close", lambda: None)()


@pytest.fixture
def google(vendors: Vendors) -> Iterator[Speech]:
    yield from opened("google", vendors)


@pytest.fixture
def azure(vendors: Vendors) -> Iterator[Speech]:
    yield from opened("azure", vendors)


@pytest.fixture
def zyphra(vendors: Vendors) -> Iterator[Speech]:
    yield from opened("zyphra", vendors)


def first(speech: Speech) -> Voice:
    return speech.describe().voices[0]


def voice_of(speech: Speech, name: str) -> Voice:
    return next(voice for voice in speech.describe().voices if voice.name == name)


def sent(vendors: Vendors) -> dict[str, object]:
    body: dict[str, object] = json.loads(vendors.asked[-1].body)
    return body


# What is declared


def test_google_lists_voices_by_locale_gender_and_tier(google: Speech) -> None:
    voices = {voice.name: voice for voice in google.describe().voices}
    assert "Charon" not in voices
    found = voices["en-US-Neural2-C"]
    assert (found.language, found.gender, found.tier, found.takes_markup) == ("en-US", "female", "neural2", True)
    chirp = voices["en-US-Chirp3-HD-Charon"]
    assert (chirp.tier, chirp.takes_markup) == ("chirp3-hd", False)


def test_azure_lists_voices_with_their_styles_and_further_languages(azure: Speech) -> None:
    jenny = voice_of(azure, "en-US-JennyNeural")
    assert (jenny.gender, tuple(jenny.styles), jenny.tier) == ("female", ("cheerful", "sad"), "neural")
    assert tuple(voice_of(azure, "es-MX-JorgeNeural").also) == ("en-US",)
    assert not azure.describe().word_timings


def test_an_azure_voice_with_a_colon_in_its_name_is_asked_for_by_that_name(azure: Speech, vendors: Vendors) -> None:
    ava = voice_of(azure, "en-US-Ava.DragonHDLatestNeural")
    azure.synthesize(LINE, ava, {})
    assert b'<voice name="en-US-Ava:DragonHDLatestNeural">' in vendors.asked[-1].body


def test_a_list_is_fetched_once(google: Speech, vendors: Vendors) -> None:
    for _ in range(3):
        google.describe()
    assert [asked.path for asked in vendors.asked] == ["/v1/voices"]


# What is sent


def test_google_is_sent_plain_text_where_nothing_needs_markup(google: Speech, vendors: Vendors) -> None:
    google.synthesize("Fish & <chips>", voice_of(google, "en-US-Neural2-C"), {"rate": "1.5"})
    assert sent(vendors) == {
        "input": {"text": "Fish & <chips>"},
        "voice": {"languageCode": "en-US", "name": "en-US-Neural2-C"},
        "audioConfig": {"audioEncoding": "LINEAR16", "speakingRate": 1.5},
    }


def test_ipa_goes_as_a_phoneme_and_all_else_is_escaped(google: Speech, azure: Speech, vendors: Vendors) -> None:
    ipa = {"ipa": json.dumps({"Mara": "ˈmɑːɹə"})}
    text = 'Mara & "Maras" said <break/> Mara.'
    for speech in (google, azure):
        speech.synthesize(text, first(speech), ipa)
        assert vendors.asked[-1].spoken == text
        asked = vendors.asked[-1].body.decode()
        ssml = json.loads(asked)["input"]["ssml"] if asked.startswith("{") else asked
        found = ET.fromstring(ssml)  # noqa: S314 - what our own adapter wrote
        phonemes = [each for each in found.iter() if each.tag.endswith("phoneme")]
        assert [(each.text, each.get("alphabet"), each.get("ph")) for each in phonemes] == [
            ("Mara", "ipa", "ˈmɑːɹə")
        ] * 2


def test_a_voice_that_takes_no_markup_is_given_no_ipa(google: Speech) -> None:
    with pytest.raises(InvalidInput, match="takes no IPA"):
        google.synthesize("Mara.", voice_of(google, "en-US-Chirp3-HD-Charon"), {"ipa": '{"Mara": "m"}'})


def test_google_tells_when_each_word_is_heard(google: Speech, vendors: Vendors) -> None:
    assert isinstance(google, GoogleSpeech)
    text = "One & two — three."
    sound, words = google.synthesize_timed(text, first(google), {"words": "1"})
    assert vendors.asked[-1].path == "/v1beta1/text:synthesize"
    assert [word.start for word in words] == [text.index(w) for w in ("One", "two", "three")]
    assert [word.ms for word in words] == [200, 200 + 3 * 65, 200 + 6 * 65]
    assert read_wav(sound).samples


def test_the_cap_is_held_against_what_is_really_sent(google: Speech, vendors: Vendors) -> None:
    text = "a b " * 1200  # 4,800 bytes as text; with marks far beyond 5,000
    google.synthesize(text, first(google), {})
    with pytest.raises(InvalidInput, match="5000 bytes"):
        google.synthesize(text, first(google), {"words": "1"})
    assert len(vendors.spoken) == 1


def test_an_azure_style_is_one_that_the_voice_has(azure: Speech, vendors: Vendors) -> None:
    azure.synthesize(LINE, first(azure), {"style": "sad", "rate": "0.5"})
    assert b'<mstts:express-as style="sad"><prosody rate="-50%">' in vendors.asked[-1].body
    with pytest.raises(InvalidInput, match="cheerful, sad"):
        azure.synthesize(LINE, first(azure), {"style": "angry"})


def test_zyphra_is_sent_its_own_fields(zyphra: Speech, vendors: Vendors) -> None:
    settings = {"rate": "1.2", "emotion": '{"happiness": 0.5}', "pitch_std": "80"}
    zyphra.synthesize(LINE, voice_of(zyphra, "british_male+fr"), settings)
    assert sent(vendors) == {
        "text": LINE,
        "model": "zonos-v0.1-transformer",
        "speaking_rate": 18.0,
        "language_iso_code": "fr-fr",
        "mime_type": "audio/webm",
        "default_voice_name": "british_male",
        "emotion": {"happiness": 0.5},
        "pitch_std": 80.0,
    }


@pytest.mark.parametrize("emotion", ["[]", "{", '{"greed": 1}', '{"anger": 2}', '{"anger": "nan"}'])
def test_an_emotion_is_one_of_the_eight(zyphra: Speech, emotion: str) -> None:
    with pytest.raises(InvalidInput):
        zyphra.synthesize(LINE, first(zyphra), {"emotion": emotion})


def test_the_hybrid_model_takes_no_emotion(vendors: Vendors) -> None:
    hybrid = ZyphraSpeech(KEY, vendors.url, "zonos-v0.1-hybrid", SAMPLES.__getitem__)
    with pytest.raises(InvalidInput):
        hybrid.synthesize(LINE, first(hybrid), {"emotion": '{"anger": 1}'})


def test_a_cloned_voice_sends_its_recording(zyphra: Speech, vendors: Vendors) -> None:
    assert isinstance(zyphra, ZyphraSpeech)
    voice = zyphra.cloned("asset.ast_1+de", "users/me/sample.wav")
    assert (voice.id, voice.language) == ("zyphra/asset.ast_1+de", "de-DE")
    zyphra.synthesize(LINE, voice, {})
    assert sent(vendors)["speaker_audio"] == base64.b64encode(SAMPLES["users/me/sample.wav"]).decode()
    with pytest.raises(InvalidInput, match="zyphra speaks"):
        zyphra.cloned("asset.ast_1+es", "users/me/sample.wav")


def test_a_server_of_ones_own_needs_no_key_and_names_its_voices(vendors: Vendors) -> None:
    own = OpenAiSpeech("", f"{vendors.url}/v1", "kokoro", ("af_sky",), ("en",), paid=False)
    assert [voice.id for voice in own.describe().voices] == ["openai/af_sky"]
    assert not own.describe().paid


# What comes back


def test_whatever_comes_becomes_a_wav_of_one_channel(speech: Speech, vendors: Vendors) -> None:
    sound = read_wav(speech.synthesize(LINE, first(speech), {}))
    assert measure(sound).voiced_rms_dbfs > -25


@pytest.mark.parametrize("sound", [b"<html>sorry</html>", b"", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_sound_is_refused(speech: Speech, vendors: Vendors, sound: bytes) -> None:
    speech.describe()
    vendors.sounds.append(sound)
    with pytest.raises(BadOutput):
        speech.synthesize(LINE, first(speech), {})


def refused(speech: Speech) -> ReelprintError:
    with pytest.raises(ReelprintError) as caught:
        speech.synthesize(LINE, first(speech), {})
    return caught.value


def test_a_vendor_that_asks_to_wait_is_asked_again_when_it_says(speech: Speech, vendors: Vendors) -> None:
    voice = first(speech)
    vendors.refuse(429, Retry_After="17")
    error = refused(speech)
    assert isinstance(error, EngineBusy) and error.retryable and error.retry_after_s == 17
    vendors.refuse(503, Retry_After="40")
    error = refused(speech)
    assert isinstance(error, EngineBusy) and error.retry_after_s == 40
    assert speech.synthesize(LINE, voice, {})


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_wrong_settings_are_named_and_not_tried_again(speech: Speech, vendors: Vendors, status: int) -> None:
    vendors.refuse(status, {"error": {"message": "bad credentials"}})
    error = refused(speech)
    assert isinstance(error, EngineUnavailable) and not error.retryable
    assert "REELPRINT_" in error.detail and "bad credentials" in error.detail
    assert KEY not in error.detail


def test_googles_word_for_a_wrong_key_is_understood(google: Speech, vendors: Vendors) -> None:
    vendors.refuse(400, {"error": {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}})
    assert isinstance(refused(google), EngineUnavailable)


@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_what_passes_by_itself_is_tried_again(speech: Speech, vendors: Vendors, status: int) -> None:
    vendors.refuse(status)
    error = refused(speech)
    assert isinstance(error, EngineFailed) and error.retryable


def test_a_refusal_is_told_without_the_users_text(speech: Speech, vendors: Vendors) -> None:
    vendors.refuse(400, {"error": {"message": "This request contains sentences that are too long."}})
    error = refused(speech)
    assert isinstance(error, InvalidInput) and not error.retryable and "too long" in error.detail
    vendors.refuse(400, {"error": {"message": f"cannot say '{LINE[7:30]}'"}})
    assert LINE[10:25] not in refused(speech).detail


def test_a_vendor_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with closing(OpenAiSpeech(KEY, url, "tts-1", (), ("en",), timeout_s=0.2)) as speech:
            error = refused(speech)
    assert isinstance(error, EngineFailed) and "did not answer within 0.2 s" in error.detail
    with closing(OpenAiSpeech(KEY, url, "tts-1", (), ("en",), timeout_s=0.5)) as gone:
        assert isinstance(refused(gone), EngineFailed)


def test_a_list_that_cannot_be_had_is_told_and_not_asked_for_at_once_again(vendors: Vendors) -> None:
    with closing(GoogleSpeech(key_headers("wrong"), vendors.url)) as speech:
        for _ in range(2):
            with pytest.raises(InvalidInput):
                speech.describe()
    assert "no key" in vendors.broken
    vendors.broken = ""


def test_the_sound_of_the_double_lasts_as_long_as_its_text() -> None:
    long, short = (measure(read_wav(hum(text, "v"))).speaking for text in (LINE * 2, LINE))
    assert long > 1.8 * short
