"""What is no chapter: told by the types a book gives its elements, files and contents, and by what is surely no prose."""

from __future__ import annotations

from shared.adapters.books.xml import Node
from shared.domain.book import LeftOut

_REASONS = {  # EPUB 3 structure, EPUB 2 guide and ARIA roles use the same words, some with other spellings
    LeftOut.COVER: "cover",
    LeftOut.TITLE_PAGE: "titlepage title-page halftitlepage halftitle-page halftitle seriespage",
    LeftOut.CONTENTS: "toc toc-brief landmarks page-list pagelist loi lot loa lov",
    LeftOut.COPYRIGHT: "copyright-page copyrightpage imprint imprimatur colophon other-credits credits",
    LeftOut.NOTES: "footnote footnotes endnote endnotes rearnote rearnotes notes",
    LeftOut.INDEX: "index glossary bibliography errata",
    LeftOut.FRONT_MATTER: "frontmatter",
    LeftOut.BACK_MATTER: "backmatter",
}
_BY_KIND = {kind: reason for reason, kinds in _REASONS.items() for kind in kinds.split()}
_LICENCE = frozenset({"pg-boilerplate", "pgheader", "pgfooter", "pg-header", "pg-footer", "pg-machine-header"})
_VAGUE = (LeftOut.FRONT_MATTER, LeftOut.BACK_MATTER)  # whatever is said besides is more


def kinds_of(node: Node) -> list[str]:
    """An element's structural types: of epub:type and of its role, which says the same with "doc-" before it."""
    roles = [role.removeprefix("doc-") for role in node.get("role").split() if role.startswith("doc-")]
    return [*node.get("epub:type").lower().split(), *roles]


def reason_of(kinds: list[str]) -> LeftOut | None:
    """Why a part with these types is left out, the most telling one; None where none of them says so."""
    reasons = [_BY_KIND[kind] for kind in kinds if kind in _BY_KIND]
    return next((reason for reason in reasons if reason not in _VAGUE), reasons[0] if reasons else None)


def left_out_by(node: Node, around: LeftOut | None) -> LeftOut | None:
    """Why an element's text is left out: its own types say more than those around it, and a licence's frame most."""
    if node.get("id") in _LICENCE or _LICENCE & set(node.get("class").split()):
        return LeftOut.LICENCE
    kinds = kinds_of(node)
    if "bodymatter" in kinds:
        return None
    reason = reason_of(kinds)
    if reason is None or (around is not None and reason in _VAGUE):
        return around
    return reason
