"""Running heads and page numbers of a PDF's pages, told by repetition at the pages' edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.adapters.books.pdf_lines import Line
from shared.domain.heading_lines import rank_of
from shared.domain.heading_words import number_of

_FEWEST = 3  # pages that must show a line at the same edge
_EDGE = 2  # lines from the top and from the bottom that are looked at


def without_edges(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], dict[str, int]]:
    """(the pages without them, how many lines were dropped as what)."""
    numbered = _numbered(pages)
    kept, numbers = [], 0
    for page_number, page in enumerate(pages):
        rest = [line for at, line in enumerate(page) if not (_is_edge(at, page) and (page_number, at) in numbered)]
        numbers += len(page) - len(rest)
        kept.append(rest)
    repeated = _repeated(kept)
    heads = 0
    shown: set[str] = set()
    for at, page in enumerate(kept):
        rest = [line for place, line in enumerate(page) if not _is_running(line.text, place, page, repeated, shown)]
        heads += len(page) - len(rest)
        kept[at] = rest
    counts = {"page-numbers": numbers, "running-heads": heads}
    return kept, {name: count for name, count in counts.items() if count}


def _is_edge(at: int, page: Sequence[Line]) -> bool:
    return at < _EDGE or at >= len(page) - _EDGE


def _numbered(pages: Sequence[Sequence[Line]]) -> set[tuple[int, int]]:
    """(page, line) of lone numbers at an edge that count as the pages do."""
    found = []
    for page_number, page in enumerate(pages):
        for at in sorted({0, len(page) - 1} & set(range(len(page)))):
            number = number_of(page[at].text.strip("-–— "))
            if number is not None:
                found.append((page_number, at, number - page_number))
    offsets = Counter(offset for _, _, offset in found)
    return {(page_number, at) for page_number, at, offset in found if offsets[offset] >= _FEWEST}


def _key(line: str) -> str:
    """A line without the page number it begins or ends with; a heading's own number stays."""
    if rank_of(line) is not None:
        return line.casefold()
    return line.strip("0123456789 -–—|").casefold()


def _repeated(pages: Sequence[Sequence[Line]]) -> set[tuple[bool, str]]:
    """(whether first, line) of what stands first or last on several pages. A line in small letters goes on with a sentence."""
    edges: Counter[tuple[bool, str]] = Counter()
    for page in pages:
        edges.update((at == 0, _key(page[at].text)) for at in (0, -1) if page and not page[at].text[0].islower())
    return {edge for edge, count in edges.items() if count >= _FEWEST and edge[1]}


def _is_running(line: str, at: int, page: Sequence[Line], repeated: set[tuple[bool, str]], shown: set[str]) -> bool:
    """Whether a line at a page's edge runs; a heading's first showing is the heading itself."""
    key = _key(line)
    is_running = (at == 0 and (True, key) in repeated) or (at == len(page) - 1 and (False, key) in repeated)
    if not is_running or line[0].islower():
        return False
    is_first = rank_of(line) is not None and key not in shown
    shown.add(key)
    return not is_first
