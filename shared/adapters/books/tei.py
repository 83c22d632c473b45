"""TEI P5, as libraries and corpora publish novels: divisions with their heads, paragraphs, verse, speeches.

Left out and counted: notes, page and column beginnings, running heads, gaps, deletions; of a pair that an editor offers
(sic and corr, orig and reg, abbr and expan) the second is read, for it is what one would say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.adapters.books.flow import Flow, clean
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Limits
from shared.adapters.books.xml import Node, parse_xml
from shared.domain.book import Book, BookFacts, BookFormat, LeftOut
from shared.domain.book_blocks import Block, Mark, heading_title
from shared.domain.book_matter import leave_out_by_title
from shared.domain.book_outline import cut
from shared.domain.errors import CorruptAsset
from shared.domain.heading_words import number_of, word_set

_BLOCKS = word_set("""p ab head div div1 div2 div3 div4 div5 div6 div7 lg list item quote sp speaker stage front body back group text
    epigraph opener closer trailer salute signed dateline byline argument postscript titlepage doctitle titlepart docauthor
    docimprint docdate imprimatur table row floatingtext""")
_INLINE_WITH_PARAGRAPHS = frozenset({"quote", "said", "q"})
_DIVISIONS = frozenset({"div", "div1", "div2", "div3", "div4", "div5", "div6", "div7"})
_DROPPED = {
    **dict.fromkeys(("note", "notegrp"), "notes"),
    **dict.fromkeys(("pb", "cb", "gb", "milestone", "fw"), "page-numbers"),
    **dict.fromkeys(("del", "gap", "surplus"), "deletions"),
    **dict.fromkeys(("figure", "graphic"), "pictures"),
    **dict.fromkeys(("index", "anchor"), "index-entries"),
}
_OFFERED = (("corr", "sic"), ("reg", "orig"), ("expan", "abbr"))
_NO_PARTS_BELOW = frozenset({"chapter", "letter", "scene", "story", "poem", "notes", "titlepage", "liminal"})
_REGIONS = {"front": LeftOut.FRONT_MATTER, "back": LeftOut.BACK_MATTER}
_REASONS = {
    "titlepage": LeftOut.TITLE_PAGE,
    "contents": LeftOut.CONTENTS,
    "toc": LeftOut.CONTENTS,
    "notes": LeftOut.NOTES,
    "index": LeftOut.INDEX,
}
_DASHES = " -–—."
_NOT_OF_THE_TITLE = ("eltec", "machine-readable", "electronic", "digital edition", "edición digital")


def read_tei(data: bytes, limits: Limits) -> Book:
    """Raises CorruptAsset where there is no text in it, or for what is not well-formed; TooLarge."""
    root = parse_xml(data, limits, "The TEI file")
    text = root.first("text")
    if text is None:
        raise CorruptAsset("The TEI file has no text element. Bring a TEI file that holds the text itself.")
    reader = _Reader(Flow("", limits))
    reader.element(text)
    reader.flow.flush()
    blocks = reader.flow.blocks
    marks = [replace(mark, title=heading_title(_heads(reader, mark))) for mark in reader.marks]
    marks = _with_parts(marks)
    blocks = leave_out_by_title(blocks, marks)
    header = root.first("teiheader")
    return Book(BookFormat.TEI, _facts(root, header), cut(blocks, marks), dropped=dict(reader.flow.dropped))


class _Reader:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.marks: list[Mark] = []
        self._depth = 0
        self._marks_here = True

    def element(self, node: Node) -> None:
        if node.tag in _DROPPED:
            self.flow.dropped[_DROPPED[node.tag]] += 1
        elif node.tag == "lb":
            self.flow.text("" if node.get("break") == "no" else " ")
        elif node.tag in _DIVISIONS:
            self._division(node)
        elif node.tag in _BLOCKS or (node.tag in _INLINE_WITH_PARAGRAPHS and node.first("p", "lg")):
            self._block(node)
        else:
            self._inline(node)

    def _children(self, node: Node) -> None:
        refused = {second for first, second in _OFFERED if any(child.tag == first for child in node.elements())}
        for child in node.children:
            if isinstance(child, str):
                self.flow.text(child)
            elif node.tag == "choice" and child.tag in refused:
                self.flow.dropped["alternatives"] += 1
            else:
                self.element(child)

    def _inline(self, node: Node) -> None:
        self._children(node)
        if node.tag == "l":
            self.flow.line()
        elif node.tag == "cell":
            self.flow.cell()

    def _block(self, node: Node) -> None:
        flow = self.flow
        flow.flush()
        before = flow.heading, flow.left_out
        flow.left_out = _REASONS.get(node.tag) or _REGIONS.get(node.tag) or flow.left_out
        flow.heading = min(6, max(1, self._depth)) if node.tag == "head" else flow.heading
        begun = len(flow.blocks)
        self._children(node)
        flow.flush()
        if node.tag == "head":
            flow.blocks[begun:] = [replace(block, text=_plain_number(block.text)) for block in flow.blocks[begun:]]
        flow.heading, flow.left_out = before

    def _division(self, node: Node) -> None:
        flow = self.flow
        flow.flush()
        before = flow.left_out, self._marks_here, flow.file
        flow.left_out = _REASONS.get(node.get("type").lower()) or flow.left_out
        self._depth += 1
        if self._marks_here:
            flow.file = node.get("id") or node.get("n") or f"div {len(self.marks) + 1}"
            self.marks.append(Mark(len(flow.blocks), "", self._depth, reference=flow.file))
            self._marks_here = node.get("type").lower() not in _NO_PARTS_BELOW
        self._children(node)
        flow.flush()
        self._depth -= 1
        flow.left_out, self._marks_here, flow.file = before


def _plain_number(text: str) -> str:
    """A number between dashes ("-IV-", "- IV -") without them: they are ornaments of print."""
    bare = text.strip(_DASHES)
    return bare if text[:1] in "-–—" and text[-1:] in "-–—" and number_of(bare) is not None else text


def _heads(reader: _Reader, mark: Mark) -> Iterator[Block]:
    for block in reader.flow.blocks[mark.at :]:
        if not block.heading or block.file != mark.reference:
            return
        yield block


def _with_parts(marks: Sequence[Mark]) -> list[Mark]:
    above: list[Mark] = []
    found = []
    for mark in marks:
        above = [outer for outer in above if outer.level < mark.level]
        found.append(replace(mark, parts=tuple(outer.title for outer in above if outer.title)))
        above.append(mark)
    return found


def _facts(root: Node, header: Node | None) -> BookFacts:
    def first(path: str) -> str:
        node: Node | None = header
        for tag in path.split("/"):
            node = node.first(tag) if node else None
        return clean(node.text().replace("\n", " ")).strip() if node else ""

    authors = [clean(node.text()).strip() for stmt in _every(header, "titlestmt") for node in stmt.every("author")]
    idnos = [clean(node.text()).strip() for node in _every(header, "idno")]
    licence = header.first("licence") if header else None
    return BookFacts(
        title=_work_title(first("titlestmt/title")),
        authors=[_without_years(author) for author in authors if author],
        language=_language(root, header),
        identifiers=[idno for idno in [root.get("id"), *idnos] if idno],
        publisher=first("publicationstmt/publisher"),
        date=first("sourcedesc/date"),
        rights=first("availability") or (licence.get("target") if licence else ""),
    )


def _every(node: Node | None, tag: str) -> Iterator[Node]:
    return node.every(tag) if node else iter(())


def _work_title(title: str) -> str:
    """The work's own title: "X : ELTeC edition" and "X: a machine-readable transcription" name the file besides."""
    work, colon, rest = title.rpartition(":")
    is_edition = colon and any(word in rest.casefold() for word in _NOT_OF_THE_TITLE)
    return work.strip() if is_edition else title


def _without_years(author: str) -> str:
    name, bracket, rest = author.rpartition("(")
    return name.strip() if bracket and rest.endswith(")") and any(sign.isdigit() for sign in rest) else author


def _language(root: Node, header: Node | None) -> str:
    text = root.first("text")
    said = [root.get("lang"), text.get("lang") if text else ""]
    said += [node.get("ident") for usage in _every(header, "langusage") for node in usage.every("language")]
    return next((tag for tag in map(language_tag, said) if tag), "")
