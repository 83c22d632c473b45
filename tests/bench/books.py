"""What importing a whole book takes, and whether a word is lost: `python -m tests.bench.books FILE...`.

Each file is read in a process of its own: seconds, words a second, the most memory it held above an empty reader's. EPUB and
TEI are read by ElementTree as well, all text of their reading order without references to notes and page numbers, and the
words compared with those of all chapters and skipped parts: lost and gained must be 0. With `--tenfold` a text ten times
as long is made of the first file's chapters, and the ratio of both times printed: 10 is linear.
"""

from __future__ import annotations

import argparse
import io
import json
import posixpath
import resource
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from shared.adapters.books.reader import FormatReader
from shared.domain.book import Book

INLINE = "a abbr b bdi bdo cite code data dfn em i ins kbd label mark q s samp small span strong sub sup time u var emph foreign title hi"
DROPPED = {"noteref", "backlink", "pagebreak"}
UNSEEN = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])


def words(text: str) -> Counter[str]:
    """Words without what is not text; a number's ornaments ("-IV-") are none of it."""
    found = (word.translate(UNSEEN).strip("-–") for word in text.split())
    return Counter(word for word in found if word)


def local(tag: object) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def flat(node: Any) -> str:
    """All text of an element, a blank at the edges of what is not inline."""
    kinds = set(node.get("{http://www.idpf.org/2007/ops}type", "").split())
    tag = local(node.tag)
    if not tag or kinds & DROPPED or tag in ("script", "style", "note"):
        return node.tail or ""
    inner = (node.text or "") + "".join(map(flat, node))
    edge = "" if tag in INLINE.split() else " "
    return f"{edge}{inner}{edge}{node.tail or ''}"


def independent(path: Path) -> Counter[str] | None:
    """The words of a book by another way; None for formats that have none here."""
    data = path.read_bytes()
    if data.startswith(b"PK"):
        return words(" ".join(epub_bodies(data)))
    if b"<TEI" in data[:2000]:
        root = ET.fromstring(data.lstrip())  # noqa: S314  # a bench of books one has chosen
        return words(flat(next(node for node in root if local(node.tag) == "text")))
    return None


def epub_bodies(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        container = ET.fromstring(book.read("META-INF/container.xml"))  # noqa: S314
        name = next(node.get("full-path", "") for node in container.iter() if local(node.tag) == "rootfile")
        package = ET.fromstring(book.read(name))  # noqa: S314
        items = {node.get("id"): node.get("href", "") for node in package.iter() if local(node.tag) == "item"}
        spine = [items[node.get("idref")] for node in package.iter() if local(node.tag) == "itemref"]
        files = [posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(href))) for href in spine]
        pages = [ET.fromstring(book.read(file)) for file in files]  # noqa: S314
    return [flat(next(node for node in page if local(node.tag) == "body")) for page in pages]


def everything(book: Book) -> Counter[str]:
    return words("\n\n".join(section.text for section in book.sections))


def measure(path: Path) -> dict[str, Any]:
    """One book, read in this process."""
    reader = FormatReader()
    reader.read(io.BytesIO(b"A warm start."))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with path.open("rb") as stream:
        book = reader.read(stream)
    seconds = time.perf_counter() - started
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    other, ours = independent(path), everything(book)
    return {
        "title": book.facts.title,
        "format": book.format,
        "language": book.facts.language,
        "seconds": seconds,
        "mib": held / 1024,
        "words": sum(section.words for section in book.chapters),
        "lost": sum((other - ours).values()) if other is not None else None,
        "gained": sum((ours - other).values()) if other is not None else None,
        "chapters": [(s.level, list(s.parts), s.title, s.words) for s in book.chapters],
        "skipped": [(s.title, s.left_out, s.words) for s in book.skipped],
        "dropped": dict(book.dropped),
        "remarks": list(book.remarks),
    }


def show(found: dict[str, Any]) -> None:
    print(f"== {found['title'] or 'untitled'} ({found['format']}, {found['language'] or 'no language named'})")
    for level, parts, title, count in found["chapters"]:
        above = f"  [{' > '.join(parts)}]" if parts else ""
        print(f"   {'  ' * (level - 1)}{title}{above}  {count:,}")
    for title, reason, count in found["skipped"]:
        print(f"   left out as {reason}: {title}  {count:,}")
    rate = found["words"] / found["seconds"]
    print(f"   dropped {found['dropped'] or 'nothing'}; remarks {found['remarks'] or 'none'}")
    print(
        f"   {len(found['chapters'])} chapters, {found['words']:,} words, {found['seconds']:.2f} s, {rate:,.0f} words/s, "
        f"{found['mib']:.0f} MiB; words lost {found['lost']}, gained {found['gained']}"
    )


def tenfold(path: Path) -> None:
    """The same text once and ten times over: how reading grows."""
    reader = FormatReader()
    with path.open("rb") as stream:
        text = "\n\n".join(chapter.text for chapter in reader.read(stream).chapters)
    times = []
    for count in (1, 10):
        started = time.perf_counter()
        reader.read(io.BytesIO("\n\n".join([text] * count).encode()))
        times.append(time.perf_counter() - started)
    print(f"tenfold as plain text: {times[0]:.2f} s, {times[1]:.2f} s, ratio {times[1] / times[0]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tenfold", action="store_true")
    parser.add_argument("--one", action="store_true", help="measure in this very process, and print JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.files[0])))
        return
    for path in given.files:
        command = [sys.executable, "-m", "tests.bench.books", "--one", str(path)]
        show(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    if given.tenfold:
        tenfold(given.files[0])


if __name__ == "__main__":
    main()
