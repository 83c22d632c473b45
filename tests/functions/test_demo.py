"""`make demo`: films come home, one edit is shown, and a mistake never costs what was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.run import main
from demo.studio import MARKER

pytestmark = pytest.mark.media
TEXT = "“Who is there?” Anna asked.\n\nNobody answered. The rain went on. The house was quiet again.\n\nShe waited.\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a quiet house.txt"
    path.write_text(TEXT, "utf-8")
    return path


def test_films_in_both_languages_come_home_and_an_edit_is_shown(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--text", str(text), "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    for language in ("en", "es"):
        made = ("mp4", "poster.jpg", "blueprint.json", "captions.en.vtt", "captions.es.srt")
        assert {f"a-quiet-house.{language}.{suffix}" for suffix in made} <= names
        assert (out / "after-edit" / f"a-quiet-house.{language}.mp4").stat().st_size > 1000
    said = capsys.readouterr().out
    assert "segments voiced" in said and "1 of 3" in said
    assert not (tmp_path / "out.new").exists()


@pytest.mark.parametrize(
    ("mistake", "says"),
    [(["--voice", "flite/nobody"], "flite/slt"), (["--voice", "rms"], "engine/name"), (["--to", "xx"], "en-es")],
)
def test_a_mistake_leaves_earlier_films_as_they_were(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mistake: list[str], says: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / MARKER).touch()
    (out / "film.mp4").write_bytes(b"precious")
    assert main(["--text", str(text), "--out", str(out), *mistake]) == 1
    assert says in capsys.readouterr().err
    assert (out / "film.mp4").read_bytes() == b"precious"
    assert not (tmp_path / "out.new").exists()


def test_a_folder_of_somebody_elses_is_left_alone(text: Path, tmp_path: Path) -> None:
    assert main(["--text", str(text), "--out", str(tmp_path)]) == 1
    assert text.exists()


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--text", "/nowhere/chapter.txt"])
    assert "/nowhere/chapter.txt cannot be read" in capsys.readouterr().err


def test_a_cover_that_is_no_picture_is_named(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--text", str(text), "--out", str(tmp_path / "out"), "--cover", str(text)]) == 1
    said = capsys.readouterr().err
    assert "a quiet house.txt cannot be the cover" in said and "PNG, JPEG or WebP" in said
