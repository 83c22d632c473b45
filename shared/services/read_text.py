"""Text as a client sends it, in bytes, to a chapter in code points."""

from __future__ import annotations

import codecs
import re

from shared.domain.charset import decode_text
from shared.domain.errors import InvalidInput, TooLarge, UnsupportedMedia

MAX_CHAPTER_BYTES = 4 * 1024 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028]")


def read_chapter_text(raw: bytes) -> str:
    """Decode a chapter: UTF-8, with or without a byte order mark, or UTF-16 with one.

    Line ends become "\\n" (a Unicode paragraph separator two of them). Nothing else is changed: composed and decomposed
    letters stay as sent (no NFC), so that offsets are the author's own. Raises InvalidInput for an empty chapter, TooLarge
    above MAX_CHAPTER_BYTES, UnsupportedMedia for bytes that are no text, naming the first wrong byte.
    """
    if len(raw) > MAX_CHAPTER_BYTES:
        raise TooLarge(
            f"The chapter has {len(raw)} bytes; at most {MAX_CHAPTER_BYTES} (4 MiB) are taken. Split it into chapters."
        )
    mark, encoding = next(((bom, name) for bom, name in _BOMS if raw.startswith(bom)), (b"", "utf-8"))
    text = _decode(raw, len(mark), encoding)
    _refuse_controls(text, len(mark), encoding)
    return _require_words(_plain_lines(text), "chapter")


def read_book_text(raw: bytes) -> str:
    """Decode a whole book: as a chapter, of any size, and also from what Western files of before UTF-8 are in.

    Raises InvalidInput for an empty one, UnsupportedMedia for bytes that are no text.
    """
    return _require_words(_plain_lines(decode_text(raw)[0]), "book")


def _plain_lines(text: str) -> str:
    return _LINE_ENDS.sub("\n", text).replace("\u2029", "\n\n")


def _require_words(text: str, what: str) -> str:
    if not text.strip():
        raise InvalidInput(f"The {what} is empty, or white space alone. Send the {what}'s text.")
    return text


def _decode(raw: bytes, offset: int, encoding: str) -> str:
    try:
        return raw[offset:].decode(encoding)
    except UnicodeDecodeError as exc:
        raise UnsupportedMedia(
            f"Looked for {encoding.upper()} text; found bytes that are none at byte {offset + exc.start}. "
            "Save the file as UTF-8 (or as UTF-16 with a byte order mark) and send it again."
        ) from exc


def _refuse_controls(text: str, offset: int, encoding: str) -> None:
    found = _CONTROL.search(text)
    if found:
        at = offset + len(text[: found.start()].encode(encoding))
        raise UnsupportedMedia(
            f"Looked for text; found the control character U+{ord(found[0]):04X} at byte {at}, as binary files hold. "
            "Send plain text, or upload the file as a document to be imported."
        )
