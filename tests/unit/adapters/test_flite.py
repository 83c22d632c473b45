"""flite: what is its own, beyond the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.adapters.speech.flite import VOICES, FliteSpeech
from shared.domain.errors import BadOutput, EngineFailed, EngineUnavailable, InvalidInput
from shared.domain.waveform import measure, read_wav
from tests.unit.adapters.programs import script

ANSWERS = """case "$1" in
  --version) echo "version: flite-2.2-fake (somewhere)"; exit 1;;
  -lv) echo "Voices available: kal slt rms "; exit 0;;
esac
"""


def fake(folder: Path, speaking: str) -> FliteSpeech:
    return FliteSpeech(script(folder, ANSWERS + speaking), timeout_s=5)


def test_a_missing_program_names_the_packages() -> None:
    with pytest.raises(EngineUnavailable, match=r"no-flite-here.*apt-get install flite.*brew install flite"):
        FliteSpeech("no-flite-here").describe()


def test_only_voices_that_are_built_in_are_declared(tmp_path: Path) -> None:
    engine = fake(tmp_path, "").describe()
    assert [voice.id for voice in engine.voices] == ["flite/slt", "flite/rms"]
    assert engine.version.startswith("2.2-fake+spoken")


def test_the_program_is_asked_once(tmp_path: Path) -> None:
    speech = fake(tmp_path, "")
    first = speech.describe()
    (tmp_path / "engine").unlink()
    assert speech.describe() is first


def test_another_program_of_that_name_is_not_flite(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="does not answer as flite"):
        FliteSpeech(script(tmp_path, "echo hello")).describe()


def test_a_hung_program_fails_and_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed) as raised:
        FliteSpeech(script(tmp_path, "sleep 600"), timeout_s=0.3).describe()
    assert raised.value.retryable


def test_no_sound_file_is_bad_output(tmp_path: Path) -> None:
    with pytest.raises(BadOutput, match="no sound file"):
        fake(tmp_path, "exit 0").synthesize("Hello.", VOICES[0], {})


@pytest.mark.parametrize("written", ["not a wav at all", ""])
def test_a_file_that_is_no_wav_is_bad_output(tmp_path: Path, written: str) -> None:
    speech = fake(tmp_path, f'for last; do :; done; printf "{written}" > "$last"')
    with pytest.raises(BadOutput, match="something else than speech"):
        speech.synthesize("Hello.", VOICES[0], {})


def test_the_text_is_sent_in_a_file_and_in_ascii(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    speech = fake(tmp_path, f'echo "$@" > {seen}; while [ "$1" != -f ]; do shift; done; cat "$2" >> {seen}; exit 9')
    with pytest.raises(EngineFailed):
        speech.synthesize("-o “Café—so”", VOICES[1], {"rate": "2"})
    arguments, text = seen.read_text().splitlines()
    assert arguments.startswith("-voice rms --setf duration_stretch=0.5000 -f ")
    assert text == '-o "Cafe, so"'


def test_letters_it_would_skip_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Привет"):
        FliteSpeech().synthesize("He said Привет to her.", VOICES[0], {})


@pytest.mark.media
def test_every_voice_speaks_and_kal_is_not_offered() -> None:
    speech = FliteSpeech()
    voices = speech.describe().voices
    assert [voice.name for voice in voices] == ["slt", "rms", "awb", "kal16"]
    sounds = [speech.synthesize("Good evening.", voice, {}) for voice in voices]
    assert len(set(sounds)) == 4
    assert {read_wav(sound).rate for sound in sounds} == {16_000}


@pytest.mark.media
def test_equal_requests_give_equal_bytes() -> None:
    assert len({FliteSpeech().synthesize("The storm came at night.", VOICES[0], {}) for _ in range(3)}) == 1


@pytest.mark.media
def test_an_accented_word_is_spoken_whole() -> None:
    def said(text: str) -> int:
        return measure(read_wav(FliteSpeech().synthesize(text, VOICES[0], {}))).speaking

    assert said("Dvořák, Málaga, œuvre.") == said("Dvorak, Malaga, oeuvre.")
