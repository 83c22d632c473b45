"""Read-along books as the job makes them: read as a reader would, and by EPUBCheck where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from jobs.export.epub import EpubWriter, check, seconds_of
from shared.config import read_settings
from shared.domain.errors import RenderFailed
from shared.domain.export import ExportFormat
from shared.domain.export_epub import SMIL, XHTML
from shared.domain.export_script import BookScript
from tests.unit.domain.test_export_timeline import TEXT, marked

pytest.importorskip("joserfc", reason="these run in a whole studio, which requirements/assemble.txt does not hold")
from shared.services.keep_plans import SegmentChanges
from shared.wiring import App, build
from tests.support.exports import ME, fetched, made, new_book, new_cover, spoken_segments, voiced
from tests.support.media import ffprobe

pytestmark = pytest.mark.media
ONE = ("The Lamp", "The Lamp\n\n“Who lit it?” asked <Mara> & Tobias.\n\n* * *\n\n“Nobody did,” said Tobias.\n")
TWO = (
    "Verse",
    "Roses are red,\nViolets are blue.\nThe sea is as wide\nAs it ever was true.\n\nSo it goes. And so on.\n",
)
JAR = Path("/usr/share/java/epubcheck.jar")  # Debian's package; its command wants a kernel that starts JARs


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path_factory.mktemp("data"))}))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def book(app: App, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chapters with a cover, one segment of them skipped."""
    folder = tmp_path_factory.mktemp("book")
    project = new_book(app, ONE, TWO, title="Salt & <Smoke>")
    chapter = app.chapters.all_of(ME, project.id)[1]
    skipped = spoken_segments(app, project)[-1].segment_id
    app.plans.edit(ME, project.id, chapter.id, skipped, SegmentChanges(skipped=True))
    voiced(app, project)
    options = {"narrator": "Slt", "year": 1901, "description": "A & B", "cover_asset_id": new_cover(app, folder)}
    export = made(app, project, "epub", "m4b", **options)
    assert export.reports["epub"]["chapters"] == 2 and export.reports["m4b"]["has_cover"]
    assert "attached_pic=1" in ffprobe(fetched(app, export, "book.m4b", folder), "-show_streams")
    return fetched(app, export, "book.epub", folder)


def tree(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(f"EPUB/{name}"))  # noqa: S314 - made by us a moment ago


def body_of(root: ElementTree.Element) -> ElementTree.Element:
    body = root.find(f"{{{XHTML}}}body")
    assert body is not None
    return body


def test_each_chapter_is_its_own_text_with_what_is_heard_marked(book: Path) -> None:
    with zipfile.ZipFile(book) as opened:
        for name, (_, text) in (("c0001", ONE), ("c0002", TWO)):
            page = body_of(tree(opened, f"{name}.xhtml"))
            assert "".join(page.itertext()).split() == text.split()
        marked_text = [
            "".join(node.itertext()) for node in body_of(tree(opened, "c0002.xhtml")).iter(f"{{{XHTML}}}span")
        ]
        assert "So it goes." not in " ".join(marked_text)  # skipped: to be read, not heard
        assert len(list(body_of(tree(opened, "c0002.xhtml")).iter(f"{{{XHTML}}}br"))) >= 2


def test_the_sound_is_as_long_as_its_clips(book: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(book) as opened:
        ends = [seconds_of(node.attrib["clipEnd"]) for node in tree(opened, "c0001.smil").iter(f"{{{SMIL}}}audio")]
        (tmp_path / "c.m4a").write_bytes(opened.read("EPUB/c0001.m4a"))
    shown = ffprobe(tmp_path / "c.m4a", "-show_entries", "stream=codec_name,duration", "-of", "csv=p=0").strip()
    assert shown.startswith("aac,") and abs(float(shown.split(",")[1]) - ends[-1]) < 0.000_1


def test_epubcheck_finds_nothing(book: Path) -> None:
    if not shutil.which("java") or not JAR.exists():
        pytest.skip("EPUBCheck is not installed (apt-get install epubcheck): our own check alone was made")
    done = subprocess.run(["java", "-jar", str(JAR), str(book)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "0 fatals / 0 errors / 0 warnings" in done.stdout, done.stdout + done.stderr


def script(**given: Any) -> BookScript:
    known = {"export_id": "e", "project_id": "p", "created_at": datetime(2026, 1, 1, tzinfo=UTC), "title": "T"}
    known |= {"author": "", "narrator": "", "language": "en", "year": None, "description": "", "words": False}
    known |= {"aac_kbps": 64, "mp3_kbps": 192, "cover": None, "chapters": ["k"], "formats": [ExportFormat.EPUB]}
    return BookScript.model_validate(known | given)


def written(target: Path, sound: Path) -> Path:
    _, times, parts = marked(TEXT)
    writer = EpubWriter(script(), target)
    writer.add_chapter("One", "en", TEXT, parts, times.total, sound)
    writer.close(None)
    return target


def test_the_same_export_is_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"sound")
    one, other = written(tmp_path / "1.epub", tmp_path / "s"), written(tmp_path / "2.epub", tmp_path / "s")
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    assert check(one)["clips"] == 4


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("c0001.smil", "#s00003", "#s09999", "not in"),
        ("c0001.smil", 'clipBegin="0:00:00.000000"', 'clipBegin="0:00:00.500000"', "follow each other"),
        ("package.opf", 'href="c0001.m4a"', 'href="gone.m4a"', "not in it"),
        ("c0001.xhtml", "</p>", "", "well formed"),
    ],
)
def test_a_book_that_is_wrong_is_refused(tmp_path: Path, name: str, before: str, after: str, found: str) -> None:
    (tmp_path / "s").write_bytes(b"sound")
    with (
        zipfile.ZipFile(written(tmp_path / "1.epub", tmp_path / "s")) as good,
        zipfile.ZipFile(tmp_path / "2.epub", "w") as bad,
    ):
        for item in good.infolist():
            text = good.read(item)
            if item.filename == f"EPUB/{name}":
                assert before.encode() in text
                text = text.replace(before.encode(), after.encode())
            bad.writestr(item, text)
    with pytest.raises(RenderFailed, match=found):
        check(tmp_path / "2.epub")
