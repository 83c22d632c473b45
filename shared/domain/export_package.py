"""The read-along book's own papers (EPUB 3.2): package document, navigation, NCX for older readers, container, cover page."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.export_epub import ACTIVE, PLAYING, clock, page
from shared.domain.export_script import BookScript
from shared.domain.export_xml import DECLARATION, direction, tag, xml_text

OPF, DC = "http://www.idpf.org/2007/opf", "http://purl.org/dc/elements/1.1/"
FOLDER = "EPUB"
CONTAINER = (
    f'{DECLARATION}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    f'<rootfile full-path="{FOLDER}/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)
MEDIA_TYPE = "application/epub+zip"
_NAMESPACE = uuid.UUID("6f1d3a52-7f3c-5d0a-9d59-3c1d2b7a4e10")  # of the books made here
_ACCESS = (
    ("schema:accessMode", "textual"),
    ("schema:accessMode", "auditory"),
    ("schema:accessModeSufficient", "textual"),
    ("schema:accessModeSufficient", "auditory"),
    ("schema:accessibilityFeature", "synchronizedAudioText"),
    ("schema:accessibilityFeature", "tableOfContents"),
    ("schema:accessibilityHazard", "none"),
)


@dataclass(frozen=True)
class Entry:
    """One chapter in the package: its files are named after `stem`; `total` in samples at 44.1 kHz."""

    stem: str
    title: str
    total: int

    @property
    def page(self) -> str:
        return f"{self.stem}.xhtml"

    @property
    def overlay(self) -> str:
        return f"{self.stem}.smil"

    @property
    def sound(self) -> str:
        return f"{self.stem}.m4a"


def identifier(project_id: str) -> str:
    """The book's name for ever: the same for every edition of one project."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, project_id)}"


def package(book: BookScript, chapters: Sequence[Entry]) -> str:
    """package.opf: metadata, manifest, reading order."""
    toward = direction(book.language)
    spine = ['<itemref idref="cover-page" linear="no"/>'] if book.cover else []
    spine += [tag("itemref", idref=entry.stem) for entry in chapters]
    parts = [
        tag("metadata", _lines(_metadata(book, chapters)), xmlns__dc=DC),
        tag("manifest", _lines(_manifest(book, chapters))),
        tag("spine", _lines(spine), toc="ncx", page_progression_direction=toward),
    ]
    root = tag(
        "package",
        _lines(parts),
        xmlns=OPF,
        version="3.0",
        unique_identifier="book-id",
        xml__lang=book.language,
        prefix="schema: http://schema.org/",
    )
    return f"{DECLARATION}{root}\n"


def navigation(book: BookScript, chapters: Sequence[Entry]) -> str:
    """nav.xhtml: the contents, as readers show them."""
    items = "\n".join(tag("li", tag("a", xml_text(entry.title), href=entry.page)) for entry in chapters)
    contents = tag("h1", xml_text(book.title)) + tag("ol", f"\n{items}\n")
    return page(book.title, book.language, tag("nav", contents, epub__type="toc", id="toc"))


def ncx(book: BookScript, chapters: Sequence[Entry]) -> str:
    """toc.ncx: the contents, for readers of EPUB 2."""
    metas = tag("meta", name="dtb:uid", content=identifier(book.project_id)) + tag(
        "meta", name="dtb:depth", content="1"
    )
    points = "\n".join(
        tag(
            "navPoint",
            tag("navLabel", tag("text", xml_text(entry.title))) + tag("content", src=entry.page),
            id=f"n{number}",
            playOrder=str(number),
        )
        for number, entry in enumerate(chapters, 1)
    )
    inside = tag("head", metas) + tag("docTitle", tag("text", xml_text(book.title))) + tag("navMap", f"\n{points}\n")
    root = tag("ncx", inside, xmlns="http://www.daisy.org/z3986/2005/ncx/", version="2005-1", xml__lang=book.language)
    return f"{DECLARATION}{root}\n"


def cover_page(book: BookScript) -> str:
    picture = tag("img", src=cover_name(book), alt=book.title, class_="cover")
    return page(book.title, book.language, tag("section", tag("div", picture), epub__type="cover"))


def cover_name(book: BookScript) -> str:
    return f"cover{book.cover.suffix}" if book.cover else ""


def _metadata(book: BookScript, chapters: Sequence[Entry]) -> list[str]:
    found = [
        tag("dc:identifier", identifier(book.project_id), id="book-id"),
        tag("dc:title", xml_text(book.title)),
        tag("dc:language", xml_text(book.language)),
        _meta("dcterms:modified", book.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    if book.author:
        found += [
            tag("dc:creator", xml_text(book.author), id="author"),
            _meta("role", "aut", "author", "marc:relators"),
        ]
    if book.narrator:
        found += [
            tag("dc:contributor", xml_text(book.narrator), id="narrator"),
            _meta("role", "nrt", "narrator", "marc:relators"),
            _meta("media:narrator", book.narrator),
        ]
    if book.year:
        found.append(tag("dc:date", f"{book.year:04}"))
    if book.description:
        found.append(tag("dc:description", xml_text(book.description)))
    if book.cover:
        found.append(tag("meta", name="cover", content="cover-image"))
    found += [_meta(name, value) for name, value in _ACCESS]
    found += [_meta("media:active-class", ACTIVE), _meta("media:playback-active-class", PLAYING)]
    found += [_meta("media:duration", clock(entry.total), f"{entry.stem}-overlay") for entry in chapters]
    return [*found, _meta("media:duration", clock(sum(entry.total for entry in chapters)))]


def _meta(name: str, value: str, refines: str = "", scheme: str | None = None) -> str:
    return tag("meta", xml_text(value), refines=f"#{refines}" if refines else None, property=name, scheme=scheme)


def _manifest(book: BookScript, chapters: Sequence[Entry]) -> list[str]:
    xhtml = "application/xhtml+xml"
    found = [
        tag("item", id="nav", href="nav.xhtml", media_type=xhtml, properties="nav"),
        tag("item", id="ncx", href="toc.ncx", media_type="application/x-dtbncx+xml"),
        tag("item", id="style", href="style.css", media_type="text/css"),
    ]
    if book.cover:
        kind = book.cover.media_type
        found.append(tag("item", id="cover-image", href=cover_name(book), media_type=kind, properties="cover-image"))
        found.append(tag("item", id="cover-page", href="cover.xhtml", media_type=xhtml))
    for entry in chapters:
        marks = f"{entry.stem}-overlay"
        found.append(tag("item", id=entry.stem, href=entry.page, media_type=xhtml, media_overlay=marks))
        found.append(tag("item", id=marks, href=entry.overlay, media_type="application/smil+xml"))
        found.append(tag("item", id=f"{entry.stem}-sound", href=entry.sound, media_type="audio/mp4"))
    return found


def _lines(parts: Sequence[str]) -> str:
    return "\n" + "\n".join(parts) + "\n"
