"""DOCX by python-docx, which opens the package and knows its styles; the text is walked here, so that none is lost.

paragraph.text of that library skips insertions that a reviewer has not accepted yet, content controls and text boxes.
Read here: all of these, tables, moved text where it went to. Left out and counted: deletions, hidden text, footnotes,
pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from shared.adapters.books.archive import Archive, open_archive
from shared.adapters.books.flow import Flow, clean
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Budget
from shared.domain.book import Book, BookFacts, BookFormat, LeftOut
from shared.domain.book_matter import leave_out_by_title
from shared.domain.book_outline import cut, marks_by_headings, title_page_first
from shared.domain.errors import CorruptAsset
from shared.domain.heading_lines import find_headings
from shared.domain.heading_words import word_set

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DROPPED = {
    "del": "deletions",
    "moveFrom": "deletions",
    "footnoteReference": "footnotes",
    "endnoteReference": "footnotes",
    "commentReference": "comments",
    "rt": "ruby-readings",
}
_PASSED_OVER = frozenset({"pPr", "rPr", "Fallback", "instrText", "delText", "sectPr", "tblPr", "trPr", "tcPr"})
_HEADING_WORDS = word_set(
    "heading título titulo titre überschrift titolo kop rubrik заголовок nagłówek otsikko overskrift nadpis"
)


def read_docx(stream: BinaryIO, budget: Budget) -> Book:
    """Raises CorruptAsset for a document that does not open, TooLarge, UnsupportedMedia for an encrypted one."""
    with open_archive(stream, budget) as archive:
        for name in archive.names:
            _require_harmless(archive, name)
    stream.seek(0)
    document = _opened(stream)
    walk = _Walk(Flow("", budget.limits), _Styles(document.styles.element))
    walk.children(document.element.body)
    walk.flow.flush()
    blocks, remarks = walk.flow.blocks, []
    if not any(block.heading for block in blocks):
        blocks = find_headings(blocks)
        remarks.append("No paragraph has the style of a heading: chapters were told by the words of headings.")
    facts = _facts(document, walk.titles)
    marks = marks_by_headings(blocks)
    blocks = leave_out_by_title(title_page_first(blocks, marks, facts.title or "\0"), marks)
    return Book(BookFormat.DOCX, facts, cut(blocks, marks), None, dict(walk.flow.dropped), remarks=remarks)


def _require_harmless(archive: Archive, name: str) -> None:
    """Unpack a part, counted; no part of a document may have a document type, which is where entities come from."""
    is_xml = name.lower().endswith((".xml", ".rels"))
    tail = b""
    for piece in archive.pieces(name):
        if is_xml and b"<!DOCTYPE" in (tail + piece).replace(b"\0", b"").upper():
            raise CorruptAsset(f"{name[:200]!r} in the document declares a document type, which Word never does.")
        tail = piece[-32:]


def _opened(stream: BinaryIO) -> Any:
    import docx

    try:
        document = docx.Document(stream)
        if document.element.body is None:
            raise ValueError("no body")
        return document
    except Exception as exc:  # python-docx and lxml fail in many ways on broken packages: KeyError, XMLSyntaxError ...
        raise CorruptAsset(f"The document cannot be opened ({exc.__class__.__name__}). Save it anew as .docx.") from exc


@dataclass(frozen=True)
class _Style:
    name: str
    based_on: str
    outline: int  # 1-9, 0 for none


class _Styles:
    """Heading levels of paragraph styles, by outline level or name, inherited from the styles they are based on."""

    def __init__(self, styles: Any) -> None:
        self._styles: dict[str, _Style] = {}
        self.default = ""
        for style in styles.iter(f"{_W}style"):
            style_id = style.get(f"{_W}styleId") or ""
            based_on, outline = _value(style, "basedOn"), _value(style, "outlineLvl")
            self._styles[style_id] = _Style(_value(style, "name").casefold(), based_on, _level(outline))

    def chain(self, style_id: str) -> Iterator[_Style]:
        seen: set[str] = set()
        while style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            yield self._styles[style_id]
            style_id = self._styles[style_id].based_on

    def heading(self, style_id: str) -> int:
        """1-6, or 0; outline level 10 is Word's "body text"."""
        for style in self.chain(style_id):
            if level := style.outline or _named_level(style.name):
                return min(level, 6)
        return 0

    def is_contents(self, style_id: str) -> bool:
        return any(style.name.startswith(("toc ", "toc\xa0", "contents ")) for style in self.chain(style_id))

    def is_title(self, style_id: str) -> bool:
        return any(style.name in ("title", "subtitle") for style in self.chain(style_id))


def _named_level(name: str) -> int:
    word, _, number = name.rpartition(" ")
    return int(number) if word in _HEADING_WORDS and number in "123456789" and number else 0


def _level(outline: str) -> int:
    return int(outline) + 1 if outline.isdecimal() and int(outline) < 9 else 0


def _value(node: Any, tag: str) -> str:
    found = next(node.iter(f"{_W}{tag}"), None)
    return (found.get(f"{_W}val") or "") if found is not None else ""


class _Walk:
    def __init__(self, flow: Flow, styles: _Styles) -> None:
        self.flow = flow
        self.titles: list[str] = []
        self._styles = styles
        self._boxes: list[Any] = []
        self._number = 0

    def children(self, node: Any) -> None:
        for child in node:
            if isinstance(child.tag, str):  # comments and instructions have none
                self.element(child)

    def element(self, node: Any) -> None:
        tag = node.tag.rpartition("}")[2]
        if tag in _PASSED_OVER:
            return
        if tag in _DROPPED:
            self.flow.dropped[_DROPPED[tag]] += 1
        elif tag == "p":
            self._paragraph(node)
        elif tag == "tbl":
            self._table(node)
        elif tag == "sdt":
            self._control(node)
        elif tag == "txbxContent":
            self._boxes.append(node)
        else:
            self._run(tag, node)

    def _run(self, tag: str, node: Any) -> None:
        if tag == "t":
            self.flow.text(node.text or "")
        elif tag in ("br", "cr"):
            if node.get(f"{_W}type") in (None, "textWrapping"):
                self.flow.line()
        elif tag in ("tab", "ptab"):
            self.flow.text(" ")
        elif tag == "noBreakHyphen":
            self.flow.text("-")
        elif tag == "r" and _is_hidden(node):
            self.flow.dropped["hidden"] += 1
        else:
            if tag in ("drawing", "pict"):
                self.flow.dropped["pictures"] += 1
            self.children(node)

    def _paragraph(self, node: Any) -> None:
        flow = self.flow
        flow.flush()
        self._number += 1
        properties = next((child for child in node if child.tag == f"{_W}pPr"), None)
        style = _value(properties, "pStyle") if properties is not None else ""
        before = flow.heading, flow.left_out
        outline = _value(properties, "outlineLvl") if properties is not None else ""
        flow.heading = (min(_level(outline), 6) if outline else self._styles.heading(style)) or flow.heading
        flow.left_out = LeftOut.CONTENTS if self._styles.is_contents(style) else flow.left_out
        flow.name_place(f"paragraph {self._number}")
        begun = len(flow.blocks)
        self.children(node)
        flow.flush()
        if self._styles.is_title(style):
            self.titles += [block.text for block in flow.blocks[begun:]]
            flow.blocks[begun:] = [replace(block, heading=0) for block in flow.blocks[begun:]]
        flow.heading, flow.left_out = before
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.children(box)

    def _table(self, node: Any) -> None:
        """A row is a line, its cells parted by tabs; a table whose cells hold several paragraphs reads cell by cell."""
        rows = [[cell for cell in row if cell.tag == f"{_W}tc"] for row in node if row.tag == f"{_W}tr"]
        is_plain = all(sum(1 for _ in cell.iter(f"{_W}p")) <= 1 for row in rows for cell in row)
        self.flow.flush()
        for row in rows:
            for cell in row:
                if is_plain:
                    for paragraph in cell.iter(f"{_W}p"):
                        self.children(paragraph)
                    self.flow.cell()
                else:
                    self.children(cell)
            self.flow.line() if is_plain else self.flow.flush()
        self.flow.flush()

    def _control(self, node: Any) -> None:
        """A content control; the one that holds a table of contents says so."""
        gallery = _value(node, "docPartGallery")
        before = self.flow.left_out
        if "table of contents" in gallery.casefold():
            self.flow.left_out = LeftOut.CONTENTS
        for child in node:
            if child.tag == f"{_W}sdtContent":
                self.children(child)
        self.flow.left_out = before


def _is_hidden(run: Any) -> bool:
    for properties in run:
        if properties.tag == f"{_W}rPr":
            vanish = next((child for child in properties if child.tag == f"{_W}vanish"), None)
            return vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off")
    return False


def _facts(document: Any, titles: list[str]) -> BookFacts:
    core = document.core_properties
    created = core.created
    return BookFacts(
        title=clean(core.title or "").strip() or next(iter(titles), ""),
        authors=[name for name in (part.strip() for part in clean(core.author or "").split(";")) if name],
        # What styles.xml names is the language of whoever installed Word, whatever was written with it.
        language=language_tag(core.language or ""),
        identifiers=[core.identifier] if core.identifier else [],
        date=created.date().isoformat() if created else "",
        description=clean(core.comments or core.subject or "").strip(),
    )
