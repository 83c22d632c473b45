"""DOCX: headings by whatever style, every word of tables, boxes and insertions, none of what was deleted."""

from __future__ import annotations

import pytest

from shared.domain.errors import CorruptAsset
from tests.support.books import PROSE, docx, left_out, outline, read, said, zipped

CUSTOM = (
    '<w:style w:type="paragraph" w:styleId="Kapitel"><w:name w:val="Mein Kapitel"/><w:basedOn w:val="Heading1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ttulo1"><w:name w:val="Título 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ranked"><w:name w:val="House"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
)


def paragraph(inside: str) -> str:
    return f"<w:p>{inside}</w:p>"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize("style", ["Heading1", "Kapitel", "Ttulo1", "Ranked"])
def test_any_style_of_heading_begins_a_chapter(style: str) -> None:
    book = read(docx(("One", style), PROSE, ("Two", style), PROSE, title="T", author="Ana; Tom", styles=CUSTOM))
    assert outline(book) == [(1, "One"), (1, "Two")]
    assert said(book) == f"One\n\n{PROSE}\n\nTwo\n\n{PROSE}"
    assert (book.facts.title, book.facts.authors) == ("T", ["Ana", "Tom"])
    assert book.chapters[1].reference == "paragraph 3"


def test_an_outline_level_of_the_paragraph_itself_counts() -> None:
    xml = f'<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr>{run("Two")}</w:p>{paragraph(run(PROSE))}'
    assert outline(read(docx(("One", "Heading1"), PROSE, xml=xml))) == [(1, "One"), (1, "Two")]


def test_parts_stand_over_chapters_and_sections_stay_in_them() -> None:
    parts = docx(
        ("P", "Heading1"),
        ("1", "Heading2"),
        PROSE,
        ("2", "Heading2"),
        PROSE,
        ("Q", "Heading1"),
        ("3", "Heading2"),
        PROSE,
    )
    assert [(c.level, c.parts, c.title) for c in read(parts).chapters] == [
        (2, ("P",), "1"),
        (2, ("P",), "2"),
        (2, ("Q",), "3"),
    ]
    sections = docx(
        ("One", "Heading1"), PROSE, ("A", "Heading2"), PROSE, ("Two", "Heading1"), PROSE, ("B", "Heading2"), PROSE
    )
    assert outline(read(sections)) == [(1, "One"), (1, "Two")]


def test_insertions_are_read_and_deletions_counted() -> None:
    xml = paragraph(
        f'{run("The ")}<w:ins w:id="1" w:author="a">{run("new ")}</w:ins><w:del w:id="2" w:author="a"><w:r><w:delText>old '
        f'</w:delText></w:r></w:del>{run("lamp")}<w:moveFrom w:id="3" w:author="a">{run(" gone")}</w:moveFrom>'
    )
    book = read(docx(xml=xml))
    assert said(book) == "The new lamp"
    assert book.dropped == {"deletions": 2}


def test_no_word_of_tables_controls_links_and_boxes_is_lost() -> None:
    cell = "<w:tc>{}</w:tc>"
    rows = "".join(
        f"<w:tr>{cell.format(paragraph(run(a)))}{cell.format(paragraph(run(b)))}</w:tr>" for a, b in ("ab", "cd")
    )
    long_cell = f"<w:tbl><w:tr>{cell.format(paragraph(run('e')) + paragraph(run('f')))}</w:tr></w:tbl>"
    box = f"<w:r><w:pict><w:txbxContent>{paragraph(run('boxed'))}</w:txbxContent></w:pict></w:r>"
    xml = (
        f"<w:tbl>{rows}</w:tbl>{long_cell}<w:sdt><w:sdtContent>{paragraph(run('controlled'))}</w:sdtContent></w:sdt>"
        f"<w:p><w:hyperlink>{run('linked')}</w:hyperlink>{box}</w:p>"
    )
    assert said(read(docx("First", xml=xml))) == "First\n\na\tb\nc\td\n\ne\n\nf\n\ncontrolled\n\nlinked\n\nboxed"


def test_breaks_tabs_hyphens_notes_and_hidden_text() -> None:
    xml = paragraph(
        f"{run('a')}<w:r><w:br/></w:r>{run('b')}<w:r><w:tab/></w:r>{run('c')}<w:r><w:noBreakHyphen/></w:r>{run('d')}"
        f'<w:r><w:softHyphen/></w:r>{run("e")}<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:br w:type="page"/></w:r>'
        f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
    )
    book = read(docx(xml=xml))
    assert said(book) == "a\nb c-de"
    assert book.dropped == {"footnotes": 1, "hidden": 1}


def test_a_table_of_contents_and_a_title_page_are_left_out() -> None:
    book = read(docx(("The Lamp", "Title"), "Ana", ("One 3", "TOC1"), ("One", "Heading1"), PROSE, styles=CUSTOM))
    assert outline(book) == [(1, "One")]
    assert [why for _, why in left_out(book)] == ["title-page", "contents"]
    assert book.facts.title == "The Lamp"


def test_without_styles_the_words_of_headings_tell_chapters() -> None:
    book = read(docx("Chapter One", PROSE, "Chapter Two", PROSE))
    assert outline(book) == [(1, "Chapter One"), (1, "Chapter Two")]
    assert len(book.remarks) == 1


def test_what_is_no_document_is_told() -> None:
    with pytest.raises(CorruptAsset, match="cannot be opened"):
        read(zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}))
