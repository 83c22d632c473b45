"""EPUB: chapters by the book's own contents, whatever the files; what is no chapter is left out, and listed with its reason."""

from __future__ import annotations

import io
import zipfile

import pytest

from shared.domain.book import BookFormat
from shared.domain.errors import CorruptAsset, InvalidInput, UnsupportedMedia
from tests.support.books import CONTAINER, PROSE, Epub, left_out, outline, read, read_body, said, zipped

TEXT = f"<p>{PROSE}</p>"
ENCRYPTED = (
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{}"/>'
    '<enc:CipherData><enc:CipherReference URI="OEBPS/one.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>'
)


def test_nested_parts_keep_both_titles_the_level_and_the_parts_heading() -> None:
    pages = {"p.xhtml": "<h1>Part One</h1>", "c1.xhtml": f"<h2>Chapter 1</h2>{TEXT}", "c2.xhtml": f"<h2>2</h2>{TEXT}"}
    toc = [("Part One", "p.xhtml", [("Chapter 1", "c1.xhtml"), ("Chapter 2", "c2.xhtml")])]
    book = read(Epub(pages, toc).data())
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [
        (2, ("Part One",), "Chapter 1"),
        (2, ("Part One",), "Chapter 2"),
    ]
    assert book.chapters[0].text == f"Part One\n\nChapter 1\n\n{PROSE}"
    assert book.chapters[0].reference == "OEBPS/c1.xhtml"


def test_a_part_with_text_of_its_own_is_a_chapter_of_its_own() -> None:
    pages = {"p.xhtml": f"<h1>Part One</h1>{TEXT}", "c1.xhtml": f"<h2>1</h2>{TEXT}"}
    book = read(Epub(pages, [("Part One", "p.xhtml", [("1", "c1.xhtml")])]).data())
    assert outline(book) == [(1, "Part One"), (2, "1")]


def test_flat_contents_with_parts_put_chapters_under_them() -> None:
    pages = {
        "p.xhtml": "<h1>Part One</h1>",
        "a.xhtml": TEXT,
        "b.xhtml": TEXT,
        "q.xhtml": "<h1>Part Two</h1>",
        "c.xhtml": TEXT,
    }
    toc = [("Part One", "p.xhtml"), ("I", "a.xhtml"), ("II", "b.xhtml"), ("Part Two", "q.xhtml"), ("III", "c.xhtml")]
    book = read(Epub(pages, toc).data())
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [
        (2, ("Part One",), "I"),
        (2, ("Part One",), "II"),
        (2, ("Part Two",), "III"),
    ]


def test_a_line_of_the_contents_that_leads_nowhere_stands_over_others() -> None:
    book = read(Epub({"a.xhtml": TEXT}, [("Book First", "", [("I", "a.xhtml")])]).data())
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [(2, ("Book First",), "I")]


def test_chapters_in_one_file_are_parted_where_the_contents_point() -> None:
    body = f'<h2 id="a">One</h2>{TEXT}<p><a id="b"></a>Two begins here.</p>{TEXT}<div id="c"><h2>Three</h2>{TEXT}</div>'
    toc = [("One", "x.xhtml#a"), ("Two", "x.xhtml#b"), ("Three", "x.xhtml#c")]
    book = read(Epub({"x.xhtml": body}, toc).data())
    assert [c.text for c in book.chapters] == [f"One\n\n{PROSE}", f"Two begins here.\n\n{PROSE}", f"Three\n\n{PROSE}"]
    assert [c.reference for c in book.chapters] == ["OEBPS/x.xhtml#a", "OEBPS/x.xhtml#b", "OEBPS/x.xhtml#c"]


def test_a_chapter_begins_in_the_middle_of_a_paragraph_but_of_no_word() -> None:
    body = f'<p>The end. <span id="b">The</span> beginning.</p><p>in<span id="c">side</span> a word</p>{TEXT}'
    book = read(Epub({"x.xhtml": body}, [("A", "x.xhtml"), ("B", "x.xhtml#b"), ("C", "x.xhtml#c")]).data())
    assert [c.text for c in book.chapters] == ["The end.", "The beginning.", f"inside a word\n\n{PROSE}"]


def test_a_chapter_over_several_files_is_one() -> None:
    pages = {"a_0.xhtml": f"<h2>One</h2>{TEXT}", "a_1.xhtml": TEXT, "b.xhtml": f"<h2>Two</h2>{TEXT}"}
    book = read(Epub(pages, [("One", "a_0.xhtml"), ("Two", "b.xhtml")]).data())
    assert [c.text for c in book.chapters] == [f"One\n\n{PROSE}\n\n{PROSE}", f"Two\n\n{PROSE}"]


def test_a_chapter_the_contents_forgot_is_found_by_its_heading() -> None:
    pages = {name: f"<h2>{name[0].upper()}</h2>{TEXT}" for name in ("a.xhtml", "b.xhtml", "c.xhtml")}
    book = read(Epub(pages, [("A", "a.xhtml"), ("C", "c.xhtml")]).data())
    assert outline(book) == [(1, "A"), (1, "B"), (1, "C")]


def test_a_file_that_begins_with_a_lesser_heading_goes_on_with_its_chapter() -> None:
    pages = {"a.xhtml": f"<h2>One</h2>{TEXT}", "a2.xhtml": f"<h3>Scene</h3>{TEXT}", "b.xhtml": f"<h2>Two</h2>{TEXT}"}
    book = read(Epub(pages, [("One", "a.xhtml"), ("Two", "b.xhtml")]).data())
    assert [c.text for c in book.chapters] == [f"One\n\n{PROSE}\n\nScene\n\n{PROSE}", f"Two\n\n{PROSE}"]


def test_contents_may_point_into_what_is_dropped() -> None:
    mark = '<span epub:type="pagebreak"><a id="p7">7</a></span>'
    body = f"<h2>One</h2><p>The end.</p><p>{mark}Next.</p>"
    book = read(Epub({"a.xhtml": body}, [("One", "a.xhtml"), ("Two", "a.xhtml#p7")]).data())
    assert [c.text for c in book.chapters] == ["One\n\nThe end.", "Next."]


def test_text_after_a_title_page_that_the_contents_list_is_a_chapter() -> None:
    pages = {"t.xhtml": '<section epub:type="titlepage"><p>The Lamp</p></section>', "a.xhtml": TEXT}
    book = read(Epub(pages, [("Title Page", "t.xhtml")]).data())
    assert outline(book) == [(1, "The lamp was lit and nobody knew…")]
    assert left_out(book) == [("Title Page", "title-page")]


def test_epub_2_has_its_contents_in_the_ncx() -> None:
    pages = {"p.xhtml": "<h1>Part</h1>", "a.xhtml": f"<h2>I</h2>{TEXT}"}
    book = read(Epub(pages, ncx=[("Part", "p.xhtml", [("I", "a.xhtml")])]).data())
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [(2, ("Part",), "I")]


def test_an_empty_nav_falls_back_on_the_ncx() -> None:
    book = read(Epub({"a.xhtml": TEXT, "b.xhtml": TEXT}, toc=[], ncx=[("I", "a.xhtml"), ("II", "b.xhtml")]).data())
    assert outline(book) == [(1, "I"), (1, "II")]


def test_contents_under_the_books_own_title_begin_below_it() -> None:
    toc = [("The Lamp", "a.xhtml", [("I", "a.xhtml#i"), ("II", "b.xhtml")])]
    pages = {"a.xhtml": f'<h1>The Lamp</h1><h2 id="i">I</h2>{TEXT}', "b.xhtml": f"<h2>II</h2>{TEXT}"}
    book = read(Epub(pages, ncx=toc).data())
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [(1, (), "I"), (1, (), "II")]


def test_without_contents_headings_tell_chapters_and_that_is_said() -> None:
    pages = {"a.xhtml": f"<h1>The Lamp</h1><h2>I</h2>{TEXT}<h3>Scene</h3>{TEXT}", "b.xhtml": f"<h2>II</h2>{TEXT}"}
    book = read(Epub(pages).data())
    assert outline(book) == [(1, "I"), (1, "II")]
    assert "Scene" in book.chapters[0].text and book.chapters[0].text.startswith("The Lamp")
    assert any("no list of contents" in remark for remark in book.remarks)


def test_deeper_headings_stay_in_the_text_where_the_contents_do_not_name_them() -> None:
    body = f"<h2>A Scandal</h2><h3>I</h3>{TEXT}<h3>II</h3>{TEXT}"
    book = read(
        Epub({"a.xhtml": body, "b.xhtml": f"<h2>The League</h2>{TEXT}"}, [("A", "a.xhtml"), ("B", "b.xhtml")]).data()
    )
    assert outline(book) == [(1, "A"), (1, "B")]
    assert book.chapters[0].text == f"A Scandal\n\nI\n\n{PROSE}\n\nII\n\n{PROSE}"


def test_an_untitled_chapter_is_called_as_it_begins() -> None:
    book = read(Epub({"a.xhtml": TEXT}, [("", "a.xhtml")]).data())
    assert outline(book) == [(1, "The lamp was lit and nobody knew…")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<section epub:type="titlepage"><h1>The Lamp</h1></section>', "title-page"),
        ('<section epub:type="copyright-page"><p>(c)</p></section>', "copyright"),
        ('<section role="doc-toc"><p>I</p></section>', "contents"),
        ('<section epub:type="endnotes"><p>1. A note.</p></section>', "notes"),
        ('<section role="doc-index"><p>Lamp, 7</p></section>', "index"),
        (
            '<body epub:type="frontmatter"><section epub:type="preface"><p>Dear reader.</p></section></body>',
            "front-matter",
        ),
        ('<body epub:type="backmatter"><section epub:type="appendix"><p>More.</p></section></body>', "back-matter"),
        ('<body epub:type="backmatter"><section epub:type="colophon"><p>Set in.</p></section></body>', "copyright"),
        ("<p>Copyright 2020. All rights reserved. ISBN 123</p>", "copyright"),
        (
            '<p><a href="a.xhtml">I</a></p><p><a href="a.xhtml#x">II</a></p><p><a href="a.xhtml#y">III</a></p>',
            "contents",
        ),
        ('<section class="pg-boilerplate pgheader" id="pg-header"><p>Free for all.</p></section>', "licence"),
    ],
)
def test_what_a_book_declares_or_surely_is_no_prose_is_left_out(body: str, reason: str) -> None:
    book = read(Epub({"x.xhtml": body, "a.xhtml": f"<h2>I</h2>{TEXT}"}, [("I", "a.xhtml")]).data())
    assert outline(book) == [(1, "I")]
    assert [why for _, why in left_out(book)] == [reason]


def test_matter_inside_a_chapters_file_is_taken_out_of_it() -> None:
    body = f'<h2>I</h2><p>Lit.<a epub:type="noteref" href="#n">1</a></p><aside epub:type="footnote" id="n"><p>By Tom.</p></aside>{TEXT}'
    book = read(Epub({"a.xhtml": body}, [("I", "a.xhtml")]).data())
    assert said(book) == f"I\n\nLit.\n\n{PROSE}"
    assert [(part.text, part.left_out) for part in book.skipped] == [("By Tom.", "notes")]
    assert book.dropped == {"note-references": 1}


def test_guide_and_landmarks_name_files() -> None:
    pages = {"t.xhtml": "<p>By me</p>", "d.xhtml": "<p>Lists</p>", "a.xhtml": f"<h2>I</h2>{TEXT}"}
    guide = '<reference type="title-page" href="t.xhtml"/><reference type="text" href="a.xhtml"/>'
    marks = '<nav epub:type="landmarks"><ol><li><a epub:type="loi" href="d.xhtml">Lists</a></li></ol></nav>'
    book = read(Epub(pages, [("I", "a.xhtml")], guide=guide, landmarks=marks).data())
    assert [why for _, why in left_out(book)] == ["title-page", "contents"]
    assert outline(book) == [(1, "I")]


@pytest.mark.parametrize(
    ("title", "reason"), [("Table of Contents", "contents"), ("Copyright", "copyright"), ("Portada", "cover")]
)
def test_titles_of_the_contents_tell_what_is_no_prose(title: str, reason: str) -> None:
    book = read(Epub({"x.xhtml": "<p>Short.</p>", "a.xhtml": TEXT}, [(title, "x.xhtml"), ("I", "a.xhtml")]).data())
    assert left_out(book) == [(title, reason)]


def test_a_chapter_that_is_called_notes_is_one_unless_it_ends_the_book() -> None:
    pages = {"a.xhtml": TEXT, "b.xhtml": TEXT, "c.xhtml": TEXT * 9, "d.xhtml": TEXT}
    toc = [("I", "a.xhtml"), ("Notes", "b.xhtml"), ("III", "c.xhtml"), ("Notes", "d.xhtml")]
    book = read(Epub(pages, toc).data())
    assert outline(book) == [(1, "I"), (1, "Notes"), (1, "III")]
    assert left_out(book) == [("Notes", "notes")]


def test_gutenbergs_licence_is_left_out_by_its_own_marks() -> None:
    body = (
        f"<p>The Project Gutenberg eBook of The Lamp</p><p>*** START OF THE PROJECT GUTENBERG EBOOK THE LAMP ***</p>"
        f'<h2 id="i">I</h2>{TEXT}<p>*** END OF THE PROJECT GUTENBERG EBOOK THE LAMP ***</p><p>License</p>'
    )
    book = read(Epub({"a.xhtml": body}, ncx=[("I", "a.xhtml#i")]).data())
    assert said(book) == f"I\n\n{PROSE}"
    assert [why for _, why in left_out(book)] == ["licence", "licence"]


def test_what_the_reading_order_passes_by_is_left_out() -> None:
    pages = {"a.xhtml": f"<h2>I</h2>{TEXT}", "map.xhtml": "<p>A map.</p>"}
    book = read(Epub(pages, [("I", "a.xhtml"), ("Map", "map.xhtml")], not_linear=["map.xhtml"]).data())
    assert left_out(book) == [("Map", "not-linear")]


def test_the_contents_page_itself_is_no_chapter() -> None:
    beside = "<p>Thirteen chapters, and where they are.</p>"
    book = read(Epub({"a.xhtml": TEXT}, [("I", "a.xhtml")], landmarks=beside, nav_in_spine=True).data())
    assert outline(book) == [(1, "I")] and [why for _, why in left_out(book)] == ["contents"]


def test_names_are_found_encoded_and_in_another_case() -> None:
    pages = {"Kapitel Eins ü.xhtml": TEXT}
    book = read(Epub(pages, [("I", "kapitel%20eins%20%C3%BC.XHTML#nowhere")]).data())
    assert outline(book) == [(1, "I")] and said(book) == PROSE


def test_lines_of_the_contents_that_lead_to_nothing_are_told() -> None:
    book = read(Epub({"a.xhtml": TEXT}, [("I", "a.xhtml"), ("II", "gone.xhtml")]).data())
    assert outline(book) == [(1, "I")]
    assert book.remarks == ["1 lines of the contents lead to nothing that is read in order."]


def test_what_a_book_says_of_itself() -> None:
    metadata = (
        '<dc:title id="s">A Subtitle</dc:title><dc:title id="t">The Lamp</dc:title>'
        '<meta refines="#t" property="title-type">main</meta><dc:creator id="a">Ana</dc:creator>'
        '<meta refines="#a" property="role">aut</meta><dc:creator id="b">Ilse</dc:creator>'
        '<meta refines="#b" property="role">ill</meta><dc:language>SPA</dc:language><dc:publisher>House</dc:publisher>'
        "<dc:date>2020</dc:date><dc:identifier>urn:x</dc:identifier><dc:rights>Free</dc:rights>"
        "<dc:description>&lt;p&gt;A &lt;b&gt;lamp&lt;/b&gt;.&lt;/p&gt;</dc:description>"
    )
    facts = read_body(TEXT, metadata=metadata).facts
    assert (facts.title, facts.authors, facts.language) == ("The Lamp", ["Ana"], "es")
    assert (facts.publisher, facts.date, facts.identifiers, facts.rights) == ("House", "2020", ["urn:x"], "Free")
    assert facts.description == "A lamp."


def test_what_a_book_says_at_any_length_is_kept_in_bounds() -> None:
    names = "<dc:creator>A</dc:creator>" + "".join(f"<dc:identifier>{n}</dc:identifier>" for n in range(99))
    long = f"<dc:title>{'t' * 9000}</dc:title><dc:description>{'d' * 9000}</dc:description>"
    facts = read_body(TEXT, metadata=f"{long}{names}").facts
    assert (len(facts.title), len(facts.description), len(facts.identifiers)) == (500, 5000, 50)


def test_files_that_the_reading_order_names_and_the_book_lacks_are_told() -> None:
    book = Epub({"a.xhtml": TEXT, "b.xhtml": TEXT}, [("I", "a.xhtml"), ("II", "b.xhtml")])
    files = {
        name: zipfile.ZipFile(io.BytesIO(book.data())).read(name)
        for name in zipfile.ZipFile(io.BytesIO(book.data())).namelist()
    }
    del files["OEBPS/b.xhtml"]
    found = read(zipped(files))
    assert outline(found) == [(1, "I")]
    assert "1 files of the reading order are not in the book." in found.remarks


@pytest.mark.parametrize(
    ("manifest", "metadata"),
    [
        ('<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>', ""),
        ('<item id="pic" href="c.png" media-type="image/png"/>', '<meta name="cover" content="pic"/>'),
        ('<item id="cover" href="c.png" media-type="image/png"/>', ""),
    ],
)
def test_the_cover_is_kept(manifest: str, metadata: str) -> None:
    files: dict[str, bytes | str] = {"OEBPS/c.png": b"a picture"}
    cover = read_body(TEXT, manifest=manifest, metadata=metadata, files=files).cover
    assert cover and (cover.data, cover.media_type) == (b"a picture", "image/png")


@pytest.mark.parametrize(
    ("drawing", "found"),
    [
        ('<image xlink:href="data:image/jpeg;base64,cGFp\nbnRpbmc="/><path d="M0"/>', (b"painting", "image/jpeg")),
        (
            "<image href='data:image/png;base64,YQ=='/><image href='data:image/png;base64,bGFyZ2Vy'/>",
            (b"larger", "image/png"),
        ),
        ('<path d="M0"/>', None),
        ('<image href="data:image/jpeg;base64,cGF"/>', None),
        ('<image href="http://elsewhere/picture.jpg"/>', None),
    ],
)
def test_of_a_drawn_cover_the_picture_inside_is_taken(drawing: str, found: tuple[bytes, str] | None) -> None:
    svg = f"<svg>{drawing}</svg>"
    manifest = '<item id="c" href="c.svg" media-type="image/svg+xml" properties="cover-image"/>'
    book = read_body(TEXT, manifest=manifest, files={"OEBPS/c.svg": svg})
    assert book.cover
    assert (book.cover.data, book.cover.media_type) == (found or (svg.encode(), "image/svg+xml"))
    assert any("SVG" in remark for remark in book.remarks) == (found is not None)


@pytest.mark.parametrize("way", ["http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://ns.adobe.com/adept"])
def test_a_locked_book_is_refused_by_the_name_of_its_lock(way: str) -> None:
    files: dict[str, bytes | str] = {"META-INF/encryption.xml": ENCRYPTED.format(way), "META-INF/rights.xml": "<r/>"}
    with pytest.raises(UnsupportedMedia, match=r"Adobe ADEPT.*encryption\.xml"):
        read_body(TEXT, files=files)


@pytest.mark.parametrize("way", ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"])
def test_obfuscated_fonts_lock_nothing(way: str) -> None:
    files: dict[str, bytes | str] = {"META-INF/encryption.xml": ENCRYPTED.format(way)}
    assert said(read_body(TEXT, files=files)) == PROSE


def test_what_is_missing_is_named() -> None:
    with pytest.raises(CorruptAsset, match="reading order"):
        read(Epub({}).data())
    with pytest.raises(CorruptAsset, match=r"gone\.opf"):
        read(zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER.format("gone.opf")}))
    with pytest.raises(CorruptAsset, match="leads out"):
        read(zipped({"META-INF/container.xml": CONTAINER.format("../content.opf")}))
    with pytest.raises(InvalidInput, match="no text"):
        read(Epub({"a.xhtml": "<p> </p>"}).data())
    assert read_body(TEXT).format is BookFormat.EPUB
