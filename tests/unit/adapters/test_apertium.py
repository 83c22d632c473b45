"""Apertium: finding modes, preparing text, and a pipeline that dies, hangs or answers wrongly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.translation.apertium import ApertiumTranslation
from shared.adapters.translation.apertium_text import prepare, restore
from shared.domain.errors import BadOutput, EngineFailed, EngineUnavailable
from tests.unit.adapters.programs import is_gone, script


def write_mode(folder: Path, pipeline: str, name: str = "eng-spa", deadline_s: float = 10.0) -> ApertiumTranslation:
    """Apertium's data folder with one mode in it."""
    (folder / "modes").mkdir(exist_ok=True)
    (folder / "modes" / f"{name}.mode").write_text(pipeline + "\n")
    return ApertiumTranslation(folder, deadline_s=deadline_s)


def test_an_empty_folder_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"modes.*found none.*apt-get install apertium apertium-eng-spa"):
        ApertiumTranslation(tmp_path).describe()


def test_missing_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"not their programs no-such-proc.*apt-get install apertium"):
        write_mode(tmp_path, "cat | no-such-proc -b x.bin").describe()


def test_modes_become_pairs_and_the_rest_is_left_out(tmp_path: Path) -> None:
    write_mode(tmp_path, "cat | cat '/a path/x.bin' | cat $1 | cat -g $2", "eng-spa")
    write_mode(tmp_path, "cat", "spa-eng_US")
    write_mode(tmp_path, "cat", "spa-ast")
    write_mode(tmp_path, "cat", "eng-spa-tagger")
    write_mode(tmp_path, "cat; rm x", "eng-fra")
    write_mode(tmp_path, "cat > /tmp/x", "eng-cat")
    write_mode(tmp_path, "cat | ", "eng-por")
    pairs = ApertiumTranslation(tmp_path).describe().pairs
    assert list(pairs) == [("en", "es"), ("es", "ast"), ("es", "en-US")]


def test_the_version_follows_the_dictionaries(tmp_path: Path) -> None:
    data = tmp_path / "eng-spa.bin"
    data.write_bytes(b"old")
    write_mode(tmp_path, f"cat '{data}'")
    versions = [ApertiumTranslation(tmp_path).describe().version for _ in range(2)]
    data.write_bytes(b"new")
    versions.append(ApertiumTranslation(tmp_path).describe().version)
    assert versions[0] == versions[1] != versions[2]


def echo(folder: Path, before: str = "") -> str:
    """A stage that gives back what it is sent, whatever its arguments."""
    return script(folder, f"{before}\nexec cat")


def test_a_regional_code_finds_its_language(tmp_path: Path) -> None:
    with closing(write_mode(tmp_path, echo(tmp_path))) as translation:
        answer = translation.translate("Hello.", "en-GB", "es-MX")
    assert (answer.translated_text, answer.source_language, answer.target_language) == ("Hello.", "en-GB", "es-MX")


def test_a_pipeline_that_dies_is_rebuilt_once(tmp_path: Path) -> None:
    dies_first = echo(tmp_path, f"[ -e {tmp_path}/died ] || {{ touch {tmp_path}/died; exit 1; }}")
    with closing(write_mode(tmp_path, dies_first)) as translation:
        assert translation.translate("Hello there.", "en", "es").translated_text == "Hello there."


def test_a_pipeline_that_keeps_dying_fails_naming_the_program(tmp_path: Path) -> None:
    stage = script(tmp_path, f"echo run >> {tmp_path}/runs; head -c 1 > /dev/null; exit 7")
    with (
        closing(write_mode(tmp_path, stage)) as translation,
        pytest.raises(EngineFailed, match="failed twice") as raised,
    ):
        translation.translate("A secret\n.", "en", "es")
    assert (tmp_path / "runs").read_text().split() == ["run", "run"]
    assert "secret" not in raised.value.detail


def test_a_hung_pipeline_is_killed_with_all_its_programs(tmp_path: Path) -> None:
    hung = script(tmp_path, f"echo $$ >> {tmp_path}/pids; exec sleep 600")
    translation = write_mode(tmp_path, f"{hung} | {hung}", deadline_s=1.0)
    with closing(translation), pytest.raises(EngineFailed, match="no answer within 1 s"):
        translation.translate("Hello.", "en", "es")
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) == 4
    assert all(is_gone(int(pid)) for pid in pids)


@pytest.mark.parametrize("answer", [r"Hola.[][=0]\000", r"Hola\000.[][=1]\000[][=2]\000", r"Ho\000la.[][=2]\000"])
def test_an_answer_to_another_request_is_not_taken(tmp_path: Path, answer: str) -> None:
    wrong = script(tmp_path, f"printf '{answer}'; exec sleep 600")
    with closing(write_mode(tmp_path, wrong)) as translation, pytest.raises(EngineFailed, match="does not end as"):
        translation.translate("Hello.", "en", "es")


def test_no_full_pipe_can_block_a_request(tmp_path: Path) -> None:
    text = "the dog and " * 30_000
    with closing(write_mode(tmp_path, f"{echo(tmp_path)} | {echo(tmp_path)}")) as translation:
        assert translation.translate(text, "en", "es").translated_text == text


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    translation = write_mode(tmp_path, f"{echo(tmp_path)} | {echo(tmp_path)} | {echo(tmp_path)}")
    translation.describe()
    before = psutil.Process().num_fds()
    translation.translate("Hello.", "en", "es")
    assert psutil.Process().num_fds() == before + 2  # one to write to, one to read from
    translation.close()
    assert psutil.Process().num_fds() == before


def test_close_ends_the_programs_and_the_next_request_starts_them_again(tmp_path: Path) -> None:
    translation = write_mode(tmp_path, echo(tmp_path, f"echo $$ >> {tmp_path}/pids"))
    translation.translate("Hello.", "en", "es")
    translation.close()
    assert is_gone(int((tmp_path / "pids").read_text()))
    assert translation.translate("Again.", "en", "es").translated_text == "Again."
    translation.close()
    translation.close()


def test_its_programs_end_when_this_process_is_killed(tmp_path: Path) -> None:
    write_mode(tmp_path, echo(tmp_path, f"echo $$ >> {tmp_path}/pids"))
    code = (
        "import os, sys; from pathlib import Path\n"
        "from shared.adapters.translation.apertium import ApertiumTranslation\n"
        "ApertiumTranslation(Path(sys.argv[1])).translate('Hello.', 'en', 'es')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert is_gone(int((tmp_path / "pids").read_text()))


@pytest.mark.media
def test_a_program_killed_in_the_middle_is_replaced() -> None:
    with closing(ApertiumTranslation()) as translation:
        before = translation.translate("The old dog slept.", "en", "es")
        stages = [child for child in psutil.Process().children() if child.name() == "apertium-tagger"]
        os.kill(stages[-1].pid, signal.SIGKILL)
        assert translation.translate("The old dog slept.", "en", "es") == before


@pytest.mark.media
def test_novel_english_becomes_readable_spanish() -> None:
    cases = {
        "CHAPTER I\n\nIt was a cold night.": "CAPÍTULO I\n\nEra una noche fría.",
        "“I am here,” she said.": "“Soy aquí,” dijo.",
        "‘Why?’ he asked…": "‘Por qué?’ pidió…",
        "Will he come?": "Viene?",
        "No.": "No.",
        "NO!": "NO!",
        "Version 2.5": "Versión 2.5",
        "Is   this\tkept?": "Es   esto\tmantuvo?",
        "See http://a.example/x_y?z or write to me@a.example.": "Ve http://a.example/x_y?z o escribir a me@a.example.",
    }
    with closing(ApertiumTranslation()) as translation:
        assert {text: translation.translate(text, "en", "es").translated_text for text in cases} == cases


@pytest.mark.media
def test_spanish_dialogue_keeps_its_rayas() -> None:
    with closing(ApertiumTranslation()) as translation:
        english = translation.translate("—¿Adónde vas? —preguntó él—. No lo sé…", "es", "en").translated_text
    assert english.startswith("—")
    assert english.count("—") == 3
    assert english.endswith("…")


@given(st.text(alphabet="ab I.!?'’\"“[]{}^$/\\@<>*#~+\n\t…—é\u0301\0\ud800", max_size=60).map(str.strip).filter(bool))
@settings(max_examples=300, deadline=None)
def test_what_is_prepared_holds_nothing_reserved_and_is_restored(sentence: str) -> None:
    prepared = prepare(sentence)
    bare = prepared.stream
    for number in range(len(prepared.taken)):
        bare = bare.replace(f"[{number}]", "", 1)
    assert not set(bare) & set("[]{}^$/\\@<>*#~+\n\t\0\ud800“…—")
    restored = restore(prepared.stream, prepared)
    reserved = [char for char in sentence if char in "[]{}^$/\\@<>*#~+\n\t\0\ud800"]
    assert [char for char in restored.text if char in "[]{}^$/\\@<>*#~+\n\t\0\ud800"] == reserved
    assert restored.unknown == 0


def test_an_open_end_gets_a_full_stop_that_is_taken_away_again() -> None:
    for sentence in ("The lighthouse", "the “lighthouse”", "Version 2.5", "Go—"):
        prepared = prepare(sentence)
        assert prepared.stream.endswith(".")
        assert restore(prepared.stream, prepared).text == sentence
    for sentence in ("Go.", "“Why?”", "He said:"):
        assert prepare(sentence).full_stop_added is False


def test_marks_for_unknown_words_are_counted_and_removed() -> None:
    prepared = prepare("The * frob of C#.")
    assert prepared.words == 4
    restored = restore("El [0] *frob de @C[1].", prepared)
    assert (restored.text, restored.unknown) == ("El * frob de C#.", 2)


def test_an_answer_that_lost_a_mark_is_bad_output() -> None:
    with pytest.raises(BadOutput, match="2 marks"):
        restore("[0]Va.", prepare("“Go.”"))
