"""An EPUB's package document: what the book says of itself, which files it has, and in which order they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.adapters.books.archive import Archive, resolve
from shared.adapters.books.flow import clean
from shared.adapters.books.language_tag import language_tag
from shared.adapters.books.limits import Limits
from shared.adapters.books.markup_text import plain_text
from shared.adapters.books.xml import Node, parse_xml
from shared.domain.book import BookFacts
from shared.domain.errors import CorruptAsset, UnsupportedMedia

_FONT_OBFUSCATION = (  # the two ways of it that EPUB and Adobe have; they lock fonts, never text
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
)
_LOCKS = {
    "META-INF/rights.xml": "Adobe ADEPT",
    "META-INF/sinf.xml": "Apple FairPlay",
    "META-INF/license.lcpl": "Readium LCP",
}


@dataclass(frozen=True)
class Item:
    """A file of the manifest, by its name in the ZIP."""

    name: str
    media_type: str
    properties: frozenset[str]


@dataclass(frozen=True)
class Package:
    """`spine` are (file, whether it is part of the linear reading order); `guide` the type EPUB 2 gives a place."""

    facts: BookFacts
    items: dict[str, Item]
    spine: list[tuple[Item, bool]]
    guide: list[tuple[str, str]]
    nav: Item | None
    ncx: Item | None
    cover: Item | None


def read_package(archive: Archive, limits: Limits) -> Package:
    """Raises UnsupportedMedia for a locked book, CorruptAsset for one without a package or reading order."""
    _require_unlocked(archive, limits)
    name = _package_name(archive, limits)
    root = parse_xml(archive.read(name), limits, name)
    items = dict(_items(root, name))
    spine_node = root.first("spine")
    spine = [
        (items[ref.get("idref")], ref.get("linear").strip().lower() != "no")
        for ref in (spine_node.every("itemref") if spine_node else ())
        if ref.get("idref") in items
    ]
    if not spine:
        raise CorruptAsset(f"{name} names no reading order (spine). Save the book anew.")
    ncx = items.get(spine_node.get("toc")) if spine_node else None
    return Package(
        facts=_facts(root),
        items=items,
        spine=spine,
        guide=[
            (ref.get("type").lower(), resolve(name, ref.get("href"))[0])
            for guide in root.every("guide")
            for ref in guide.every("reference")
        ],
        nav=next((item for item in items.values() if "nav" in item.properties), None),
        ncx=ncx or next((item for item in items.values() if item.media_type == "application/x-dtbncx+xml"), None),
        cover=_cover(root, items),
    )


def _require_unlocked(archive: Archive, limits: Limits) -> None:
    name = archive.find("META-INF/encryption.xml")
    locked = []
    if name:
        root = parse_xml(archive.read(name), limits, name)
        ways = [
            method.get("algorithm") for data in root.every("encrypteddata") for method in data.every("encryptionmethod")
        ]
        locked = [way for way in ways if way not in _FONT_OBFUSCATION]
        unsaid = sum(1 for _ in root.every("encrypteddata")) > len(ways)
        locked += ["a way it does not name"] if unsaid else []
    if locked:
        by = next((lock for file, lock in _LOCKS.items() if archive.find(file)), "")
        who = f"{by} (META-INF/encryption.xml)" if by else "META-INF/encryption.xml"
        raise UnsupportedMedia(
            f"The book is locked (DRM): {who} says that {len(locked)} of its files are encrypted. Bring a copy without a "
            "lock."
        )


def _package_name(archive: Archive, limits: Limits) -> str:
    root = parse_xml(archive.read("META-INF/container.xml"), limits, "META-INF/container.xml")
    for file in root.every("rootfile"):
        if file.get("media-type") in ("", "application/oebps-package+xml") and file.get("full-path"):
            return resolve("", file.get("full-path"))[0]
    raise CorruptAsset("META-INF/container.xml names no package document (OPF). Save the book anew.")


def _items(root: Node, base: str) -> Iterator[tuple[str, Item]]:
    for manifest in root.every("manifest"):
        for item in manifest.every("item"):
            name, _ = resolve(base, item.get("href"))
            if name:
                properties = frozenset(item.get("properties").split())
                yield item.get("id"), Item(name, item.get("media-type").strip().lower(), properties)


def _cover(root: Node, items: dict[str, Item]) -> Item | None:
    """EPUB 3 marks its cover in the manifest, EPUB 2 names its id in a meta element."""
    marked = next((item for item in items.values() if "cover-image" in item.properties), None)
    named = [items.get(meta.get("content")) for meta in root.every("meta") if meta.get("name") == "cover"]
    by_id = [item for item_id, item in items.items() if item_id.lower() in ("cover", "cover-image", "coverimage")]
    return next((item for item in (marked, *named, *by_id) if item and item.media_type.startswith("image/")), None)


def _facts(root: Node) -> BookFacts:
    metadata = root.first("metadata") or root

    def every(tag: str) -> list[str]:
        found = (clean(node.text()).strip() for node in metadata.every(tag))
        return [text for text in found if text]

    def first(tag: str) -> str:
        return next(iter(every(tag)), "")

    return BookFacts(
        title=_main_title(metadata) or first("title"),
        authors=_authors(metadata),
        language=next((tag for tag in map(language_tag, every("language")) if tag), ""),
        identifiers=every("identifier"),
        publisher=first("publisher"),
        date=first("date"),
        description=plain_text(first("description")),
        rights=first("rights"),
    )


def _main_title(metadata: Node) -> str:
    """Of several titles the one that EPUB 3 calls the main one."""
    main = {
        meta.get("refines").lstrip("#")
        for meta in metadata.every("meta")
        if meta.get("property") == "title-type" and meta.text().strip() == "main"
    }
    titles = [clean(node.text()).strip() for node in metadata.every("title") if node.get("id") in main]
    return next(iter(titles), "")


def _authors(metadata: Node) -> list[str]:
    """The creators; those of them who are authors, where roles are given (to the element in EPUB 2, beside it in 3)."""
    roles: dict[str, set[str]] = {}
    for meta in metadata.every("meta"):
        if meta.get("property") == "role":
            roles.setdefault(meta.get("refines").lstrip("#"), set()).add(meta.text().strip())
    people = [(clean(node.text()).strip(), node) for node in metadata.every("creator")]
    said = [(name, roles.get(node.get("id"), set()) | ({node.get("role")} - {""})) for name, node in people if name]
    authors = [name for name, theirs in said if not theirs or "aut" in theirs]
    return list(dict.fromkeys(authors or [name for name, _ in said]))
