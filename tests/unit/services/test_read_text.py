"""Bytes to a chapter, or an error that says which byte is wrong and what to do."""

from __future__ import annotations

import codecs

import pytest

from shared.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from shared.services.read_text import MAX_CHAPTER_BYTES, read_chapter_text

TEXT = "Ñandú: “¡Alto!”\n\nFin 👍"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_utf_8_and_marked_utf_16_are_read(raw: bytes) -> None:
    assert read_chapter_text(raw) == TEXT


def test_line_ends_become_line_feeds_and_nothing_else_changes() -> None:
    decomposed = "e\u0301 \ufb01 \u00a0\tx"
    assert read_chapter_text(f"a\r\nb\rc\u2028d\u2029e\x85{decomposed}".encode()) == f"a\nb\nc\nd\n\ne\n{decomposed}"


@pytest.mark.parametrize(
    ("raw", "byte"),
    [
        ("Señor".encode("latin-1"), "byte 2"),
        (codecs.BOM_UTF8 + b"ab\xff", "byte 5"),
        (codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"\x00\xd8", "byte 6"),
        ("ñ\x00".encode(), "U+0000 at byte 2"),
        (codecs.BOM_UTF16_BE + "ab\x07".encode("utf-16-be"), "U+0007 at byte 6"),
        (b"PK\x03\x04", "U+0003 at byte 2"),
    ],
)
def test_what_is_no_text_is_refused_by_its_first_wrong_byte(raw: bytes, byte: str) -> None:
    with pytest.raises(UnsupportedMedia, match=byte.replace("+", r"\+")) as caught:
        read_chapter_text(raw)
    assert any(word in caught.value.detail for word in ("Save the file", "Send plain text"))


@pytest.mark.parametrize("raw", [b"", codecs.BOM_UTF8, b" \r\n\t "])
def test_an_empty_chapter_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match="Send the chapter's text"):
        read_chapter_text(raw)


def test_four_mebibytes_are_the_limit() -> None:
    assert len(read_chapter_text(b"a" * MAX_CHAPTER_BYTES)) == MAX_CHAPTER_BYTES
    with pytest.raises(TooLarge, match="Split it"):
        read_chapter_text(b"a" * (MAX_CHAPTER_BYTES + 1))
