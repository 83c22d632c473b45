"""Scripts and documents: text is read here; books are recognised by their bytes and left to the import.

Importing EPUB, DOCX and PDF is the planning desk's work: such a document becomes ready without text.
"""

from __future__ import annotations

import struct
import zipfile
from typing import Any, BinaryIO

from shared.domain.asset import Asset
from shared.domain.asset_type import HEAD_BYTES, AssetType, looks_like
from shared.domain.errors import CorruptAsset, TooLarge
from shared.ports.storage import Storage
from shared.services.asset_work import AssetWork
from shared.services.keep_assets import require_size, unlike
from shared.services.read_text import read_chapter_text

EPUB, PDF = "application/epub+zip", "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_ENTRIES, MAX_DIRECTORY, MAX_UNPACKED = 10_000, 4 * 1024 * 1024, 1024**3
_END = struct.Struct("<4s4H2LH")  # the end of a ZIP's central directory (APPNOTE 4.3.16)


def ingest_document(asset: Asset, uploads: Storage, work: AssetWork) -> dict[str, Any]:
    """The facts of a document that is ready. Raises UnsupportedMedia, CorruptAsset, TooLarge, InvalidInput when empty."""
    require_size(asset.type, asset.size)
    with uploads.open(asset.upload_key) as stream:
        head = stream.read(HEAD_BYTES)
        if not looks_like(asset.type, head):
            raise unlike(asset.type)
        if asset.type is AssetType.DOCUMENT and head.startswith((b"PK", b"%PDF-")):
            return {"codec": PDF if head.startswith(b"%PDF-") else _zipped(stream)}
    text = read_chapter_text(uploads.get(asset.upload_key))
    kept = work.keep(text.encode(), "text/plain; charset=utf-8")
    return {"codec": "text/plain", "characters": len(text), "text": kept}


def _zipped(stream: BinaryIO) -> str:
    """Which book a ZIP is, by its directory alone: nothing in it is unpacked but the first bytes of one entry."""
    _require_small_directory(stream)
    try:
        with zipfile.ZipFile(stream) as book:
            entries = {entry.filename: entry for entry in book.infolist()}
            if sum(entry.file_size for entry in entries.values()) > MAX_UNPACKED:
                raise TooLarge("The document would unpack to more than 1 GiB. Bring a smaller one.")
            if "word/document.xml" in entries and "[Content_Types].xml" in entries:
                return DOCX
            if "mimetype" in entries:
                with book.open("mimetype") as said:
                    if said.read(64).strip() == EPUB.encode():
                        return EPUB
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as exc:
        raise CorruptAsset(f"The document cannot be opened ({exc.__class__.__name__}). Save it anew.") from exc
    raise CorruptAsset("The file is a ZIP, and neither EPUB nor DOCX. Bring the book itself.")


def _require_small_directory(stream: BinaryIO) -> None:
    """Read how large the directory is before it is read: a forged one must not become memory."""
    stream.seek(0, 2)
    end = stream.tell()
    stream.seek(max(0, end - 65_557))  # a comment of 65,535 bytes may follow
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise CorruptAsset("The document ends too early: a ZIP's directory is missing. Upload it again.")
    _, _, _, _, entries, size, _, _ = _END.unpack_from(tail, at)
    if entries > MAX_ENTRIES or size > MAX_DIRECTORY:
        raise TooLarge(f"The document has {entries:,} parts; at most {MAX_ENTRIES:,} are taken. Bring a smaller one.")
    stream.seek(0)
