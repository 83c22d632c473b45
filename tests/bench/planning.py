"""How long planning takes, and that it grows with the text alone: `python -m tests.bench.planning`.

A chapter of 150,000 words, made from a seed, at a quarter, half, once and twice its size. Aim: under 3 s at once.
"""

from __future__ import annotations

import json
import random
import textwrap
import time

from shared.domain.plan import Segment
from shared.services.plan_chapter import segment_chapter
from shared.services.plan_options import AZURE_CAPS

WORDS = 150_000
PEOPLE = ("Mara", "Old Tom", "the captain", "Mr. Harrow", "Lady St. Clair", "J. R. Vane", "the old keeper")
VERBS = ("said", "asked", "whispered", "replied", "cried")
THINGS = (
    "the lamp",
    "a letter from Dr. Quill",
    "the long stair",
    "3.5 miles of rope",
    "the U.S. mail",
    "an oil-cloth coat",
)
DOINGS = ("looked at", "carried", "forgot about", "lit", "counted", "turned away from", "would not speak of")
SPEECHES = (
    "Stop",
    "Who told you that",
    "It was five p.m. when they left",
    "I never saw the like",
    "Well... perhaps",
    "Go back",
)
TURNS = (
    "and nobody answered",
    "while the wind rose over the harbour",
    "before the tide came in",
    "as Tom had said it would",
)


def chapter_of(words: int, seed: int = 4) -> str:
    """A chapter of about `words` words: narration and dialogue in hard-wrapped and unwrapped paragraphs."""
    rng = random.Random(seed)
    paragraphs: list[str] = []
    count = 0
    while count < words:
        paragraph = " ".join(_sentence(rng) for _ in range(rng.randint(1, 9)))
        count += len(paragraph.split())
        paragraphs.append(textwrap.fill(paragraph, 70) if rng.random() < 0.5 else paragraph)
    return "\n\n".join(paragraphs) + "\n"


def _sentence(rng: random.Random) -> str:
    person, thing, turn = rng.choice(PEOPLE), rng.choice(THINGS), rng.choice(TURNS)
    told = f"{person[0].upper()}{person[1:]} {rng.choice(DOINGS)} {thing} {turn}{rng.choice('..!?')}"
    if rng.random() < 0.5:
        return told
    speech, verb = rng.choice(SPEECHES), rng.choice(VERBS)
    return rng.choice(
        (f"“{speech}!” {verb} {person}.", f"“{speech},” {verb} {person}, “{turn}.”", f"“{speech}. {told}”")
    )


def main() -> None:
    print(
        f"{'size':>5} {'words':>8} {'characters':>10} {'seconds':>8} {'us/char':>8} {'ratio':>6} {'segments':>8} {'plan MB':>8}"
    )
    first = 0.0
    for share in (0.25, 0.5, 1, 2):
        chapter = chapter_of(int(WORDS * share))
        seconds, segments = _planned(chapter)
        cost = seconds / len(chapter)
        first = first or cost
        plan = len(json.dumps([segment.model_dump(mode="json") for segment in segments], ensure_ascii=False).encode())
        print(
            f"{share:>5} {len(chapter.split()):>8} {len(chapter):>10} {seconds:>8.2f} {cost * 1e6:>8.2f} "
            f"{cost / first:>6.2f} {len(segments):>8} {plan / 1e6:>8.2f}"
        )


def _planned(chapter: str) -> tuple[float, list[Segment]]:
    started = time.perf_counter()
    segments = segment_chapter(chapter, language="en", caps=[AZURE_CAPS])
    return time.perf_counter() - started, segments


if __name__ == "__main__":
    main()
