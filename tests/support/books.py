"""Small books of every kind, made on the spot: each test says only what is odd about its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from shared.adapters.books.limits import Limits
from shared.adapters.books.reader import FormatReader
from shared.domain.book import Book

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="{}" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
XHTML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" '
    'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>not read</title><style>p {{ }}</style></head>{}</html>'
)
PROSE = "The lamp was lit and nobody knew by whom. It burned through the night, and in the morning it was still there."
Toc = Sequence[tuple[str, str, "Toc"] | tuple[str, str]]


def zipped(files: Mapping[str, bytes | str], stored: Iterable[str] = ("mimetype",)) -> bytes:
    """A ZIP of these files, in their order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            way = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, way)
    return stream.getvalue()


@dataclass
class Epub:
    """An EPUB 3 in the making (2 with `ncx`). `pages` are bodies by file name, in reading order."""

    pages: dict[str, str]
    toc: Toc | None = None
    ncx: Toc | None = None
    metadata: str = "<dc:title>The Lamp</dc:title><dc:creator>A. Keeper</dc:creator><dc:language>en</dc:language>"
    landmarks: str = ""
    guide: str = ""
    not_linear: Sequence[str] = ()
    manifest: str = ""
    folder: str = "OEBPS/"
    files: dict[str, bytes | str] = field(default_factory=dict)
    nav_in_spine: bool = False

    def data(self) -> bytes:
        files: dict[str, bytes | str] = {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER.format(f"{self.folder}content.opf"),
            f"{self.folder}content.opf": self._package(),
        }
        if self.toc is not None:
            files[f"{self.folder}nav.xhtml"] = XHTML.format(
                f'<body><nav epub:type="toc"><h1>Contents</h1>{_listed(self.toc)}</nav>{self.landmarks}</body>'
            )
        if self.ncx is not None:
            files[f"{self.folder}toc.ncx"] = f"<ncx><navMap>{_points(self.ncx)}</navMap></ncx>"
        pages = {f"{self.folder}{name}": page_of(body) for name, body in self.pages.items()}
        return zipped(files | pages | self.files)

    def _package(self) -> str:
        items = "".join(
            f'<item id="p{at}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
            for at, name in enumerate(self.pages)
        )
        if self.toc is not None:
            items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        if self.ncx is not None:
            items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        refs = '<itemref idref="nav"/>' if self.nav_in_spine else ""
        refs += "".join(
            f'<itemref idref="p{at}"{" linear=" + chr(34) + "no" + chr(34) if name in self.not_linear else ""}/>'
            for at, name in enumerate(self.pages)
        )
        return (
            f'<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{self.metadata}</metadata><manifest>{items}{self.manifest}</manifest>"
            f"<spine{' toc=' + chr(34) + 'ncx' + chr(34) if self.ncx is not None else ''}>{refs}</spine>"
            f"<guide>{self.guide}</guide></package>"
        )


def page_of(body: str) -> str:
    """A whole file of a body's inside, or of what is a file already."""
    if body.startswith(("<?xml", "<!DOCTYPE", "<html")):
        return body
    return XHTML.format(body if body.startswith("<body") else f"<body>{body}</body>")


def _listed(toc: Toc) -> str:
    items = "".join(f"<li>{_link(line)}{_listed(line[2]) if len(line) > 2 else ''}</li>" for line in toc)
    return f"<ol>{items}</ol>"


def _link(line: Any) -> str:
    return f'<a href="{line[1]}">{escape(line[0])}</a>' if line[1] else f"<span>{escape(line[0])}</span>"


def _points(toc: Toc) -> str:
    return "".join(
        f'<navPoint><navLabel><text>{escape(line[0])}</text></navLabel><content src="{line[1]}"/>'
        f"{_points(line[2]) if len(line) > 2 else ''}</navPoint>"
        for line in toc
    )


def read(data: bytes, limits: Limits | None = None) -> Book:
    return FormatReader(limits).read(io.BytesIO(data))


def read_body(body: str, **more: Any) -> Book:
    """An EPUB of one file with this body."""
    return read(Epub({"one.xhtml": body}, **more).data())


def said(book: Book) -> str:
    """All chapters' text."""
    return "\n\n".join(chapter.text for chapter in book.chapters)


def outline(book: Book) -> list[tuple[int, str]]:
    return [(chapter.level, chapter.title) for chapter in book.chapters]


def left_out(book: Book) -> list[tuple[str, str]]:
    """(title, reason) of what is skipped."""
    return [(part.title, part.left_out.value) for part in book.skipped if part.left_out]


def docx(
    *paragraphs: tuple[str, str] | str, title: str = "", author: str = "", xml: str = "", styles: str = ""
) -> bytes:
    """A DOCX of (text, style id) or plain paragraphs, then of raw body `xml`; `styles` are raw style elements."""
    import docx as library
    from docx.oxml import parse_xml

    document = library.Document()
    document.core_properties.title, document.core_properties.author = title, author
    for paragraph in paragraphs:
        text, style = (paragraph, "Normal") if isinstance(paragraph, str) else paragraph
        made = document.add_paragraph(text)
        made._p.get_or_add_pPr().get_or_add_pStyle().val = style
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for node in parse_xml(f"<w:body {space}>{xml}</w:body>"):
        document.element.body.insert_element_before(node, "w:sectPr")
    for node in parse_xml(f"<w:styles {space}>{styles}</w:styles>"):
        document.styles.element.append(node)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pdf(
    pages: Sequence[Sequence[str | tuple[str, int]]],
    marks: Sequence[tuple[str, int]] = (),
    info: Mapping[str, str] | None = None,
) -> bytes:
    """A PDF of pages of lines in Helvetica of 11 points, or (line, points), with an outline of (title, page from 0)."""
    objects: list[str] = ["", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"]
    kids = []
    for lines in pages:
        stream = "BT 14 TL 60 780 Td " + " ".join(map(_drawn, lines)) + " ET"
        objects.append(f"<</Length {len(stream.encode('cp1252'))}>>stream\n{stream}\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        kids.append(len(objects))
    first = len(objects) + 2
    for at, (title, page) in enumerate(marks):
        before = f"/Prev {first + at - 1} 0 R" if at else ""
        after = f"/Next {first + at + 1} 0 R" if at + 1 < len(marks) else ""
        objects.append("") if at == 0 else None
        if at == 0:
            objects[-1] = f"<</Type/Outlines/First {first} 0 R/Last {first + len(marks) - 1} 0 R/Count {len(marks)}>>"
        objects.append(
            f"<</Title({_shown(title)})/Parent {first - 1} 0 R{before}{after}/Dest[{kids[page]} 0 R /XYZ 0 800 0]>>"
        )
    outlines = f"/Outlines {first - 1} 0 R" if marks else ""
    objects[0] = f"<</Type/Catalog/Pages 2 0 R{outlines}>>"
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>"
    objects.append("<<" + "".join(f"/{name}({_shown(value)})" for name, value in (info or {}).items()) + ">>")
    return _pdf_file(objects)


def _drawn(line: str | tuple[str, int]) -> str:
    text, size = (line, 11) if isinstance(line, str) else line
    return f"/F1 {size} Tf ({_shown(text)}) Tj T*"


def _shown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _pdf_file(objects: Sequence[str]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R>>"
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def tei(body: str, front: str = "", header: str = "", back: str = "", **attributes: str) -> bytes:
    said = "".join(f' {name.replace("_", ":")}="{value}"' for name, value in attributes.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><TEI xmlns="http://www.tei-c.org/ns/1.0"{said}><teiHeader>{header}'
        f"</teiHeader><text><front>{front}</front><body>{body}</body><back>{back}</back></text></TEI>"
    ).encode()
