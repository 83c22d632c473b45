"""PDF: its text layer in paragraphs, chapters by outline or headings, without what only pages have."""

from __future__ import annotations

import io
import textwrap

import pytest

from shared.domain.errors import CorruptAsset, UnsupportedMedia
from tests.support.books import PROSE, outline, pdf, read, said

LINES = textwrap.wrap(f"{PROSE} {PROSE} {PROSE}", 66)
LONG = f"{PROSE} {PROSE} {PROSE}"


def test_an_outline_tells_chapters_and_their_places_on_the_page() -> None:
    pages = [["The Lamp", *LINES], ["Of Stairs", *LINES, "Of the Sea", *LINES]]
    book = read(
        pdf(pages, marks=[("The Lamp", 0), ("Of Stairs", 1), ("Of the Sea", 1)], info={"Title": "T", "Author": "Ana"})
    )
    assert outline(book) == [(1, "The Lamp"), (1, "Of Stairs"), (1, "Of the Sea")]
    assert [chapter.text for chapter in book.chapters] == [f"{title}\n\n{LONG}" for _, title in outline(book)]
    assert [chapter.reference for chapter in book.chapters] == ["page 1", "page 2", "page 2"]
    assert (book.facts.title, book.facts.authors) == ("T", ["Ana"])


def test_without_an_outline_headings_do_else_it_is_one_chapter() -> None:
    book = read(pdf([["CHAPTER I", *LINES], [*LINES, "CHAPTER II", *LINES]]))
    assert outline(book) == [(1, "CHAPTER I"), (1, "CHAPTER II")]
    whole = read(pdf([LINES, LINES]))
    assert said(whole) == f"{LONG}\n\n{LONG}" and "one chapter" in whole.remarks[0]


def test_larger_letters_are_headings_and_the_largest_stand_over_others() -> None:
    pages: list[list[str | tuple[str, int]]] = [
        [("The Keepers", 24), "by Ana"],
        [("The Lamp", 18), *LINES, ("Of a Stair That", 18), ("Had No End", 18), *LINES],
        [("The Sea", 18), *LINES, ("T", 30), *LINES],
    ]
    book = read(pdf(pages, info={"Title": "The Keepers"}))
    assert outline(book) == [(1, "The Lamp"), (1, "Of a Stair That Had No End"), (1, "The Sea")]
    assert book.chapters[1].text == f"Of a Stair That Had No End\n\n{LONG}"
    assert [(part.text, part.left_out) for part in book.skipped] == [("The Keepers\n\nby Ana", "title-page")]
    assert book.remarks == ["The PDF has no outline: chapters were told by headings in larger letters."]


def test_lines_of_unlike_letters_are_not_run_together() -> None:
    assert said(read(pdf([[("The Lamp", 18), ("was lit", 8), *LINES]]))).split()[:5] == [
        "The",
        "Lamp",
        "was",
        "lit",
        "The",
    ]


def test_headings_told_by_their_words_count_where_larger_letters_tell_no_more() -> None:
    pages: list[list[str | tuple[str, int]]] = [[("A Book", 24)], ["CHAPTER I", *LINES, "CHAPTER II", *LINES]]
    assert outline(read(pdf(pages)))[-2:] == [(1, "CHAPTER I"), (1, "CHAPTER II")]


def test_running_heads_and_page_numbers_are_dropped_and_counted() -> None:
    pages = [["The Keeper's Tale" if at else "CHAPTER I", *LINES, str(at + 7)] for at in range(5)]
    book = read(pdf(pages))
    assert said(book) == "CHAPTER I\n\n" + "\n\n".join([LONG] * 5)
    assert book.dropped == {"page-numbers": 5, "running-heads": 4}


def test_a_heading_that_runs_over_its_pages_is_kept_once() -> None:
    pages = [["Chapter 1", *LINES], ["Chapter 1", *LINES], ["Chapter 1", *LINES], ["Chapter 2", *LINES]]
    assert outline(read(pdf(pages))) == [(1, "Chapter 1"), (1, "Chapter 2")]


def test_numbers_that_do_not_count_with_the_pages_stay() -> None:
    pages = [["I", *LINES], [*LINES], [*LINES], ["II", *LINES], ["III", *LINES]]
    assert outline(read(pdf(pages))) == [(1, "I"), (1, "II"), (1, "III")]


def test_words_parted_at_line_ends_are_joined_and_true_hyphens_stay() -> None:
    lines = [
        "The keeper of the light went up the stair again that evening, won-",
        "dering at the well-known sound, and came to the lamp with a well-",
        "known feeling that somebody had been there a little while before.",
    ]
    assert "wondering at the well-known sound, and came to the lamp with a well-known feeling" in said(
        read(pdf([lines * 2]))
    )


def test_a_paragraph_goes_on_over_a_page() -> None:
    half = len(LINES) // 2
    assert said(read(pdf([LINES[:half], LINES[half:]]))) == LONG


def test_a_scanned_pdf_says_so() -> None:
    with pytest.raises(UnsupportedMedia, match="scanned"):
        read(pdf([[], []]))
    assert "1 page(s) have no text" in read(pdf([LINES, []])).remarks[0]


def test_an_encrypted_pdf_is_refused() -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([LINES])))
    writer.encrypt("", "owner")
    stream = io.BytesIO()
    writer.write(stream)
    with pytest.raises(UnsupportedMedia, match="encrypted"):
        read(stream.getvalue())


@pytest.mark.parametrize("data", [b"%PDF-1.4\nnothing", pdf([LINES])[:400]])
def test_a_broken_pdf_is_told(data: bytes) -> None:
    with pytest.raises((CorruptAsset, UnsupportedMedia)):
        read(data)
