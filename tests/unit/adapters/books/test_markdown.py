"""Markdown: chapters by its headings, and nothing of its marks in what is spoken."""

from __future__ import annotations

import pytest

from shared.domain.book import BookFormat
from tests.support.books import PROSE, left_out, outline, read, said


def test_headings_of_both_kinds_begin_chapters() -> None:
    book = read(f"# One\n\n{PROSE}\n\nTwo\n===\n\n{PROSE}\n\n# Three #\n{PROSE}".encode())
    assert book.format is BookFormat.MARKDOWN
    assert outline(book) == [(1, "One"), (1, "Two"), (1, "Three")]
    assert [chapter.reference for chapter in book.chapters] == ["line 1", "line 5", "line 10"]


def test_one_title_over_chapters_is_the_books() -> None:
    book = read(f"# The *Lamp*\n\n## I\n\n{PROSE}\n\nII\n---\n\n{PROSE}".encode())
    assert book.facts.title == "The Lamp"
    assert outline(book) == [(1, "I"), (1, "II")]


def test_parts_and_chapters_are_two_levels() -> None:
    text = f"# Part One\n\n## I\n\n{PROSE}\n\n## II\n\n{PROSE}\n\n# Part Two\n\n## III\n\n{PROSE}"
    assert [(c.level, c.parts, c.title) for c in read(text.encode()).chapters] == [
        (2, ("Part One",), "I"),
        (2, ("Part One",), "II"),
        (2, ("Part Two",), "III"),
    ]


@pytest.mark.parametrize(
    ("marked", "spoken"),
    [
        ("It was *not* **so** ***bright***.", "It was not so bright."),
        ("It was _not_ __so__ ~~bright~~.", "It was not so bright."),
        ("2 * 3 * 4 and snake_case_name and f*** it", "2 * 3 * 4 and snake_case_name and f*** it"),
        ("A [link](http://x.test 'title') and [another][1].", "A link and another."),
        ("A picture: ![of a lamp](lamp.png) here.", "A picture: here."),
        ("A [bracket] stays.", "A [bracket] stays."),
        ("Some `code` and \\*stars\\* &amp; more.", "Some code and *stars* & more."),
        ("A line\ngoes on.", "A line goes on."),
        ("A line  \nbreaks\\\nhere.", "A line\nbreaks\nhere."),
        ("> Quoted\n> twice.", "Quoted twice."),
        ("- one\n- two", "one\n\ntwo"),
        ("1. one\n2. two", "1. one\n\n2. two"),
        ("| a | b |\n|---|---|\n| c | d |", "a\tb\nc\td"),
        ("One.\n\n***\n\nTwo.", "One.\n\nTwo."),
        ("```\nO lamp\n  burn *on*\n```", "O lamp\nburn *on*"),
        ("Claim[^1].", "Claim."),
    ],
)
def test_what_is_spoken(marked: str, spoken: str) -> None:
    assert said(read(f"# I\n\n{marked}\n".encode())) == f"I\n\n{spoken}"


def test_notes_are_left_out_and_their_references_counted() -> None:
    book = read(f"# I\n\nClaim[^1]. {PROSE}\n\n[^1]: By Tom.\n".encode())
    assert [(part.text, part.left_out) for part in book.skipped] == [("By Tom.", "notes")]
    assert book.dropped == {"note-references": 1}


def test_what_stands_before_the_text_says_what_it_is() -> None:
    book = read(f'---\ntitle: "The Lamp"\nauthor: Ana\nlang: es\n---\n\n# Contents\n\nI, II\n\n# I\n\n{PROSE}'.encode())
    assert (book.facts.title, book.facts.authors, book.facts.language) == ("The Lamp", ["Ana"], "es")
    assert outline(book) == [(1, "I")] and left_out(book) == [("Contents", "contents")]
