"""The read-along book as one file: a ZIP that is the same, byte for byte, whenever the same export is run (EPUB OCF 3.2)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

from shared.domain.errors import RenderFailed
from shared.domain.export_epub import SMIL, STYLE, XHTML, chapter_page, clips_of, overlay
from shared.domain.export_marks import Part
from shared.domain.export_package import (
    CONTAINER,
    FOLDER,
    MEDIA_TYPE,
    OPF,
    Entry,
    cover_name,
    cover_page,
    navigation,
    ncx,
    package,
)
from shared.domain.export_script import BookScript

_WHOLE = 0.000_02  # seconds: moments are written to the microsecond
_AUDIO = (".m4a", ".png", ".jpg")  # compressed already


class EpubWriter:
    """Writes one book: its chapters first, one after another, then `close`, which adds the papers about them."""

    def __init__(self, book: BookScript, target: Path) -> None:
        self._book = book
        self._stamp = book.created_at.timetuple()[:6]
        self._entries: list[Entry] = []
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self._add("mimetype", MEDIA_TYPE.encode(), stored=True)  # first, and as it is: that is how it is recognised
        self._add("META-INF/container.xml", CONTAINER.encode())

    def add_chapter(self, title: str, language: str, text: str, parts: Sequence[Part], total: int, sound: Path) -> None:
        """`total` are the samples of the chapter's `sound`, an M4A."""
        entry = Entry(f"c{len(self._entries) + 1:04}", title, total)
        self._entries.append(entry)
        self._add(f"{FOLDER}/{entry.page}", chapter_page(title, language, text, parts).encode())
        clips = clips_of(parts, total)
        self._add(f"{FOLDER}/{entry.overlay}", overlay(entry.page, entry.sound, clips).encode())
        self._add(f"{FOLDER}/{entry.sound}", sound, stored=True)

    def close(self, cover: bytes | None) -> None:
        papers: dict[str, str] = {
            "package.opf": package(self._book, self._entries),
            "nav.xhtml": navigation(self._book, self._entries),
            "toc.ncx": ncx(self._book, self._entries),
            "style.css": STYLE,
        }
        if cover is not None:
            papers["cover.xhtml"] = cover_page(self._book)
            self._add(f"{FOLDER}/{cover_name(self._book)}", cover, stored=True)
        for name, text in papers.items():
            self._add(f"{FOLDER}/{name}", text.encode())
        self._zip.close()

    def abandon(self) -> None:
        self._zip.close()

    def _add(self, name: str, data: bytes | Path, *, stored: bool = False) -> None:
        about = zipfile.ZipInfo(name, self._stamp)
        about.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        about.external_attr = 0o644 << 16
        about.create_system = 3  # the same on every system
        if isinstance(data, bytes):
            self._zip.writestr(about, data)
            return
        about.file_size = data.stat().st_size
        with data.open("rb") as source, self._zip.open(about, "w") as out:
            while piece := source.read(1 << 20):
                out.write(piece)


@dataclass(frozen=True)
class Checked:
    """What a finished book holds."""

    chapters: int
    clips: int
    seconds: float


def check(path: Path) -> dict[str, Any]:
    """Read a finished book as a reader would. Raises RenderFailed where something it names is not there, a clip is out of
    order, or sound is not covered.
    """
    with zipfile.ZipFile(path) as book:
        first = book.infolist()[0]
        if (first.filename, first.compress_type) != ("mimetype", zipfile.ZIP_STORED):
            raise RenderFailed("The EPUB does not begin with its media type, as it is.")
        if damaged := book.testzip():
            raise RenderFailed(f"The EPUB's {PurePosixPath(damaged).name} was written wrong.")
        found = _checked(book)
    return {"chapters": found.chapters, "clips": found.clips, "seconds": round(found.seconds, 3)}


def _checked(book: zipfile.ZipFile) -> Checked:
    root = _tree(book, "package.opf")
    items = {item.attrib["id"]: item.attrib for item in root.iter(f"{{{OPF}}}item")}
    missing = {item["href"] for item in items.values()} - {
        name.removeprefix(f"{FOLDER}/") for name in book.namelist() if name.startswith(f"{FOLDER}/")
    }
    if missing:
        raise RenderFailed(f"The EPUB's package names {len(missing)} file(s) that are not in it.")
    told = {
        meta.attrib.get("refines", ""): meta.text or "" for meta in root.iter(f"{{{OPF}}}meta") if _is_duration(meta)
    }
    clips, seconds, chapters = 0, 0.0, 0
    for reference in root.iter(f"{{{OPF}}}itemref"):
        item = items[reference.attrib["idref"]]
        if "media-overlay" in item:
            marks = items[item["media-overlay"]]
            length = seconds_of(told[f"#{marks['id']}"])
            clips += _check_overlay(book, item["href"], marks["href"], length)
            seconds += length
            chapters += 1
    if abs(seconds_of(told[""]) - seconds) > _WHOLE * (chapters + 1):
        raise RenderFailed("The EPUB's durations do not add up.")
    return Checked(chapters, clips, seconds)


def _check_overlay(book: zipfile.ZipFile, page: str, name: str, length: float) -> int:
    """Each clip shows something that is there and begins where the one before ended; together they last `length`."""
    ids = {node.attrib["id"] for node in _tree(book, page).iter(f"{{{XHTML}}}span") if "id" in node.attrib}
    reached, count = 0.0, 0
    for par in _tree(book, name).iter(f"{{{SMIL}}}par"):
        text, sound = par.find(f"{{{SMIL}}}text"), par.find(f"{{{SMIL}}}audio")
        if text is None or sound is None:
            raise RenderFailed(f"A clip of {name} has no text or no sound.")
        target, _, fragment = text.attrib["src"].partition("#")
        begin, end = seconds_of(sound.attrib["clipBegin"]), seconds_of(sound.attrib["clipEnd"])
        if target != page or fragment not in ids:
            raise RenderFailed(f"A clip of {name} shows {fragment!r}, which is not in {page}.")
        if abs(begin - reached) > _WHOLE or end <= begin:
            raise RenderFailed(f"The clips of {name} do not follow each other at {reached:.3f} s.")
        reached, count = end, count + 1
    if abs(reached - length) > _WHOLE:
        raise RenderFailed(f"The clips of {name} end at {reached:.3f} s, its sound at {length:.3f} s.")
    return count


def seconds_of(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _is_duration(meta: ElementTree.Element) -> bool:
    return meta.attrib.get("property") == "media:duration"


def _tree(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Our own XML: it is well formed, or the export is refused."""
    try:
        return ElementTree.fromstring(book.read(f"{FOLDER}/{name}"))  # noqa: S314  # written a moment ago, by us
    except (ElementTree.ParseError, KeyError) as exc:
        raise RenderFailed(f"The EPUB's {name} is not well formed: {exc.__class__.__name__}.") from exc
