"""Where sentences end, beside two well-known splitters: `make bench-text BOOKS="one.epub other.txt"`.

Each chapter of each book is split by ours, by syntok and by sentencex. There is no truth at hand, so every pair is held
against each other: the F1 of their boundaries, and where ours and both others disagree, some places of each kind to look at.
A boundary is where a sentence's last character that is no space stands; those at the end of a paragraph, on which all agree
by definition, do not count. Speed is megabytes of UTF-8 a second, of the same text, one process, one after another.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from shared.adapters.books.reader import FormatReader
from shared.domain.sentences import split_sentences

Split = Callable[[str, str], list[str]]
SHOWN, AROUND = 6, 34  # disagreements of each kind, and characters at each side


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-text", description="Sentence boundaries beside other splitters.")
    parser.add_argument("books", nargs="+", type=Path)
    for book in parser.parse_args(argv).books:
        with book.open("rb") as stream:
            found = FormatReader().read(stream)
        language = (found.facts.language or "en").split("-")[0]
        chapters = [section.text for section in found.sections]
        print(f"\n{book.name}: {len(chapters)} chapters, {sum(map(len, chapters)):,} characters, {language}\n")
        compare(chapters, language)
    return 0


def compare(chapters: Sequence[str], language: str) -> None:
    ends: dict[str, set[tuple[int, int]]] = {}
    megabytes = sum(len(chapter.encode()) for chapter in chapters) / 1e6
    for name, split in splitters().items():
        started = time.process_time()
        sentences = [split(chapter, language) for chapter in chapters]
        seconds = time.process_time() - started
        ends[name] = {(n, end) for n, chapter in enumerate(chapters) for end in boundaries(chapter, sentences[n])}
        print(f"  {name:<10}{len(ends[name]):>8,} boundaries{megabytes / seconds:>9.2f} MB/s")
    for one, other in combinations(ends, 2):
        shared = len(ends[one] & ends[other])
        print(f"  {one} against {other}: F1 {200 * shared / max(1, len(ends[one]) + len(ends[other])):.1f}")
    others = [found for name, found in ends.items() if name != "ours"]
    show("ours alone ends a sentence at |", ends["ours"].difference(*others), chapters)
    show("both others end one at |, ours does not", set.intersection(*others) - ends["ours"], chapters)


def splitters() -> dict[str, Split]:
    import sentencex
    import syntok.segmenter

    def ours(text: str, language: str) -> list[str]:
        return [text[span.start : span.end] for span in split_sentences(text, language)]

    def by_syntok(text: str, _: str) -> list[str]:
        paragraphs = syntok.segmenter.analyze(text)
        return ["".join(token.spacing + token.value for token in s) for paragraph in paragraphs for s in paragraph]

    def by_sentencex(text: str, language: str) -> list[str]:
        return list(sentencex.segment(language, text))

    return {"ours": ours, "syntok": by_syntok, "sentencex": by_sentencex}


def boundaries(text: str, sentences: Sequence[str]) -> Iterator[int]:
    """Where sentences end inside a paragraph, found again in the text word by word: splitters differ in what they do to
    white space.
    """
    letters = [at for at, letter in enumerate(text) if not letter.isspace()]
    paragraph_ends = {
        at for at, following in zip(letters, [*letters[1:], len(text)], strict=True) if "\n" in text[at:following]
    }
    seen = 0
    for sentence in sentences:
        seen += sum(not letter.isspace() for letter in sentence)
        if 0 < seen < len(letters) and letters[seen - 1] not in paragraph_ends:
            yield letters[seen - 1]


def show(what: str, places: set[tuple[int, int]], chapters: Sequence[str]) -> None:
    print(f"\n  {what}: {len(places):,} times")
    for chapter, at in sorted(random.Random(1).sample(sorted(places), min(SHOWN, len(places)))):
        text = chapters[chapter]
        before, after = text[max(0, at + 1 - AROUND) : at + 1], text[at + 1 : at + 1 + AROUND]
        print(f"    {' '.join(before.split()):>{AROUND}}|{' '.join(after.split())}")


if __name__ == "__main__":
    sys.exit(main())
