"""How well quotations are found and given to speakers: `make bench-casting DATA=folder` (or `-m tests.bench.casting folder`).

`folder` holds `litbank/` (see its README). Two thirds of the authors served to develop the rules and to fit the weights, a
third was held out. "Given the cast" passes the speakers' names as the corpus spells them; "end to end" passes nothing, and
matches the names found one to one with the true speakers. Every figure is over quotations of the truth; a quotation that
was not found counts as wrong.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.domain.casting.character import Character
from shared.services.attribute_speakers import attribute_speakers
from tests.bench.casting_baselines import Said, nearest_mention, previous
from tests.bench.casting_data import Excerpt, Spoken, excerpts
from tests.bench.casting_match import best_matching

System = Callable[[str, Sequence[Character] | None], list[Said]]


def ours(text: str, cast: Sequence[Character] | None) -> list[Said]:
    return [(one.start, one.end, one.speaker) for one in attribute_speakers(text, cast)]


SYSTEMS: dict[str, System] = {"nearest mention": nearest_mention, "the rules before": previous, "casting": ours}


@dataclass(frozen=True)
class Score:
    """Quotations of the truth, those given to the right speaker with the cast and without it."""

    total: int
    given: int
    alone: int


def cast_of(excerpt: Excerpt) -> list[Character]:
    """The corpus's speaker ids as names: "Mr__Bennet-3" is "Mr. Bennet". Equal names are told apart by a number."""
    names: list[str] = []
    for speaker in excerpt.speakers:
        bare = re.sub(r"-\d+$", "", speaker)
        bare = re.sub(r"^(mr|mrs|ms|dr)__", r"\1. ", bare, flags=re.IGNORECASE)
        name = " ".join(bare.replace("_s_", "'s ").replace("_", " ").split())
        names.append(name if name not in names else f"{name} {len(names)}")
    return [Character(name) for name in names]


def speaker_of(quotation: Spoken, said: Sequence[Said]) -> str:
    """Who was found to speak where `quotation` stands, "" for nobody."""
    best = max(said, key=lambda one: min(one[1], quotation.end) - max(one[0], quotation.start), default=None)
    return best[2] if best and min(best[1], quotation.end) > max(best[0], quotation.start) else ""


def score(system: System, excerpt: Excerpt) -> Score:
    cast = cast_of(excerpt)
    names = dict(zip(excerpt.speakers, (character.name for character in cast), strict=True))
    said = system(excerpt.text, cast)
    given = sum(speaker_of(quotation, said) == names[quotation.speaker] for quotation in excerpt.quotations)
    return Score(len(excerpt.quotations), given, _matched(excerpt, system(excerpt.text, None)))


def _matched(excerpt: Excerpt, said: Sequence[Said]) -> int:
    pairs = [(speaker_of(quotation, said), quotation.speaker) for quotation in excerpt.quotations]
    found = sorted({name for name, _ in pairs if name})
    common = [[pairs.count((name, speaker)) for speaker in excerpt.speakers] for name in found]
    return sum(common[row][column] for row, column in best_matching(common).items())


def detection(books: Sequence[Excerpt]) -> tuple[float, float, float]:
    """Precision, recall and F1 of quotations found with exactly their boundaries."""
    found = true = both = 0
    for book in books:
        spans = {(one.start, one.end) for one in attribute_speakers(book.text)}
        gold = {(quotation.start, quotation.end) for quotation in book.quotations}
        found, true, both = found + len(spans), true + len(gold), both + len(spans & gold)
    return both / found, both / true, 2 * both / (found + true)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("Name the folder that holds litbank/: make bench-casting DATA=folder")
    books = excerpts(Path(sys.argv[1]))
    parts = {
        "developed on": [book for book in books if not book.held_out],
        "held out": [book for book in books if book.held_out],
    }
    for part, chosen in parts.items():
        precision, recall, f1 = detection(chosen)
        quotations = sum(len(book.quotations) for book in chosen)
        print(f"\n{part}: {len(chosen)} novels, {quotations} quotations")
        print(f"quotations found: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")
        print(f"{'':18} {'given the cast':>22} {'end to end':>22}\n{'':18} {'quotations':>12} {'novels':>9}", end="")
        print(f" {'quotations':>12} {'novels':>9}")
        for name, system in SYSTEMS.items():
            scores = [score(system, book) for book in chosen]
            print(f"{name:18}" + _shares([(one.given, one.total) for one in scores]), end="")
            print(_shares([(one.alone, one.total) for one in scores]))
    if "--novels" in sys.argv:
        _by_novel(parts["developed on"])


def _shares(counts: Sequence[tuple[int, int]]) -> str:
    """The share right over all quotations, and the mean of the novels' shares."""
    overall = sum(right for right, _ in counts) / sum(total for _, total in counts)
    return f" {overall:>12.3f} {sum(right / total for right, total in counts) / len(counts):>9.3f}"


def _by_novel(books: Sequence[Excerpt]) -> None:
    print(f"\n{'novel':60} {'quotations':>10} {'given':>6} {'alone':>6}")
    for book in books:
        one = score(ours, book)
        print(f"{book.title[:60]:60} {one.total:>10} {one.given / one.total:>6.2f} {one.alone / one.total:>6.2f}")


if __name__ == "__main__":
    main()
