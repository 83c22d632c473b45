"""espeak-ng: what is its own, beyond the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.adapters.speech.espeak import EspeakSpeech
from shared.domain.errors import BadOutput, EngineFailed, EngineUnavailable
from shared.domain.speech_check import check_speech
from shared.domain.waveform import measure, read_wav
from shared.ports.speech import Voice
from tests.unit.adapters.programs import script

ANSWERS = """case "$1" in
  --version) echo "eSpeak NG text-to-speech: 9.9-fake  Data at: somewhere"; exit 0;;
  --voices) cat <<'LIST'
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  es              --/M      Spanish_(Spain)    roa/es
 5  eu              --/-      Basque             eu
 2  en-us           30/F      English_(America)  gmw/en-US            (en 3)
 5  yue             --/M      Cantonese          sit/yue              (zh 8)
 5  yue             --/M      Cantonese_again    sit/yue-Latn         (zh 8)
 5  cmn-latn-pinyin --/M      Mandarin           sit/cmn-Latn-pinyin
 5  en-gb-x-rp      --/M      Received           gmw/rp
LIST
  exit 0;;
  --voices=variant) echo " 5  variant         --/F      female3            !v/f3"; exit 0;;
esac
"""


def fake(folder: Path, speaking: str) -> EspeakSpeech:
    return EspeakSpeech(script(folder, ANSWERS + speaking), timeout_s=5)


def voice(speech: EspeakSpeech, voice_id: str) -> Voice:
    return next(voice for voice in speech.describe().voices if voice.id == voice_id)


def test_a_missing_program_names_the_packages() -> None:
    with pytest.raises(EngineUnavailable, match=r"no-espeak-here.*apt-get install espeak-ng.*brew install espeak-ng"):
        EspeakSpeech("no-espeak-here").describe()


def test_the_listing_becomes_voices(tmp_path: Path) -> None:
    engine = fake(tmp_path, "").describe()
    assert engine.version.startswith("9.9-fake+spoken")
    assert {voice.id: (voice.language, voice.gender) for voice in engine.voices} == {
        "espeak/es": ("es", "male"),
        "espeak/eu": ("eu", "unknown"),
        "espeak/en-us": ("en-US", "female"),
        "espeak/yue": ("yue", "male"),
        "espeak/cmn-latn-pinyin": ("cmn-Latn-pinyin", "male"),
        "espeak/en-gb-x-rp": ("en-GB-x-rp", "male"),
        "espeak/es+f3": ("es", "female"),
        "espeak/en-us+f3": ("en-US", "female"),
    }
    assert engine.voices[0].description == "Spanish (Spain)"


def test_another_program_of_that_name_is_not_espeak(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="does not answer as espeak-ng"):
        EspeakSpeech(script(tmp_path, "echo hello")).describe()


def test_a_hung_program_fails(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed):
        EspeakSpeech(script(tmp_path, "sleep 600"), timeout_s=0.3).describe()


def test_no_output_is_bad_output(tmp_path: Path) -> None:
    speech = fake(tmp_path, "cat > /dev/null")
    with pytest.raises(BadOutput):
        speech.synthesize("Hola.", voice(speech, "espeak/es"), {})


def test_the_text_goes_to_stdin_and_phoneme_brackets_are_broken(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    speech = fake(tmp_path, f'echo "$@" > {seen}; cat >> {seen}; exit 9')
    with pytest.raises(EngineFailed):
        speech.synthesize("—¿Qué [[[h@l@U]]] dices?", voice(speech, "espeak/es+f3"), {"rate": "2"})
    arguments, text = seen.read_text().splitlines()
    assert arguments == "-v es+f3 -s 330 -b 1 --stdin --stdout"
    assert text == "¿Qué [ [ [h@l@U]]] dices?"


@pytest.mark.media
def test_ssml_is_not_interpreted() -> None:
    speech = EspeakSpeech()
    sound = speech.synthesize('<break time="9s"/> hello', voice(speech, "espeak/en-us"), {})
    assert measure(read_wav(sound)).pauses == () or max(b - a for a, b in measure(read_wav(sound)).pauses) < 22_050


@pytest.mark.media
def test_a_cast_of_spanish_voices_speaks_dialogue_soundly() -> None:
    speech, line = EspeakSpeech(), "—¿Adónde vas? —preguntó él—. No lo sé… «Espera» —gritó ella—, ¡que ya voy!"
    sounds = []
    for voice_id in ("espeak/es", "espeak/es+f3", "espeak/es+m3", "espeak/es-419"):
        sounds.append(speech.synthesize(line, voice(speech, voice_id), {}))
        waveform = read_wav(sounds[-1])
        assert check_speech(measure(waveform), line, waveform.rate) == []
    assert len(set(sounds)) == 4


@pytest.mark.media
def test_equal_requests_give_equal_bytes() -> None:
    speech = EspeakSpeech()
    spoken = {speech.synthesize("La noche era fría.", voice(speech, "espeak/es"), {}) for _ in range(3)}
    assert len(spoken) == 1
