"""Text files: told apart from their encodings and wrapping, their chapters found by the words and numbers of headings."""

from __future__ import annotations

import textwrap

import pytest

from shared.domain.errors import UnsupportedMedia
from tests.support.books import PROSE, left_out, outline, read, said

LONG = f"{PROSE} {PROSE} {PROSE}"
WRAPPED = textwrap.fill(LONG, 66)
GUTENBERG = """The Project Gutenberg eBook of The Lamp

This ebook is for the use of anyone anywhere.

Title: The Lamp

Author: Ana Keeper

Release date: June 1, 1999 [eBook #1]

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE LAMP ***

THE LAMP

by Ana Keeper

{contents}

{body}

*** END OF THE PROJECT GUTENBERG EBOOK THE LAMP ***

START: FULL LICENSE
"""


def book_of(*headings: str, text: str = WRAPPED) -> bytes:
    return "\n\n\n".join(f"{heading}\n\n{text}" for heading in headings).encode()


@pytest.mark.parametrize(
    "headings",
    [
        ["CHAPTER I", "CHAPTER II", "CHAPTER III"],
        ["Chapter One", "Chapter Two", "Chapter Twenty-One"],
        ["CHAPTER I. The Lamp Is Lit", "CHAPTER II. The Stair"],
        ["I.", "II.", "III.", "IV."],
        ["I", "II", "III"],
        ["1.", "2.", "3."],
        ["I. A SCANDAL IN BOHEMIA", "II. THE RED-HEADED LEAGUE"],
        ["1. The Lamp", "2. The Long Stair"],
        ["Capítulo primero", "Capítulo segundo", "Epílogo"],
        ["Kapitel 1", "Kapitel 2"],
        ["Chapitre premier", "Chapitre II"],
        ["PROLOGUE", "CHAPTER 1", "EPILOGUE"],
    ],
)
def test_lines_that_are_headings_begin_chapters(headings: list[str]) -> None:
    book = read(book_of(*headings))
    assert outline(book) == [(1, heading) for heading in headings]
    assert said(book).split() == [word for heading in headings for word in [*heading.split(), *LONG.split()]]


@pytest.mark.parametrize(
    "line",
    [
        "I had seen him.",
        "I. M. Pei came.",
        "Part of it was true",
        "1. Take two eggs and beat them well.",
        "Chapter and verse",
        "mix",
    ],
)
def test_lines_that_are_none_begin_nothing(line: str) -> None:
    book = read(f"{WRAPPED}\n\n{line}\n\n{WRAPPED}".encode())
    assert len(book.chapters) == 1
    assert "No headings were found: the text is one chapter." in book.remarks


def test_an_enumeration_is_no_list_of_chapters() -> None:
    book = read(f"{WRAPPED}\n\n1. Two Eggs\n\n2. Some Flour\n\n3. Milk\n\n{WRAPPED}".encode())
    assert len(book.chapters) == 1
    assert said(book).split() == f"{LONG} 1. Two Eggs 2. Some Flour 3. Milk {LONG}".split()


def test_a_title_under_a_number_belongs_to_it() -> None:
    book = read(f"CHAPTER I.\n\nThe Lamp Is Lit\n\n{WRAPPED}\n\nCHAPTER II.\n\nTHE STAIR\n\n{WRAPPED}".encode())
    assert outline(book) == [(1, "CHAPTER I. The Lamp Is Lit"), (1, "CHAPTER II. THE STAIR")]


def test_parts_stand_over_chapters() -> None:
    body = f"PART ONE\n\nCHAPTER I\n\n{WRAPPED}\n\nCHAPTER II\n\n{WRAPPED}\n\nPART TWO\n\nCHAPTER I\n\n{WRAPPED}"
    assert [(c.level, c.parts, c.title) for c in read(body.encode()).chapters] == [
        (2, ("PART ONE",), "CHAPTER I"),
        (2, ("PART ONE",), "CHAPTER II"),
        (2, ("PART TWO",), "CHAPTER I"),
    ]


def test_numbers_inside_a_numbered_story_are_no_chapters() -> None:
    body = f"I. A SCANDAL\n\nI.\n\n{WRAPPED}\n\nII.\n\n{WRAPPED}\n\nII. THE LEAGUE\n\n{WRAPPED}\n\nIII. A CASE\n\n{WRAPPED}"
    book = read(body.encode())
    assert outline(book) == [(1, "I. A SCANDAL"), (1, "II. THE LEAGUE"), (1, "III. A CASE")]
    assert book.chapters[0].text.startswith("I. A SCANDAL\n\nI.\n\nThe lamp")


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\n  CHAPTER I.  The Lamp\n  CHAPTER II.  The Stair\n  CHAPTER III.  The Sea",
        "Contents\n\nCHAPTER I. The Lamp\n\nCHAPTER II. The Stair\n\nCHAPTER III. The Sea",
        "CHAPTER I. The Lamp\n\nCHAPTER II. The Stair\n\nCHAPTER III. The Sea",
        "CHAPTER I. The Lamp .... 1\nCHAPTER II. The Stair .... 12\nCHAPTER III. The Sea .... 30",
    ],
)
def test_gutenbergs_frame_and_a_listing_of_contents_are_left_out(contents: str) -> None:
    chapters = ["CHAPTER I. The Lamp", "CHAPTER II. The Stair", "CHAPTER III. The Sea"]
    data = GUTENBERG.format(contents=contents, body=book_of(*chapters).decode()).replace("\n", "\r\n").encode()
    book = read(data)
    assert outline(book) == [(1, title) for title in chapters]
    assert [why for _, why in left_out(book)] == ["licence", "title-page", "contents", "licence"]
    facts = book.facts
    assert (facts.title, facts.authors, facts.language, facts.date) == (
        "The Lamp",
        ["Ana Keeper"],
        "en",
        "June 1, 1999",
    )
    everything = "\n\n".join(section.text for section in book.sections).split()
    assert sorted(everything) == sorted(data.decode().split())


def test_a_listing_ends_where_its_first_entry_comes_again() -> None:
    listing = "Contents\n\nThe Lamp\n\nCHAPTER I\n\nCHAPTER II"
    body = f"CHAPTER I\n\nThe Keeper Wakes\n\n{WRAPPED}\n\nCHAPTER II\n\nThe Keeper Sleeps\n\n{WRAPPED}"
    book = read(f"{listing}\n\n{body}".encode())
    assert outline(book) == [(1, "CHAPTER I. The Keeper Wakes"), (1, "CHAPTER II. The Keeper Sleeps")]
    assert [part.text for part in book.skipped] == [listing]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_the_encoding_is_told(encoding: str, told: str) -> None:
    text = f"“Café”—she said, and paid 5 francs for the crème. {PROSE}"
    book = read(text.encode(encoding))
    assert (said(book), book.encoding) == (text, told)


def test_latin_1_is_told_where_nothing_says_windows() -> None:
    text = f"El niño comió. {PROSE}"
    book = read(text.encode("latin-1"))
    assert (said(book), book.encoding) == (text, "iso-8859-1")


@pytest.mark.parametrize("data", ["Жили-были старик со старухой".encode("koi8-r"), b"text\x00\x01\x02text" * 9])
def test_what_is_neither_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        read(data)


def test_hard_wrapped_lines_are_one_paragraph_again_and_verse_keeps_its_own() -> None:
    verse = "  O lamp, burn on,\n  thou lonely light,\n  till dawn be come."
    book = read(f"{WRAPPED}\n\n{verse}\n\n{WRAPPED}".encode())
    assert said(book) == f"{LONG}\n\nO lamp, burn on,\nthou lonely light,\ntill dawn be come.\n\n{LONG}"


def test_lines_that_were_not_wrapped_stay_lines() -> None:
    text = "First thing.\nSecond thing, a little longer.\nThird."
    assert said(read(text.encode())) == text


def test_hyphens_at_line_ends_stay_unless_the_word_is_known_whole() -> None:
    lines = [
        "The lighthouse stood on the rock where the tide came in, and a well-",
        "known keeper went up the stair of it by night and day, as the light-",
        "house asked of everybody who had ever kept it in the good old days--",
        "and many had kept it, if one may believe what the people here say.",
    ]
    text = said(read(f"{WRAPPED}\n\n{WRAPPED}\n\n{chr(10).join(lines)}\n".encode()))
    assert "well-known keeper" in text and "as the lighthouse asked" in text and "days--and many" in text


def test_marks_of_emphasis_are_not_spoken() -> None:
    assert said(read(f"She was _the_ woman, and snake_case_names stay. {PROSE}".encode())).startswith(
        "She was the woman, and snake_case_names stay."
    )
