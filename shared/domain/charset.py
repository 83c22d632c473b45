"""Which encoding a text file is in. Strict UTF-8 first: bytes that happen to be valid UTF-8 hardly ever are anything else."""

from __future__ import annotations

import codecs
import re

from shared.domain.errors import UnsupportedMedia

_BOMS = (  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOK = 4096  # bytes at the beginning that show whether every other one is NUL
_MOST_WESTERN = 0.3  # of letters above ASCII: French has 4-5%, and Cyrillic read as Western has nearly all
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def decode_text(raw: bytes) -> tuple[str, str]:
    """(text, encoding): by its mark, as UTF-8, as UTF-16 without a mark, or as what Western files of before UTF-8 are in.

    Windows-1252 where it holds what only that has, ISO-8859-1 where both say the same. Raises UnsupportedMedia for bytes that
    are none of these, and for control characters, as binary files hold.
    """
    mark, encoding = next(((bom, name) for bom, name in _BOMS if raw.startswith(bom)), (b"", ""))
    body = raw[len(mark) :]
    encoding = encoding or _unmarked(body)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as exc:
        raise UnsupportedMedia(
            f"Looked for {encoding.upper()} text; found bytes that are none at byte {len(mark) + exc.start}. Save the file "
            "as UTF-8 and send it again."
        ) from exc
    found = _CONTROL.search(text)
    if found:
        raise UnsupportedMedia(
            f"Looked for text; found the control character U+{ord(found[0]):04X} after {found.start():,} characters, as "
            "binary files hold. Send plain text."
        )
    return text, encoding


def _unmarked(body: bytes) -> str:
    head = body[:_LOOK]
    if len(head) >= 4 and head.count(0) * 3 > len(head):  # every other byte of UTF-16 in Latin letters is NUL
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _western(body)
    return "utf-8"


def _western(body: bytes) -> str:
    high = sum(body.count(byte) for byte in range(0xC0, 0x100))
    letters = high + sum(body.count(byte) for byte in (*range(0x41, 0x5B), *range(0x61, 0x7B)))
    if high > _MOST_WESTERN * max(letters, 1):
        raise UnsupportedMedia(
            "The file is neither UTF-8 nor UTF-16, and too few of its letters are Western ones to take it for "
            "Windows-1252. Save it as UTF-8 and send it again."
        )
    upper_controls = any(byte in body for byte in range(0x80, 0xA0))
    return "windows-1252" if upper_controls else "iso-8859-1"
