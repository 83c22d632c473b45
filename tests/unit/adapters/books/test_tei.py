"""TEI: divisions with their heads, verse and speeches; notes and what an editor took out are counted."""

from __future__ import annotations

import pytest

from shared.domain.errors import CorruptAsset
from tests.support.books import PROSE, left_out, outline, read, said, tei

CHAPTER = '<div type="chapter" xml:id="c1"><head>-I-</head><head>De la lámpara</head><p>{}</p></div>'


def test_two_heads_are_one_title_without_the_ornaments_of_print() -> None:
    book = read(tei(CHAPTER.format(PROSE)))
    assert outline(book) == [(1, "I. De la lámpara")]
    assert said(book) == f"I\n\nDe la lámpara\n\n{PROSE}"
    assert book.chapters[0].reference == "c1"


def test_parts_stand_over_chapters_and_scenes_stay_in_them() -> None:
    chapter = (
        f'<div type="chapter"><head>1</head><p>{PROSE}</p><div type="section"><head>A</head><p>{PROSE}</p></div></div>'
    )
    book = read(
        tei(
            f'<div type="part"><head>Libro I</head>{chapter}</div><div type="part"><head>Libro II</head>{chapter}</div>'
        )
    )
    assert [(c.level, c.parts, c.title) for c in book.chapters] == [(2, ("Libro I",), "1"), (2, ("Libro II",), "1")]
    assert book.chapters[0].text == f"Libro I\n\n1\n\n{PROSE}\n\nA\n\n{PROSE}"


def test_a_division_without_a_head_is_a_chapter_too() -> None:
    assert len(read(tei(f"<div><p>{PROSE}</p></div><div><p>{PROSE}</p></div>")).chapters) == 2


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<lg><l>O lamp</l><l>burn</l></lg><lg><l>on</l></lg>", "O lamp\nburn\n\non"),
        ("<sp><speaker>ANA</speaker><p>Lit?</p></sp><stage>Exit.</stage>", "ANA\n\nLit?\n\nExit."),
        ("<p>He said: <said>Lit?</said> and <q>went</q>.</p>", "He said: Lit? and went."),
        ("<quote><p>One.</p><p>Two.</p></quote>", "One.\n\nTwo."),
        ("<p>a<lb/>b c<lb break='no'/>d <pb n='7'/>e</p>", "a b cd e"),
        ("<p>a <note>not</note>b <choice><sic>teh</sic><corr>the</corr></choice> <del>x</del>end</p>", "a b the end"),
        (
            "<p><choice><orig>vn</orig><reg>un</reg></choice> <choice><abbr>Sr.</abbr><expan>Señor</expan></choice></p>",
            "un Señor",
        ),
        ("<list><item>a</item><item>b</item></list>", "a\n\nb"),
        ("<table><row><cell>a</cell><cell>b</cell></row></table>", "a\tb"),
        ("<p>T<hi rend='sc'>HE</hi> <foreign>lamp</foreign></p>", "THE lamp"),
    ],
)
def test_what_a_body_says(body: str, text: str) -> None:
    assert said(read(tei(f"<div>{body}</div>"))) == text


def test_what_is_dropped_is_counted() -> None:
    book = read(tei("<div><p>a<note>n</note><pb/><choice><sic>x</sic><corr>y</corr></choice><gap/></p></div>"))
    assert book.dropped == {"notes": 1, "page-numbers": 1, "alternatives": 1, "deletions": 1}


def test_front_and_back_are_left_out() -> None:
    front = (
        '<div type="titlepage"><p>The Lamp</p></div><div type="liminal"><head>Prólogo</head><p>Dear reader.</p></div>'
    )
    back = '<div type="notes"><p>1. A note.</p></div><div><p>The printer.</p></div>'
    book = read(tei(CHAPTER.format(PROSE), front, back=back))
    assert [why for _, why in left_out(book)] == ["title-page", "front-matter", "notes", "back-matter"]
    assert len(book.chapters) == 1


def test_what_the_header_says() -> None:
    header = (
        "<fileDesc><titleStmt><title>La lámpara :  edición ELTeC</title><author>Keeper, Ana  (1833-1891)</author></titleStmt>"
        '<publicationStmt><publisher>House</publisher><availability><licence target="http://x.test/by"/></availability>'
        "</publicationStmt><sourceDesc><bibl><date>1874</date></bibl></sourceDesc></fileDesc>"
        '<profileDesc><langUsage><language ident="SPA"/></langUsage></profileDesc>'
    )
    facts = read(tei(CHAPTER.format(PROSE), header=header, xml_id="X1")).facts
    assert (facts.title, facts.authors, facts.language, facts.date) == ("La lámpara", ["Keeper, Ana"], "es", "1874")
    assert (facts.publisher, facts.rights, facts.identifiers) == ("House", "http://x.test/by", ["X1"])
    assert read(tei(CHAPTER.format(PROSE), header=header, xml_lang="ca")).facts.language == "ca"


def test_a_header_alone_is_no_book() -> None:
    with pytest.raises(CorruptAsset, match="no text element"):
        read(b"<TEI><teiHeader/></TEI>")
