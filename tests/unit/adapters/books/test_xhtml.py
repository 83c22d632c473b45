"""XHTML to text: paragraphs from blocks, inline joined as it stands, and no word lost, whatever the tree."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.books.limits import Limits
from shared.adapters.books.markup_text import parse_loosely
from shared.adapters.books.xhtml import read_page
from shared.adapters.books.xml import parse_xml
from tests.support.books import read_body, said

INLINE = ("span", "em", "i", "b", "strong", "small", "abbr", "cite", "a")
BLOCKS = ("p", "div", "section", "blockquote", "li", "h2", "td", "figcaption")


def text_of(body: str) -> str:
    page = read_page(parse_xml(f"<body>{body}</body>".encode(), Limits(), "test"), "f", Limits())
    return "\n\n".join(block.text for block in page.flow.blocks)


def dropped_of(body: str) -> dict[str, int]:
    return dict(read_page(parse_xml(f"<body>{body}</body>".encode(), Limits(), "test"), "f", Limits()).flow.dropped)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("One.<p>Two.</p>Three.", "One.\n\nTwo.\n\nThree."),
        ("<div>One.<div>Two.</div></div>", "One.\n\nTwo."),
        ("<p>Line\n   and   line</p>", "Line and line"),
        ("<p>First<br/>second<br/>third</p>", "First\nsecond\nthird"),
        ("<p>First<br/><br/>second</p>", "First\n\nsecond"),
        ("<p><b>T</b>HE lamp</p>", "THE lamp"),
        ('<p><span class="dropcap">T</span>HE <small>LAMP</small></p>', "THE LAMP"),
        ('<p><img src="t.png" alt="T"/>he lamp</p>', "The lamp"),
        ('<p><img src="x.png" alt="A lighthouse at night"/>The lamp</p>', "The lamp"),
        ("<p>un<i>believ</i>able</p>", "unbelievable"),
        ("<p>a <em>b</em> c</p>", "a b c"),
        ("<p>co&#173;op&#8203;erate&#65279;</p>", "cooperate"),
        ("<p>Fish&nbsp;&amp;&#160;chips &mdash; 5&thinsp;&euro;</p>", "Fish & chips — 5 €"),
        ("<p>way&#8288;—marking</p>", "way—marking"),
        ("<p>it&#146;s</p>", "it’s"),
        ("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字</p>", "漢字"),
        ("<ul><li>One</li><li>Two</li></ul>", "One\n\nTwo"),
        ("<dl><dt>Lamp</dt><dd>A light.</dd></dl>", "Lamp\n\nA light."),
        ("<table><tr><th>Name</th><td>Age</td></tr><tr><td>Tom</td><td>5</td></tr></table>", "Name\tAge\nTom\t5"),
        ("<pre>O lamp,\n  burn\n\nbright</pre>", "O lamp,\nburn\n\nbright"),
        ('<div class="stanza"><div class="line">O lamp</div><div class="line">burn</div></div>', "O lamp\nburn"),
        ('<p><span class="line">O lamp</span><br/><span class="line">burn</span></p>', "O lamp\nburn"),
        ("<figure><img alt='x'/><figcaption>The lamp.</figcaption></figure>", "The lamp."),
        ('<p>where<span epub:type="pagebreak" id="p7">7</span>ver</p>', "wherever"),
        ('<p>end.<a epub:type="noteref" href="#n1">1</a> Next.</p>', "end. Next."),
        ('<p>end.<sup><a href="notes.xhtml#n1">12</a></sup> Next.</p>', "end. Next."),
        ('<p>end.<a href="#f1"><sup>[1]</sup></a> Next.</p>', "end. Next."),
        ('<p>end.<a class="fnanchor" href="#f1">[1]</a></p>', "end."),
        ("<p>E = mc<sup>2</sup>, the 4<sup>th</sup></p>", "E = mc2, the 4th"),
        ('<p>See <a href="#c2">chapter 2</a> and <a href="#c3">3</a>.</p>', "See chapter 2 and 3."),
        ('<p>Seen<span hidden="hidden">not seen</span><i style="display: none">nor this</i></p>', "Seen"),
        ("<script>var a;</script><style>p {}</style><p>Seen</p>", "Seen"),
        ("<svg><text>drawn</text></svg><p>Seen</p>", "Seen"),
        ('<p>of <math alttext="x squared"><mi>x</mi></math>.</p>', "of x squared."),
        ("<hr/><p>One</p><hr/><p>Two</p>", "One\n\nTwo"),
    ],
)
def test_what_a_body_says(body: str, text: str) -> None:
    assert text_of(body) == text


def test_what_is_dropped_is_counted() -> None:
    body = (
        '<p>a<span epub:type="pagebreak">1</span><span class="pagenum">2</span><a role="doc-noteref" href="#n">*</a>'
        '<img alt="x"/><span aria-hidden="true">h</span><ruby>b<rt>r</rt></ruby></p>'
    )
    assert dropped_of(body) == {
        "page-numbers": 2,
        "note-references": 1,
        "pictures": 1,
        "hidden": 1,
        "ruby-readings": 1,
    }


def test_subtitles_in_a_heading_group_are_headings() -> None:
    page = read_page(
        parse_xml(b"<body><hgroup><h2>I</h2><p>The Lamp</p></hgroup><p>Text</p></body>", Limits(), "t"), "f", Limits()
    )
    assert [(block.heading, block.text) for block in page.flow.blocks] == [(2, "I"), (2, "The Lamp"), (0, "Text")]


def test_a_file_that_is_not_well_formed_is_read_loosely_and_that_is_said() -> None:
    book = read_body("<p>Fish & chips<br>and <i>more</p><p>Second")
    assert said(book) == "Fish & chips\nand more\n\nSecond"
    assert any("not well-formed" in remark for remark in book.remarks)


@pytest.mark.parametrize(
    ("loose", "text"),
    [
        ("<p>One<p>Two", "One\n\nTwo"),
        ("<ul><li>One<li>Two</ul>", "One\n\nTwo"),
        ("a < b && c", "a < b && c"),
        ("<P CLASS=x>One</P></div><!-- no --><br>Two", "One\n\nTwo"),
        ("<script>if (a < b) '<p>no</p>'</script>One", "One"),
        ("<![CDATA[a <b> c]]>", "a <b> c"),
        ("<!DOCTYPE html><html><body>One &nbsp; two &unknown; &#99999999999999999999;</body>", None),
    ],
)
def test_what_is_unclosed_or_stray_costs_no_word(loose: str, text: str | None) -> None:
    page = read_page(parse_loosely(loose, Limits()), "f", Limits())
    found = "\n\n".join(block.text for block in page.flow.blocks)
    assert found == text if text is not None else found.startswith("One two &unknown;")


def trees() -> st.SearchStrategy[Any]:
    words = st.text(st.sampled_from("abcäñ字 \n,.—'"), max_size=12)
    return st.recursive(
        words,
        lambda inner: st.tuples(st.sampled_from((*INLINE, *BLOCKS, "br")), st.lists(inner, max_size=5)),
        max_leaves=40,
    )


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return escape(tree)
    tag, inner = tree
    return "<br/>" if tag == "br" else f"<{tag}>{''.join(map(written, inner))}</{tag}>"


def words_of(tree: Any) -> list[str]:
    """The words by another way than the reader's: a blank for every edge of a block, nothing for an inline one."""

    def flat(node: Any) -> str:
        if isinstance(node, str):
            return node
        tag, inner = node
        edge = "" if tag in INLINE else " "
        return " " if tag == "br" else edge + "".join(map(flat, inner)) + edge

    return flat(tree).split()


@given(st.lists(trees(), max_size=6))
def test_no_tree_loses_gains_or_joins_a_word(tree: list[Any]) -> None:
    body = "".join(map(written, tree))
    assert text_of(body).split() == words_of(("div", tree))


@given(st.lists(trees(), max_size=6))
def test_a_loose_reading_has_the_same_words(tree: list[Any]) -> None:
    body = "".join(map(written, tree))
    page = read_page(parse_loosely(f"<body>{body}</body>", Limits()), "f", Limits())
    letters = "".join("".join(block.text.split()) for block in page.flow.blocks)
    assert letters == "".join(words_of(("div", tree)))
