"""A book's contents: EPUB 3's navigation document, or EPUB 2's NCX, as a list in order with levels and parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.adapters.books.archive import resolve
from shared.adapters.books.flow import clean
from shared.adapters.books.matter import kinds_of
from shared.adapters.books.xml import Node
from shared.domain.book import short_title


@dataclass(frozen=True)
class Entry:
    """One line of the contents. `file` is "" for a line that leads nowhere and only stands above others."""

    title: str
    file: str
    fragment: str
    level: int
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """`landmarks` are (types, file) of places the book names."""

    entries: list[Entry]
    landmarks: list[tuple[list[str], str, str]]


def read_nav(root: Node, file: str) -> Contents:
    """EPUB 3's navigation document."""
    navs = list(root.every("nav"))
    toc = next((nav for nav in navs if "toc" in kinds_of(nav)), None)
    marks = [nav for nav in navs if "landmarks" in kinds_of(nav)]
    entries = list(_listed(toc.first("ol", "ul"), file, 1, ())) if toc else []
    landmarks = [
        (kinds_of(link), *resolve(file, link.get("href")))
        for nav in marks
        for link in nav.every("a")
        if link.get("href")
    ]
    return Contents(entries, landmarks)


def _listed(level_list: Node | None, file: str, level: int, parts: tuple[str, ...]) -> Iterator[Entry]:
    for item in level_list.elements() if level_list else ():
        if item.tag != "li":
            continue
        label = next((node for node in item.every("a", "span", "p")), None)
        below = next((node for node in item.elements() if node.tag in ("ol", "ul")), None)
        title = _title(label)
        yield _entry(title, file, label.get("href") if label else "", level, parts)
        yield from _listed(below, file, level + 1, (*parts, title) if title else parts)


def read_ncx(root: Node, file: str) -> Contents:
    """EPUB 2's NCX; its points are nested, and stand in reading order."""
    nav_map = root.first("navmap")
    return Contents(list(_points(nav_map, file, 1, ())) if nav_map else [], [])


def _points(node: Node, file: str, level: int, parts: tuple[str, ...]) -> Iterator[Entry]:
    for point in node.elements():
        if point.tag != "navpoint":
            continue
        labels = [child for child in point.elements() if child.tag == "navlabel"]
        contents = [child for child in point.elements() if child.tag == "content"]
        title = _title(labels[0] if labels else None)
        yield _entry(title, file, contents[0].get("src") if contents else "", level, parts)
        yield from _points(point, file, level + 1, (*parts, title) if title else parts)


def _entry(title: str, file: str, href: str, level: int, parts: tuple[str, ...]) -> Entry:
    target, fragment = resolve(file, href) if href else ("", "")
    return Entry(title, target, fragment, level, parts)


def _title(label: Node | None) -> str:
    if label is None:
        return ""
    pictures = " ".join(picture.get("alt") for picture in label.every("img"))
    return short_title(clean(label.text().replace("\n", " ")) or clean(pictures))
