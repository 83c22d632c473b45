"""A text in pieces that an engine takes: paragraphs, and within them as many whole sentences as fit.

The white space around a piece is kept here and never sent, so no engine can lose a paragraph break.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from shared.domain.sentences import split_sentences

_SPACE = re.compile(r"\s+")


def by_pieces(
    text: str, source: str, most: int, translate: Callable[[Sequence[str]], Sequence[str]], *, by_line: bool = False
) -> str:
    """`text` with each piece that has letters put through `translate`, all at once; the rest stays as it is.

    A piece has at most `most` characters. `by_line`: no piece holds a line break either.
    """
    parts = [part for paragraph in _paragraphs(text, by_line) for part in _fitting(paragraph, source, most)]
    cores = [part.strip() for part in parts]
    asked = [core for core in cores if any(letter.isalpha() for letter in core)]
    answers = iter(translate(asked) if asked else ())
    done = (next(answers).strip() if any(letter.isalpha() for letter in core) else core for core in cores)
    return "".join(
        part[: len(part) - len(part.lstrip())] + new + (part[len(part.rstrip()) :] if part.strip() else "")
        for part, new in zip(parts, done, strict=True)
    )


def _paragraphs(text: str, by_line: bool) -> Iterator[str]:
    """`text` cut around each break between paragraphs, or lines; joined, they are the text."""
    at = 0
    for found in _SPACE.finditer(text):
        if found[0].count("\n") >= (1 if by_line else 2):
            yield text[at : found.start()]
            yield found[0]
            at = found.end()
    yield text[at:]


def _fitting(paragraph: str, source: str, most: int) -> Iterator[str]:
    if len(paragraph) <= most:
        yield paragraph
        return
    piece = ""
    for span in split_sentences(paragraph, source):
        sentence = paragraph[span.start : span.end]
        if piece and len(piece) + len(sentence) > most:
            yield piece
            piece = ""
        while len(sentence) > most:  # no sentence of a book: cut between words
            cut = sentence.rfind(" ", 0, most) + 1 or most
            yield sentence[:cut]
            sentence = sentence[cut:]
        piece += sentence
    yield piece
