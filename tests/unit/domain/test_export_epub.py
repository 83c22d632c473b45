"""What a read-along book is made of: markup that is well formed whatever it holds, clips that leave nothing out."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.export import ExportFormat
from shared.domain.export_epub import SMIL, XHTML, chapter_page, clips_of, clock, overlay
from shared.domain.export_metadata import escaped, ffmetadata, id3, one_line, plain
from shared.domain.export_package import Entry, cover_page, identifier, navigation, ncx, package
from shared.domain.export_script import BookScript, Cover
from shared.domain.export_timeline import RATE
from shared.domain.export_xml import legal, tag, xml_text
from tests.unit.domain.test_export_timeline import TEXT, marked

anything = st.text(st.characters(), max_size=60)
BOOK = BookScript(
    export_id="exp_1",
    project_id="prj_1",
    created_at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    formats=[ExportFormat.EPUB],
    title="Salt & <Smoke>",
    author='A. "Keeper"',
    narrator="N",
    language="en-GB",
    year=1901,
    description="Two\nlines; = #",
    words=False,
    aac_kbps=64,
    mp3_kbps=192,
    cover=Cover(key="k", media_type="image/png", width=3, height=4),
    chapters=["a", "b"],
)
ENTRIES = [Entry("c0001", "One & all", RATE), Entry("c0002", "]]> \x00\x0b two", 2 * RATE)]


@given(anything)
def test_text_and_attributes_are_well_formed_and_come_back(text: str) -> None:
    node = parsed(tag("p", xml_text(text), title=text))
    normal = legal(text).replace("\r\n", "\n").replace("\r", "\n")  # XML 1.0, section 2.11
    assert (node.text or "") == normal
    assert re.sub(r"\s", " ", node.attrib["title"]) == re.sub(r"\s", " ", normal).replace("\r", " ")


def parsed(markup: str | bytes) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314 - made by us a moment ago


def text_of(page: str) -> str:
    return "".join(parsed(page.encode()).find(f"{{{XHTML}}}body").itertext())  # type: ignore[union-attr]


@given(
    st.lists(
        st.sampled_from(["A < b & c. ", "“No!” he said.\n", "]]>\n\n", "It was,\nlate. ", "x\u2028y\n\n"]), min_size=1
    )
)
def test_a_page_holds_the_chapters_own_text_and_nothing_else(pieces: list[str]) -> None:
    text = "A lamp. " + "".join(pieces)
    page = chapter_page("Title", "en", text, marked(text)[2])
    assert text_of(page).split() == text.split()


def test_paragraphs_lines_headings_and_what_is_not_heard() -> None:
    text = "The Lamp\n\nRoses are red,\nViolets are blue.\nSo it goes.\n\n* * *\n\nThe end."
    page = chapter_page("the  lamp", "he", text, marked(text)[2])
    assert page.count("<p>") == 3 and "<h1><span" in page and "<p>* * *</p>" in page and 'dir="rtl"' in page
    assert "blue.</span><br/>" in page


def test_clips_cover_the_sound_and_show_what_is_there() -> None:
    _, times, parts = marked(TEXT)
    clips = clips_of(parts, times.total)
    assert (clips[0].start, clips[-1].end) == (0, times.total)
    assert all(one.end == other.start < other.end for one, other in itertools.pairwise(clips))
    page = chapter_page("One", "en", TEXT, parts)
    root = parsed(overlay("c1.xhtml", "c1.m4a", clips).encode())
    shown = [node.attrib["src"].partition("#")[2] for node in root.iter(f"{{{SMIL}}}text")]
    assert shown == [clip.id for clip in clips] and all(f'id="{name}"' in page for name in shown)


def test_clock_values_are_exact_to_the_microsecond() -> None:
    assert [clock(samples) for samples in (0, 1, RATE, 3661 * RATE + RATE // 2)] == [
        "0:00:00.000000",
        "0:00:00.000023",
        "0:00:01.000000",
        "1:01:01.500000",
    ]


def test_the_papers_name_everything_once() -> None:
    root = parsed(package(BOOK, ENTRIES).encode())
    opf = "{http://www.idpf.org/2007/opf}"
    items = {item.attrib["id"]: item.attrib for item in root.iter(f"{opf}item")}
    assert len({item["href"] for item in items.values()}) == len(items) == 5 + 3 * 2
    assert items["c0001"]["media-overlay"] == "c0001-overlay" and items["cover-image"]["properties"] == "cover-image"
    told = {(m.attrib.get("refines"), m.attrib.get("property")): m.text for m in root.iter(f"{opf}meta")}
    assert told[("#c0002-overlay", "media:duration")] == "0:00:02.000000"
    assert told[(None, "media:duration")] == "0:00:03.000000"
    assert told[(None, "dcterms:modified")] == "2026-11-21T12:00:00Z"
    for paper in (navigation(BOOK, ENTRIES), ncx(BOOK, ENTRIES), cover_page(BOOK)):
        parsed(paper.encode())
    assert navigation(BOOK, ENTRIES).count("<li>") == 2


def test_a_books_name_is_its_projects_for_ever() -> None:
    assert identifier("prj_1") == identifier("prj_1") != identifier("prj_2")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", identifier("prj_1"))


def unescaped(text: str) -> list[tuple[str, str]]:
    """As ffmpeg 5.1 reads its metadata file: a line goes on where its last character is a backslash, whatever is before that;
    then what is behind a backslash is taken as it is.
    """
    kept = [line for line in re.split(r"(?<!\\)\n", text) if line and line[0] not in ";#["]
    pairs = [re.match(r"((?:\\.|[^=\\])*)=(.*)", line, re.DOTALL) for line in kept]
    return [(pair[1], re.sub(r"\\(.)", r"\1", pair[2], flags=re.DOTALL)) for pair in pairs if pair]


@given(anything, st.lists(anything, max_size=4))
@example("ends in \\", ["so \\", "does \\\\", "= ; #"])
def test_metadata_comes_back_whatever_it_holds(description: str, titles: list[str]) -> None:
    starts = [number * RATE for number in range(len(titles) + 1)]
    found = unescaped(ffmetadata([("comment", description)], titles, starts))
    assert found[0] == ("comment", plain(description) + " " * plain(description).endswith("\\"))
    assert [value.rstrip() for name, value in found[1:] if name == "title"] == [one_line(title) for title in titles]
    assert "\n" not in escaped(one_line(description))


def test_what_ffmpeg_reads_as_its_own_is_behind_a_backslash() -> None:
    assert escaped("a=b;c#d\\e\nf") == "a\\=b\\;c\\#d\\\\e\\\nf"


def test_id3_frames_have_their_sizes() -> None:
    data = id3([("title", "Ünï"), ("track", "2/9"), ("comment", "left out")])
    assert data[:5] == b"ID3\x03\x00" and int.from_bytes(data[6:10], "big") == len(data) - 10
    assert data[10:14] == b"TIT2" and int.from_bytes(data[14:18], "big") == 1 + 2 + 6
    assert data[21:29].decode("utf-16") == "Ünï"
