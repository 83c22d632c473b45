"""A text too large for one chapter, in pieces: cut at paragraphs, else at lines, at spaces, and last anywhere."""

from __future__ import annotations

_CUTS = ("\n\n", "\n", " ")


def split_text(text: str, max_bytes: int) -> list[str]:
    """Pieces of at most `max_bytes` in UTF-8, about as large as can be; no word is lost, white space at cuts is."""
    pieces = []
    rest = text
    while len(rest.encode()) > max_bytes:
        most = len(rest.encode()[:max_bytes].decode(errors="ignore"))
        cut = next((at for sign in _CUTS if (at := rest.rfind(sign, most // 2, most)) > 0), most)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in [*pieces, rest] if piece.strip()]
