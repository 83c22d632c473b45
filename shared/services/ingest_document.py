"""Scripts and documents: text is read here; books are recognised by their bytes and left to the import.

Opening EPUB, DOCX and PDF is the import's work (`import_book`): such a document becomes ready without text.
"""

from __future__ import annotations

import zipfile
from typing import Any, BinaryIO

from shared.domain.asset import Asset
from shared.domain.asset_type import HEAD_BYTES, AssetType, looks_like
from shared.domain.errors import CorruptAsset, TooLarge
from shared.domain.zip_directory import read_zip_directory
from shared.ports.storage import Storage
from shared.services.asset_work import AssetWork
from shared.services.keep_assets import require_size, unlike
from shared.services.read_text import read_book_text, read_chapter_text

EPUB, PDF = "application/epub+zip", "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_ENTRIES, MAX_DIRECTORY, MAX_UNPACKED = 10_000, 4 * 1024 * 1024, 1024**3


def ingest_document(asset: Asset, uploads: Storage, work: AssetWork) -> dict[str, Any]:
    """The facts of a document that is ready. Raises UnsupportedMedia, CorruptAsset, TooLarge, InvalidInput when empty."""
    require_size(asset.type, asset.size)
    with uploads.open(asset.upload_key) as stream:
        head = stream.read(HEAD_BYTES)
        if not looks_like(asset.type, head):
            raise unlike(asset.type)
        if asset.type is AssetType.DOCUMENT and head.startswith((b"PK", b"%PDF-")):
            return {"codec": PDF if head.startswith(b"%PDF-") else _zipped(stream)}
    raw = uploads.get(asset.upload_key)
    text = read_book_text(raw) if asset.type is AssetType.DOCUMENT else read_chapter_text(raw)
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
    directory = read_zip_directory(stream)
    if directory is None:
        raise CorruptAsset("The document ends too early: a ZIP's directory is missing. Upload it again.")
    if directory.entries > MAX_ENTRIES or directory.size > MAX_DIRECTORY:
        raise TooLarge(
            f"The document has {directory.entries:,} parts; at most {MAX_ENTRIES:,} are taken. Bring a smaller one."
        )
