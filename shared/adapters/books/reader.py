"""Which kind of book bytes are, and the reader that reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from shared.adapters.books.limits import MIB, Budget, Limits
from shared.domain.book import Book
from shared.domain.charset import decode_text
from shared.domain.errors import CorruptAsset, InvalidInput, TooLarge, UnsupportedMedia

_HEAD = 1024
_OLD_WORD = b"\xd0\xcf\x11\xe0"  # the container of .doc, and of a .docx with a password


class FormatReader:
    """Reads every format, each by its own module, loaded when its first book comes."""

    version = "1"

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def read(self, stream: BinaryIO) -> Book:
        """Raises UnsupportedMedia, CorruptAsset, TooLarge; InvalidInput for a book without a word."""
        budget = Budget(self._limits)
        stream.seek(0)
        head = stream.read(_HEAD)
        stream.seek(0)
        book = self._by_head(stream, head, budget)
        if not any(section.text for section in book.sections):
            raise InvalidInput("The book holds no text at all. Bring one that does.")
        return replace(book, facts=book.facts.bounded())

    def _by_head(self, stream: BinaryIO, head: bytes, budget: Budget) -> Book:
        if head.startswith(b"PK\x03\x04"):
            return _zipped(stream, budget)
        if head.startswith(b"%PDF-"):
            from shared.adapters.books.pdf import read_pdf

            return read_pdf(stream, budget)
        if head.startswith(_OLD_WORD):
            raise UnsupportedMedia("The file is an old Word document, or one with a password. Save it as plain .docx.")
        raw = stream.read(self._limits.text + 1)
        if len(raw) > self._limits.text:
            raise TooLarge(f"The text has more than {self._limits.text // MIB} MiB. Split it.")
        return _text(raw, head, self._limits)


def _zipped(stream: BinaryIO, budget: Budget) -> Book:
    from shared.adapters.books.archive import open_archive

    with open_archive(stream, Budget(budget.limits)) as archive:
        is_epub = archive.find("META-INF/container.xml") is not None
        is_docx = archive.find("[Content_Types].xml") is not None
    stream.seek(0)
    if is_epub:
        from shared.adapters.books.epub import read_epub

        return read_epub(stream, budget)
    if is_docx:
        from shared.adapters.books.docx import read_docx

        return read_docx(stream, budget)
    raise CorruptAsset("The file is a ZIP, and neither EPUB nor DOCX. Bring the book itself.")


def _text(raw: bytes, head: bytes, limits: Limits) -> Book:
    begins = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if begins.startswith(b"<") and (b"<TEI" in begins or b":TEI" in begins or b"<teiCorpus" in begins):
        from shared.adapters.books.tei import read_tei

        return read_tei(raw, limits)
    from shared.adapters.books.markdown import is_markdown, read_markdown
    from shared.adapters.books.plain import read_plain

    text, encoding = decode_text(raw)
    if is_markdown(text):
        return read_markdown(text, encoding, limits)
    return read_plain(text, encoding, limits)
