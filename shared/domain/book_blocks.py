"""A book before it is cut: a run of paragraphs and headings, and the marks at which its parts begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.book import LeftOut, short_title
from shared.domain.heading_words import is_mere_number


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, its line ends as "\\n". `heading` is 1 (outermost) to 6, 0 for none.

    `file` is the file or division it lies in, where there are several; `anchor` the name of the place where it begins.
    """

    text: str
    heading: int = 0
    file: str = ""
    anchor: str = ""
    left_out: LeftOut | None = None

    @property
    def reference(self) -> str:
        return f"{self.file}#{self.anchor}" if self.file and self.anchor else self.file or self.anchor

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Mark:
    """A part begins at the block numbered `at`, as contents or headings say. `reference` is theirs, where they have one."""

    at: int
    title: str
    level: int = 1
    parts: tuple[str, ...] = ()
    reference: str = ""


def joined(blocks: Iterable[Block]) -> str:
    """Paragraphs as a chapter's text has them: a blank line between."""
    return "\n\n".join(block.text for block in blocks)


def leading_headings(blocks: Sequence[Block]) -> list[Block]:
    """The headings that a run of blocks begins with."""
    end = next((at for at, block in enumerate(blocks) if not block.heading), len(blocks))
    return list(blocks[:end])


def heading_title(blocks: Iterable[Block]) -> str:
    """Headings that follow each other, as one title: "I" and "The Lamp" make "I. The Lamp".

    Those of another level go on with a mere number only: "The Lamp" and "I" are a story and its first part.
    """
    title, level = "", 0
    for block in blocks:
        text = " ".join(block.text.split())
        if not title:
            title, level = text, block.heading
        elif block.heading == level or is_mere_number(title):
            title += f" {text}" if title[-1] in ".:;!?—–-" else f". {text}"
        else:
            break
    return short_title(title)


def first_words(blocks: Sequence[Block]) -> str:
    """What an untitled part is called: how it begins."""
    words = next((block.text.split() for block in blocks if block.text.strip()), [])
    return short_title(" ".join(words[:7]) + ("…" if len(words) > 7 else ""))
