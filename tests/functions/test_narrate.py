"""`make narrate`: a book in; its audiobook, read-along EPUB, captions and films come home, and every sentence is heard."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from demo.narrate import main
from tests.support.books import Epub
from tests.support.hearing import hear, missing_runs, word_error_rate, words_of
from tests.support.media import ffprobe

pytestmark = pytest.mark.media
ONE = (
    "The keeper climbed the stairs of the lighthouse every evening, and every evening he counted them aloud.",
    "“There is one more than yesterday,” said Mara.",
    "“Then somebody has been building in the night,” answered Tobias, and he laughed until the lamp trembled.",
)
TWO = (
    "In the morning a boat came across the water with a letter for the old man, and nobody on board would say who wrote it.",
    "He put it on the shelf beside the clock, unopened, and went to clean the glass of the great lamp.",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = {
        "one.xhtml": "".join(f"<p>{line}</p>" for line in ONE),
        "two.xhtml": "".join(f"<p>{line}</p>" for line in TWO),
        "three.xhtml": "<p>This chapter is not asked for.</p>",
    }
    toc = [("The Stairs", "one.xhtml"), ("The Letter", "two.xhtml"), ("The End", "three.xhtml")]
    path = tmp_path_factory.mktemp("book") / "the-lamp.epub"
    path.write_bytes(Epub(pages, toc).data())
    return path


@pytest.fixture(scope="module")
def out(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("narrated") / "out"
    assert main(["--book", str(book), "--chapters", "1-2", "--out", str(out)]) == 0
    return out


def test_all_of_it_comes_home(out: Path) -> None:
    made = {str(path.relative_to(out)) for path in out.rglob("*") if "studio" not in path.relative_to(out).parts}
    assert {"the-lamp.m4b", "the-lamp.epub", "the-lamp.srt", "the-lamp.vtt", "0001.srt", "0002.vtt"} <= made
    for folder in ("01-the-stairs", "02-the-letter"):
        assert {f"{folder}/en.mp4", f"{folder}/en.captions.en.vtt", f"{folder}/en.blueprint.json"} <= made
    assert not any("the-end" in name for name in made)


def test_the_audiobook_has_the_chapters_asked_for_and_says_every_sentence(out: Path) -> None:
    facts = json.loads(ffprobe(out / "the-lamp.m4b", "-show_chapters", "-show_format", "-of", "json"))
    assert [chapter["tags"]["title"] for chapter in facts["chapters"]] == ["The Stairs", "The Letter"]
    assert (facts["format"]["tags"]["title"], facts["format"]["tags"]["artist"]) == ("The Lamp", "A. Keeper")
    words = words_of(" ".join([*ONE, *TWO]))
    heard = hear(out / "the-lamp.m4b", words)
    assert word_error_rate(words, heard) < 0.05
    assert missing_runs(words, heard) == []


def test_the_read_along_book_holds_the_text_and_when_it_is_said(out: Path) -> None:
    with zipfile.ZipFile(out / "the-lamp.epub") as epub:
        pages = "".join(epub.read(name).decode() for name in epub.namelist() if name.endswith(".xhtml"))
        assert sum(name.endswith(".smil") for name in epub.namelist()) == 2
    assert all(sentence.split(",")[0].strip("“”") in pages for sentence in (ONE[0], TWO[1]))


def test_a_book_that_is_none_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "book.epub"
    wrong.write_bytes(b"PK\x03\x04 and no more")
    assert main(["--book", str(wrong), "--out", str(tmp_path / "out")]) == 1
    assert "cannot be" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
